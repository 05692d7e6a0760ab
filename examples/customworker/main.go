// Customworker runs a swarm without a model: its workers are a plain function
// that parses Go files, its plan is written down, and its merge is code. It
// prints which packages of a source tree are the largest, and the longest
// function of each.
//
//	go run ./examples/customworker [DIR]
//
// DIR is by default the part of Go's own distribution below src/net.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"log"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/observe"
	"github.com/db31e724/go-swarm/swarm/typed"
)

func main() {
	dir := filepath.Join(build.Default.GOROOT, "src", "net")
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	if err := run(context.Background(), dir, 10, os.Stdout, os.Stderr); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, dir string, top int, stdout, stderr io.Writer) error {
	files, err := goFiles(dir)
	if err != nil {
		return err
	}
	// One step, a subtask for each file. A plan may have many steps, which
	// need, follow or unfold one another; see swarm.Step.
	s := swarm.Swarm{
		Planner: planner.Fixed{
			Steps: []swarm.Step{{ID: "measure", Do: "Measure the functions of a Go file.", Over: swarm.Items, Items: files}},
			Into: func(_ context.Context, _ swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
				return swarm.Verdict{}, merge(dir, top, results, w)
			},
		},
		Worker:      swarm.WorkerFunc(measure),
		Concurrency: runtime.GOMAXPROCS(0), // it is work for the processors here
		Observe:     observe.Progress(stderr),
	}
	answer, err := s.Run(ctx, swarm.Task{Goal: "Which packages are the largest?"})
	c := answer.Coverage
	fmt.Fprintf(stdout, "%s\n%d files: %d measured, %d without functions, %d that could not be read\n", answer.Text, c.Subtasks, c.Done, c.Abstained, c.Failed)
	for r := range answer.Results() {
		if r.Outcome == swarm.Failed {
			fmt.Fprintln(stdout, r.Err)
		}
	}
	return err
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

// measured is what a worker finds in a file, and the sum of a package's files.
type measured struct {
	Package string // the directory
	Files   int
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
	m := measured{Package: filepath.Dir(st.Item), Files: 1, Lines: set.File(file.FileStart).LineCount()}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			m.Funcs++
			from, to := set.Position(f.Pos()), set.Position(f.End())
			if n := to.Line - from.Line + 1; n > m.Longest {
				m.Longest = n
				m.Where = fmt.Sprintf("%s, %s:%d", f.Name.Name, filepath.Base(from.Filename), from.Line)
			}
		}
	}
	if m.Funcs == 0 {
		return swarm.Output{}, nil
	}
	text, err := json.Marshal(m)
	return swarm.Say(string(text)), err
}

// merge adds up the files of each package and writes the largest ones. It is
// given the results in the order of the plan, without those that abstained or
// failed.
func merge(dir string, top int, results []swarm.Result, w io.Writer) error {
	sums := map[string]measured{}
	for i := range results {
		m, err := typed.Decode[measured](&results[i])
		if err != nil {
			return err
		}
		s := sums[m.Package]
		m.Files += s.Files
		m.Lines += s.Lines
		m.Funcs += s.Funcs
		if s.Longest >= m.Longest {
			m.Longest, m.Where = s.Longest, s.Where
		}
		sums[m.Package] = m
	}
	largest := slices.SortedFunc(maps.Values(sums), func(a, b measured) int {
		return cmp.Or(cmp.Compare(b.Lines, a.Lines), cmp.Compare(a.Package, b.Package))
	})
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "package\tfiles\tlines\tfunctions\tlongest function")
	for _, s := range largest[:min(top, len(largest))] {
		name, _ := filepath.Rel(filepath.Dir(dir), s.Package) // it was found there
		fmt.Fprintf(tab, "%s\t%d\t%d\t%d\t%d lines: %s\n", filepath.ToSlash(name), s.Files, s.Lines, s.Funcs, s.Longest, s.Where)
	}
	return tab.Flush()
}
