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
	out, err := p.work(ctx, st)
	if !isClass(err, swarm.ClassTooLong) || st.Chunk == nil || splits == mostSplits || len(st.Chunk.Text) < leastSplit {
		return out, err
	}
	first, second := halves(st.Chunk)
	var outs []swarm.Output
	var lost []error
	for _, c := range []*swarm.Chunk{&first, &second} {
		part := *st
		part.Chunk = c
		o, wrong := p.inParts(ctx, &part, splits+1)
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

// middle returns where a text is best cut in two. No part has less than a
// quarter of it.
func middle(s string) int {
	half, low := len(s)/2, len(s)/4
	for _, marks := range seams {
		best := 0
		for _, m := range marks {
			if i := strings.LastIndex(s[low:half], m); i >= 0 {
				best = max(best, low+i+len(m))
			}
		}
		if best > 0 {
			return best
		}
		for _, m := range marks {
			if i := strings.Index(s[half:len(s)-low], m); i >= 0 && (best == 0 || half+i+len(m) < best) {
				best = half + i + len(m)
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

// combine makes one output of those of two halves: the more confident finding
// first, the citations of both. It abstains only if both do.
func combine(st *swarm.Subtask, a, b swarm.Output) swarm.Output {
	doubts := append(slices.Clone(a.Doubts), b.Doubts...)
	if a.Abstain && !b.Abstain || a.Abstain == b.Abstain && b.Confidence > a.Confidence && shapeOf(st) != shapeList {
		a, b = b, a
	}
	switch {
	case a.Abstain:
		a.Confidence = min(a.Confidence, b.Confidence)
	case b.Abstain:
	case shapeOf(st) == shapeList:
		a.Text, a.Confidence = joinLists(a.Text, b.Text), max(a.Confidence, b.Confidence)
	default:
		also := b.Text
		if shapeOf(st) == shapeBoth {
			also = findings.Cited(&swarm.Result{Step: st.Step, Out: b}, len(a.Citations))
		}
		if a.Text != b.Text {
			a.Text += "\n" + also
		}
		a.Citations = append(slices.Clone(a.Citations), b.Citations...)
	}
	a.Doubts = doubts
	return a
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
