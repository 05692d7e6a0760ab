// Quickstart asks a swarm a question about a text. It needs no key and no
// network: both models are a mock server in this process.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/swarm/source"
	"github.com/db31e724/go-swarm/workers"
)

const handbook = `# Harbour handbook

## Opening hours

The harbour office is open from seven in the morning until six in the evening,
on Sundays until noon.

## Fees

A berth costs four euros a metre and night, electricity included. Children's
dinghies lie free of charge.

## Safety

Fuel is sold at the north pier only. In a storm the lock closes as soon as the
wind exceeds nine on the Beaufort scale, and no boat may leave the basin.
`

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	server := mock.NewServer(mock.Config{}) // or any server that speaks OpenAI's protocol
	defer server.Close()

	// The large model plans and merges.
	large, err := planner.New(planner.Config{Backends: []model.Backend{{
		BaseURL: server.URL(), Model: "mock-large",
		Price: &swarm.Price{In: 4 * swarm.Dollar, Out: 20 * swarm.Dollar}, // per million tokens
	}}})
	if err != nil {
		return err
	}
	defer large.Close()

	// Small models read, eight calls at a time.
	small, err := workers.NewPool(workers.Config{Backends: []model.Backend{{
		BaseURL: server.URL(), Model: "mock-small", Slots: 8,
		Price: &swarm.Price{In: swarm.Dollar / 5, Out: 6 * swarm.Dollar / 5},
	}}})
	if err != nil {
		return err
	}
	defer small.Close()

	// A source is cut into chunks, one for each call of a small model. Small
	// chunks make this text more than one; source.Files reads files.
	text := source.Text{Name: "handbook.md", Body: handbook, Format: source.Markdown}
	src, err := source.Chunk(text, source.Options{Size: 60})
	if err != nil {
		return err
	}

	s := swarm.Swarm{
		Planner: large,
		Worker:  workers.Check(small, workers.Quotes),
		Reducer: small, // shortens findings that are too many for one merge
	}
	answer, err := s.Run(ctx, swarm.Task{
		Goal:    "When does the lock close?",
		Sources: []swarm.Source{src},
	})
	if err != nil {
		return err
	}

	fmt.Fprintln(out, answer.Text)
	for i, c := range answer.Citations {
		fmt.Fprintf(out, "[%d] %s, bytes %d to %d, verified: %t\n    %q\n", i+1, c.Source, c.Start, c.End, c.Verified, c.Quote)
	}
	if !answer.Complete { // something failed, was left out, or is not in the texts
		fmt.Fprintln(out, "Not complete:", answer.Status, answer.Coverage.PlanCut, answer.Coverage.Missing)
	}
	used := answer.Report.Usage
	fmt.Fprintf(out, "%d of %d chunks read in %d calls, %d tokens, %s\n",
		answer.Coverage.ChunksRead, answer.Coverage.ChunksKnown, used.Calls, used.Tokens(), used.Cost)
	return nil
}
