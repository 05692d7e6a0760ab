package swarm_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// fate picks a number below n by a seed and a subtask's name, whatever the
// order in which subtasks run.
func fate(seed int, id, what string, n int) int {
	h := fnv.New64a()
	fmt.Fprint(h, seed, id, what)
	return int(rand.New(rand.NewPCG(h.Sum64(), 1)).Uint64N(uint64(n)))
}

// mixed is a plan with every kind of step, over two rounds, whose subtasks
// fail and abstain by their names.
func mixed(gap func(i int)) script {
	rounds := [][]swarm.Step{{
		{ID: "read", Do: "read", Over: swarm.Chunks},
		{ID: "look", Do: "look", Over: swarm.Each, Of: "read"},
		{ID: "items", Do: "items", Over: swarm.Items, Items: numbered(17)},
		{ID: "list", Do: "list", Form: swarm.FormList},
		{ID: "open", Do: "open", Over: swarm.List, Of: "list"},
		{ID: "more", Do: "more", Over: swarm.Each, Of: "open", Needs: []string{"items"}},
		{ID: "sum", Do: "sum", Needs: []string{"look", "more"}},
		{ID: "free", Do: "free", Over: swarm.Items, Items: numbered(40)},
	}, {
		{ID: "again", Do: "again", Over: swarm.Each, Of: "1/free"},
		{ID: "last", Do: "last", Needs: []string{"again", "1/sum"}},
	}}
	return script{plan: func(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
		for i, st := range rounds[b.Round-1] {
			gap(i)
			if err := add(st); err != nil {
				return err
			}
		}
		return nil
	}}
}

func TestTheSamePlanGivesTheSameAnswerUnderAnyLatencyAndConcurrency(t *testing.T) {
	src := sourceOf("doc", numbered(23)...)
	want := ""
	for _, places := range []int{1, 2, 3, 7, 16, 46} {
		for seed := range 10 {
			synctest.Test(t, func(t *testing.T) {
				latency := func(id, what string) time.Duration {
					return time.Duration(fate(seed, id, what, 1000)) * time.Millisecond
				}
				p := mixed(func(i int) { time.Sleep(latency(fmt.Sprint(i), "gap")) })
				p.merge = func(b swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
					if b.Round == 1 {
						return swarm.Verdict{Missing: "more"}, nil
					}
					fmt.Fprintln(w, b.Coverage, b.Known)
					return swarm.Verdict{}, writeAll(w, rs)
				}
				w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
					time.Sleep(latency(st.ID(), "work"))
					if fate(seed, st.ID(), "park", 3) == 0 {
						unpark := swarm.Park(ctx)
						time.Sleep(latency(st.ID(), "parked"))
						unpark()
					}
					if st.Step.Form == swarm.FormList {
						return swarm.Say("p", "q", "r", "s"), nil
					}
					switch fate(0, st.ID(), "outcome", 6) { // by the subtask alone
					case 0:
						return swarm.Output{}, errBroken
					case 1:
						return swarm.Output{}, nil
					}
					out, err := echo(ctx, st)
					for i := range out.Findings {
						f := &out.Findings[i]
						f.Confidence = float64(fate(0, st.ID(), "confidence", 100)) / 100
						f.Text += fmt.Sprint(st.Missing)
					}
					return out, err
				}
				s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(w), Concurrency: places}
				a, err := s.Run(t.Context(), swarm.Task{Goal: "g", Sources: []swarm.Source{src}})
				if err != nil {
					t.Fatal(err)
				}
				got := a.Text
				for r := range a.Results() {
					got += fmt.Sprintln(r.ID(), r.Outcome, r.Out.Text(), r.Err)
				}
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("places %d, seed %d:\n%s\nbefore:\n%s", places, seed, got, want)
				}
			})
			if t.Failed() {
				return
			}
		}
	}
}

// writeAll writes the results' names and texts, a line each.
func writeAll(w io.Writer, results []swarm.Result) error {
	for i := range results {
		if _, err := fmt.Fprintf(w, "%s %s\n", results[i].ID(), results[i].Out.Text()); err != nil {
			return err
		}
	}
	return nil
}
