package swarm

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/swarm/internal/calc"
)

// mostProof is how much evidence the result of a calculation carries.
const mostProof = 100

// calculate is the worker of Calc steps: it runs the program over the findings
// that the subtask reads. A result has the evidence of what it is made of.
func calculate(ctx context.Context, st Subtask) (Output, error) {
	var steps []calc.Step
	var all []*Finding
	for i := range st.From {
		r := &st.From[i]
		if len(steps) == 0 || steps[len(steps)-1].ID != r.Step.ID {
			steps = append(steps, calc.Step{ID: r.Step.ID})
		}
		in := &steps[len(steps)-1]
		for k := range r.Out.Findings {
			f := &r.Out.Findings[k]
			in.Findings = append(in.Findings, calc.Finding{Text: f.Text, Data: f.Data, Ref: len(all)})
			all = append(all, f)
		}
	}
	for _, id := range st.Step.Needs { // a step that found nothing is an empty list
		if !slices.ContainsFunc(steps, func(s calc.Step) bool { return s.ID == id }) {
			steps = append(steps, calc.Step{ID: id})
		}
	}
	results, err := calc.Run(ctx, st.Step.Calc, named(steps))
	if err != nil {
		return Output{}, err
	}
	out := Output{}
	for _, what := range st.Missing {
		out.Doubts = append(out.Doubts, "calculated without what failed: "+what)
	}
	for _, res := range results {
		f := Finding{Text: cmp.Or(res.Text, string(res.Data)), Data: res.Data}
		for _, ref := range res.Refs {
			for _, c := range all[ref].Evidence {
				if len(f.Evidence) < mostProof && !slices.Contains(f.Evidence, c) {
					f.Evidence = append(f.Evidence, c)
				}
			}
		}
		out.Findings = append(out.Findings, f)
	}
	return out, nil
}

// named gives steps the IDs that a program knows them by too: those without the
// round, of the latest round where several have the same.
func named(steps []calc.Step) []calc.Step {
	all := slices.Clone(steps)
	for _, s := range slices.Backward(steps) {
		_, short, _ := strings.Cut(s.ID, "/")
		if short != "" && !slices.ContainsFunc(all, func(o calc.Step) bool { return o.ID == short }) {
			all = append(all, calc.Step{ID: short, Findings: s.Findings})
		}
	}
	return all
}

// bindCalc looks at the program of a calculation.
func (p *planning) bindCalc(st *step) *PlanError {
	if st.Over != Calc {
		return nil
	}
	st.worker, st.computed = WorkerFunc(calculate), true
	var ids []calc.Step
	for _, n := range st.needs {
		ids = append(ids, calc.Step{ID: n.ID})
	}
	if err := calc.Check(st.Calc, named(ids)); err != nil {
		return bad("calc", st.Calc, "%s", errText(err))
	}
	return nil
}

// joined is the worker of the step that puts the findings of a step with several
// results into one list, for a List step to fan out over.
func joined(_ context.Context, st Subtask) (Output, error) {
	var out Output
	for i := range st.From {
		out.Findings = append(out.Findings, st.From[i].Out.Findings...)
	}
	if len(out.Findings) == 0 && len(st.Missing) > 0 {
		return out, errors.New(strings.Join(st.Missing, "; "))
	}
	return out, nil
}
