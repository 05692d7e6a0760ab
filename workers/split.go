package workers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
)

// mostSplits is how often a chunk is cut in two: into eight parts at most.
const mostSplits = 3

// leastSplit is the shortest text, in bytes, that is cut in two: it is the
// rest of the prompt that does not fit then.
const leastSplit = 200

// inParts runs a subtask, and where its prompt does not fit the context of any
// backend, or was found not to, over the two halves of its chunk, one after
// the other. Both are the same subtask.
func (p *Pool) inParts(ctx context.Context, st *swarm.Subtask, splits int) (swarm.Output, error) {
	parts := st.Chunk != nil && splits < mostSplits && middle(st.Chunk.Text) > 0
	out, err := p.work(ctx, st)
	if !parts || !isClass(err, swarm.ClassTooLong) {
		return out, err
	}
	first, second := halves(st.Chunk)
	var outs []swarm.Output
	var lost []error
	for _, c := range []*swarm.Chunk{&first, &second} {
		part := *st
		part.Chunk = c
		o, wrong := p.inParts(ctx, &part, splits+1)
		if wrong != nil {
			if ctx.Err() != nil {
				return swarm.Output{}, wrong
			}
			lost = append(lost, wrong)
			continue
		}
		outs = append(outs, o)
	}
	switch {
	case len(outs) == 2:
		return combine(st, outs[0], outs[1]), nil
	case len(outs) == 1 && !outs[0].Abstain:
		outs[0].Doubts = append(outs[0].Doubts, fmt.Sprintf("a part of the text was not read: %v", lost[0]))
		return outs[0], nil
	}
	return swarm.Output{}, lost[0]
}

// halves cuts a chunk in two near its middle: between paragraphs, else lines,
// else sentences, else words.
func halves(c *swarm.Chunk) (first, second swarm.Chunk) {
	at := middle(c.Text)
	return c.Part(0, at), c.Part(at, len(c.Text))
}

// seams are where a text is cut, the best first.
var seams = [][]string{
	{"\n\n", "\r\n\r\n"},
	{"\n"},
	{". ", "! ", "? ", "。", "！", "？", "।", "؟"},
	{"; ", ": ", ", ", "，", "、"},
	{" "},
}

// middle returns where a text is best cut in two, or 0 if it is too short. No
// part has less than a quarter of it.
func middle(s string) int {
	if len(s) < leastSplit {
		return 0
	}
	half := len(s) / 2
	low, high := len(s)/4, len(s)-len(s)/4
	for _, marks := range seams {
		best := 0
		for _, m := range marks {
			before := strings.LastIndex(s[low:half], m)
			if before >= 0 {
				best = nearer(best, low+before+len(m), half)
			}
			if after := strings.Index(s[half:high], m); after >= 0 {
				best = nearer(best, half+after+len(m), half)
			}
		}
		if best > 0 {
			return best
		}
	}
	for half < len(s) && !utf8.RuneStart(s[half]) {
		half++
	}
	return half
}

// nearer returns which of two places is nearer to half; 0 is none.
func nearer(a, b, half int) int {
	if a == 0 || max(b-half, half-b) < max(a-half, half-a) {
		return b
	}
	return a
}

// combine makes one output of those of two halves: the more confident finding
// first, the citations of both. It abstains only if both do.
func combine(st *swarm.Subtask, a, b swarm.Output) swarm.Output {
	doubts := append(slices.Clone(a.Doubts), b.Doubts...)
	switch {
	case a.Abstain && b.Abstain:
		a.Confidence = min(a.Confidence, b.Confidence)
		a.Doubts = doubts
		return a
	case a.Abstain:
		a, b = b, a
	}
	if b.Abstain {
		a.Doubts = doubts
		return a
	}
	if shapeOf(st) == shapeList {
		return swarm.Output{Text: joinLists(a.Text, b.Text), Confidence: max(a.Confidence, b.Confidence), Doubts: doubts}
	}
	if b.Confidence > a.Confidence {
		a, b = b, a
	}
	text := a.Text
	if b.Text != text {
		also := b.Text
		if shapeOf(st) == shapeBoth {
			also = findings.Cited(&swarm.Result{Step: st.Step, Out: b}, len(a.Citations))
		}
		text += "\n" + also
	}
	return swarm.Output{
		Text: text, Confidence: a.Confidence, Doubts: doubts,
		Citations: append(slices.Clone(a.Citations), b.Citations...),
	}
}

// joinLists joins two JSON arrays of strings, each item once.
func joinLists(a, b string) string {
	var items, more []string
	if err := errors.Join(json.Unmarshal([]byte(a), &items), json.Unmarshal([]byte(b), &more)); err != nil {
		return a + "\n" + b // a list may be an item a line
	}
	for _, s := range more {
		if !slices.Contains(items, s) {
			items = append(items, s)
		}
	}
	text, _ := json.Marshal(items) // strings always encode
	return string(text)
}
