package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// settings are what the command line says.
type settings struct {
	question       string
	files          []string
	workers        int
	compare        bool
	json           bool
	dump           string
	schema         string // file; "": the answer is prose
	workerContext  int
	plannerContext int
	timeout        time.Duration
	budget         float64 // dollars; 0: none
	plan           bool
	verbose        bool
	journal        string
	memo           bool
	paced          bool // the mock takes the time that models take
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
	f.IntVar(&s.workers, "workers", 16, "most small-model calls at once, as a `number`")
	f.BoolVar(&s.compare, "compare", false, "also ask the large model alone, and show both")
	f.BoolVar(&s.json, "json", false, "print one JSON object, with \"error\" in it where something failed")
	f.StringVar(&s.dump, "dump", "", "write the texts that offsets point into to this `directory`, for files that had to be converted")
	f.IntVar(&s.workerContext, "worker-context", 128000, "context of the small model, in `tokens`")
	f.IntVar(&s.plannerContext, "planner-context", 128000, "context of the large model, in `tokens`")
	f.DurationVar(&s.timeout, "timeout", 10*time.Minute, "most time of the whole run, as a `duration` such as 90s; above 10m a slow server gets more time for each call, too")
	f.Float64Var(&s.budget, "budget", 0, "most `dollars` that the swarm may cost; what it leaves unread is said")
	f.StringVar(&s.journal, "journal", "", "keep the run in this `file`: after a kill, the same line again goes on and pays for nothing that was recorded")
	f.BoolVar(&s.memo, "memo", false, "with -journal: also reuse results of earlier runs in that file, where models and input are the same")
	f.StringVar(&s.schema, "schema", "", "a `file` with a JSON Schema: the answer is data of it")
	f.BoolVar(&s.plan, "plan", false, "show each step of the plan as it is accepted; with -json on standard error")
	f.BoolVar(&s.verbose, "v", false, "log each event to standard error, in place of the progress line")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	given := map[string]bool{}
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case f.NArg() > 0:
		return s, fmt.Errorf("unexpected argument %q: questions go after -q, files after -file", f.Arg(0))
	case given["q"] && strings.TrimSpace(s.question) == "":
		return s, errors.New("-q is empty: ask a question")
	case !given["q"] && len(s.files) > 0:
		return s, errors.New("-q is missing: ask a question about the files")
	case s.workers < 1 || s.workers > 1024:
		return s, fmt.Errorf("-workers is %d: it must be 1 to 1024", s.workers)
	case s.workerContext < leastWorker || s.plannerContext < leastPlanner: // less would hold the prompts alone
		return s, fmt.Errorf("-worker-context is %d, -planner-context is %d: they must be at least %d and %d tokens", s.workerContext, s.plannerContext, leastWorker, leastPlanner)
	case given["budget"] && !(s.budget*float64(swarm.Dollar) >= 1 && s.budget <= 1e6): // less would be no limit
		return s, fmt.Errorf("-budget is %v: it must be an amount of dollars, such as 0.02", s.budget)
	case s.memo && s.journal == "":
		return s, errors.New("-memo needs -journal: name the file that earlier runs are in")
	case s.timeout <= 0:
		return s, fmt.Errorf("-timeout is %v: it must be positive", s.timeout)
	}
	return s, nil
}

// chunkSize is how many tokens of so many bytes a small model reads at once: a
// page to two and a half, so that texts of some length are read at once by all
// workers, and the prompt around a chunk costs little beside it. It is less where the model's context leaves less beside prompt and reply, with room
// for a tokenizer that counts more than the estimate.
func (s *settings) chunkSize(bytes int) int {
	size := min(max(bytes/4/s.workers, leastChunk), mostChunk)
	return max(min(size, (s.workerContext-900)/2), 100)
}
