// Package brain writes plain replies to any prompt, for the mock's built-in
// models. It finds sentences, table rows and list items by BM25, plans one
// step over the chunks, merges numbered findings, and fills whatever JSON
// schema it is given by the shape of the schema and the names of its
// properties.
// It says the same to the same prompt; the cost is linear.
package brain

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	trust float64 // in a finding
	share float64 // how much of the question it holds, 0 to 1; of a finding, its trust
	score float64
	bag
}

// found is what the material says to the question.
type found struct {
	asked  string
	best   []statement
	merged bool // from numbered findings
}

const noAnswer = "The text gives no answer."

// Answer writes the reply.
func Answer(p Prompt) string {
	r := read(p.Messages)
	if p.Schema == nil && p.JSON {
		p.Schema = json.RawMessage(`{"type":"object","properties":{"answer":{"type":"string"}}}`)
	}
	f := filler{root: &schema{}}
	if p.Schema == nil || json.Unmarshal(p.Schema, f.root) != nil {
		switch f := r.answer(p, false); {
		case len(f.best) > 0:
			return f.text()
		case len(r.texts)+len(r.numbered) == 0:
			return f.asked
		}
		return noAnswer
	}
	f.names = map[string]bool{}
	for _, m := range jsonName.FindAllSubmatch(p.Schema, -1) {
		f.names[string(m[1])] = true
	}
	if f.plan = f.names["do"] && f.names["steps"]; f.plan {
		f.asked = r.question
	} else {
		f.found = r.answer(p, f.names["quote"])
	}
	var out bytes.Buffer
	f.value(&out, "", f.root, 0)
	return out.String()
}

// answer searches the material. Where a quote is wanted only a text can answer.
func (r *reading) answer(p Prompt, quote bool) found {
	f := found{asked: r.question}
	if len(r.numbered) > 0 && !quote {
		f.merged = true
		f.best = merge(r.question, r.numbered, max(p.Most, 3), 3*p.MaxTokens)
		return f
	}
	if f.best = search(r.asks, r.texts, p.Most); len(f.best) == 0 && len(r.numbered) > 0 {
		found := merge(r.question, r.numbered, 1, 0)[0]
		f.best = []statement{{text: found.text, share: found.share}}
	}
	return f
}

// text is the statements, each with the numbers that it rests on.
func (f found) text() string {
	var lines []string
	for _, s := range f.best {
		line := s.text
		if len(s.refs) > 0 {
			line += " [" + strings.Trim(strings.ReplaceAll(fmt.Sprint(s.refs), " ", ", "), "[]") + "]"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
