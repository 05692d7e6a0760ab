package swarmtest_test

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
	"github.com/db31e724/go-swarm/swarm/swarmtest"
)

func TestTheScriptedWorkerDoesWhatItsScriptSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		items := []string{"echo", "wait", "park", "fail", "panic", "spend", "say"}
		w := &swarmtest.Worker{Script: func(st swarm.Subtask) swarmtest.Act {
			switch st.Item {
			case "wait":
				return swarmtest.Act{Wait: time.Hour}
			case "park":
				return swarmtest.Act{Wait: time.Hour, Park: true}
			case "fail":
				return swarmtest.Act{Err: errors.New("it was to fail")}
			case "panic":
				return swarmtest.Act{Panic: "it was to panic"}
			case "spend":
				return swarmtest.Act{Spends: &swarm.Usage{In: 70, Out: 7}, Price: &swarm.Price{In: swarm.Dollar}}
			case "say":
				return swarmtest.Act{Out: swarm.Say("said")}
			}
			return swarmtest.Act{}
		}}
		p := &swarmtest.Planner{Rounds: []swarmtest.Round{{
			Steps:   []swarm.Step{{ID: "a", Do: "Do.", Over: swarm.Items, Items: items}},
			Verdict: swarm.Verdict{},
		}}}
		s := swarm.Swarm{Planner: p, Worker: w, Concurrency: 2}
		a, err := s.Run(t.Context(), swarm.Task{Goal: "all"})
		if err != nil {
			t.Fatal(err)
		}
		want := "1/a/0: echo\n1/a/1: wait\n1/a/2: park\n1/a/5: spend\n1/a/6: said\n"
		if a.Text != want {
			t.Errorf("the answer is\n%s, want\n%s", a.Text, want)
		}
		if a.Coverage.Failed != 2 || a.Complete {
			t.Errorf("%d failed, complete %v; want 2 and false", a.Coverage.Failed, a.Complete)
		}
		if u := a.Report.Usage; u.Calls != 1 || u.In != 70 || u.Out != 7 || u.Cost != 70_000 {
			t.Errorf("the report has %+v", u)
		}
		if a.Report.Wall != time.Hour {
			t.Errorf("it took %v, want the hour of those that wait", a.Report.Wall)
		}
		ids := w.IDs()
		slices.Sort(ids)
		if len(ids) != len(items) || ids[0] != "1/a/0" || ids[6] != "1/a/6" {
			t.Errorf("the worker was given %v", ids)
		}
		if w.Peak() < 2 || w.Peak() > 3 {
			t.Errorf("%d were inside at once, want 2 places and one that is parked", w.Peak())
		}
	})
}

func TestTheScriptedPlannerRemembersWhatItWasTold(t *testing.T) {
	p := &swarmtest.Planner{Rounds: []swarmtest.Round{
		{
			Steps:   []swarm.Step{{ID: "a", Do: "Do."}, {ID: "a", Do: "Do it again."}, {ID: "b", Do: "Do more."}},
			Verdict: swarm.Verdict{Missing: "the rest"},
		},
		{Steps: []swarm.Step{{ID: "c", Do: "Do the rest."}}, Verdict: swarm.Verdict{}},
	}}
	s := swarm.Swarm{Planner: p, Worker: &swarmtest.Worker{}}
	a, err := s.Run(t.Context(), swarm.Task{Goal: "all"})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Refused(); len(got) != 1 || !strings.Contains(got[0].Error(), `"a"`) {
		t.Errorf("refused %v, want the second a", got)
	}
	briefs := p.Briefs()
	if len(briefs) != 2 || briefs[1].Asked != "the rest" {
		t.Errorf("it was asked for %d rounds, want 2, the second for the rest", len(briefs))
	}
	if got := p.Merged(); len(got) != 2 || len(got[0]) != 2 || len(got[1]) != 3 {
		t.Errorf("it merged %d times", len(got))
	}
	if a.Text != "1/a/0: Do.\n1/b/0: Do more.\n2/c/0: Do the rest.\n" {
		t.Errorf("the answer is %q", a.Text)
	}
}

func TestTheScriptedPlannerFailsAsItsScriptSays(t *testing.T) {
	cut, broke := errors.New("cut"), errors.New("broke")
	p := &swarmtest.Planner{Rounds: []swarmtest.Round{{
		Steps: []swarm.Step{{ID: "a", Do: "Do."}}, Err: cut, MergeErr: broke,
	}}}
	s := swarm.Swarm{Planner: p, Worker: &swarmtest.Worker{}}
	a, err := s.Run(t.Context(), swarm.Task{Goal: "all"})
	if !errors.Is(err, broke) {
		t.Errorf("the run's error is %v, want that of the merge", err)
	}
	if !strings.Contains(a.Coverage.PlanCut, "cut") {
		t.Errorf("the plan was cut by %q", a.Coverage.PlanCut)
	}
}

func ExampleWorker() {
	w := &swarmtest.Worker{Script: func(st swarm.Subtask) swarmtest.Act {
		if st.Item == "two" {
			return swarmtest.Act{Err: errors.New("busy")}
		}
		return swarmtest.Act{} // an echo
	}}
	p := &swarmtest.Planner{Rounds: []swarmtest.Round{{
		Steps: []swarm.Step{{ID: "say", Do: "Say it.", Over: swarm.Items, Items: []string{"one", "two", "three"}}},
	}}}
	s := swarm.Swarm{Planner: p, Worker: w, Rounds: 1}
	a, err := s.Run(context.Background(), swarm.Task{Goal: "count"})
	fmt.Print(a.Text)
	fmt.Println(a.Coverage.Failed, "failed; error:", err)
	// Output:
	// 1/say/0: one
	// 1/say/2: three
	// 1 failed; error: <nil>
}

func TestDoublesPanicWithAReservationAndNest(t *testing.T) {
	inner := &swarm.Swarm{
		Planner: &swarmtest.Planner{Tokens: 500, Rounds: []swarmtest.Round{{Steps: []swarm.Step{{ID: "a", Do: "x", Over: swarm.Items, Items: []string{"1", "2"}}}}}},
		Worker: &swarmtest.Worker{Script: func(swarm.Subtask) swarmtest.Act {
			return swarmtest.Act{Spends: &swarm.Usage{In: 1}}
		}},
	}
	s := swarm.Swarm{
		Planner: &swarmtest.Planner{Rounds: []swarmtest.Round{{Steps: []swarm.Step{{ID: "o", Do: "y", Over: swarm.Items, Items: []string{"bug", "bug", "well"}}}}}},
		Worker: &swarmtest.Worker{Script: func(st swarm.Subtask) swarmtest.Act {
			if st.Item == "bug" {
				return swarmtest.Act{Spends: &swarm.Usage{In: 1}, Panic: "a bug"}
			}
			return swarmtest.Act{Nested: inner}
		}},
		Concurrency: 1, Budget: swarm.Budget{Calls: 2}, // the bugs hold none of them
	}
	a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
	if err != nil || a.Coverage.Failed != 2 || a.Coverage.Done != 1 || a.Report.Usage.Calls != 2 {
		t.Errorf("%v %+v %+v", err, a.Coverage, a.Report.Usage)
	}
}
