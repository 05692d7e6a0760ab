package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// listed makes the worker of list tests: the step with the list finds items,
// after the virtual second in which the plan is written.
func listed(err error, items ...string) swarm.WorkerFunc {
	return func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Step.Form == swarm.FormList {
			time.Sleep(time.Second)
			return swarm.Say(items...), err
		}
		return echo(ctx, st)
	}
}

func TestAStepUnfoldsOverTheListOfAnEarlierResult(t *testing.T) {
	l := swarm.Step{ID: "l", Do: "list", Form: swarm.FormList}
	u := swarm.Step{ID: "u", Do: "unfold", Over: swarm.List, Of: "l"}
	e := swarm.Step{ID: "e", Do: "each", Over: swarm.Each, Of: "u"}
	for name, items := range map[string][]string{
		"several":          {"a", `b "c"`, "ü"},
		"one":              {"only"},
		"the same twice":   {"a", "b", "a"},
		"of several lines": {"one\ntwo", " three "},
		"like a list":      {`["a", "b"]`, "- c\n- d"},
		"without a letter": {"", "-"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lg log
				s := swarm.Swarm{Planner: script{steps: []swarm.Step{l, u, e}}, Worker: listed(nil, items...), Observe: lg.observe}
				a, err := s.Run(t.Context(), task)
				if err != nil {
					t.Fatal(err)
				}
				var want strings.Builder
				for i, it := range items {
					if it != "" {
						it = fmt.Sprintf("%s <%s>", it, it)
					} else {
						it = "<>"
					}
					fmt.Fprintf(&want, "1/e/%d %s\n", i, it)
				}
				if a.Text != want.String() {
					t.Errorf("got %q, want %q", a.Text, want.String())
				}
				for _, e := range lg.of(swarm.StepUnfolded) {
					if e.To != len(items) || e.Index != 0 {
						t.Errorf("unfolded %+v", e)
					}
				}
				if n := len(lg.of(swarm.StepUnfolded)); n != 2 {
					t.Errorf("%d steps unfolded", n)
				}
				if added := lg.of(swarm.StepAdded); added[1].To != -1 || added[0].To != 1 {
					t.Errorf("%+v", added)
				}
			})
		})
	}
}

func TestAListMayBeUnfoldedTwiceAndLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := swarm.Swarm{Worker: listed(nil, "x", "y"), Concurrency: 1}
		wait := make(chan struct{})
		s.Observe = func(e swarm.Event) {
			if e.Kind == swarm.SubtaskEnded && e.Step == "1/u" && e.To == 2 {
				close(wait)
			}
		}
		s.Planner = script{plan: func(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
			return errors.Join(
				add(swarm.Step{ID: "l", Do: "list", Form: swarm.FormList}),
				add(swarm.Step{ID: "u", Do: "unfold", Over: swarm.List, Of: "l"}),
				func() error { <-wait; return nil }(), // all of that has ended
				add(swarm.Step{ID: "v", Do: "again", Over: swarm.List, Of: "l"}),
				add(swarm.Step{ID: "e", Do: "each", Over: swarm.Each, Of: "u"}),
				add(swarm.Step{ID: "n", Do: "all", Needs: []string{"e", "v"}}))
		}}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Text != "1/n/0 <x> <y> <x <x>> <y <y>>\n" {
			t.Fatal(err, a.Text)
		}
	})
}

func TestAnEmptyListMakesNothingAndHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := mustRun(t, listed(nil), task,
			swarm.Step{ID: "l", Do: "list", Form: swarm.FormList},
			swarm.Step{ID: "u", Do: "unfold", Over: swarm.List, Of: "l"},
			swarm.Step{ID: "e", Do: "each", Over: swarm.Each, Of: "u"},
			swarm.Step{ID: "n", Do: "sum", Needs: []string{"e"}})
		if a.Text != "1/n/0 \n" || a.Coverage.Done != 1 || a.Coverage.Abstained != 3 {
			t.Errorf("%q %+v", a.Text, a.Coverage)
		}
	})
}

func TestAListThatCannotBeReadFailsAndSkipsWhatUnfoldsIt(t *testing.T) {
	for name, w := range map[string]swarm.WorkerFunc{
		"failed": listed(errBroken, "a"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var l log
				s := swarm.Swarm{Worker: w, Observe: l.observe, Planner: script{steps: []swarm.Step{
					{ID: "l", Do: "list", Form: swarm.FormList},
					{ID: "u", Do: "unfold", Over: swarm.List, Of: "l"},
					{ID: "e", Do: "each", Over: swarm.Each, Of: "u"},
					{ID: "o", Do: "other"},
				}}}
				a, err := s.Run(t.Context(), task)
				if err != nil {
					t.Fatal(err)
				}
				got := outcomes(a)
				if got["1/l/0"] != swarm.Failed || got["1/u/0"] != swarm.Skipped || got["1/e/0"] != swarm.Skipped || len(got) != 4 {
					t.Error(got)
				}
				if c := a.Coverage; c.Subtasks != 4 || c.Done+c.Failed+c.Skipped != 4 {
					t.Errorf("%+v", c)
				}
				if n := len(l.of(swarm.StepUnfolded)); n != 2 {
					t.Errorf("the number of %d steps became known, want 2", n)
				}
			})
		})
	}
}

func TestAListLongerThanTheLimitIsCutAndSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := swarm.Swarm{Worker: listed(nil, slices.Repeat([]string{"x"}, 100)...), Limits: swarm.Limits{Subtasks: 21}, Planner: script{steps: []swarm.Step{
			{ID: "l", Do: "list", Form: swarm.FormList},
			{ID: "u", Do: "unfold", Over: swarm.List, Of: "l"},
			{ID: "e", Do: "each", Over: swarm.Each, Of: "u"},
		}}}
		a, err := s.Run(t.Context(), task)
		if err != nil {
			t.Fatal(err)
		}
		if a.Coverage.Subtasks != 21 || len(a.Coverage.Missing) != 1 || !strings.Contains(a.Coverage.Missing[0], "the last 90 of 100 items") {
			t.Errorf("%+v", a.Coverage)
		}
	})
}
