package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

func TestMain(m *testing.M) { canary.Main(func() { goleak.VerifyTestMain(m) }) }

// server is an in-memory server: a RoundTripper that keeps what it was sent.
type server struct {
	answer func(req *http.Request, body string) (*http.Response, error)

	mu     sync.Mutex
	bodies []string
	heads  []http.Header
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(req.Body)
	req.Body.Close()
	if err != nil {
		return nil, err
	}
	if int64(len(b)) != req.ContentLength {
		return nil, errors.New("content length is not the body's")
	}
	again, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	if c, _ := io.ReadAll(again); !bytes.Equal(b, c) {
		return nil, errors.New("GetBody gives another body")
	}
	s.mu.Lock()
	s.bodies = append(s.bodies, string(b))
	s.heads = append(s.heads, req.Header.Clone())
	s.mu.Unlock()
	return s.answer(req, string(b))
}

func (s *server) sent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bodies
}

// response makes a response; head is "Name: value" lines.
func response(status int, body string, head ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for _, line := range head {
		name, value, _ := strings.Cut(line, ": ")
		h.Set(name, value)
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1,
	}
}

// says makes a server that always answers the same.
func says(status int, body string, head ...string) *server {
	return &server{answer: func(*http.Request, string) (*http.Response, error) {
		return response(status, body, head...), nil
	}}
}

const (
	testKey = canary.Key
	okBody  = `{"id":"1","object":"chat.completion","created":1,"model":"served","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":8}}}`
)

func client(t testing.TB, rt http.RoundTripper, change ...func(*model.Backend)) *Client {
	t.Helper()
	e := model.Backend{BaseURL: "http://model.test/v1", Key: testKey, Model: "small", Client: &http.Client{Transport: rt}}
	for _, f := range change {
		f(&e)
	}
	c, err := New(e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func ask() model.Request {
	return model.Request{Messages: []model.Message{{Role: "system", Content: "Be brief."}, {Role: "user", Content: "Say hello."}}}
}

func askStream() model.Request {
	r := ask()
	r.OnText = func(string) {}
	return r
}

// streams asks for a stream, or for a reply in one piece.
func streams(r *model.Request, stream bool) {
	if r.OnText = nil; stream {
		r.OnText = func(string) {}
	}
}

// learned returns what the API has learned of an error.
func learned(err error) (string, bool) {
	l, ok := errors.AsType[*model.Learned](err)
	if !ok {
		return "", false
	}
	return l.What, true
}

// callError asserts that err is a *swarm.CallError of class without secrets.
func callError(t testing.TB, err error, class swarm.Class) *swarm.CallError {
	t.Helper()
	var e *swarm.CallError
	if !errors.As(err, &e) {
		t.Fatalf("got error %v (%T), want a CallError of class %s", err, err, class)
	}
	if e.Class != class {
		t.Fatalf("got class %s (%v), want %s", e.Class, e, class)
	}
	for _, text := range []string{e.Error(), e.Code} {
		if strings.Contains(text, testKey) || strings.Contains(text, "model.test") || strings.ContainsAny(text, "\n\r") {
			t.Fatalf("the error's text %q holds what it must not", text)
		}
	}
	return e
}

func chunk(content string) string {
	return `{"id":"1","object":"chat.completion.chunk","created":1,"model":"served","choices":[{"index":0,"delta":{"content":` + quoted(content) + `},"finish_reason":null}],"usage":null}`
}

const (
	stopChunk  = `{"id":"1","object":"chat.completion.chunk","created":1,"model":"served","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}`
	usageChunk = `{"id":"1","object":"chat.completion.chunk","created":1,"model":"served","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}}`
)

// sse joins data into a stream of events.
func sse(data ...string) string {
	var b strings.Builder
	for _, d := range data {
		b.WriteString("data: " + d + "\n\n")
	}
	return b.String()
}

// quoted returns s as JSON.
func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// Close closes the connections of a client that was given no transport.
func (c *Client) Close() {
	if t, ok := c.base.(*Transport); ok {
		t.CloseIdleConnections()
	}
}
