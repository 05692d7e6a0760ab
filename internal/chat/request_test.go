package chat

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestRequestsOnTheWire holds what is sent against golden files, and the
// fields against those that OpenAI's description of the interface knows.
func TestRequestsOnTheWire(t *testing.T) {
	known := map[string]bool{
		"model": true, "messages": true, "temperature": true, "max_tokens": true,
		"max_completion_tokens": true, "response_format": true, "stream": true, "stream_options": true, "tools": true,
	}
	warm := 0.7
	tools := []model.Tool{{Name: "warmth", Description: "degrees", Schema: json.RawMessage(`{"type":"object"}`)}}
	one := func(change func(*model.Request)) model.Request {
		r := fullRequest(false)
		change(&r)
		return r
	}
	for _, tc := range []struct {
		name  string
		model string
		way   way
		r     model.Request
	}{
		{"plain", "small", way{}, ask()},
		{"full", "small", way{}, fullRequest(false)},
		{"stream", "small", way{}, fullRequest(true)},
		{"warm", "small", way{}, one(func(r *model.Request) { r.Temperature = &warm; r.Schema = nil })},
		{"reasoning", "gpt-5-mini", way{limit: limitNew}, fullRequest(false)},
		{"reasoning-name", "o1x/local \"q\"", way{}, one(func(r *model.Request) { r.Temperature = &warm })},
		{"json-object", "small", way{schema: schemaObject}, fullRequest(false)},
		{"told", "small", way{schema: schemaTold, noSystem: true, limit: limitNone, noTemperature: true, noStreamUsage: true}, fullRequest(true)},
		{"alternating", "small", way{noSystem: true}, model.Request{Messages: []model.Message{{Role: "system", Content: "a"}, {Role: "assistant", Content: "b"}, {Role: "user", Content: "c"}, {Role: "system", Content: "d"}, {Role: "user", Content: "<é>"}}}},
		{"tools", "small", way{}, model.Request{
			Messages: []model.Message{
				{Role: "user", Content: "How warm is it?"},
				{Role: "assistant", ToolCalls: []model.ToolCall{{ID: "c1", Name: "warmth", Arguments: `{"of":"Rome"}`}}},
				{Role: "tool", Content: "31", ToolCallID: "c1"},
			},
			Tools: tools,
		}},
		{"tools-and-schema", "small", way{}, one(func(r *model.Request) { r.Tools = tools })},
		{"tools-and-schema-openai", "small", way{toolsToo: true}, one(func(r *model.Request) { r.Tools = tools })},
		{"system-alone", "small", way{noSystem: true}, model.Request{Messages: []model.Message{{Role: "system", Content: "a"}}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := says(200, okBody)
			c := client(t, s, func(e *model.Backend) { e.Model = tc.model })
			w, first := tc.way, c.way.Load()
			w.limit, w.noTemperature = max(w.limit, first.limit), w.noTemperature || first.noTemperature
			c.way.Store(&w)
			if _, err := c.Attempt(t.Context(), tc.r); err != nil {
				t.Fatal(err)
			}
			sent := s.sent()[0]
			var fields map[string]any
			if err := json.Unmarshal([]byte(sent), &fields); err != nil {
				t.Fatal(err)
			}
			for f := range fields {
				if !known[f] {
					t.Errorf("unknown field %q", f)
				}
			}
			if fields["model"] != tc.model {
				t.Errorf("model %q, want %q", fields["model"], tc.model)
			}
			var pretty bytes.Buffer
			json.Indent(&pretty, []byte(sent), "", "  ")
			pretty.WriteByte('\n')
			file := filepath.Join("testdata", "wire", tc.name+".json")
			if *update {
				os.MkdirAll(filepath.Dir(file), 0o755)
				if err := os.WriteFile(file, pretty.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if pretty.String() != string(want) {
				t.Errorf("sent\n%s\nwant\n%s", pretty.String(), want)
			}
		})
	}
}

func TestSharedPrefixStaysTheSame(t *testing.T) {
	a, b := fullRequest(false), fullRequest(false)
	a.Messages = []model.Message{{Role: "system", Content: "Be brief."}, {Role: "user", Content: "one"}}
	b.Messages = []model.Message{{Role: "system", Content: "Be brief."}, {Role: "user", Content: "two"}}
	w := &way{schema: schemaTold}
	if x, y := messages(w, &a)[0], messages(w, &b)[0]; x.Content != y.Content || !strings.HasPrefix(x.Content, "Be brief.") {
		t.Errorf("first messages %q and %q", x.Content, y.Content)
	}
}

func TestBadRequestsAreNotSent(t *testing.T) {
	nan, hot := math.NaN(), 3.0
	for name, change := range map[string]func(*model.Request){
		"no messages":     func(r *model.Request) { r.Messages = nil },
		"empty content":   func(r *model.Request) { r.Messages = []model.Message{{Role: "user", Content: ""}} },
		"unknown role":    func(r *model.Request) { r.Messages = []model.Message{{Role: "robot", Content: "x"}} },
		"negative limit":  func(r *model.Request) { r.MaxOut = -1 },
		"no temperature":  func(r *model.Request) { r.Temperature = &nan },
		"hot":             func(r *model.Request) { r.Temperature = &hot },
		"schema name":     func(r *model.Request) { r.Schema = &model.Schema{Name: "a b", JSON: json.RawMessage(`{}`)} },
		"no schema name":  func(r *model.Request) { r.Schema = &model.Schema{JSON: json.RawMessage(`{}`)} },
		"no tool ID":      func(r *model.Request) { r.Messages = []model.Message{{Role: "tool", Content: "x"}} },
		"tool name":       func(r *model.Request) { r.Tools = []model.Tool{{Name: "a b", Schema: json.RawMessage(`{}`)}} },
		"tool not JSON":   func(r *model.Request) { r.Tools = []model.Tool{{Name: "a", Schema: json.RawMessage(`{`)}} },
		"schema not JSON": func(r *model.Request) { r.Schema = &model.Schema{Name: "a", JSON: json.RawMessage(`{`)} },
	} {
		t.Run(name, func(t *testing.T) {
			s := says(200, okBody)
			r := ask()
			change(&r)
			_, err := client(t, s).Attempt(t.Context(), r)
			callError(t, err, swarm.ClassInvalid)
			if len(s.sent()) != 0 {
				t.Error("a request was sent")
			}
		})
	}
}

func TestHeadersAreSetOnEachRequest(t *testing.T) {
	s := says(200, okBody)
	c := client(t, s, func(e *model.Backend) {
		e.Header = http.Header{"x-team": {"blue"}, "Accept": {"application/json;q=1"}}
	})
	for range 2 {
		if _, err := c.Attempt(t.Context(), ask()); err != nil {
			t.Fatal(err)
		}
	}
	for _, h := range s.heads {
		if h.Get("X-Team") != "blue" || h.Get("Accept") != "application/json;q=1" || h.Get("Content-Type") != "application/json" {
			t.Errorf("headers %v", h)
		}
	}
}
