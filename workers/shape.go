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
	shapeQuote shape = iota // over a chunk: an answer and the passage that shows it
	shapePlain              // over an item, or nothing: an answer
	shapeFrom               // over results: an answer that refers to their citations by number
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

// quotes says that a reply of this shape has a quote.
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
	quoteSchema = model.Schema{Name: "finding", JSON: json.RawMessage(
		`{"type":"object","properties":{"answer":{"type":"string"},"quote":{"type":"string"},"confidence":{"type":"number"},"abstain":{"type":"boolean"}},` +
			`"required":["answer","quote","confidence","abstain"],"additionalProperties":false}`)}
	answerSchema = model.Schema{Name: "answer", JSON: json.RawMessage(
		`{"type":"object","properties":{"answer":{"type":"string"},"confidence":{"type":"number"},"abstain":{"type":"boolean"}},` +
			`"required":["answer","confidence","abstain"],"additionalProperties":false}`)}
	listSchema = model.Schema{Name: "list", JSON: json.RawMessage(
		`{"type":"object","properties":{"items":{"type":"array","items":{"type":"string"}},"abstain":{"type":"boolean"}},` +
			`"required":["items","abstain"],"additionalProperties":false}`)}
)
