package mock

import (
	"context"
	"strings"
)

// abstainBelow is the score under which a passage is no answer: less than
// some two fifths of the question's weight stands in it or above it.
const abstainBelow = 0.40

// fullScore is the score that nothing exceeds by much: confidence 1.
const fullScore = 1.2

// SmallBrain is the built-in small model. It reads one text and returns the
// passage of one to three sentences, or the row of a table, that answers the
// question in its prompt best, or abstains; it shortens numbered findings, and
// makes lists. Its confidence is comparable between texts. It works by term
// weighting alone, on any language, and says the same to the same request.
// The cost is linear in the prompt: some 0.1 s a megabyte.
func SmallBrain(ctx context.Context, r Request) (Reply, error) {
	if err := ctx.Err(); err != nil {
		return Reply{}, err
	}
	p := readPrompt(r)
	if strings.TrimSpace(p.text) == "" && len(p.findings) > 0 {
		if p.asked != "" {
			p.question = p.asked // the instruction only speaks of the findings
		}
		return Reply{Text: replyIn(r, p, reduce(p, r.MaxTokens))}, nil
	}
	return Reply{Text: replyIn(r, p, lookUp(p))}, nil
}

// lookUp answers the prompt's question from its text.
func lookUp(p prompt) said {
	lang := languages[languageOf(p.question)]
	q := newQuery(p.question)
	found := q.find(p.text, p.path, 4)
	if q.weight() == 0 {
		found = nil
	}
	// What was said before and sent back is not said again, if there is more.
	if len(found) > 1 && p.feedback != "" {
		said := p.earlier + p.feedback
		if strings.Contains(said, p.text[found[0].start:found[0].end]) && found[1].score >= abstainBelow {
			found = found[1:]
		}
	}
	if len(found) == 0 || found[0].score < abstainBelow {
		best := 0.0
		if len(found) > 0 {
			best = found[0].score
		}
		return said{abstain: true, reason: lang.none, confidence: clamp(best) / 2, complete: false, missing: lang.missing}
	}
	s := passageSaid(p, found[0])
	s.complete = true
	for _, f := range found {
		if f.score >= abstainBelow && f.score >= 0.6*found[0].score {
			one := passageSaid(p, f)
			s.each = append(s.each, one)
			s.list = append(s.list, one.answer)
		}
	}
	return s
}

func passageSaid(p prompt, f passage) said {
	quote := p.text[f.start:f.end]
	answer := foldSpace(quote)
	if f.lead != "" {
		answer = foldSpace(f.lead) + "\n" + answer
	}
	source, _, _ := strings.Cut(p.path, "\n")
	return said{answer: answer, quote: quote, confidence: clamp(f.score / fullScore), source: source, reason: source}
}

func clamp(v float64) float64 { return max(0, min(1, v)) }

func foldSpace(s string) string { return strings.Join(strings.Fields(s), " ") }
