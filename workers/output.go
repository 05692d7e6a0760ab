package workers

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
)

// output makes the output of a reply that could be read. What is wrong with
// it and could be done without is a doubt.
func (r *reading) output(st *swarm.Subtask, s shape, most int) swarm.Output {
	out := swarm.Output{Confidence: r.confidence, Abstain: r.abstain}
	for _, f := range r.faults {
		out.Doubts = append(out.Doubts, "the reply is not as asked: "+f)
	}
	if r.abstain {
		return out
	}
	out.Text = r.answer
	switch s {
	case shapeList:
		text, _ := json.Marshal(append([]string{}, r.items...)) // strings always encode
		out.Text = string(text)
	case shapeQuote:
		if r.quote != "" {
			out.Citations = []swarm.Citation{cite(st.Chunk, r.quote)}
		}
	case shapeFrom, shapeBoth:
		r.refer(st, s, most, &out)
	}
	return out
}

// refer follows the numbers in the text of an output that was made from
// results, and numbers it anew by what it cites.
func (r *reading) refer(st *swarm.Subtask, s shape, most int, out *swarm.Output) {
	_, cites := findings.Render(st.From)
	var b strings.Builder
	w := findings.NewRenumber(&b, cites)
	w.Write([]byte(r.answer)) // a Builder takes all
	w.Close()
	out.Text, out.Citations = strings.TrimSpace(b.String()), slices.Clone(w.Citations())

	if s == shapeBoth && r.quote != "" {
		own := cite(st.Chunk, r.quote)
		if from := quotedBefore(st, r.quote); !own.Verified && from != nil {
			own = *from
		}
		if !slices.Contains(out.Citations, own) {
			out.Citations = append(out.Citations, own)
		}
	}
	if len(out.Citations) == 0 {
		out.Citations = inherited(st.From, most)
	}
}

// quotedBefore returns the citation of an earlier result that a quote stands
// in, or nil.
func quotedBefore(st *swarm.Subtask, quote string) *swarm.Citation {
	for i := range st.From {
		for j := range st.From[i].Out.Citations {
			c := &st.From[i].Out.Citations[j]
			if _, _, ok := locate(c.Quote, quote); ok {
				return c
			}
		}
	}
	return nil
}

// inherited returns the citations of results, verified ones first, then those
// of the most confident results, as long as their quotes have at most so many
// tokens together; one in any case.
func inherited(from []swarm.Result, most int) []swarm.Citation {
	from = slices.Clone(from)
	slices.SortStableFunc(from, func(a, b swarm.Result) int { return cmp.Compare(b.Out.Confidence, a.Out.Confidence) })
	var all []swarm.Citation
	for _, verified := range []bool{true, false} {
		for i := range from {
			for _, c := range from[i].Out.Citations {
				if c.Verified == verified && !slices.Contains(all, c) {
					all = append(all, c)
				}
			}
		}
	}
	var kept []swarm.Citation
	for _, c := range all {
		if most -= swarm.EstimateTokens(c.Quote); most < 0 && len(kept) > 0 {
			break
		}
		kept = append(kept, c)
	}
	return kept
}
