package planner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// mergeSchema has the answer first, so that it can be streamed.
var mergeSchema = &model.Schema{Name: "answer", JSON: []byte(`{"type":"object","additionalProperties":false,"required":["answer","complete","missing"],"properties":{"answer":{"type":"string"},"complete":{"type":"boolean"},"missing":{"type":"string"}}}`)}

const noAnswer = `Your reply held no answer. Reply with one JSON object and nothing else: {"answer": "the answer", "complete": true, "missing": ""}`

// shortAnswer is how long, in tokens, an answer may get at the least: where the
// run's budget does not allow that, one from fewer findings is worth more than
// one that breaks off.
const shortAnswer = 256

// missingRunes is the most that is taken of what a verdict says is missing.
const missingRunes = 1000

// Resetter is what Merge looks for in its writer: Reset says that the text
// written so far is void, and that it begins anew. It is called where a reply
// broke off in the midst of the answer and is asked for again, and where what
// was taken for the answer turns out to be a model that thinks aloud before
// it. A writer without it gets no text twice: there a broken reply is an
// error, and the answer holds the thinking.
type Resetter interface{ Reset() }

// Merge asks the model for the answer and writes it to w while it comes, with
// its references renumbered in the order of their appearance; the verdict's
// citations are those that it refers to. A model that does not reply in JSON
// is taken to have written the answer as plain text, and to be done. A reply
// without an answer is asked for again, at most Config.Mends times.
//
// Beside an error the text written to w and the verdict's citations hold what
// had come until then.
func (l *LLM) Merge(ctx context.Context, b swarm.Brief, results []swarm.Result, w io.Writer) (swarm.Verdict, error) {
	m := &merging{w: w}
	_, restart := w.(Resetter)
	for {
		v, err := l.merge(ctx, b, results, m, restart && len(results) > 1)
		if !isTooLong(err) || len(results) < 2 || m.text.wrote && !restart {
			return v, err
		}
		// The model's tokens are smaller than was estimated, or it has read only
		// a part of them: the surer half has to do.
		kept := surer(results, len(results)/2)
		swarm.Emit(ctx, swarm.Event{Kind: swarm.Narrowed, Text: fmt.Sprintf(
			"%d of %d findings left out of the merge, the least sure, for the model's context does not hold them", len(results)-len(kept), len(results))})
		results = kept
	}
}

// surer returns the n results of the highest confidence, in their order.
func surer(results []swarm.Result, n int) []swarm.Result {
	order := make([]int, len(results))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(results[j].Out.Confidence, results[i].Out.Confidence) })
	order = order[:n]
	slices.Sort(order)
	kept := make([]swarm.Result, n)
	for k, i := range order {
		kept[k] = results[i]
	}
	return kept
}

// merge is one try at Merge. fewer says that another one can follow, with fewer
// results.
func (l *LLM) merge(ctx context.Context, b swarm.Brief, results []swarm.Result, m *merging, fewer bool) (swarm.Verdict, error) {
	found, cites := findings.Render(results)
	base := messages(l.cfg.MergePrompt(b, found))
	m.cites = cites
	_, restart := m.w.(Resetter)
	ms := base
	for mends := 0; ; mends++ {
		m.again()
		least := 0
		if len(results) > 1 && mends == 0 { // fewer can be had
			least = shortAnswer
		}
		said, err := l.do(ctx, call{
			messages: ms, schema: mergeSchema, out: l.answerOut(), set: l.cfg.AnswerTokens, reader: m, repeat: restart, least: least,
		})
		if e := m.end(); e != nil {
			return swarm.Verdict{Citations: m.refs.Citations()}, fmt.Errorf("writing the answer: %w", e)
		}
		v := swarm.Verdict{Citations: m.refs.Citations()}
		switch {
		case err != nil && !(m.text.closed && unfinished(err)):
			if e, ok := errors.AsType[*swarm.CallError](err); ok && e.Class == swarm.ClassTooLong {
				return v, fmt.Errorf("findings of about %d tokens: set Swarm.Window to %d or less: %w", swarm.EstimateTokens(found), l.Window(), err)
			}
			return v, err
		case m.text.wrote:
			v.Complete, v.Missing = m.text.verdict()
			v.Missing = findings.Line(v.Missing, missingRunes)
			return v, nil
		case mends >= l.cfg.Mends:
			return v, fmt.Errorf("no answer in %d replies of the model", mends+1)
		}
		ms = l.mended(base, said, noAnswer, l.answerOut())
	}
}

// unfinished reports whether err is a reply that broke off: an answer that was
// whole before that is whole.
func unfinished(err error) bool {
	e, ok := errors.AsType[*swarm.CallError](err)
	return ok && (e.Class == swarm.ClassCut || e.Class == swarm.ClassBroken)
}

// merging reads the replies of one Merge.
type merging struct {
	w     io.Writer
	cites []swarm.Citation
	refs  *findings.Renumber
	text  *answer
}

// again makes ready for a reply, and takes back what an earlier one wrote.
func (m *merging) again() {
	if m.text != nil && m.text.wrote {
		m.takeBack()
	}
	m.refs = findings.NewRenumber(m.w, m.cites)
	m.text = newAnswer(m.refs)
	m.text.void = func() (io.Writer, bool) {
		if !m.takeBack() {
			return nil, false
		}
		m.refs = findings.NewRenumber(m.w, m.cites)
		return m.refs, true
	}
}

// takeBack reports whether the writer could take back what was written.
func (m *merging) takeBack() bool {
	r, ok := m.w.(Resetter)
	if ok {
		r.Reset()
	}
	return ok
}

func (m *merging) read(text string) error { return m.text.write(text) }

func (m *merging) end() error {
	if err := m.text.end(); err != nil {
		return err
	}
	return m.refs.Close()
}
