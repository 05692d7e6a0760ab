package mock_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/mock"
)

func TestMain(m *testing.M) { canary.Main(func() { goleak.VerifyTestMain(m) }) }

// model is a model that says what the brain says.
func model(b mock.Brain) mock.Model { return mock.Model{ID: "m", Brain: b} }

func server(ms ...mock.Model) *mock.Server { return mock.NewHandler(mock.Config{Models: ms}) }

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
	err    error // of the request or of reading the body
}

// post sends a chat completion through the server's in-memory transport.
func post(ctx context.Context, s *mock.Server, body string) answer {
	return send(ctx, &http.Client{Transport: s.Transport()}, "http://mock/v1/chat/completions", body)
}

func send(ctx context.Context, c *http.Client, url, body string) answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	return roundTrip(c, req)
}

func roundTrip(c *http.Client, req *http.Request) answer {
	resp, err := c.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	// An endless body has no more to tell after so much; a bubble's clock lets
	// gigabytes of it come.
	b, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	return answer{resp.StatusCode, resp.Header, string(b), err}
}

// completion is a reply as a client reads it.
type completion struct {
	ID      string
	Object  string
	Model   string
	Choices []struct {
		Index   int
		Message struct {
			Role             string
			Content, Refusal *string
		}
		FinishReason string `json:"finish_reason"`
	}
	Usage struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
		Total      int `json:"total_tokens"`
	}
}

func (a answer) completion(t *testing.T) completion {
	t.Helper()
	var c completion
	if a.err != nil || a.status != 200 {
		t.Fatalf("want a completion, got %d %s %v", a.status, a.body, a.err)
	}
	if err := json.Unmarshal([]byte(a.body), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// refusal is an error as a client reads it.
type refusal struct {
	Message     string
	Type        string
	Param, Code *string
}

func (a answer) refusal(t *testing.T) refusal {
	t.Helper()
	var e struct{ Error map[string]json.RawMessage }
	var r struct{ Error refusal }
	if err := json.Unmarshal([]byte(a.body), &e); err != nil {
		t.Fatalf("not an error: %q", a.body)
	}
	for _, key := range []string{"message", "type", "param", "code"} {
		if _, ok := e.Error[key]; !ok {
			t.Errorf("the error lacks %q: %s", key, a.body)
		}
	}
	if err := json.Unmarshal([]byte(a.body), &r); err != nil {
		t.Fatal(err)
	}
	return r.Error
}

// ask is a request for model m with one message and further keys.
func ask(further string) string {
	return `{"model":"m","messages":[{"role":"user","content":"What is it?"}]` + further + `}`
}

func deref(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}
