package swarm_test

import (
	"context"
	"fmt"
	"io"

	"github.com/db31e724/go-swarm/swarm"
)

// script is a planner that hands over fixed steps in the first round, and
// merges by a function; nil: it writes the results' texts, a line each.
type script struct {
	steps []swarm.Step
	plan  func(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error // in place of steps
	merge func(b swarm.Brief, results []swarm.Result, w io.Writer) (swarm.Verdict, error)
}

func (s script) Plan(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error {
	if s.plan != nil {
		return s.plan(ctx, b, add)
	}
	if b.Round > 1 {
		return nil
	}
	for _, st := range s.steps {
		if err := add(st); err != nil {
			return err
		}
	}
	return nil
}

func (s script) Merge(_ context.Context, b swarm.Brief, results []swarm.Result, w io.Writer) (swarm.Verdict, error) {
	if s.merge != nil {
		return s.merge(b, results, w)
	}
	for i := range results {
		fmt.Fprintf(w, "%s %s\n", results[i].ID(), results[i].Out.Text)
	}
	return swarm.Verdict{Complete: true}, nil
}
