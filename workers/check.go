package workers

import (
	"context"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

// CheckFunc examines an output and returns what is wrong with it, in words
// that a model can mend it by, or "" if nothing is. It may correct marks of
// the output that it knows better, such as Citation.Verified. It must be
// deterministic and safe for concurrent use.
type CheckFunc func(st swarm.Subtask, out *swarm.Output) (wrong string)

// Check returns a worker that has the outputs of w examined. An output that
// fails is told back once (see [swarm.Subtask.Feedback]); if the second fails
// as well, the better of the two is returned, with a line in its Doubts for
// each check that it fails, and a nil error. It costs nothing where all is
// well and one more call of w where not. An error of w is returned as it is;
// where it is the second call's, the first output is kept with its doubts.
// Output.Usage is that of both calls, whichever output is returned.
//
// A panic in a check is the subtask's, as one in w would be.
func Check(w swarm.Worker, checks ...CheckFunc) swarm.Worker {
	checks = slices.Clone(checks)
	return swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		out, err := w.Work(ctx, st)
		if err != nil {
			return out, err
		}
		wrong := examine(st, &out, checks)
		if len(wrong) == 0 {
			return out, nil
		}
		again := st
		again.Feedback = append(slices.Clip(st.Feedback), swarm.Feedback{Said: said(&out), Wrong: strings.Join(wrong, "; ")})
		second, err := w.Work(ctx, again)
		out, second = plus(out, second.Usage), plus(second, out.Usage)
		if err != nil {
			if ctx.Err() != nil {
				return out, err
			}
			return doubtful(out, append(wrong, "a second try failed")), nil
		}
		still := examine(st, &second, checks)
		if len(still) > len(wrong) {
			return doubtful(out, wrong), nil
		}
		return doubtful(second, still), nil
	})
}

// examine runs the checks over a copy of what they may correct.
func examine(st swarm.Subtask, out *swarm.Output, checks []CheckFunc) (wrong []string) {
	out.Citations = slices.Clone(out.Citations)
	for _, check := range checks {
		if w := check(st, out); w != "" {
			wrong = append(wrong, w)
		}
	}
	return wrong
}

// plus adds to an output the usage of another call.
func plus(out swarm.Output, other *swarm.Usage) swarm.Output {
	switch {
	case out.Usage == nil:
		out.Usage = other
	case other != nil:
		sum := out.Usage.Plus(*other)
		out.Usage = &sum
	}
	return out
}

func doubtful(out swarm.Output, wrong []string) swarm.Output {
	out.Doubts = append(slices.Clip(out.Doubts), wrong...)
	return out
}

// said shows an output to its writer.
func said(out *swarm.Output) string {
	var b strings.Builder
	b.WriteString(out.Text)
	for _, c := range out.Citations {
		b.WriteString("\nquote: " + c.Quote)
	}
	return b.String()
}

// Quotes is a check that a finding over a chunk quotes the chunk: that each of
// its own citations stands in the text, white space folded (see [Pool.Work]).
// It sets each citation's place and Verified by its own search, whatever the
// worker said. A finding without a quote fails, an abstention needs none.
// Citations that come from earlier results, and lists, are left alone.
func Quotes(st swarm.Subtask, out *swarm.Output) string {
	if st.Chunk == nil || out.Abstain || st.Step != nil && st.Step.Schema == swarm.SchemaList {
		return ""
	}
	missing := 0
	for i := range out.Citations {
		c := &out.Citations[i]
		if c.Chunk != st.Chunk.ID && c.Chunk != "" || fromBefore(&st, c) {
			continue
		}
		if *c = cite(st.Chunk, c.Quote); !c.Verified {
			missing++
		}
	}
	switch {
	case missing > 0:
		return "the quote does not stand in the text; copy it word for word"
	case len(out.Citations) == 0:
		return "there is no quote; copy the passage of the text that shows the answer word for word"
	}
	return ""
}

// fromBefore says that a citation is one of the results that the subtask read.
func fromBefore(st *swarm.Subtask, c *swarm.Citation) bool {
	for i := range st.From {
		if slices.Contains(st.From[i].Out.Citations, *c) {
			return true
		}
	}
	return false
}
