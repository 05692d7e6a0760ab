package swarm_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/sourcegraph/conc/pool"
	"golang.org/x/sync/errgroup"

	"github.com/db31e724/go-swarm/swarm"
)

const inFlight = 64

// BenchmarkOverhead compares what a subtask costs beside its own work: the
// same no-op work, its result kept, 64 in flight, through the public Run and
// through the loops that people write by hand. The first, cold run of each
// case is not timed.
func BenchmarkOverhead(b *testing.B) {
	for _, c := range []struct {
		name string
		run  func(b *testing.B, items []string)
	}{
		{"swarm", func(b *testing.B, items []string) { overheadSwarm(b, items, nil) }},
		{"swarm-observed", overheadObserved},
		{"errgroup", overheadErrgroup},
		{"conc", overheadConc},
	} {
		for _, n := range []int{100, 10_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/n=%d", c.name, n), func(b *testing.B) {
				items := make([]string, n)
				c.run(b, items) // warm
				b.ReportAllocs()
				for b.Loop() {
					c.run(b, items)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/subtask")
			})
		}
	}
}

func noop(context.Context, swarm.Subtask) (swarm.Output, error) { return nothingMuch, nil }

// nothingMuch is shared by all subtasks: what a finding costs is the worker's own.
var nothingMuch = swarm.Say("x")

func overheadSwarm(b *testing.B, items []string, observe func(swarm.Event)) {
	merged := 0
	p := script{
		steps: []swarm.Step{{ID: "t", Do: "nothing", Over: swarm.Items, Items: items}},
		merge: func(_ swarm.Brief, results []swarm.Result, _ *swarm.AnswerWriter) (swarm.Verdict, error) {
			merged = len(results)
			return swarm.Verdict{}, nil
		},
	}
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(noop), Concurrency: inFlight, Observe: observe}
	if _, err := s.Run(b.Context(), swarm.Task{Goal: "measure"}); err != nil || merged != len(items) {
		b.Fatal(err, merged)
	}
}

func overheadObserved(b *testing.B, items []string) {
	seen := 0
	overheadSwarm(b, items, func(e swarm.Event) {
		if e.Kind == swarm.SubtaskStarted || e.Kind == swarm.SubtaskEnded {
			seen++
		}
	})
	if seen != 2*len(items) {
		b.Fatal(seen)
	}
}

func overheadErrgroup(b *testing.B, items []string) {
	results := make([]swarm.Output, len(items))
	g, ctx := errgroup.WithContext(b.Context())
	g.SetLimit(inFlight)
	for i := range items {
		g.Go(func() (err error) {
			results[i], err = noop(ctx, swarm.Subtask{Item: items[i]})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		b.Fatal(err)
	}
}

func overheadConc(b *testing.B, items []string) {
	p := pool.NewWithResults[swarm.Output]().WithContext(b.Context()).WithMaxGoroutines(inFlight)
	for i := range items {
		p.Go(func(ctx context.Context) (swarm.Output, error) {
			return noop(ctx, swarm.Subtask{Item: items[i]})
		})
	}
	if _, err := p.Wait(); err != nil {
		b.Fatal(err)
	}
}
