package workers

import (
	"encoding/json"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// shape is what a subtask's reply looks like; it follows from its input, and
// is the same for all subtasks of a step.
type shape uint8

const (
	shapeQuote shape = iota // over a chunk: findings, each with the passage that shows it
	shapePlain              // over an item, or nothing: answers
	shapeFrom               // over results: answers that refer to their evidence by number
	shapeBoth               // over a chunk and results that came before: either may show it
	shapeList               // a list, for a later step to fan out over
)

func shapeOf(st *swarm.Subtask) shape {
	switch from := len(st.From) > 0 || st.Step.Over == swarm.Reduce; {
	case st.Step.Schema == swarm.SchemaList:
		return shapeList
	case st.Chunk != nil && from:
		return shapeBoth
	case st.Chunk != nil:
		return shapeQuote
	case from:
		return shapeFrom
	}
	return shapePlain
}

// quotes says that the findings of this shape have a quote.
func (s shape) quotes() bool { return s == shapeQuote || s == shapeBoth }

// schema returns the strict schema of the shape. All keys are required and
// none is bounded: that is the part of JSON Schema that every server takes.
func (s shape) schema() *model.Schema {
	switch {
	case s == shapeList:
		return &listSchema
	case s.quotes():
		return &quoteSchema
	}
	return &answerSchema
}

var (
	quoteSchema = model.Schema{Name: "findings", JSON: json.RawMessage(
		`{"type":"object","properties":{"findings":{"type":"array","items":{"type":"object",` +
			`"properties":{"answer":{"type":"string"},"quote":{"type":"string"},"confidence":{"type":"number"}},` +
			`"required":["answer","quote","confidence"],"additionalProperties":false}}},"required":["findings"],"additionalProperties":false}`)}
	answerSchema = model.Schema{Name: "findings", JSON: json.RawMessage(
		`{"type":"object","properties":{"findings":{"type":"array","items":{"type":"object",` +
			`"properties":{"answer":{"type":"string"},"confidence":{"type":"number"}},` +
			`"required":["answer","confidence"],"additionalProperties":false}}},"required":["findings"],"additionalProperties":false}`)}
	listSchema = model.Schema{Name: "list", JSON: json.RawMessage(
		`{"type":"object","properties":{"items":{"type":"array","items":{"type":"string"}}},"required":["items"],"additionalProperties":false}`)}
)
