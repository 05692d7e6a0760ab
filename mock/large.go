package mock

import (
	"context"
	"strings"
)

// LargeBrain is the built-in large model. It plans from the outline and the
// goal where the schema asks for steps, merges numbered findings by evidence,
// best first, and answers a question from a text that it is given whole. A
// question that nothing answers gets a reply that says so. It says the same
// to the same request; the cost is linear in the prompt.
func LargeBrain(ctx context.Context, r Request) (Reply, error) {
	if err := ctx.Err(); err != nil {
		return Reply{}, err
	}
	p := readPrompt(r)
	schema, has := schemaOf(r, p)
	var s said
	switch {
	case has && asksForPlan(schema):
		return Reply{Text: replyIn(r, p, makePlan(p))}, nil
	case strings.TrimSpace(p.text) != "" && len(p.text) >= sizeOf(p.findings):
		s = alone(p)
	default:
		if p.asked != "" {
			p.question = p.asked
		}
		s = merge(p)
	}
	if !has {
		s.abstain = false // the sentence that says so is the answer
	}
	return Reply{Text: replyIn(r, p, s)}, nil
}

func sizeOf(fs []finding) int {
	n := 0
	for _, f := range fs {
		n += len(f.text) + len(f.quote)
	}
	return n
}

// alone answers from the whole text.
func alone(p prompt) said {
	lang := languages[languageOf(p.question)]
	q := newQuery(p.question)
	found := q.find(p.text, p.path, mostStatements)
	if len(found) == 0 || found[0].score < abstainBelow {
		return said{answer: lang.none, reason: lang.none, complete: true, abstain: true}
	}
	s := passageSaid(p, found[0])
	s.complete = true
	var texts []string
	for _, f := range found {
		if f.score < 0.75*found[0].score {
			break
		}
		one := passageSaid(p, f)
		texts = append(texts, one.answer)
		s.each = append(s.each, one)
		s.list = append(s.list, one.answer)
	}
	s.answer = strings.Join(texts, "\n\n")
	return s
}
