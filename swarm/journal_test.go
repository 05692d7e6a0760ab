package swarm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

// TestJournalCutAnywhere cuts a run after each of its records, resumes it, and
// compares it with one that was not cut.
func TestJournalCutAnywhere(t *testing.T) {
	src := sourceOf("s", "alpha beta", "gamma delta", "epsilon", "zeta", "eta theta")
	for name, c := range map[string]*counting{
		"items, pipeline, needs": {steps: []swarm.Step{
			{ID: "a", Do: "a", Over: swarm.Items, Items: []string{"x", "x", "y", "z", "z"}},
			{ID: "b", Do: "b", Over: swarm.Each, Of: "a"},
			{ID: "c", Do: "c", Needs: []string{"b"}},
		}},
		"list, records, calculation": {task: swarm.Task{Sources: []swarm.Source{src}}, steps: []swarm.Step{
			{ID: "l", Do: "list", Form: swarm.FormList},
			{ID: "i", Do: "item", Over: swarm.List, Of: "l"},
			{ID: "r", Do: "record", Over: swarm.Chunks, Schema: json.RawMessage(`{"type": "object"}`)},
			{ID: "n", Do: "sum", Over: swarm.Calc, Calc: `sum(r, .n)`, Needs: []string{"r"}},
			{ID: "p", Do: "pipe", Over: swarm.List, Of: "r"},
		}},
		"sections, lookup, context, widen": {task: swarm.Task{Sources: []swarm.Source{src}}, steps: []swarm.Step{
			{ID: "s", Do: "section", Over: swarm.Sections},
			{ID: "w", Do: "word", Over: swarm.Chunks, Where: []string{"gamma"}, Widen: true},
			{ID: "f", Do: "find", Over: swarm.Items, Items: []string{"alpha", "zeta"}, Lookup: 2, Context: []string{"s#1"}},
			{ID: "k", Do: "whole", Over: swarm.Sources, Needs: []string{"w"}},
		}},
		"packs, tools": {pack: 1000, task: swarm.Task{Sources: []swarm.Source{sourceOf("s", "alpha"), sourceOf("t", "beta"), sourceOf("u", "gamma")}}, steps: []swarm.Step{
			{ID: "p", Do: "pack", Over: swarm.Chunks},
			{ID: "t", Do: "tool", Over: swarm.Items, Items: []string{"x", "y"}, Tools: []string{"clock"}},
			{ID: "e", Do: "each", Over: swarm.Each, Of: "t"},
		}},
		"reducing": {window: 60, steps: []swarm.Step{{ID: "a", Do: "a long instruction that fills the window", Over: swarm.Items, Items: numbered(9)}}},
	} {
		t.Run(name, func(t *testing.T) {
			whole := &memory{left: -1}
			want, err := c.run(t, whole)
			if err != nil {
				t.Fatal(err)
			}
			all := maps.Clone(c.worked)
			calls := want.Report.Usage.Calls
			for cut := range whole.puts + 1 {
				j := &memory{left: cut}
				killed, _ := c.run(t, j)
				had := j.results()
				j.left = -1
				got, err := c.run(t, j)
				if err != nil {
					t.Fatalf("cut %d: %v", cut, err)
				}
				if got.Text != want.Text || !reflect.DeepEqual(got.Citations, want.Citations) || !reflect.DeepEqual(got.Coverage, want.Coverage) {
					t.Fatalf("cut %d:\n%s%+v\nwant\n%s%+v", cut, got.Text, got.Coverage, want.Text, want.Coverage)
				}
				for id := range c.worked {
					if had[id] {
						t.Errorf("cut %d: %s was recorded, and worked on again", cut, id)
					}
				}
				r := &got.Report
				if sum := r.Usage.Calls + r.Earlier.Calls; sum < calls || r.Earlier.Calls > killed.Report.Usage.Calls {
					t.Errorf("cut %d: %d calls and %d earlier, of %d made; a whole run makes %d", cut, r.Usage.Calls, r.Earlier.Calls, killed.Report.Usage.Calls, calls)
				}
				puts := j.puts
				again, err := c.run(t, j)
				if err != nil || again.Text != want.Text || again.Report.Usage.Calls+c.plans+c.merges+len(c.worked) > 0 || j.puts != puts {
					t.Fatalf("cut %d: a third run: error %v, %d calls, %d plans, %d merges, worked on %v, recorded %v", cut, err, again.Report.Usage.Calls, c.plans, c.merges, c.worked, j.kinds[puts:])
				}
				if again.Report.Replayed < len(all) || again.Report.Earlier != r.Earlier.Plus(r.Usage) {
					t.Errorf("cut %d: a third run: %d of %d replayed, earlier %+v", cut, again.Report.Replayed, len(all), again.Report.Earlier)
				}
				if n := countDiffering(want, again); n > 0 {
					t.Errorf("cut %d: %d results differ", cut, n)
				}
			}
			t.Logf("%d records, %d calls", whole.puts, calls)
		})
	}
}

// countDiffering compares results bit by bit.
func countDiffering(a, b *swarm.Answer) (n int) {
	next := slices.Collect(b.Results())
	for r := range a.Results() {
		if len(next) == 0 || !reflect.DeepEqual(r.Out, next[0].Out) || r.Outcome != next[0].Outcome || r.Attempts != next[0].Attempts || !reflect.DeepEqual(r.Usage, next[0].Usage) {
			n++
		}
		next = next[min(1, len(next)):]
	}
	return n + len(next)
}

// TestBudgetSpansProcesses: what earlier processes spent counts, so that a run
// that is killed again and again still keeps its limit.
func TestBudgetSpansProcesses(t *testing.T) {
	const limit, places = 20, 4
	j := &memory{}
	made := 0
	for process := range 40 {
		j.left = 7
		c := &counting{steps: []swarm.Step{{ID: "a", Do: "a", Over: swarm.Items, Items: numbered(40)}}, worked: map[string]int{}}
		ctx, cancel := context.WithCancelCause(t.Context())
		j.kill = func() { cancel(errKilled) }
		s := swarm.Swarm{Planner: c, Worker: c, Journal: j, Concurrency: places, Rounds: 1, Budget: swarm.Budget{Calls: limit}}
		a, err := s.Run(ctx, task)
		made += a.Report.Usage.Calls
		if a.Report.Earlier.Calls > made {
			t.Fatalf("process %d: %d calls earlier, of %d", process, a.Report.Earlier.Calls, made)
		}
		if err == nil {
			lost := made - a.Report.Usage.Calls - a.Report.Earlier.Calls // in flight when a process was killed
			if made-lost > limit || lost > process*(places+1) {
				t.Errorf("%d calls in %d processes, %d of them not recorded: the limit is %d", made, process+1, lost, limit)
			}
			if a.Text == "" || a.Coverage.Done == 0 || a.Coverage.Skipped == 0 {
				t.Errorf("nothing was kept for the merge: %q %+v", a.Text, a.Coverage)
			}
			return
		}
	}
	t.Error("the run came to no end")
}

// TestCutPlanStands: steps of a plan that was cut stand, the planner is shown
// them, and it adds to them.
func TestCutPlanStands(t *testing.T) {
	j := &memory{left: -1}
	process := 0
	var standing []swarm.Step
	var said []error
	c := &counting{}
	c.plan = func(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error {
		if b.Round > 1 {
			return nil
		}
		process++
		first := swarm.Step{ID: "a", Do: "a", Over: swarm.Items, Items: numbered(3)}
		if process == 1 {
			if err := add(first); err != nil {
				return err
			}
			j.kill()
			<-ctx.Done()
			return ctx.Err()
		}
		standing = b.Standing
		said = append(said, add(first), add(swarm.Step{ID: "a", Do: "in other words"}), add(swarm.Step{ID: "b", Do: "b", Needs: []string{"a"}}))
		return nil
	}
	if _, err := c.run(t, j); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	a, err := c.run(t, j)
	if err != nil || len(standing) != 1 || standing[0].Do != "a" {
		t.Fatal(err, standing)
	}
	_, refused := errors.AsType[*swarm.PlanError](said[1])
	if said[0] != nil || !refused || said[2] != nil || a.Report.Steps != 2 || a.Report.Refused != 1 {
		t.Error(said, a.Report.Steps, a.Report.Refused)
	}
}

// TestFailuresAreTriedAgain: of a failure only its cost is recorded.
func TestFailuresAreTriedAgain(t *testing.T) {
	j := &memory{left: -1}
	c := &counting{steps: []swarm.Step{{ID: "a", Do: "a", Over: swarm.Items, Items: numbered(3)}}, broken: map[string]bool{"1/a/1": true}}
	if a, err := c.run(t, j); err != nil || a.Coverage.Failed != 1 {
		t.Fatal(err, a.Coverage)
	}
	c.broken = nil
	a, err := c.run(t, j)
	if err != nil || a.Coverage.Failed > 0 || len(c.worked) != 1 || a.Report.Earlier.Calls != 11 {
		t.Error(err, a.Coverage, c.worked, a.Report.Earlier)
	}
}

// TestNestedRunsAreKept: what subtasks of a nested run came to is not worked on
// again.
func TestNestedRunsAreKept(t *testing.T) {
	inner := &counting{steps: []swarm.Step{{ID: "in", Do: "in", Over: swarm.Items, Items: numbered(3)}}, worked: map[string]int{}}
	nested := &swarm.Swarm{Planner: inner, Worker: inner, Rounds: 1}
	run := func(j *memory) (*swarm.Answer, error) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		j.kill = func() { cancel(errKilled) }
		inner.worked = map[string]int{}
		s := swarm.Swarm{Planner: script{steps: []swarm.Step{{ID: "out", Do: "out", Over: swarm.Items, Items: []string{"x", "y"}}}}, Worker: nested, Journal: j, Concurrency: 1}
		return s.Run(ctx, task)
	}
	whole := &memory{left: -1}
	want, err := run(whole)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range whole.puts + 1 {
		j := &memory{left: cut}
		run(j)
		had := 0
		for _, kind := range j.kinds {
			if kind == "result" {
				had++
			}
		}
		had -= len(slices.DeleteFunc(slices.Collect(maps.Keys(j.results())), func(id string) bool { return !strings.HasPrefix(id, "1/out/") }))
		j.left = -1
		got, err := run(j)
		again := 0
		for _, n := range inner.worked {
			again += n
		}
		if err != nil || got.Text != want.Text || again != 6-had {
			t.Fatalf("cut %d: error %v, %d of 6 worked on again though %d were recorded:\n%s", cut, err, again, had, got.Text)
		}
	}
}

// TestJournalFails: a run ends where its journal does, and says so.
func TestJournalFails(t *testing.T) {
	c := &counting{steps: []swarm.Step{{ID: "a", Do: "a", Over: swarm.Items, Items: numbered(9)}}, worked: map[string]int{}}
	s := swarm.Swarm{Planner: c, Worker: c, Journal: &memory{left: 9}, Concurrency: 2}
	if _, err := s.Run(t.Context(), task); !errors.Is(err, errKilled) || len(c.worked) > 4 {
		t.Error(err, c.worked)
	}
}

// TestMergeIsReplayed: a merge that took text back, and read less than all, under a
// window that has changed since, comes back as it was.
func TestMergeIsReplayed(t *testing.T) {
	j := &memory{left: -1}
	merges := 0
	run := func(window int) *swarm.Answer {
		s := swarm.Swarm{Journal: j, Rounds: 1, Concurrency: 1, Worker: swarm.WorkerFunc(echo), Planner: script{
			window: window,
			steps:  []swarm.Step{{ID: "a", Do: "a", Over: swarm.Items, Items: numbered(6)}},
			merge: func(_ swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
				merges++
				fmt.Fprint(w, "a beginning")
				if len(results) > 3 {
					return swarm.Verdict{}, &swarm.CallError{Class: swarm.ClassTooLong}
				}
				w.Reset()
				fmt.Fprintf(w, "%d results", len(results))
				return swarm.Verdict{Citations: []swarm.Citation{{Quote: "q \xff"}}}, nil
			},
		}}
		a, err := s.Run(t.Context(), task)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	first := run(200)
	made := merges
	for _, window := range []int{200, 20, 0} {
		got := run(window)
		if merges != made || got.Text != "3 results" || got.Text != first.Text || !reflect.DeepEqual(got.Citations, first.Citations) || !reflect.DeepEqual(got.Coverage, first.Coverage) {
			t.Errorf("window %d: %d merges more, %q %+v; first %q %+v", window, merges-made, got.Text, got.Coverage, first.Text, first.Coverage)
		}
	}
}

// TestChangedInputIsWorkedOn: a recorded result is used where its input is the
// same, and nowhere else.
func TestChangedInputIsWorkedOn(t *testing.T) {
	j := &memory{left: -1}
	mark := "one"
	worked := []string{}
	run := func() {
		s := swarm.Swarm{
			Planner: script{steps: []swarm.Step{{ID: "a", Do: "a", Over: swarm.Items, Items: []string{"x", "y"}, Lookup: 1}, {ID: "b", Do: "b", Needs: []string{"a"}}}},
			Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
				worked = append(worked, st.ID())
				return echo(ctx, st)
			}), Journal: j, Concurrency: 1, Rounds: 1,
		}
		worked = worked[:0]
		tk := swarm.Task{Goal: "g", Sources: []swarm.Source{sourceOf("s", "x", "y")}, Index: marked{&mark}}
		if _, err := s.Run(t.Context(), tk); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if run(); len(worked) > 0 {
		t.Error("worked on again without a reason:", worked)
	}
	mark = "two" // what is found for the first item has changed
	if run(); !slices.Equal(worked, []string{"1/a/0"}) {
		t.Error("worked on again:", worked)
	}
}

// marked finds for x a chunk that says the mark.
type marked struct{ mark *string }

func (m marked) Search(query string, _ int) []*swarm.Chunk {
	if query == "x" {
		return []*swarm.Chunk{{ID: "found", Text: *m.mark}}
	}
	return nil
}
