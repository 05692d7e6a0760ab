package workers

import (
	"cmp"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
)

// output makes the output of a reply that could be read, with evidence of at
// most so many tokens a finding where it is not the worker's own. What is wrong
// with it and could be done without is a doubt.
func (r *reading) output(st *swarm.Subtask, s shape, most int) swarm.Output {
	var out swarm.Output
	for _, f := range r.faults {
		out.Doubts = append(out.Doubts, "the reply is not as asked: "+f)
	}
	var cites []swarm.Citation
	if s.marks {
		_, cites = findings.Render(st.From)
	}
	bare := true // no finding has evidence
	for _, said := range r.findings {
		f := swarm.Finding{Text: said.answer, Data: said.data, Confidence: said.confidence}
		if s.marks && s.record == nil {
			f.Text, f.Evidence = refer(said.answer, cites)
		}
		if s.quotes && said.quote != "" {
			f.Evidence = addNew(f.Evidence, own(st, said.quote))
		}
		bare = bare && len(f.Evidence) == 0
		out.Findings = append(out.Findings, f)
	}
	if s.marks && (bare || len(st.From) == 1) {
		for i := range out.Findings {
			if f := &out.Findings[i]; len(f.Evidence) == 0 {
				f.Evidence = inherited(st.From, most/len(out.Findings))
			}
		}
	}
	return out
}

// refer follows the numbers in a text that was made from results, and numbers
// it anew by what it cites.
func refer(text string, cites []swarm.Citation) (string, []swarm.Citation) {
	var b strings.Builder
	w := findings.NewRenumber(&b, cites)
	w.Write([]byte(text)) // a Builder takes all
	w.Close()
	return strings.TrimSpace(b.String()), slices.Clone(w.Citations())
}

// own returns where a quote stands: in one of the texts shown, else in an earlier
// result's evidence.
func own(st *swarm.Subtask, quote string) []swarm.Citation {
	cites, wrong := standing(st, quote)
	if wrong == "" && len(cites) > 0 {
		return cites
	}
	for _, c := range findings.Evidence(st.From) {
		if _, _, ok := locate(c.Quote, quote); ok {
			return []swarm.Citation{c}
		}
	}
	return cites
}

func addNew(to, more []swarm.Citation) []swarm.Citation {
	for _, c := range more {
		if !slices.Contains(to, c) {
			to = append(to, c)
		}
	}
	return to
}

// inherited returns the evidence of results, verified first, then that of the
// surest findings, as long as the quotes have at most so many tokens together;
// one in any case.
func inherited(from []swarm.Result, most int) []swarm.Citation {
	var found []*swarm.Finding
	for i := range from {
		for k := range from[i].Out.Findings {
			found = append(found, &from[i].Out.Findings[k])
		}
	}
	slices.SortStableFunc(found, func(a, b *swarm.Finding) int { return cmp.Compare(b.Confidence, a.Confidence) })
	var kept []swarm.Citation
	for _, verified := range []bool{true, false} {
		for _, f := range found {
			for _, c := range f.Evidence {
				if c.Verified != verified || slices.Contains(kept, c) {
					continue
				}
				if most -= swarm.EstimateTokens(c.Quote); most < 0 && len(kept) > 0 {
					return kept
				}
				kept = append(kept, c)
			}
		}
	}
	return kept
}
