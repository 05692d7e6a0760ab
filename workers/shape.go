package workers

import (
	"encoding/json"

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

// property of a strict schema.
type property struct {
	name   string
	schema json.RawMessage
}

var (
	aString = json.RawMessage(`{"type":"string"}`)
	aNumber = json.RawMessage(`{"type":"number"}`)
)

// schema returns the strict schema of the shape. All keys are required and
// none is bounded: that is the part of JSON Schema that every server takes.
func (s shape) schema() *model.Schema {
	switch s.form {
	case swarm.FormList:
		return &model.Schema{Name: "list", JSON: object(property{"items", list(aString)})}
	case swarm.FormText:
		return &model.Schema{Name: "text", JSON: object(property{"text", aString})}
	}
	around := func(said property) json.RawMessage {
		ps := []property{said}
		if s.quotes {
			ps = append(ps, property{"quote", aString})
		}
		return object(property{"findings", list(object(append(ps, property{"confidence", aNumber})...))})
	}
	if s.record == nil {
		return &model.Schema{Name: "findings", JSON: around(property{"answer", aString})}
	}
	return &model.Schema{Name: "findings", JSON: record.Within(s.record, func(data json.RawMessage) json.RawMessage {
		return around(property{"data", data})
	})}
}

func list(of json.RawMessage) json.RawMessage {
	return json.RawMessage(`{"type":"array","items":` + string(of) + `}`)
}

func object(ps ...property) json.RawMessage {
	properties, names := "", ""
	for i, p := range ps {
		if i > 0 {
			properties, names = properties+",", names+","
		}
		properties += `"` + p.name + `":` + string(p.schema)
		names += `"` + p.name + `"`
	}
	return json.RawMessage(`{"type":"object","properties":{` + properties + `},"required":[` + names + `],"additionalProperties":false}`)
}
