package swarm_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

// Each result has findings of 20 tokens and more; a reducer that hands all of
// them on is cut by whole findings, from the end.
func TestAReducedResultLosesItsLastFindingsFirst(t *testing.T) {
	several := func(st swarm.Subtask) swarm.Output {
		var out swarm.Output
		for k := range 3 {
			f := finding(fmt.Sprintf("f%03d-%d", st.Index, k), 20).Findings[0]
			f.Evidence = append(f.Evidence, swarm.Citation{Source: "also " + f.Evidence[0].Source})
			out.Findings = append(out.Findings, f)
		}
		return out
	}
	var merged []swarm.Result
	p := script{window: 400, steps: []swarm.Step{items(12)}, merge: func(_ swarm.Brief, rs []swarm.Result, _ *swarm.AnswerWriter) (swarm.Verdict, error) {
		merged = rs
		return swarm.Verdict{}, nil
	}}
	whole := map[string]int{}
	s := swarm.Swarm{Planner: p, Concurrency: 1, Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		return several(st), nil
	}), Reducer: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		var out swarm.Output
		for i := range st.From {
			out.Findings = append(out.Findings, st.From[i].Out.Findings...)
		}
		whole[st.ID()] = len(out.Findings)
		return out, nil
	})}
	a, err := s.Run(t.Context(), task)
	if err != nil || len(merged) == 0 {
		t.Fatal(err, merged)
	}
	cut := 0
	for i := range merged {
		r := &merged[i]
		if r.Step.Over != swarm.Reduce {
			continue
		}
		n := len(r.Out.Findings)
		if n == 0 {
			t.Fatalf("%s lost everything", r.ID())
		}
		if n < whole[r.ID()] {
			cut++
		}
		if tokens := swarm.EstimateTokens(r.Out.Text()); tokens > 100 {
			t.Errorf("%s has %d tokens", r.ID(), tokens)
		}
		for k, f := range r.Out.Findings { // a finding that stays is whole, unless it is the only one
			if n > 1 && (len(f.Evidence) != 2 || f.Evidence[0].Source != strings.Fields(f.Text)[0] || len(strings.Fields(f.Text)) != 21) {
				t.Errorf("finding %d of %s: %+v", k, r.ID(), f)
			}
		}
	}
	if missing := strings.Join(a.Coverage.Missing, "\n"); cut == 0 || !strings.Contains(missing, "the end of ") || strings.Contains(missing, "the last citations of ") {
		t.Errorf("%d were cut, missing %q", cut, missing)
	}
	for r := range a.Results() {
		if r.Step.Over == swarm.Reduce && len(r.Out.Findings) != whole[r.ID()] {
			t.Errorf("the result %s itself was cut", r.ID())
		}
	}
}

// A merge that is too long is asked for again with half of the findings, also
// where they are all of one result.
func TestFindingsOfOneResultAreHalved(t *testing.T) {
	w := swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
		var out swarm.Output
		for i := range 8 {
			out.Findings = append(out.Findings, swarm.Finding{Text: fmt.Sprint("finding ", i), Confidence: float64(i) / 10})
		}
		return out, nil
	})
	var got []int
	merges := func(results []swarm.Result) error {
		n := 0
		for _, r := range results {
			n += len(r.Out.Findings)
		}
		if got = append(got, n); n > 2 {
			return &swarm.CallError{Class: swarm.ClassTooLong}
		}
		return nil
	}
	a, err := (&swarm.Swarm{Planner: tight{merges}, Worker: w}).Run(t.Context(), swarm.Task{Goal: "g"})
	if err != nil || !slices.Equal(got, []int{8, 4, 2}) || !strings.Contains(strings.Join(a.Coverage.Missing, "; "), "findings that the merge had no room for") {
		t.Errorf("%v, merges of %v findings, missing %q", err, got, a.Coverage.Missing)
	}
}

// tight is a planner of one step whose merges may refuse what they are given.
type tight struct{ merge func([]swarm.Result) error }

func (tight) Plan(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
	return add(swarm.Step{ID: "a", Do: "find"})
}

func (tight) Window() int { return 10_000 }

func (p tight) Merge(_ context.Context, _ swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	return swarm.Verdict{}, p.merge(results)
}

// Findings that rest on the same evidence, as those of a calculation do, take the
// room of that evidence once.
func TestEvidenceOfSeveralFindingsCountsOnce(t *testing.T) {
	var rows []swarm.Citation
	for i := range 50 {
		rows = append(rows, swarm.Citation{Source: "a", Quote: fmt.Sprintf("row %d of a long table", i)})
	}
	w := swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
		var out swarm.Output
		for i := range 40 {
			out.Findings = append(out.Findings, swarm.Finding{Text: fmt.Sprint("town ", i), Evidence: rows})
		}
		return out, nil
	})
	merged := 0
	p := script{window: 3000, steps: []swarm.Step{items(1)}, merge: func(_ swarm.Brief, rs []swarm.Result, _ *swarm.AnswerWriter) (swarm.Verdict, error) {
		for i := range rs {
			merged += len(rs[i].Out.Findings)
		}
		return swarm.Verdict{}, nil
	}}
	s := swarm.Swarm{Planner: p, Worker: w, Reducer: swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
		t.Error("findings that fit are reduced")
		return swarm.Output{}, nil
	})}
	if _, err := s.Run(t.Context(), task); err != nil || merged != 40 {
		t.Error(err, merged)
	}
}
