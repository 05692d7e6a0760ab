package planner

import (
	"context"
	"io"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
)

// Fixed is a plan without a model: the steps are given, and plain code merges their
// results. The zero value plans nothing. It is safe for concurrent use if Into is.
type Fixed struct {
	Steps []swarm.Step

	// Into writes the answer, as Merge of [swarm.Planner] does; plain code may write
	// it by Task.Schema, which nothing else follows here. nil: the text of each
	// finding is a paragraph, in plan order, with the numbers of its citations, and a
	// text (FormText) stands under its item, or the heading of what it is of. Texts
	// that are JSON get no numbers, and no text does if no result has a citation.
	Into func(ctx context.Context, b swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error)
}

var _ swarm.Planner = Fixed{}

// Plan adds the steps in the first round, and none in later ones. It returns the
// first error of add; the steps before it are carried out, and Coverage.PlanCut of
// the answer tells the error.
func (f Fixed) Plan(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error {
	if b.Round > 1 {
		return nil
	}
	for _, s := range f.Steps {
		if err := add(s); err != nil {
			return err
		}
	}
	return nil
}

// Window is 0: plain code reads any number of results.
func (f Fixed) Window() int { return 0 }

// Merge calls Into, or writes the results' texts, even if ctx has ended.
func (f Fixed) Merge(ctx context.Context, b swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	if f.Into != nil {
		return f.Into(ctx, b, results, w)
	}
	cites := findings.Evidence(results)
	out := findings.NewRenumber(w, cites)
	by, gap := 0, ""
	for i := range results {
		for k := range results[i].Out.Findings {
			f := &results[i].Out.Findings[k]
			io.WriteString(out, gap)
			if k == 0 {
				io.WriteString(out, headed(&results[i]))
			}
			if len(cites) == 0 || findings.IsJSON(f.Text) {
				out.Verbatim(f.Text, f.Evidence)
			} else {
				io.WriteString(out, findings.Cited(&results[i], f, by))
			}
			by, gap = by+len(f.Evidence), "\n\n"
		}
	}
	if gap != "" {
		io.WriteString(out, "\n")
	}
	if err := out.Close(); err != nil { // a Renumber keeps its first error
		return swarm.Verdict{}, err
	}
	return swarm.Verdict{Citations: out.Citations()}, nil
}
