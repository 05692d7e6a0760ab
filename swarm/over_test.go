package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

func TestStepsFanOutOverWhatTheySay(t *testing.T) {
	tk := swarm.Task{Goal: "the goal", Sources: []swarm.Source{sourceOf("a", "a1", "a2"), sourceOf("b", "b1", "b2")}}
	for name, c := range map[string]struct {
		step swarm.Step
		want []string
	}{
		"once":              {swarm.Step{Do: "x"}, []string{""}},
		"chunks":            {swarm.Step{Do: "x", Over: swarm.Chunks}, []string{"a1", "a2", "b1", "b2"}},
		"chunks of sources": {swarm.Step{Do: "x", Over: swarm.Chunks, Select: []string{"b"}}, []string{"b1", "b2"}},
		"chunks by id":      {swarm.Step{Do: "x", Over: swarm.Chunks, Select: []string{"b#2", "a#1", "b#2"}}, []string{"a1", "b2"}},
		"chunks by both":    {swarm.Step{Do: "x", Over: swarm.Chunks, Select: []string{"b#2", "b", "a#2"}}, []string{"a2", "b1", "b2"}},
		"items":             {swarm.Step{Do: "x", Over: swarm.Items, Items: []string{"i", "j", "i"}}, []string{"i", "j", "i"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.step.ID = "s"
			w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
				if st.Goal != "the goal" || st.Step.ID != "1/s" || st.ID() != fmt.Sprint("1/s/", st.Index) || st.Run == "" {
					t.Errorf("%+v", st)
				}
				return echo(ctx, st)
			}
			a := mustRun(t, w, tk, c.step)
			var got []string
			for r := range a.Results() {
				if r.Outcome != swarm.Done || r.Err != nil || r.ID() != fmt.Sprint("1/s/", len(got)) {
					t.Errorf("%+v", r)
				}
				got = append(got, r.Out.Text())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestNeedsReceiveResultsInPlanOrder(t *testing.T) {
	items := func(id string, items ...string) swarm.Step {
		return swarm.Step{ID: id, Do: id, Over: swarm.Items, Items: items}
	}
	a := mustRun(t, echo, task,
		items("a", "a0", "a1"), items("b", "b0", "none", "b2"), items("c", "c0"),
		swarm.Step{ID: "s", Do: "sum", Needs: []string{"c", "b", "a", "b"}})
	if want := "1/s/0 <a0> <a1> <b0> <b2> <c0>\n"; a.Text != want {
		t.Errorf("got %q, want %q", a.Text, want)
	}
}

func TestAStepWhoseNeedFailedInPartRunsAndIsToldWhatIsMissing(t *testing.T) {
	var missing []string
	w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Step.ID == "1/s" {
			missing = st.Missing
		}
		return echo(ctx, st)
	}
	a := mustRun(t, w, task,
		swarm.Step{ID: "whole", Do: "x", Over: swarm.Items, Items: []string{"w"}},
		swarm.Step{ID: "part", Do: "x", Over: swarm.Items, Items: []string{"p", "fail", "none", "fail 2"}},
		swarm.Step{ID: "next", Do: "next", Over: swarm.Each, Of: "part"},
		swarm.Step{ID: "s", Do: "sum", Needs: []string{"whole", "part", "next"}})
	if a.Text != "1/s/0 <w> <p> <p <p>>\n" || !slices.Equal(missing, []string{"1/part: 2 of 4 parts failed", "1/next: 2 of 4 parts failed"}) {
		t.Errorf("%q, missing %q", a.Text, missing)
	}
}

func TestAStepWhoseNeedFailedWhollyIsSkipped(t *testing.T) {
	a := mustRun(t, echo, task,
		swarm.Step{ID: "bad", Do: "x", Over: swarm.Items, Items: []string{"fail 1", "fail 2"}},
		swarm.Step{ID: "fine", Do: "y", Over: swarm.Items, Items: []string{"f"}},
		swarm.Step{ID: "s", Do: "sum", Needs: []string{"fine", "bad"}},
		swarm.Step{ID: "after", Do: "after", Needs: []string{"s"}},
		swarm.Step{ID: "each", Do: "each", Over: swarm.Each, Of: "fine", Needs: []string{"bad"}},
		swarm.Step{ID: "shy", Do: "z", Over: swarm.Items, Items: []string{"none"}},
		swarm.Step{ID: "runs", Do: "abstained is well", Needs: []string{"shy"}})
	got := outcomes(a)
	for id, want := range map[string]swarm.Outcome{
		"1/bad/0": swarm.Failed, "1/fine/0": swarm.Done, "1/s/0": swarm.Skipped, "1/after/0": swarm.Skipped,
		"1/each/0": swarm.Skipped, "1/shy/0": swarm.Abstained, "1/runs/0": swarm.Done,
	} {
		if got[id] != want {
			t.Errorf("%s: %v, want %v", id, got[id], want)
		}
	}
	for r := range a.Results() {
		if e, ok := errors.AsType[*swarm.SubtaskError](r.Err); (r.Outcome == swarm.Failed || r.Outcome == swarm.Skipped) != ok || ok && e.Outcome != r.Outcome {
			t.Errorf("%s: %v", r.ID(), r.Err)
		}
	}
}

func TestAPipelinePassesOutcomesOn(t *testing.T) {
	src := sourceOf("doc", "good", "none here", "fail here", "also good")
	var heads []string
	var mu sync.Mutex
	w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Step.ID == "1/third" {
			mu.Lock()
			heads = append(heads, st.Chunk.ID+" "+st.From[0].ID())
			mu.Unlock()
		}
		return echo(ctx, st)
	}
	a := mustRun(t, w, swarm.Task{Goal: "g", Sources: []swarm.Source{src}},
		swarm.Step{ID: "first", Do: "1", Over: swarm.Chunks},
		swarm.Step{ID: "second", Do: "2", Over: swarm.Each, Of: "first"},
		swarm.Step{ID: "third", Do: "3", Over: swarm.Each, Of: "second"})
	got := outcomes(a)
	for i, want := range []swarm.Outcome{swarm.Done, swarm.Abstained, swarm.Skipped, swarm.Done} {
		if id := fmt.Sprint("1/third/", i); got[id] != want {
			t.Errorf("%s: %v, want %v", id, got[id], want)
		}
	}
	slices.Sort(heads)
	if want := []string{"doc#1 1/second/0", "doc#4 1/second/3"}; !slices.Equal(heads, want) {
		t.Errorf("heads %q", heads)
	}
	if c := a.Coverage; c.Subtasks != 12 || c.Done != 6 || c.Abstained != 3 || c.Failed != 1 || c.Skipped != 2 || c.ChunksRead != 3 || c.ChunksKnown != 4 {
		t.Errorf("%+v", c)
	}
}

func TestEachReceivesWhatItFollowsThenWhatItNeeds(t *testing.T) {
	a := mustRun(t, echo, task,
		swarm.Step{ID: "ctx", Do: "x", Over: swarm.Items, Items: []string{"c1", "c2"}},
		swarm.Step{ID: "a", Do: "y", Over: swarm.Items, Items: []string{"a1", "a2"}},
		swarm.Step{ID: "e", Do: "z", Over: swarm.Each, Of: "a", Needs: []string{"ctx"}})
	if want := "1/e/0 a1 <a1> <c1> <c2>\n1/e/1 a2 <a2> <c1> <c2>\n"; a.Text != want {
		t.Errorf("%q", a.Text)
	}
}

// What cannot be shortened is not tried for ever, however little it is.
func TestReducingEndsWhereAFewTokensExceedTheWindow(t *testing.T) {
	w := func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Step.Over == swarm.Reduce {
			return swarm.Output{}, errBroken
		}
		return swarm.Say("two words"), nil
	}
	s := swarm.Swarm{Planner: script{steps: []swarm.Step{each("a")}, window: 1}, Worker: swarm.WorkerFunc(w), Reducer: swarm.WorkerFunc(w)}
	if a, err := s.Run(t.Context(), task); err != nil || a.Coverage.Done != 1 {
		t.Errorf("%v, %+v", err, a.Coverage)
	}
}
