package chat

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

func TestDoReturnsWholeReplyWithUsage(t *testing.T) {
	s := says(200, okBody)
	rep, err := client(t, s).Attempt(t.Context(), ask())
	if err != nil {
		t.Fatal(err)
	}
	want := model.Reply{Text: "hello", Model: "served"}
	want.Usage = swarm.Usage{In: 12, Cached: 8, Out: 3}
	if rep.Header.Get("Content-Type") == "" {
		t.Errorf("headers %v, want them as received", rep.Header)
	}
	rep.Header = nil
	if !reflect.DeepEqual(rep, want) {
		t.Errorf("got %+v, want %+v", rep, want)
	}
	if n := len(s.sent()); n != 1 {
		t.Errorf("%d requests were sent, want 1", n)
	}
	if got := s.heads[0].Get("Authorization"); got != "Bearer "+testKey {
		t.Errorf("authorization %q", got)
	}
}

func TestDoStreamsTextAsItComes(t *testing.T) {
	s := says(200, sse(chunk("hel"), chunk("lo"), stopChunk, usageChunk, "[DONE]"), "Content-Type: text/event-stream")
	var pieces []string
	r := askStream()
	r.OnText = func(p string) { pieces = append(pieces, p) }
	rep, err := client(t, s).Attempt(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Text != "hello" || strings.Join(pieces, "|") != "hel|lo" {
		t.Errorf("got %q in pieces %q", rep.Text, pieces)
	}
	if !(rep.Usage.In > 0) || rep.Usage.In != 12 || rep.Usage.Out != 3 {
		t.Errorf("usage %+v known %v", rep.Usage, (rep.Usage.In > 0))
	}
}

// Each row is a body behind status 200, plain and streamed where both make
// sense, and the class that it must have.
func TestRepliesThatLie(t *testing.T) {
	plain := func(message, finish string) string {
		return `{"model":"m","choices":[{"index":0,"message":` + message + `,"finish_reason":` + finish + `}],"usage":{"prompt_tokens":5,"completion_tokens":1}}`
	}
	for _, tc := range []struct {
		name, body string
		class      swarm.Class
	}{
		{"empty body", "", swarm.ClassBroken},
		{"HTML", "<!DOCTYPE html><html>busy</html>", swarm.ClassBroken},
		{"not JSON", "OK", swarm.ClassBroken},
		{"cut JSON", okBody[:len(okBody)/2], swarm.ClassBroken},
		{"no choices", `{"model":"m","choices":[]}`, swarm.ClassBroken},
		{"null choices", `{"model":"m","choices":null}`, swarm.ClassBroken},
		{"null", `null`, swarm.ClassBroken},
		{"other JSON", `{"ok":true}`, swarm.ClassBroken},
		{"error object", `{"error":{"message":"boom","code":502}}`, swarm.ClassServer},
		{"error first, choices too", `{"id":"1","choices":[],"error":{"message":"slow","code":429}}`, swarm.ClassRateLimited},
		{"error text", `{"error":"boom"}`, swarm.ClassServer},
		{"flat error", `{"object":"error","message":"boom","type":"BadRequestError","code":400}`, swarm.ClassInvalid},
		{"listed error", `[{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}]`, swarm.ClassOverloaded},
		{"detail", `{"detail":"boom"}`, swarm.ClassServer},
		{"content null", plain(`{"role":"assistant","content":null}`, `"stop"`), swarm.ClassBroken},
		{"content blank", plain(`{"role":"assistant","content":" \n"}`, `"stop"`), swarm.ClassBroken},
		{"no finish", plain(`{"role":"assistant","content":"x"}`, `null`), swarm.ClassBroken},
		{"no finish, as a word", plain(`{"role":"assistant","content":"x"}`, `"null"`), swarm.ClassBroken},
		{"length", plain(`{"role":"assistant","content":"{\"a\":"}`, `"length"`), swarm.ClassCut},
		{"length, null", plain(`{"role":"assistant","content":null}`, `"length"`), swarm.ClassCut},
		{"filter", plain(`{"role":"assistant","content":""}`, `"content_filter"`), swarm.ClassFiltered},
		{"refusal, null", plain(`{"role":"assistant","content":null,"refusal":"no"}`, `"stop"`), swarm.ClassRefused},
		{"refusal, empty", plain(`{"role":"assistant","content":"","refusal":"no"}`, `"stop"`), swarm.ClassRefused},
		{"finish error", plain(`{"role":"assistant","content":"x"}`, `"error"`), swarm.ClassBroken},
		{"tool call", plain(`{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}`, `"tool_calls"`), swarm.ClassBroken},
		{"tool call, object arguments", plain(`{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":{}}}]}`, `"stop"`), swarm.ClassBroken},
	} {
		for _, r := range []model.Request{ask(), askStream()} {
			name := tc.name
			if r.OnText != nil {
				name += ", stream asked"
			}
			t.Run(name, func(t *testing.T) {
				s := says(200, tc.body)
				_, err := client(t, s).Attempt(t.Context(), r)
				callError(t, err, tc.class)
				if n := len(s.sent()); n != 1 {
					t.Errorf("%d requests were sent, want 1", n)
				}
			})
		}
	}
}

func TestLooseTypesAreRead(t *testing.T) {
	for name, body := range map[string]string{
		"content in parts":  `{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":[{"type":"text","text":"hel"},{"type":"text","text":"lo"}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":1}}`,
		"float usage":       `{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5.0,"completion_tokens":1.0}}`,
		"blank lines first": "\n\n \n" + `{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":1}}`,
		"byte order mark":   "\xef\xbb\xbf" + `{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":1}}`,
		"error null":        `{"error":null,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"eos"}],"usage":{"prompt_tokens":5,"completion_tokens":1}}`,
		"created as text":   `{"created":"now","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":1}}`,
	} {
		for _, r := range []model.Request{ask(), askStream()} {
			var pieces strings.Builder
			r.OnText = func(s string) { pieces.WriteString(s) }
			rep, err := client(t, says(200, body)).Attempt(t.Context(), r)
			if err != nil || rep.Text != "hello" || rep.Usage.In != 5 || !(rep.Usage.In > 0) {
				t.Errorf("%s, stream %v: got %+v, %v", name, (r.OnText != nil), rep, err)
			}
			if (r.OnText != nil) && pieces.String() != "hello" {
				t.Errorf("%s: OnText got %q", name, pieces.String())
			}
		}
	}
}

func TestToolCallsAreRead(t *testing.T) {
	const piece = `{"id":"1","object":"chat.completion.chunk","created":1,"model":"served","choices":[{"index":0,"delta":{"tool_calls":[%s]},"finish_reason":null}]}`
	end := strings.Replace(stopChunk, `"stop"`, `"tool_calls"`, 1)
	stream := func(parts ...string) string {
		var data []string
		for _, p := range parts {
			data = append(data, fmt.Sprintf(piece, p))
		}
		return sse(append(data, end, "[DONE]")...)
	}
	whole := func(calls string) string {
		return `{"id":"1","object":"chat.completion","model":"served","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[` + calls + `]},"finish_reason":"tool_calls"}]}`
	}
	for name, tc := range map[string]struct {
		stream bool
		body   string
	}{
		"whole":   {false, whole(`{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}`)},
		"objects": {false, whole(`{"id":"a","type":"function","function":{"name":"f","arguments":{"x":1}}},{"id":"b","type":"function","function":{"name":"g","arguments":{}}}`)},
		"in pieces": {true, stream(`{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}`, `{"index":0,"function":{"arguments":"{\"x\":"}}`,
			`{"index":0,"function":{"arguments":"1}"}}`, `{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}`)},
		"objects in a stream": {true, stream(`{"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}}`, `{"index":1,"id":"b","function":{"name":"g","arguments":{}}}`)},
	} {
		r := ask()
		streams(&r, tc.stream)
		r.Tools = []model.Tool{{Name: "f", Schema: []byte(`{}`)}, {Name: "g", Schema: []byte(`{}`)}}
		want := []model.ToolCall{{ID: "a", Name: "f", Arguments: `{"x":1}`}, {ID: "b", Name: "g", Arguments: `{}`}}
		if rep, err := client(t, says(200, tc.body)).Attempt(t.Context(), r); err != nil || !reflect.DeepEqual(rep.ToolCalls, want) {
			t.Errorf("%s: %+v, %v", name, rep.ToolCalls, err)
		}
		r.Tools = nil
		_, err := client(t, says(200, tc.body)).Attempt(t.Context(), r)
		callError(t, err, swarm.ClassBroken)
	}
}
