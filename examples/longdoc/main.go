// Longdoc answers a question about long documents with a swarm: a large model
// plans and merges, many small ones read. Without settings it asks a mock
// model in this process about the Go language specification.
//
//	go run ./examples/longdoc -q "Who may …?" -file contract.txt
//
// With OPENAI_BASE_URL, OPENAI_API_KEY, SWARM_PLANNER_MODEL and
// SWARM_WORKER_MODEL it asks any OpenAI-compatible server.
//
// The files, in the way of a run: settings.go reads the command line,
// sources.go the texts, models.go connects the models, live.go writes the plan
// and the answer as they come, human.go and cost.go what follows the answer,
// json.go the same for programs.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/observe"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}

// Exit statuses.
const (
	exitOK        = 0
	exitFailed    = 1
	exitUsage     = 2
	exitInterrupt = 128 + int(syscall.SIGINT)
)

var errTimeout = errors.New("the time limit (-timeout) is over")

// run is main with its surroundings handed in. It returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	say := visible(stderr)
	s, err := parse(args, say)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(say, "longdoc:", err)
		if s.json || slices.Contains(args, "-json") || slices.Contains(args, "--json") { // it may stand behind what could not be read
			printJSON(stdout, &swarm.Answer{Status: swarm.ReadMore}, nil, err)
		}
		return exitUsage
	}
	runCtx, cancel := context.WithTimeoutCause(ctx, s.timeout, errTimeout)
	defer cancel()
	err = answer(runCtx, s, stdin, stdout, stderr, getenv)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(say, "longdoc: interrupted")
		return exitInterrupt
	case err != nil:
		fmt.Fprintln(say, "longdoc:", err)
		return exitFailed
	}
	return exitOK
}

// answer answers the question and prints the answer, or as much as is known.
func answer(ctx context.Context, s settings, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) error {
	say, people := visible(stderr), visible(stdout)
	job, err := prepare(ctx, &s, stdin, say, getenv)
	if err != nil {
		if s.json {
			printJSON(stdout, &swarm.Answer{Status: swarm.ReadMore}, nil, err)
		}
		return err
	}
	defer job.models.close()

	progress, text := observe.Progress(stderr), live(people)
	if s.verbose {
		progress = observe.Zap(zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()), zapcore.AddSync(say), zap.DebugLevel)))
	}
	if s.json {
		people, text = say, nil
	}
	var steps func(swarm.Event)
	if s.plan {
		steps = plan(people)
	}
	var planner swarm.Planner = job.models.planner
	if job.docs.size() <= shortBytes {
		planner = short{job.models.planner}
	}
	sw := swarm.Swarm{
		Planner:     planner,
		Worker:      job.models.worker,
		Concurrency: s.workers,
		Pack:        s.chunkSize(job.docs.size()),
		Reducer:     job.models.reducer,
		Budget:      swarm.Budget{Cost: swarm.Money(s.budget * float64(swarm.Dollar))},
		Journal:     job.models.journal,
		Observe:     observe.Tee(progress, steps, text),
	}
	a, runErr := sw.Run(ctx, swarm.Task{Goal: s.question, Sources: job.sources, Schema: job.schema, Run: job.models.names})
	var alone *swarm.Answer
	if s.compare && runErr == nil {
		alone, runErr = job.models.alone(ctx, s, job.docs, say)
	}
	if s.json {
		err = printJSON(stdout, a, alone, runErr)
	} else {
		err = printRest(people, a, alone, job.models.server != nil)
	}
	return errors.Join(runErr, err)
}

// job is all that a run needs.
type job struct {
	docs    *documents
	sources []swarm.Source
	schema  []byte // of the answer; nil: prose
	models  *models
}

// prepare reads the texts and connects the models. It sets the question of
// the settings where none was asked.
func prepare(ctx context.Context, s *settings, stdin io.Reader, stderr io.Writer, getenv func(string) string) (*job, error) {
	docs, err := read(ctx, s.files, stdin)
	if err != nil {
		return nil, err
	}
	s.question = cmp.Or(s.question, docs.question)
	for _, n := range docs.notes {
		fmt.Fprintln(stderr, n)
	}
	if s.dump != "" {
		if err := docs.dump(s.dump); err != nil {
			return nil, err
		}
	}
	sources, err := docs.chunk(s.chunkSize(docs.size()))
	if err != nil {
		return nil, err
	}
	if err := s.room(sources); err != nil {
		return nil, err
	}
	var schema []byte
	if s.schema != "" {
		if schema, err = os.ReadFile(s.schema); err != nil {
			return nil, fmt.Errorf("-schema: %w", err)
		}
	}
	models, err := connect(*s, getenv)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(stderr, "reading %d %s, %d KB\n", len(docs.texts), plural(len(docs.texts), "text"), (docs.size()+999)/1000)
	return &job{docs, sources, schema, models}, nil
}
