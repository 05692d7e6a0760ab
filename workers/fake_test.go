package workers

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// sent is what the server double saw of a request.
type sent struct {
	Messages []struct {
		Role    string
		Content string
	}
	MaxTokens      int `json:"max_tokens"`
	ResponseFormat *struct {
		JSONSchema struct {
			Name   string
			Strict bool
			Schema json.RawMessage
		} `json:"json_schema"`
	} `json:"response_format"`
}

// prompt returns the text of all messages.
func (s sent) prompt() string {
	var b strings.Builder
	for _, m := range s.Messages {
		b.WriteString(m.Role + ": " + m.Content + "\n")
	}
	return b.String()
}

// server is an in-memory server: reply writes the text of the nth reply, and
// why it ended.
type server struct {
	reply func(n int, r sent) (text, finish string)

	mu   sync.Mutex
	seen []sent
}

// says answers with these texts in turn, and with the last for ever.
func says(texts ...string) *server {
	return &server{reply: func(n int, _ sent) (string, string) { return texts[min(n, len(texts)-1)], "stop" }}
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	req.Body.Close()
	var r sent
	if err == nil {
		err = json.Unmarshal(body, &r)
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	n := len(s.seen)
	s.seen = append(s.seen, r)
	s.mu.Unlock()
	text, finish := s.reply(n, r)
	out, _ := json.Marshal(map[string]any{
		"id": "1", "object": "chat.completion", "model": "small",
		"choices": []any{map[string]any{"index": 0, "finish_reason": finish, "message": map[string]any{"role": "assistant", "content": text}}},
		"usage":   map[string]any{"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
	})
	return &http.Response{
		StatusCode: 200, Request: req, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(string(out))),
	}, nil
}

func (s *server) backend() model.Backend {
	return model.Backend{Model: "small", BaseURL: "http://server/v1", Key: canary.Key, Client: &http.Client{Transport: s}}
}

func (s *server) pool(t testing.TB, c Config) *Pool {
	t.Helper()
	if c.Backends == nil {
		c.Backends = []model.Backend{s.backend()}
	}
	p, err := NewPool(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const leaseText = "The  tenant pays rent\non the first day of each month. The deposit is 15 apples."

// lease is a chunk that begins at byte 1000 of its source.
func lease() *swarm.Chunk {
	return &swarm.Chunk{Source: "lease.txt", ID: "lease.txt#2", Path: "Lease › Rent", Text: leaseText, Start: 1000, End: 1000 + len(leaseText), Line: 40}
}

// overLease is a subtask over the chunk.
func overLease() swarm.Subtask {
	return swarm.Subtask{Step: &swarm.Step{ID: "1/find", Do: "Find when rent is due.", Over: swarm.Chunks}, Goal: "When is rent due?", Chunk: lease()}
}

// finding is a reply with one finding.
func finding(answer, quote string) string { return found(answer, quote) }

// found is a reply with a finding for each answer and quote.
func found(answersAndQuotes ...string) string {
	list := []any{}
	for i := 0; i < len(answersAndQuotes); i += 2 {
		list = append(list, map[string]any{"answer": answersAndQuotes[i], "quote": answersAndQuotes[i+1], "confidence": 0.8})
	}
	b, _ := json.Marshal(map[string]any{"findings": list})
	return string(b)
}

const nothing = `{"findings":[]}`

// evidence returns all evidence of an output.
func evidence(out swarm.Output) (all []swarm.Citation) {
	for c := range out.Evidence() {
		all = append(all, *c)
	}
	return all
}

// earlier are two results with a citation each.
func earlier() []swarm.Result {
	step := &swarm.Step{ID: "1/find", Do: "find", Over: swarm.Chunks}
	return []swarm.Result{
		{Step: step, Outcome: swarm.Done, Out: swarm.Output{Findings: []swarm.Finding{{
			Text: "one", Confidence: 0.4,
			Evidence: []swarm.Citation{{Source: "a", Chunk: "a#1", Start: 0, End: 9, Quote: "quote one", Verified: true}},
		}}}},
		{Step: step, Index: 1, Outcome: swarm.Done, Out: swarm.Output{Findings: []swarm.Finding{{
			Text: "two", Confidence: 0.9,
			Evidence: []swarm.Citation{{Source: "b", Chunk: "b#1", Start: 5, End: 14, Quote: "quote two", Verified: true}},
		}}}},
	}
}
