// Extract pulls the clauses out of contracts into a table of typed records, each with
// its place, and has the plan count and sum them: a Calc step adds up, and no model.
//
//	go run ./examples/extract [FOLDER]
//
// Without a folder of texts it reads three made-up contracts. The model is a mock in
// this process that plays a script, unless OPENAI_BASE_URL or OPENAI_API_KEY is set:
// then SWARM_WORKER_MODEL names the model that is asked.
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
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/swarm/source"
	"github.com/db31e724/go-swarm/swarm/typed"
	"github.com/db31e724/go-swarm/workers"
)

//go:embed contracts
var contracts embed.FS

// Clause is a row of the table. The model is told what the tags say, and may write
// null for what has omitempty.
type Clause struct {
	Kind   string  `json:"kind" enum:"rent,price,fee,deposit,penalty,notice" jsonschema:"rent, price, fee: for what is let, sold, done; deposit: paid back in the end; penalty: owed only where something goes wrong; notice: by which the contract ends"`
	Party  string  `json:"party" jsonschema:"who has to pay or to give notice, by the name in the contract's head"`
	Amount float64 `json:"amount,omitempty" jsonschema:"in euros, null where none is named"`
	Date   string  `json:"date,omitempty" jsonschema:"the last day for it as YYYY-MM-DD, null where none is named"`
}

// Sum is what a calculation makes of the clauses that have a field in common.
type Sum struct {
	Of      string  `json:"of"`
	Clauses int     `json:"clauses"`
	Euros   float64 `json:"euros"`
}

// sums is the program of a calculation (swarm.CalcGuide); an amount of null counts as 0.
const sums = `let g = groupBy(clauses, .%s); map(keys(g), {"of": #, "clauses": len(g[#]), "euros": sum(g[#], num(.amount, 0)), "from": g[#]})`

func main() {
	files, _ := fs.Sub(contracts, "contracts") // it is there
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
	pool, err := workers.NewPool(workers.Config{Backends: []model.Backend{small}, MaxOut: 4096}) // a contract has many clauses
	if err != nil {
		return err
	}
	defer pool.Close()
	schema, err := typed.Schema[Clause]()
	if err != nil {
		return err
	}
	var sources []swarm.Source
	names, _ := fs.Glob(files, "*.*")
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		text, err := source.Decode(name, data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		src, err := source.Chunk(text, source.Options{})
		if err != nil {
			return err
		}
		sources = append(sources, src)
	}

	// The plan is written down: what is wanted of each contract is known.
	s := swarm.Swarm{Worker: workers.Check(pool, workers.Quotes), Planner: planner.Fixed{Steps: []swarm.Step{
		{ID: "clauses", Over: swarm.Sources, Do: "Find each clause by which a party owes money or has to give notice.", Schema: schema},
		{ID: "kinds", Do: "KIND", Over: swarm.Calc, Needs: []string{"clauses"}, Calc: fmt.Sprintf(sums, "kind")},
		{ID: "parties", Do: "PARTY", Over: swarm.Calc, Needs: []string{"clauses"}, Calc: fmt.Sprintf(sums, "party")},
	}}}
	answer, err := s.Run(ctx, swarm.Task{Goal: "What do the parties of these contracts owe, and by when?", Sources: sources})
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KIND\tPARTY\tEUROS\tBY\tWHERE\tQUOTE STANDS THERE\tQUOTE")
	for r := range answer.Results() {
		if r.Step.Over == swarm.Calc {
			fmt.Fprintf(table, "\n%s\tCLAUSES\tEUROS\n", r.Step.Do)
		}
		if r.Outcome == swarm.Failed || len(r.Out.Doubts) > 0 { // one contract, or sums without it: the others stand
			fmt.Fprintln(table, r.ID(), r.Err, r.Out.Doubts)
		}
		for _, f := range r.Out.Findings {
			if r.Step.Over == swarm.Calc {
				sum, _ := typed.Decode[Sum](f) // as the program wrote it
				fmt.Fprintf(table, "%s\t%d\t%.2f\n", sum.Of, sum.Clauses, sum.Euros)
				continue
			}
			c, _ := typed.Decode[Clause](f) // as the schema was checked
			at := f.Evidence[0]
			fmt.Fprintf(table, "%s\t%s\t%.2f\t%s\t%s:%d\t%t\t%q\n", c.Kind, c.Party, c.Amount, c.Date, at.Source, at.Line, at.Verified, at.Quote)
		}
	}
	return table.Flush()
}

// owed are the turns of phrase of the made-up contracts.
var owed = regexp.MustCompile(`((?:[A-Z]\w+ ?)+) (?:pays a (rent|price|fee|deposit|penalty) of ([\d,.]+) euros|gives\s+(notice))(?:\s+by (\d+ \w+ \d{4}))?`)

// script plays the small model: it is a pattern, and finds nothing that is put otherwise.
func script(_ context.Context, r mock.Request) (mock.Reply, error) {
	found := []any{}
	for _, m := range owed.FindAllStringSubmatch(r.Messages[len(r.Messages)-1].Content, -1) {
		amount, date := cmp.Or(strings.ReplaceAll(m[3], ",", ""), "null"), "null"
		if day, err := time.Parse("2 January 2006", m[5]); err == nil {
			date = day.Format(`"2006-01-02"`)
		}
		clause := fmt.Sprintf(`{"kind": %q, "party": %q, "amount": %s, "date": %s}`, m[2]+m[4], m[1], amount, date)
		found = append(found, map[string]any{"data": json.RawMessage(clause), "quote": m[0], "confidence": 0.9})
	}
	text, err := json.Marshal(map[string]any{"findings": found})
	return mock.Reply{Text: string(text)}, err
}
