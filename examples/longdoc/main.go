// Longdoc answers a question about long documents with a swarm: a large model
// plans and merges, many small ones read. Without settings it asks a mock
// model in this process about the Go language specification.
//
//	go run ./examples/longdoc -q "Who may …?" -file contract.txt
//
// With OPENAI_BASE_URL, OPENAI_API_KEY, SWARM_PLANNER_MODEL and
// SWARM_WORKER_MODEL it asks any OpenAI-compatible server.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/observe"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}

// Exit statuses.
const (
	exitOK        = 0
	exitFailed    = 1
	exitUsage     = 2
	exitInterrupt = 130
)

var errTimeout = errors.New("the time limit (-timeout) is over")

type settings struct {
	question       string
	files          []string
	workers        int
	compare        bool
	json           bool
	dump           string
	workerContext  int
	plannerContext int
	window         int
	timeout        time.Duration
	verbose        bool
	paced          bool // the mock takes the time that models take
}

// run is main with its surroundings handed in. It returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	s, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(stderr, "longdoc:", err)
		return exitUsage
	}
	runCtx, cancel := context.WithTimeoutCause(ctx, s.timeout, errTimeout)
	defer cancel()
	err = answer(runCtx, s, stdin, stdout, stderr, getenv)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "longdoc: interrupted")
		return exitInterrupt
	case err != nil:
		fmt.Fprintln(stderr, "longdoc:", err)
		return exitFailed
	}
	return exitOK
}

func parse(args []string, stderr io.Writer) (settings, error) {
	s := settings{paced: true}
	f := flag.NewFlagSet("longdoc", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&s.question, "q", "", "the `question`; without it one about the Go specification")
	f.Func("file", "a `file` to read, - for standard input, or a directory whose text files are read; may be repeated; without it the Go specification", func(v string) error {
		if v == "" {
			return errors.New("is empty: name a file")
		}
		s.files = append(s.files, v)
		return nil
	})
	f.IntVar(&s.workers, "workers", 16, "small-model calls at once")
	f.BoolVar(&s.compare, "compare", false, "also ask the large model alone, and show both")
	f.BoolVar(&s.json, "json", false, "print one JSON object")
	f.StringVar(&s.dump, "dump", "", "write the texts that offsets point into to this `directory`, for files that had to be converted")
	f.IntVar(&s.workerContext, "worker-context", 128000, "context of the small model, in `tokens`")
	f.IntVar(&s.plannerContext, "planner-context", 128000, "context of the large model, in `tokens`")
	f.IntVar(&s.window, "window", 0, "most `tokens` of findings that one merge reads; 0: what the models' contexts allow")
	f.DurationVar(&s.timeout, "timeout", 10*time.Minute, "most time of the whole run")
	f.BoolVar(&s.verbose, "v", false, "log each event to standard error")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	asked := false
	f.Visit(func(g *flag.Flag) { asked = asked || g.Name == "q" })
	switch {
	case f.NArg() > 0:
		return s, fmt.Errorf("unexpected argument %q: questions go after -q, files after -file", f.Arg(0))
	case asked && strings.TrimSpace(s.question) == "":
		return s, errors.New("-q is empty: ask a question")
	case !asked && len(s.files) > 0:
		return s, errors.New("-q is missing: ask a question about the files")
	case s.workers < 1 || s.workers > 1024:
		return s, fmt.Errorf("-workers is %d: it must be 1 to 1024", s.workers)
	case s.workerContext < minContext || s.plannerContext < minContext:
		return s, fmt.Errorf("-worker-context is %d and -planner-context %d: each must be at least %d tokens", s.workerContext, s.plannerContext, minContext)
	case s.window < 0:
		return s, fmt.Errorf("-window is %d: it must be positive, or 0", s.window)
	case s.timeout <= 0:
		return s, fmt.Errorf("-timeout is %v: it must be positive", s.timeout)
	}
	return s, nil
}

// answer reads the sources, runs the swarm on them and prints what it says.
func answer(ctx context.Context, s settings, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) error {
	docs, err := read(&s, stdin, stderr)
	if err != nil {
		return err
	}
	models, err := connect(s, docs, stderr, getenv)
	if err != nil {
		return err
	}
	defer models.close()
	sources, err := docs.chunk(s.chunkSize())
	if err != nil {
		return err
	}
	docs.announce(sources, stderr)

	listeners := []func(swarm.Event){observe.Progress(stderr)}
	if s.verbose {
		log := zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()), zapcore.AddSync(stderr), zap.DebugLevel))
		listeners = []func(swarm.Event){observe.Zap(log)}
	}
	if !s.json {
		listeners = append(listeners, live(stdout))
	}
	sw := swarm.Swarm{
		Planner:     models.planner,
		Worker:      models.worker,
		Concurrency: s.workers,
		Window:      models.window,
		Observe:     observe.Tee(listeners...),
	}
	a, runErr := sw.Run(ctx, swarm.Task{Goal: s.question, Sources: sources})
	var alone *aloneRun
	if s.compare && runErr == nil {
		if alone, runErr = models.alone(ctx, s, docs, stderr); runErr != nil {
			runErr = fmt.Errorf("the large model alone: %w", runErr)
		}
	}
	if s.json {
		err = printJSON(stdout, a, alone, docs, runErr)
	} else {
		err = printRest(stdout, a, alone, docs, models)
	}
	if err == nil && s.dump != "" {
		err = docs.dump(s.dump)
	}
	if runErr != nil {
		return runErr
	}
	return err
}
