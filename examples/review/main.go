// Review reads source files for faults, each file whole; a second step checks each fault
// against the code. It prints the gravest first, and last those that were refuted.
//
//	go run ./examples/review [FOLDER]
//
// Without a folder of Go files it reviews a made-up package with planted faults. The
// model is a mock in this process that plays a script, unless OPENAI_BASE_URL or
// OPENAI_API_KEY is set: then SWARM_WORKER_MODEL names the model that is asked.
package main

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/swarm/source"
	"github.com/db31e724/go-swarm/swarm/typed"
	"github.com/db31e724/go-swarm/workers"
)

//go:embed testdata
var shop embed.FS

// Fault is what the first step says of the code. The model is told what the tags say.
type Fault struct {
	Severity string         `json:"severity" enum:"critical,major,minor" jsonschema:"critical: loses data, crashes, or lets a stranger in; major: a wrong result, or a failure that nobody is told of; minor: works, but misleads who reads the code or its errors"`
	What     string         `json:"what" jsonschema:"what goes wrong and when, with the name of the function"`
	Code     string         `json:"code" jsonschema:"the line that is wrong, copied"` // by its words the second step looks the code up
	At       swarm.Citation `json:"-"`                                                // where the quote was found: file and line are not asked for, since models count badly
}

// Check is what the second step says of a fault: the reason first, to think before it decides.
type Check struct {
	Why   string `json:"why" jsonschema:"what the code does there, step by step"`
	Holds bool   `json:"holds" jsonschema:"the code does have this fault"`
}

func main() {
	files, _ := fs.Sub(shop, "testdata") // it is there
	if len(os.Args) > 1 {
		files = os.DirFS(os.Args[1])
	}
	if err := run(context.Background(), files, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, files fs.FS, out io.Writer) error {
	small := model.Backend{BaseURL: os.Getenv("OPENAI_BASE_URL"), Key: os.Getenv("OPENAI_API_KEY"), Model: os.Getenv("SWARM_WORKER_MODEL")}
	if small.BaseURL == "" && small.Key == "" {
		server := mock.NewServer(mock.Config{Models: []mock.Model{{ID: "script", Brain: script}}})
		defer server.Close()
		small.BaseURL, small.Model = server.URL(), "script"
	}
	pool, err := workers.NewPool(workers.Config{Backends: []model.Backend{small}})
	if err != nil {
		return err
	}
	defer pool.Close()
	var sources []swarm.Source
	err = fs.WalkDir(files, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".go" {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		src, err := source.Chunk(source.Text{Name: name, Body: string(data), Format: source.Code}, source.Options{})
		sources = append(sources, src)
		return err
	})
	if err != nil {
		return err
	}
	fault, _ := typed.Schema[Fault]() // of these types there are schemas
	check, _ := typed.Schema[Check]()
	s := swarm.Swarm{Worker: workers.Check(pool, workers.Quotes), Planner: planner.Fixed{Steps: []swarm.Step{
		{ID: "faults", Over: swarm.Sources, Do: "Find each fault in the code. Quote the lines that are wrong.", Schema: fault},
		{ID: "checks", Over: swarm.List, Of: "faults", Lookup: 3, Must: true, Do: "Say whether the code has the fault in the item. Who reported it may be wrong.", Schema: check},
	}}}
	answer, err := s.Run(ctx, swarm.Task{Goal: "What is wrong in this code?", Sources: sources})
	if err != nil {
		return err
	}
	var faults []Fault
	for r := range answer.Results() {
		if r.Outcome == swarm.Failed {
			fmt.Fprintln(out, r.Err) // of one file, or one check: the others stand
		}
		for _, f := range r.Out.Findings {
			switch r.Step.Over {
			case swarm.Sources:
				fault, _ := typed.Decode[Fault](f) // it follows the schema
				fault.At = f.Evidence[0]
				faults = append(faults, fault)
			case swarm.List: // in the order of the findings that it goes over
				if check, _ := typed.Decode[Check](f); !check.Holds {
					faults[r.Index].Severity = "refuted (" + check.Why + ")"
				}
			}
		}
	}
	grave := func(f Fault) int { return slices.Index([]string{"minor", "major", "critical"}, f.Severity) } // -1: refuted
	slices.SortStableFunc(faults, func(a, b Fault) int { return cmp.Compare(grave(b), grave(a)) })
	for _, f := range faults {
		fmt.Fprintf(out, "%s:%d: %s: %s\n\tquote verified: %t: %s\n", f.At.Source, f.At.Line, f.Severity, f.What, f.At.Verified, f.At.Quote)
	}
	return nil
}

// planted are the faults that the script knows. The third takes any second result for an error.
var planted = [][3]string{
	{`i <= len\(\w+\)`, "critical", "Initials reads past the end of the slice, and panics."},
	{`"SELECT .*' *" \+ \w+`, "critical", "Find puts the name into SQL as it is: who writes a quotation mark into it runs statements."},
	{`\w+, _ :?= \w+\.\w+\(.*`, "major", "An error is thrown away."},
	{`\w+\.Due\.After\(now\)`, "major", "Overdue is true of orders that are not yet due."},
	{`fmt\.Errorf\(".*%v", .*err\)`, "minor", "The error is not wrapped: errors.Is does not find it."},
}

// script plays the small model by patterns: it finds what is planted, and refutes one of it.
func script(_ context.Context, r mock.Request) (mock.Reply, error) {
	prompt, found := r.Messages[len(r.Messages)-1].Content, []any{}
	if _, quoted, ok := strings.Cut(prompt, "Earlier findings:"); ok { // the second step
		check := Check{"the second result of strings.CutPrefix is a bool", !strings.Contains(quoted, "strings.CutPrefix")}
		found = append(found, map[string]any{"data": check, "quote": "", "confidence": 0.9})
	} else {
		for _, p := range planted {
			for _, quote := range regexp.MustCompile(p[0]).FindAllString(prompt, -1) {
				found = append(found, map[string]any{"data": Fault{Severity: p[1], What: p[2], Code: quote}, "quote": quote, "confidence": 0.9})
			}
		}
	}
	text, err := json.Marshal(map[string]any{"findings": found})
	return mock.Reply{Text: string(text)}, err
}
