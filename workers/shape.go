package workers

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/internal/record"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// shape is what a subtask's reply looks like. It follows from the step and from
// what kinds of input it has, and is the same for all subtasks of a step.
type shape struct {
	form   swarm.Form
	texts  bool            // there are texts
	tools  bool            // there are tools
	quotes bool            // there are either: each finding quotes what it reads
	marks  bool            // there are results: an answer refers to their evidence by number
	pack   bool            // several items share the reply
	record json.RawMessage // the JSON Schema of a finding's data; nil: it has an answer
}

func shapeOf(st *swarm.Subtask) shape {
	s := shape{
		form: st.Step.Form, texts: len(shown(st)) > 0, tools: len(st.Step.Tools) > 0,
		marks: len(st.From) > 0 || st.Step.Over == swarm.Reduce, pack: st.Pack > 1,
	}
	if s.form == swarm.FormFindings {
		s.quotes = s.texts || s.tools
		if len(st.Step.Schema) > 0 {
			s.record = st.Step.Schema
		}
	}
	return s
}

// shown returns the texts that a subtask sees: its own piece, then others.
func shown(st *swarm.Subtask) (texts []*swarm.Chunk) {
	if st.Chunk != nil {
		texts = append(texts, st.Chunk)
	}
	return append(append(texts, st.Found...), st.Context...)
}

const (
	aString = `{"type":"string"}`
	aNumber = `{"type":"number"}`
)

// schema returns the strict schema of the shape. All keys are required and
// none is bounded: that is the part of JSON Schema that every server takes.
func (s shape) schema() *model.Schema {
	switch s.form {
	case swarm.FormList:
		return &model.Schema{Name: "list", JSON: object("items", list(aString))}
	case swarm.FormText:
		return &model.Schema{Name: "text", JSON: object("text", aString)}
	}
	around := func(said, of string) json.RawMessage {
		fields := []string{said, of}
		if s.quotes {
			fields = append(fields, "quote", aString)
		}
		return object("findings", list(string(object(append(fields, "confidence", aNumber)...))))
	}
	if s.record == nil {
		return &model.Schema{Name: "findings", JSON: around("answer", aString)}
	}
	return &model.Schema{Name: "findings", JSON: record.Within(s.record, func(data json.RawMessage) json.RawMessage {
		return around("data", string(data))
	})}
}

func list(of string) string { return `{"type":"array","items":` + of + `}` }

// object returns the schema of an object with keys and what they hold, in turn.
func object(fields ...string) json.RawMessage {
	var properties, names []string
	for f := range slices.Chunk(fields, 2) {
		properties = append(properties, `"`+f[0]+`":`+f[1])
		names = append(names, `"`+f[0]+`"`)
	}
	return json.RawMessage(`{"type":"object","properties":{` + strings.Join(properties, ",") +
		`},"required":[` + strings.Join(names, ",") + `],"additionalProperties":false}`)
}
