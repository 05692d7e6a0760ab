// Package brain writes plain replies to any prompt, for the mock's built-in
// models. It finds sentences, table rows and list items by BM25, plans one
// step over the chunks, merges numbered findings, and fills whatever JSON
// schema it is given by the shape of the schema and the names of its
// properties.
//
//	messages ─read─▶ question, texts, numbered findings ─search─▶ statements ─fill─▶ reply
//
// It says the same to the same prompt. The cost is linear in the prompt.
package brain

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
)

// Message is one message of a prompt.
type Message struct{ Role, Content string }

// Prompt is what a reply is written to.
type Prompt struct {
	Messages  []Message
	Schema    json.RawMessage // nil: none
	JSON      bool            // the reply is to be a JSON object
	MaxTokens int             // 0: no limit
	Most      int             // statements in an answer
}

// statement is one thing that the material says.
type statement struct {
	text  string
	quote string // verbatim, "" where it is known by its number alone
	refs  []int
	share float64 // how much of the question it holds, 0 to 1
}

// found is what the material says to the question.
type found struct {
	asked  string
	best   []statement
	merged bool // from numbered findings
	loose  bool // the prompt has no material
}

const noAnswer = "The text gives no answer."

// Answer writes the reply.
func Answer(p Prompt) string {
	r := read(p.Messages)
	schema, ok := parseSchema(p.Schema)
	switch {
	case !ok && p.JSON:
		schema, _ = parseSchema(json.RawMessage(`{"type":"object","properties":{"answer":{"type":"string"}}}`))
	case !ok:
		return r.answer(p, false).plain()
	}
	f := filler{root: schema}
	if f.plan = f.plans(schema); f.plan {
		f.found = found{asked: cmp.Or(r.question, r.asked)}
	} else {
		f.found = r.answer(p, f.wants(schema, "quote", 0))
	}
	return f.write(schema)
}

// answer searches the material. Where a quote is wanted only a text can answer.
func (r *reading) answer(p Prompt, quote bool) found {
	f := found{asked: cmp.Or(r.question, r.asked), loose: len(r.texts) == 0 && len(r.numbered) == 0}
	if len(r.numbered) > 0 && !quote {
		f.merged = true
		f.best = merge(cmp.Or(r.question, r.asked), r.numbered, max(p.Most, 3), 3*p.MaxTokens)
		return f
	}
	f.best = search(r.asks, r.texts, p.Most)
	if len(f.best) == 0 && len(r.numbered) > 0 {
		for _, s := range merge(r.asked, r.numbered, 1, 0) {
			f.best = append(f.best, statement{text: s.text, share: s.share})
		}
	}
	return f
}

// plain is the answer to a prompt without a schema.
func (f found) plain() string {
	switch {
	case len(f.best) == 0 && f.loose:
		return f.asked
	case len(f.best) == 0:
		return noAnswer
	}
	return f.text()
}

// text is the statements, each with the numbers that it rests on.
func (f found) text() string {
	var lines []string
	for _, s := range f.best {
		line := s.text
		for i, n := range s.refs {
			if i == 0 {
				line += " ["
			} else {
				line += ", "
			}
			line += strconv.Itoa(n)
		}
		if len(s.refs) > 0 {
			line += "]"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
