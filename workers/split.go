package workers

import (
	"context"
	"fmt"
	"math/bits"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/swarm"
)

// mostSplits is how often a chunk is cut in two: into eight parts at most. What is
// put together of n chunks may have n times as many.
const mostSplits = 3

// leastSplit is the shortest text, in bytes, that is cut in two: it is the
// rest of the prompt that does not fit then.
const leastSplit = 200

// inParts runs a subtask, and where its prompt does not fit the context of any
// backend, or was found not to, over the two halves of its chunk, one after
// the other. Both are the same subtask. A question that is long beside the chunk
// is left out first.
func (p *Pool) inParts(ctx context.Context, st *swarm.Subtask, splits int) (swarm.Output, error) {
	out, err := p.work(ctx, st)
	if !isClass(err, swarm.ClassTooLong) {
		return out, err
	}
	less, c := *st, st.Chunk
	switch n := len(st.Found); {
	case n > 1: // the best of them alone
		less.Found = st.Found[:n/2]
		return p.inParts(ctx, &less, splits)
	case st.Goal != "" && (c == nil || len(st.Goal) > len(c.Text)/2): // the instruction says what is wanted
		less.Goal = ""
		return p.inParts(ctx, &less, splits)
	case c == nil || splits == mostSplits+bits.Len(uint(len(c.Segments))) || len(c.Text) < leastSplit:
		return out, err
	}
	at := middle(c.Text)
	var outs []swarm.Output
	var lost []error
	for _, half := range []swarm.Chunk{c.Part(0, at), c.Part(at, len(c.Text))} {
		less.Chunk = &half
		o, wrong := p.inParts(ctx, &less, splits+1)
		switch {
		case wrong == nil:
			outs = append(outs, o)
		case ctx.Err() != nil:
			return swarm.Output{}, wrong
		default:
			lost = append(lost, wrong)
		}
	}
	switch {
	case len(outs) == 2:
		return combine(outs[0], outs[1]), nil
	case len(outs) == 1 && len(outs[0].Findings) > 0:
		outs[0].Doubts = append(outs[0].Doubts, fmt.Sprintf("a part of the text was not read: %v", lost[0]))
		return outs[0], nil
	}
	return swarm.Output{}, lost[0]
}

// seams are where a text is cut, the best first: between paragraphs, else lines, else
// sentences, else words.
var seams = []*regexp.Regexp{
	regexp.MustCompile(`\n\r?\n`),
	regexp.MustCompile(`\n`),
	regexp.MustCompile(`[.!?] |[。！？।؟]`),
	regexp.MustCompile(`[;:,] |[，、]`),
	regexp.MustCompile(` `),
}

// middle returns where a text is best cut in two. No part has less than a
// quarter of it.
func middle(s string) int {
	half, low := len(s)/2, len(s)/4
	for _, seam := range seams {
		if found := seam.FindAllStringIndex(s[low:len(s)-low], -1); found != nil {
			far := func(m []int) int { return max(low+m[1]-half, half-low-m[1]) }
			return low + slices.MinFunc(found, func(a, b []int) int { return far(a) - far(b) })[1]
		}
	}
	for half < len(s) && !utf8.RuneStart(s[half]) {
		half++
	}
	return half
}

// combine makes one output of those of two halves, each text of a list once.
func combine(a, b swarm.Output) swarm.Output {
	for _, f := range b.Findings {
		if len(f.Evidence) > 0 || !slices.ContainsFunc(a.Findings, func(had swarm.Finding) bool { return had.Text == f.Text }) {
			a.Findings = append(a.Findings, f)
		}
	}
	a.Doubts, a.Read = append(a.Doubts, b.Doubts...), append(a.Read, b.Read...)
	return a
}
