package swarmtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/swarmtest"
)

var (
	readAll = swarm.Step{ID: "read", Do: "Find the port.", Over: swarm.Chunks}
	judge   = swarm.Step{ID: "judge", Do: "Is it a port?", Over: swarm.Each, Of: "read"}
	sum     = swarm.Step{ID: "sum", Do: "Count them.", Needs: []string{"judge"}}
)

func TestTheScriptedPlannerKeepsTheContract(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		swarmtest.TestPlanner(t, func() swarm.Planner {
			return &swarmtest.Planner{Rounds: []swarmtest.Round{{Steps: []swarm.Step{readAll, judge, sum}, Pause: time.Second}}}
		}, swarm.Brief{Task: swarm.Task{
			Goal:    "What is here?",
			Sources: []swarm.Source{{Name: "a", Chunks: []swarm.Chunk{{Source: "a", ID: "a#0", Text: "\n\nHere.", End: 7}}}},
		}})
	})
}

func TestAPlannerThatOnlyFailsPasses(t *testing.T) {
	swarmtest.TestPlanner(t, func() swarm.Planner {
		return &ownPlanner{plan: func(context.Context, func(swarm.Step) error) error { return errors.New("no model") }}
	})
}

// ownPlanner is a planner of two functions; nil: the ordinary thing.
type ownPlanner struct {
	plan  func(ctx context.Context, add func(swarm.Step) error) error
	merge func(ctx context.Context, b swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error)
}

func (p *ownPlanner) Plan(ctx context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
	if p.plan != nil {
		return p.plan(ctx, add)
	}
	return add(readAll)
}

func (*ownPlanner) Window() int { return 0 }

func (p *ownPlanner) Merge(ctx context.Context, b swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	if p.merge != nil {
		return p.merge(ctx, b, rs, w)
	}
	_, err := fmt.Fprintln(w, "Merged.")
	return swarm.Verdict{}, err
}

// writes is a planner that writes steps and stops at the first refusal.
func writes(steps ...swarm.Step) *ownPlanner {
	return &ownPlanner{plan: func(_ context.Context, add func(swarm.Step) error) error {
		for _, st := range steps {
			if err := add(st); err != nil {
				return err
			}
		}
		return nil
	}}
}

// merges is a planner whose merge writes text and returns a verdict.
func merges(text string, v swarm.Verdict) *ownPlanner {
	return &ownPlanner{merge: func(_ context.Context, _ swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
		_, err := io.WriteString(w, text)
		return v, err
	}}
}

func cites(c swarm.Citation) *ownPlanner {
	return merges("So it is [1].", swarm.Verdict{Citations: []swarm.Citation{c}})
}

func TestPlannersThatBreakTheContractAreFound(t *testing.T) {
	var kept atomic.Pointer[swarm.AnswerWriter]
	for _, c := range []struct {
		name    string
		planner *ownPlanner
		want    string
	}{
		{"no step", writes(), "neither a step nor an error"},
		{"a bad ID", writes(swarm.Step{ID: "a b", Do: "Do."}), `id "a b" must be`},
		{"an ID twice", writes(readAll, readAll), "is taken by an earlier step"},
		{"no instruction", writes(swarm.Step{ID: "a", Do: " "}), "do is empty"},
		{"a reducing step", writes(swarm.Step{ID: "a", Do: "Do.", Over: swarm.Reduce}), `over "reduce" is not a plan's`},
		{"no items", writes(swarm.Step{ID: "a", Do: "Do.", Over: swarm.Items}), "items is empty"},
		{"a step over a later one", writes(judge, readAll), `of "read" is not written yet`},
		{"a need of a later one", writes(sum, judge), `needs "judge" is not written yet`},
		{"an unknown source", writes(swarm.Step{ID: "a", Do: "Do.", Over: swarm.Chunks, Select: []string{"b"}}), `select "b" is no source`},
		{"a panic", &ownPlanner{plan: func(context.Context, func(swarm.Step) error) error { panic("oh") }}, "it panicked: oh"},
		{"mending for ever", &ownPlanner{plan: func(ctx context.Context, add func(swarm.Step) error) error {
			for add(readAll) != nil && ctx.Err() == nil {
			}
			return nil
		}}, "it had written 1000 steps and went on"},
		{"deaf to the closed plan", &ownPlanner{plan: func(_ context.Context, add func(swarm.Step) error) error {
			for i := range 100 {
				add(swarm.Step{ID: fmt.Sprintf("s%d", i), Do: "Do."})
			}
			return nil
		}}, "it wrote 100 steps to a plan that was closed"},
		{"changes results", &ownPlanner{merge: func(_ context.Context, _ swarm.Brief, rs []swarm.Result, _ *swarm.AnswerWriter) (swarm.Verdict, error) {
			for i := range rs {
				for k := range rs[i].Out.Findings {
					rs[i].Out.Findings[k].Text += "!"
				}
			}
			return swarm.Verdict{}, nil
		}}, "it changed the results"},
		{"keeps the writer", &ownPlanner{merge: func(_ context.Context, _ swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			if earlier := kept.Swap(w); earlier != nil {
				io.WriteString(earlier, "late")
			}
			return swarm.Verdict{}, nil
		}}, "it wrote after it had returned"},
		{"deaf to the writer", &ownPlanner{merge: func(_ context.Context, _ swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			io.WriteString(w, "text")
			return swarm.Verdict{}, nil
		}}, "it returned no error, as if the text had been written"},
		{"bad UTF-8", merges("\xc3", swarm.Verdict{}), "the text is not valid UTF-8"},
		{"merges only what is there", &ownPlanner{merge: func(_ context.Context, _ swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			_, err := io.WriteString(w, rs[0].Out.Text())
			return swarm.Verdict{}, err
		}}, "nothing found: it panicked"},
		{"an invented chunk", cites(swarm.Citation{Source: "manual.md", Chunk: "x", End: 2}), `is of chunk "x", which is neither`},
		{"another source", cites(swarm.Citation{Source: "b", Chunk: "manual.md#0", End: 2}), `is of source "manual.md", not of "b"`},
		{"a false quote", cites(swarm.Citation{
			Source: "manual.md", Chunk: "manual.md#0", Quote: "The service rests.", End: 18, Verified: true,
		}), "it is called verified"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := failuresOf(t, func(tb testing.TB) { swarmtest.TestPlanner(tb, func() swarm.Planner { return c.planner }) })
			if !strings.Contains(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

func TestAMergeThatIgnoresItsContextIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &ownPlanner{merge: func(_ context.Context, _ swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			_, err := io.WriteString(w, "text")
			time.Sleep(time.Minute)
			return swarm.Verdict{}, err
		}}
		got := failuresOf(t, func(tb testing.TB) { swarmtest.TestPlanner(tb, func() swarm.Planner { return slow }) })
		if want := "it had not returned 10s after its context was cancelled"; !strings.Contains(got, want) {
			t.Errorf("found %q, want %q", got, want)
		}
		time.Sleep(time.Minute)
	})
}
