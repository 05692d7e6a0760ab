package chat

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// settleDown repeats r as the pool does, as long as something is learnt.
func settleDown(t *testing.T, c *Client, r model.Request) (model.Reply, []string, error) {
	t.Helper()
	var learnt []string
	for range 12 {
		rep, err := c.Attempt(t.Context(), r)
		what, ok := learned(err)
		if !ok {
			return rep, learnt, err
		}
		callError(t, err, swarm.ClassInvalid)
		learnt = append(learnt, what)
	}
	t.Fatalf("still learning after 12 attempts: %q", learnt)
	return model.Reply{}, nil, nil
}

func fullRequest(stream bool) model.Request {
	zero := 0.0
	r := ask()
	streams(&r, stream)
	r.MaxOut = 1000
	r.Temperature = &zero
	r.Schema = &model.Schema{Name: "answer", JSON: json.RawMessage(`{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}`)}
	return r
}

// refuses answers with status and body while the request holds part, and with
// a good reply after that.
func refuses(part string, status int, body string) *server {
	return &server{answer: func(_ *http.Request, sent string) (*http.Response, error) {
		if strings.Contains(sent, part) {
			return response(status, body), nil
		}
		if strings.Contains(sent, `"stream":true`) {
			return response(200, sse(chunk("hello"), stopChunk, "[DONE]"), "Content-Type: text/event-stream"), nil
		}
		return response(200, okBody), nil
	}}
}

func TestWhatIsRefusedIsLearntOnce(t *testing.T) {
	invalid := func(message, param, code string) string {
		b, _ := json.Marshal(map[string]any{"error": map[string]any{"message": message, "type": "invalid_request_error", "param": param, "code": code}})
		return string(b)
	}
	for _, tc := range []struct {
		name   string
		part   string // of the request that is refused
		status int
		body   string
		stream bool
		then   string // what the request holds afterwards
	}{
		{"max_tokens", `"max_tokens":`, 400, invalid("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "max_tokens", "unsupported_parameter"), false, `"max_completion_tokens":1000`},
		{"temperature", `"temperature":`, 400, invalid("Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.", "temperature", "unsupported_value"), false, `"max_tokens":1000`},
		{"stream_options", `"stream_options":`, 400, `{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error"}`, true, `"stream":true`},
		{"strict schema", `"json_schema"`, 400, invalid("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.", "", ""), false, `"type":"json_object"`},
		{"schema of Ollama", `"json_schema"`, 500, `{"error":{"message":"invalid JSON schema in format","type":"api_error","param":null,"code":null}}`, true, `"type":"json_object"`},
		{"schema in DeepSeek's words", `"json_schema"`, 400, invalid("This response_format type is unavailable now", "", "invalid_request_error"), false, `"type":"json_object"`},
		{"schema by routing", `"json_schema"`, 404, `{"error":{"message":"No endpoints found that can handle the requested parameters.","code":404}}`, false, `"type":"json_object"`},
		{"any response_format", `"response_format"`, 400, invalid("Unrecognized request argument supplied: response_format", "", ""), false, `follow this JSON Schema`},
		{"schema inside 200", `"json_schema"`, 200, `{"error":{"message":"grammar could not be made of the schema","code":400}}`, true, `"type":"json_object"`},
		{"token limit too high", `"max_tokens":1000`, 400, invalid("max_tokens is too large: 1000. This model supports at most 512 completion tokens.", "max_tokens", "invalid_value"), false, `"max_tokens":512`},
		{"token range", `"max_tokens":1000`, 400, invalid("Invalid max_tokens value, the valid range of max_tokens is [1, 512]", "", "invalid_request_error"), false, `"max_tokens":512`},
		{"streams only", `"stream":false`, 400, invalid("This model only support stream mode, please enable the stream parameter to access the model.", "", "invalid_parameter_error"), false, `"stream":true`},
		{"no streams", `"stream":true`, 400, invalid("Your organization must be verified to stream this model.", "stream", "unsupported_value"), true, `"stream":false`},
		{"schema refused upstream", `"json_schema"`, 400, invalid("The upstream provider does not support response_format json_schema", "", ""), true, `"stream":true`},
		{"system role by template", `"role":"system"`, 400, invalid("Conversation roles must alternate user/assistant/user/assistant/...", "", ""), false, `"content":"Be brief.\n\nSay hello."`},
		{"system role by list", `"role":"system"`, 400, invalid("message role 'system' should be one of user, assistant", "messages.0.role", ""), false, `"content":"Be brief.\n\nSay hello."`},
		{"system role", `"role":"system"`, 400, invalid("System role not supported", "", ""), false, `"content":"Be brief.\n\nSay hello."`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := refuses(tc.part, tc.status, tc.body)
			c := client(t, s)
			var text strings.Builder
			r := fullRequest(tc.stream)
			if tc.stream {
				r.OnText = func(p string) { text.WriteString(p) }
			}
			rep, learnt, err := settleDown(t, c, r)
			if err != nil || rep.Text != "hello" || tc.stream && text.String() != "hello" {
				t.Fatalf("got %+v, %v, pieces %q", rep, err, text.String())
			}
			if len(learnt) == 0 || len(learnt) > 2 || learnt[0] == "" {
				t.Errorf("learnt %q", learnt)
			}
			before := len(s.sent())
			if _, err := c.Attempt(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			if n := len(s.sent()); n != before+1 {
				t.Errorf("the second call took %d attempts", n-before)
			}
			if last := s.sent()[before]; strings.Contains(last, tc.part) || !strings.Contains(last, tc.then) {
				t.Errorf("sent %s\nwant it without %s and with %s", last, tc.part, tc.then)
			}
		})
	}
}

func TestUnaskedStreamIslearned(t *testing.T) {
	s := streamOf(sse(chunk("hello"), stopChunk, "[DONE]"))
	rep, learnt, err := settleDown(t, client(t, s), ask())
	if err != nil || rep.Text != "hello" || len(learnt) != 1 {
		t.Errorf("got %+v, %v after learning %q", rep, err, learnt)
	}
}

func TestOpenAIGetsMaxCompletionTokensAtOnce(t *testing.T) {
	s := says(200, okBody)
	c := client(t, s, func(e *model.Backend) { e.BaseURL = "" })
	if _, err := c.Attempt(t.Context(), fullRequest(false)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.sent()[0], `"max_completion_tokens":1000`) {
		t.Errorf("sent %s", s.sent()[0])
	}
}

func TestUnhelpfulRefusalEnds(t *testing.T) {
	for _, said := range []string{
		"response_format, json_schema, max_tokens, max_completion_tokens, temperature, stream, stream_options and the system role are not supported",
		"bad request",
	} {
		b, _ := json.Marshal(map[string]any{"error": map[string]any{"message": said}})
		for _, stream := range []bool{false, true} {
			_, _, err := settleDown(t, client(t, says(400, string(b))), fullRequest(stream))
			callError(t, err, swarm.ClassInvalid)
		}
	}
}

func TestOtherFailuresTeachNothing(t *testing.T) {
	const said = `{"error":{"message":"response_format json_schema max_tokens temperature not supported"}}`
	for _, status := range []int{401, 402, 408, 429, 500, 502, 503, 529} {
		_, err := client(t, says(status, strings.Replace(said, "json_schema", "x", 1))).Attempt(t.Context(), ask())
		if _, ok := learned(err); ok {
			t.Errorf("status %d taught something", status)
		}
	}
}

func TestConcurrentFirstCallsLearnOnce(t *testing.T) {
	body := `{"error":{"message":"'max_tokens' is not supported, use max_completion_tokens","param":"max_tokens","code":"unsupported_parameter"}}`
	const calls = 16
	var met sync.WaitGroup // all first attempts are refused before any knows
	met.Add(calls)
	s := refuses(`"max_tokens":`, 400, body)
	good := s.answer
	s.answer = func(req *http.Request, sent string) (*http.Response, error) {
		if strings.Contains(sent, `"max_tokens":`) {
			met.Done()
			met.Wait()
		}
		return good(req, sent)
	}
	c := client(t, s)
	said := make([]string, calls)
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			r := ask()
			r.MaxOut = 10
			for {
				_, err := c.Attempt(t.Context(), r)
				what, ok := learned(err)
				if !ok {
					if err != nil {
						t.Error(err)
					}
					return
				}
				said[i] += what
			}
		})
	}
	wg.Wait()
	told := 0
	for _, what := range said {
		if what != "" {
			told++
		}
	}
	if told != 1 || len(s.sent()) != 2*calls {
		t.Errorf("%d calls told of the lesson and %d attempts were made, want 1 and %d", told, len(s.sent()), 2*calls)
	}
}

// A server that takes neither streams nor anything else is not asked the same
// thing again.
func TestNothingIsLearntThatSendsTheSameAgain(t *testing.T) {
	s := &server{answer: func(_ *http.Request, sent string) (*http.Response, error) {
		if strings.Contains(sent, `"stream":true`) {
			return response(400, `{"error":{"message":"streaming is not supported","param":"stream"}}`), nil
		}
		return response(400, `{"error":{"message":"This model only support stream mode","param":"stream"}}`), nil
	}}
	c := client(t, s)
	_, learnt, err := settleDown(t, c, ask())
	callError(t, err, swarm.ClassInvalid)
	sent := s.sent()
	if len(learnt) != 1 || len(sent) != 2 || sent[0] == sent[1] {
		t.Errorf("learnt %q, sent %q", learnt, sent)
	}
}
