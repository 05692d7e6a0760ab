package workers

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
)

// CheckFunc checks one finding of an output. It returns what is wrong, in words
// that help a model to correct it, or "" if nothing is. It may change the finding,
// such as Citation.Verified; the finding and its evidence are a copy. It must be
// deterministic and safe for concurrent use.
type CheckFunc func(st swarm.Subtask, f *swarm.Finding) (wrong string)

// Check returns a worker that applies checks to the findings of w. Findings that
// pass are kept. If some fail, w is called once more with what is wrong (see
// [swarm.Subtask.Feedback]), and the findings of the second output replace those
// that failed, without duplicates. Findings that fail again are kept, with a line
// in Doubts and a nil error. The failed findings of the first output are kept in
// the same way if more fail in the second output, or if the second call fails. An
// error of w's first call is returned unchanged. Output.Usage is that of both
// calls. The cost is at most one more call of w.
//
// A panic in a check fails the subtask, as one in w would.
func Check(w swarm.Worker, checks ...CheckFunc) swarm.Worker {
	checks = slices.Clone(checks)
	return swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		first, err := w.Work(ctx, st)
		if err != nil {
			return first, err
		}
		right, bad, wrong := examine(st, &first, checks)
		if len(bad) == 0 {
			return first, nil
		}
		again := st
		again.Found = append(slices.Clip(st.Found), first.Read...)
		again.Feedback = append(slices.Clip(st.Feedback), feedback(bad, wrong, len(right)))
		second, err := w.Work(ctx, again)
		out := first
		out.Read = append(slices.Clip(first.Read), second.Read...)
		out.Usage, out.Models = plus(first.Usage, second.Usage), plusModels(first.Models, second.Models)
		if err != nil && ctx.Err() != nil {
			return out, err
		}
		good, still, why := examine(again, &second, checks)
		if err != nil || len(still) > len(bad) {
			out.Doubts = append(slices.Clip(first.Doubts), wrong...)
			return out, nil
		}
		out.Doubts = append(slices.Clip(second.Doubts), why...)
		out.Findings = right
		for _, f := range append(good, still...) {
			if !slices.ContainsFunc(right, func(had swarm.Finding) bool { return repeats(f, had) }) {
				out.Findings = append(out.Findings, f)
			}
		}
		return out, nil
	})
}

// examine runs the checks over the findings, and puts copies in their place. It
// returns those that are right, and those that are not with what is wrong.
func examine(st swarm.Subtask, out *swarm.Output, checks []CheckFunc) (right, bad []swarm.Finding, wrong []string) {
	out.Findings = slices.Clone(out.Findings)
	st.Found = append(slices.Clip(st.Found), out.Read...)
	for i := range out.Findings {
		f := &out.Findings[i]
		f.Evidence = slices.Clone(f.Evidence)
		var faults []string
		for _, check := range checks {
			if w := check(st, f); w != "" {
				faults = append(faults, w)
			}
		}
		if len(faults) == 0 {
			right = append(right, *f)
			continue
		}
		bad, wrong = append(bad, *f), append(wrong, strings.Join(faults, "; "))
	}
	return right, bad, wrong
}

// feedback shows findings that did not pass to their writer, by number, and
// what is wrong with each.
func feedback(bad []swarm.Finding, wrong []string, right int) swarm.Feedback {
	var said, what strings.Builder
	for i, f := range bad {
		fmt.Fprintf(&said, "%d. answer: %s\n", i+1, f.Text)
		for _, c := range f.Evidence {
			fmt.Fprintf(&said, "   quote: %s\n", c.Quote)
		}
		fmt.Fprintf(&what, "%d. %s\n", i+1, wrong[i])
	}
	if right > 0 {
		fmt.Fprintf(&what, "Your other findings, %d, are right and kept: do not write them again.\n", right)
	}
	return swarm.Feedback{Said: strings.TrimSpace(said.String()), Wrong: strings.TrimSpace(what.String())}
}

// repeats says that a finding says the same as another, or of the same words.
func repeats(f, had swarm.Finding) bool {
	return f.Text == had.Text || len(f.Evidence) > 0 && slices.Equal(f.Evidence, had.Evidence)
}

// plus adds the usage of another call.
func plus(a, b *swarm.Usage) *swarm.Usage {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	sum := a.Plus(*b)
	return &sum
}

func plusModels(a, b map[string]swarm.Usage) map[string]swarm.Usage {
	if len(a) == 0 {
		return b
	}
	sum := maps.Clone(a)
	for model, used := range b {
		sum[model] = sum[model].Plus(used)
	}
	return sum
}

// Quotes is a CheckFunc: a finding over texts (a chunk, a section, what was looked
// up) must quote them, and its quotes must occur in them (see [Pool.Work]). It sets
// the place and Verified of each quote by its own search, whatever the worker said,
// and splits a quote that joins several passages into several. A finding without a
// quote fails. Evidence from earlier results, and lists, are not checked.
func Quotes(st swarm.Subtask, f *swarm.Finding) string {
	if len(shown(&st)) == 0 || st.Step != nil && st.Step.Form != swarm.FormFindings {
		return ""
	}
	before := findings.Evidence(st.From)
	var all []swarm.Citation
	var wrong []string
	for _, c := range f.Evidence {
		if slices.Contains(before, c) {
			all = append(all, c)
			continue
		}
		cites, fault := standing(&st, c.Quote)
		if fault != "" {
			wrong = append(wrong, fault)
		}
		all = addNew(all, cites)
	}
	if f.Evidence = all; len(all) == 0 {
		return "there is no quote: copy the words of the text that show the answer, or leave the finding out"
	}
	return strings.Join(wrong, "; ")
}
