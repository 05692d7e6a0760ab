// Customworker runs a swarm without a model: its workers are a plain function
// that parses Go files, its plan is written down, and its merge is code. It
// prints which packages of a source tree are the largest, and the longest
// function of each.
//
//	go run ./examples/customworker [-dir DIR] [-top N]
//
// DIR is by default the part of Go's own distribution below src/net.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/observe"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	fmt.Fprintln(os.Stderr, "customworker:", err)
	stop()
	os.Exit(status(err))
}

// errFlags is in the error of a command line that is not understood.
var errFlags = errors.New("wrong flags")

// status is the exit status that an error ends in: 2 for wrong flags, as the
// flag package has it.
func status(err error) int {
	if errors.Is(err, errFlags) {
		return 2
	}
	return 1
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("customworker", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("dir", "", "directory to walk for Go files (default: src/net of Go's own distribution)")
	top := flags.Int("top", 10, "how many packages to print")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", errFlags, err)
	case flags.NArg() > 0 || *top < 1:
		return fmt.Errorf("%w: arguments %q, -top %d: want no argument, and a -top above 0", errFlags, flags.Args(), *top)
	}
	if *dir == "" {
		root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
		if err != nil {
			return fmt.Errorf("go env GOROOT: %w", err)
		}
		*dir = filepath.Join(strings.TrimSpace(string(root)), "src", "net")
	}
	files, err := goFiles(*dir)
	if err != nil {
		return err
	}

	// One step, a subtask for each file. A plan may have many steps, which
	// need, follow or unfold one another; see swarm.Step.
	plan := planner.Fixed{
		Steps: []swarm.Step{{ID: "measure", Do: "Measure the functions of a Go file.", Over: swarm.Items, Items: files}},
		Into:  table{dir: *dir, top: *top}.merge,
	}
	s := swarm.Swarm{
		Planner:     plan,
		Worker:      swarm.WorkerFunc(measure),
		Concurrency: runtime.GOMAXPROCS(0), // it is work for the processors here
		Observe:     observe.Progress(stderr),
	}
	answer, err := s.Run(ctx, swarm.Task{Goal: "Which packages are the largest?"})
	_, wrong := fmt.Fprint(stdout, answer.Text, coverage(answer))
	return errors.Join(err, wrong)
}

func goFiles(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case !d.IsDir() && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			files = append(files, path)
		}
		return nil
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("there are no Go files in %s", dir)
	}
	return files, err
}

// measured is what a worker finds in a file.
type measured struct {
	Package string // the directory
	Lines   int
	Funcs   int
	Longest int // lines of the longest function
	Where   string
}

// measure is the worker: it gets one subtask, and returns what it found, that
// there was nothing to find, or an error, which is this subtask's alone. It
// would be the place to ask a service, run a program, or call another model.
func measure(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, st.Item, nil, parser.SkipObjectResolution)
	if err != nil {
		return swarm.Output{}, err
	}
	m := measured{Package: filepath.Dir(st.Item), Lines: set.File(file.FileStart).LineCount()}
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		m.Funcs++
		from, to := set.Position(f.Pos()), set.Position(f.End())
		if n := to.Line - from.Line + 1; n > m.Longest {
			m.Longest = n
			m.Where = fmt.Sprintf("%s, %s:%d", f.Name.Name, filepath.Base(from.Filename), from.Line)
		}
	}
	if m.Funcs == 0 {
		return swarm.Output{}, nil
	}
	text, err := json.Marshal(m)
	return swarm.Say(string(text)), err
}
