package planner

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// mergeSchema has work first, so that a model counts and calculates before it
// answers, and then the answer, which is streamed.
var mergeSchema = &model.Schema{Name: "answer", JSON: []byte(`{"type":"object","additionalProperties":false,"required":["work","answer","status","missing"],"properties":{"work":{"type":"string"},"answer":{"type":"string"},` + statusSchema + `}}`)}

const statusSchema = `"status":{"type":"string","enum":["answered","partly","not in the texts","read more"]},"missing":{"type":"string"}`

const noAnswer = `Your reply held no answer. Reply with one JSON object and nothing else: {"work": "", "answer": "the answer", "status": "answered", "missing": ""}`

// shortAnswer is how long, in tokens, an answer may get at the least: where the
// run's budget does not allow that, one from fewer findings is worth more than
// one that breaks off.
const shortAnswer = 256

// missingRunes is the most that is taken of what a verdict says is missing.
const missingRunes = 1000

// Merge asks the model for the answer and writes it to w while it arrives.
// References are renumbered in order of appearance, and the verdict's citations are
// those that the answer refers to. If the answer is JSON, or Config.NoReferences is
// set, the text is unchanged, and the citations are all that the model was shown. A
// reply that is not JSON is taken as a complete answer in plain text. A reply
// without an answer is asked for again, at most Config.Mends times.
//
// Results of steps with swarm.FormText are copied into the answer in plan order,
// each under its item's name, with their references renumbered. The model is shown
// how they begin, and writes only the text above them.
//
// If the task has a Schema, the answer is JSON. It is written once it is complete
// and follows the schema; the citations are the evidence that the reply names
// beside it. The model is asked at most Config.Mends times to correct it.
//
// After an error, w and the verdict's citations hold what had arrived until then.
// If the prompt does not fit the model's context, the error is a *swarm.CallError
// of ClassTooLong, and the engine calls Merge again with fewer results.
func (l *LLM) Merge(ctx context.Context, b swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	if len(b.Task.Schema) > 0 && b.MaxOut == 0 { // a part of the results is merged into text
		return l.mergeRecord(ctx, b, results, w)
	}
	results, sections := apart(results)
	found, cites := findings.Render(results)
	base := messages(l.cfg.MergePrompt(b, found+announced(sections)))
	m := &merging{w: w, cites: cites, verbatim: l.cfg.NoReferences}
	ms := base
	out, set := l.answerOut(), l.cfg.AnswerTokens
	if b.MaxOut > 0 {
		most := b.MaxOut + b.MaxOut/4 + 256 // MaxOut is an estimate, and the reply's JSON comes beside it
		out, set = min(out, most), min(set, most)
	}
	finish := func(v swarm.Verdict, err error) (swarm.Verdict, error) {
		if len(sections) > 0 && classOf(err) != swarm.ClassTooLong {
			err = cmp.Or(err, m.join(sections, b.Coverage.Missing))
		}
		if wrong := m.refs.Close(); wrong != nil {
			err = cmp.Or(err, fmt.Errorf("writing the answer: %w", wrong))
		}
		v.Citations = m.refs.Citations()
		return v, err
	}
	for mends := 0; ; mends++ {
		least := 0
		if len(cites) > 1 && mends == 0 { // fewer can be had
			least = shortAnswer
		}
		said, err := l.do(ctx, model.Request{Messages: ms, Schema: mergeSchema, MaxOut: set, DefaultOut: out, MinOut: least}, m, false)
		wrong := m.text.end()
		var v swarm.Verdict
		switch {
		case wrong != nil:
			return finish(v, fmt.Errorf("writing the answer: %w", wrong))
		case err != nil && !(m.text.closed && (classOf(err) == swarm.ClassCut || classOf(err) == swarm.ClassBroken)): // a whole answer in a reply that broke off is whole
			return finish(v, l.tooLong(err, found))
		case m.text.wrote:
			status, missing := m.text.verdict()
			v.Status, v.Missing = founded(status, &b, results), findings.Line(missing, missingRunes)
			return finish(v, nil)
		case mends >= l.cfg.Mends:
			return finish(v, fmt.Errorf("no answer in %d replies of the model", mends+1))
		}
		ms = l.mended(base, said, noAnswer, out)
	}
}

// founded returns the status that a merge claims, but where nothing was found in the
// texts: whatever it says then rests on nothing.
func founded(claim swarm.Status, b *swarm.Brief, results []swarm.Result) swarm.Status {
	if claim == swarm.Answered && len(results) == 0 && len(b.Task.Sources) > 0 {
		return swarm.NotInTexts
	}
	return claim
}

// tooLong says in the error of a prompt that was too long how long it was.
func (l *LLM) tooLong(err error, found string) error {
	if found != "" && classOf(err) == swarm.ClassTooLong {
		return fmt.Errorf("findings of about %d tokens, of which the model should read %d: %w", swarm.EstimateTokens(found), l.Window(), err)
	}
	return err
}

// merging reads the replies of one Merge.
type merging struct {
	w        *swarm.AnswerWriter
	cites    []swarm.Citation
	verbatim bool
	refs     *references
	text     *answer
}

// again makes ready for a reply, and takes back what an earlier one wrote.
func (m *merging) again() {
	m.text = newAnswer(m.anew())
	m.text.void = m.anew
}

// anew takes back what was written, and returns where the answer goes.
func (m *merging) anew() io.Writer {
	m.w.Reset()
	m.refs = newReferences(m.w, m.cites, m.verbatim)
	return m.refs
}

func (m *merging) read(text string) error { return m.text.write(text) }
