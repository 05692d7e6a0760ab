package chat

import (
	"errors"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm/model"
)

// Some servers leave the text empty and put the object that was asked for
// somewhere else.
func TestObjectIsReadWhereTheServerPutsIt(t *testing.T) {
	reply := func(message, finish string) string {
		return `{"model":"m","choices":[{"index":0,"message":` + message + `,"finish_reason":"` + finish + `"}],"usage":{"prompt_tokens":5,"completion_tokens":1}}`
	}
	for name, c := range map[string]struct {
		body, want string
	}{
		"reasoning_content":      {body: reply(`{"content":null,"reasoning_content":"First {\"a\":0}, no: {\"a\":{\"b\":1}}"}`, "stop"), want: `{"a":{"b":1}}`},
		"reasoning":              {body: reply(`{"content":"\n","reasoning":"{\"a\":1}"}`, "stop"), want: "\n" + `{"a":1}`},
		"a stream's reasoning":   {body: sse(`{"model":"m","choices":[{"index":0,"delta":{"reasoning":"{\"a\""}}]}`, `{"model":"m","choices":[{"index":0,"delta":{"reasoning":":1}"}}]}`, stopChunk, "[DONE]"), want: `{"a":1}`},
		"reasoning beside text":  {body: reply(`{"content":"{}","reasoning":"{\"a\":1}"}`, "stop"), want: `{}`},
		"loose reasoning":        {body: reply(`{"content":[],"reasoning":"{\"a\":1}"}`, "stop"), want: `{"a":1}`},
		"a tool":                 {body: reply(`{"content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"answer","arguments":"{\"a\":1}"}}]}`, "tool_calls"), want: `{"a":1}`},
		"a tool, then stop":      {body: reply(`{"content":"","tool_calls":[{"id":"1","type":"function","function":{"name":"json","arguments":{"a":1}}}]}`, "stop"), want: `{"a":1}`},
		"a tool without object":  {body: reply(`{"content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"json","arguments":"a"}}]}`, "tool_calls")},
		"reasoning that was cut": {body: reply(`{"content":null,"reasoning":"{\"a\":1}, or"}`, "length")},
		"reasoning alone":        {body: reply(`{"content":null,"reasoning":"What is {a}?"}`, "stop")},
	} {
		r := ask()
		if strings.Contains(name, "stream") {
			r = askStream()
		}
		r.Schema = &model.Schema{Name: "s", JSON: []byte(`{"type":"object"}`)}
		rep, err := client(t, says(200, c.body)).Attempt(t.Context(), r)
		if (err == nil) != (c.want != "") || rep.Text != c.want || len(rep.ToolCalls) > 0 && err == nil {
			t.Errorf("%s: %+v, %v", name, rep, err)
		}
		if name == "a tool without object" && !errors.Is(err, model.ErrEmpty) {
			t.Errorf("%s: %v would be sent again and again", name, err)
		}
	}
}
