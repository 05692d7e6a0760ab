package workers

import (
	"slices"
	"testing"

	"github.com/db31e724/go-swarm/swarm/model"
)

func TestCallsAreReadInTexts(t *testing.T) {
	one := []model.ToolCall{{Name: "f", Arguments: `{"q":1}`}}
	for text, want := range map[string][]model.ToolCall{
		`{"tool":"f","arguments":{"q":1}}`:                                 one,
		"Sure:\n```json\n{\"tool\": \"f\", \"arguments\": {\"q\":1}}\n```": one,
		`<tool_call>{"name":"f","arguments":{"q":1}}</tool_call>`:          one,
		`{"name":"f","parameters":{"q":1}}`:                                one,
		`{"calls":[{"tool":"f","arguments":{"q":1}}]}`:                     one,
		`{"tool":"f"}`: {{Name: "f"}},
		`<think>{"tool":"g"}</think>{"tool":"f","arguments":{"q":1}}`: one,
		`{"findings":[]}`: nil,
		`{"findings":[{"answer":"{\"tool\":\"f\"}","quote":"{\"tool\":1}"}]}`: nil,
		`{"findings":[{"data":{"tool":"f","arguments":{}}}]}`:                 nil,
		`{"text":"{\"tool\":\"f\"}"}`:                                         nil,
		`{"answer":"x","name":"f"}`:                                           nil,
		`no {braces} at all`:                                                  nil,
		``:                                                                    nil,
	} {
		if got := callsIn(text); !slices.Equal(got, want) {
			t.Errorf("%s: %+v", text, got)
		}
	}
}
