package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/sashabaranov/go-openai"

	"github.com/db31e724/go-swarm/internal/canary"
)

const config = `{
  "models": [
    {"id": "m", "brain": "echo", "price": {"in": 1, "out": 2}},
    {"id": "slow", "brain": "echo", "limits": {"in_flight": 1, "busy": 503}}
  ],
  "faults": [{"ids": ["X01"], "model": "slow"}],
  "replies": [
    {"contains": "weather", "say": [{"text": "Rain."}, {"json": {"sky": "blue"}}]},
    {"contains": "forbidden", "say": [{"refusal": "I will not."}]}
  ]
}`

func TestModelsWithoutAConfiguration(t *testing.T) {
	s := serve(t, nil)
	status, body := curl(t, http.MethodGet, s.url+"/models", "", "")
	if status != 200 || !strings.Contains(body, `"mock-large"`) || !strings.Contains(body, `"mock-small"`) {
		t.Errorf("got %d %s", status, body)
	}
	if code, out, _ := s.stop(); code != exitOK || out != "no model was asked\n" {
		t.Errorf("status %d, it says %q", code, out)
	}
}

func TestConfiguredModelsRepliesAndFaults(t *testing.T) {
	s := serve(t, map[string]string{envKey: canary.Key}, "-config", file(t, "c.json", config), "-log")
	for _, c := range []struct {
		key, model, text string
		status           int
		says             string
	}{
		{"", "m", "hi", 401, "API key"},
		{"sk-another-key-entirely", "m", "hi", 401, "Incorrect API key"},
		{canary.Key, "m", "echo me", 200, `"content":"echo me"`},
		{canary.Key, "m", "weather?", 200, `"content":"Rain."`},
		{canary.Key, "m", "weather?", 200, `"content":"{\"sky\":\"blue\"}"`},
		{canary.Key, "m", "weather?", 200, `"content":"{\"sky\":\"blue\"}"`},
		{canary.Key, "m", "forbidden", 200, `"refusal":"I will not."`},
		{canary.Key, "slow", "hi", 408, "Request timeout"},
		{canary.Key, "none", "hi", 404, "model_not_found"},
	} {
		status, body := curl(t, http.MethodPost, s.url+"/chat/completions", c.key, chat(c.model, c.text))
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s %s: got %d %s", c.model, c.text, status, body)
		}
	}
	base := strings.TrimSuffix(s.url, "/v1")
	_, body := curl(t, http.MethodGet, base+"/_mock/stats", canary.Key, "")
	var stats struct {
		Requests int
		Models   map[string]struct{ Calls int }
	}
	if err := json.Unmarshal([]byte(body), &stats); err != nil || stats.Requests != 9 || stats.Models["m"].Calls != 5 {
		t.Errorf("statistics: %v in %s", err, body)
	}
	code, out, log := s.stop()
	if code != exitOK || !strings.Contains(out, "m: 5 calls, 0 refused") || !strings.Contains(out, "slow: 0 calls, 1 refused") {
		t.Errorf("status %d, it says %q", code, out)
	}
	if lines := strings.Split(strings.TrimSpace(log), "\n"); len(lines) != 9 || !strings.Contains(log, "slow 408") || !strings.Contains(log, "fault X01") {
		t.Errorf("%d lines of log:\n%s", len(lines), log)
	}
}

func TestWhatClientsSayDoesNotSteerTheTerminalOfTheLog(t *testing.T) {
	s := serve(t, nil, "-log")
	base := strings.TrimSuffix(s.url, "/v1")
	if status, body := curl(t, http.MethodPost, s.url+"/chat/completions", "", `{"model":"m\u001b[2J\u009b2J\n09:00:00 forged","messages":[]}`); status == 200 {
		t.Errorf("got %d %s", status, body)
	}
	curl(t, http.MethodGet, base+"/%1b[2J%0d%0aforged", "", "")
	_, _, log := s.stop()
	if strings.ContainsFunc(log, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) || strings.Count(log, "\n") != 2 || strings.Count(log, "forged") < 2 {
		t.Errorf("the log is %q", log)
	}
}

func TestSeedAndLatencyAreTheFlags(t *testing.T) {
	took := func(args ...string) time.Duration {
		s := serve(t, nil, args...)
		defer s.stop()
		began := time.Now()
		if status, body := curl(t, http.MethodPost, s.url+"/chat/completions", "", `{"model":"mock-small","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}`); status != 200 {
			t.Errorf("got %d %s", status, body)
		}
		return time.Since(began)
	}
	if d := took("-latency"); d < 80*time.Millisecond { // a quarter of a second in the median
		t.Errorf("with modelled latency it took %s", d)
	}
	c := func(seed string) uint64 {
		s, err := parse([]string{"-seed", seed, "-config", file(t, "c.json", `{"seed": 7}`)}, io.Discard, func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.served()
		if err != nil {
			t.Fatal(err)
		}
		return c.Seed
	}
	if c("9") != 9 || c("0") != 0 {
		t.Error("the flag does not go before the file")
	}
}

func TestGoOpenAITalksToIt(t *testing.T) {
	s := serve(t, nil, "-config", file(t, "c.json", config), "-key", canary.Key)
	conf := openai.DefaultConfig(canary.Key)
	conf.BaseURL = s.url
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	conf.HTTPClient = &http.Client{Transport: transport}
	client := openai.NewClientWithConfig(conf)

	models, err := client.ListModels(t.Context())
	if err != nil || len(models.Models) != 2 {
		t.Errorf("models: %+v %v", models, err)
	}
	ask := func(model, text string) openai.ChatCompletionRequest {
		return openai.ChatCompletionRequest{Model: model, Messages: []openai.ChatCompletionMessage{{Role: "user", Content: text}}}
	}
	whole, err := client.CreateChatCompletion(t.Context(), ask("m", "the weather"))
	if err != nil || whole.Choices[0].Message.Content != "Rain." || whole.Usage.TotalTokens == 0 {
		t.Errorf("whole: %+v %v", whole, err)
	}
	stream, err := client.CreateChatCompletionStream(t.Context(), ask("m", "one two three"))
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	text := ""
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(part.Choices) > 0 {
			text += part.Choices[0].Delta.Content
		}
	}
	if text != "one two three" {
		t.Errorf("streamed %q", text)
	}
	_, err = client.CreateChatCompletion(t.Context(), ask("slow", "x"))
	if api, ok := errors.AsType[*openai.APIError](err); !ok || api.HTTPStatusCode != 408 {
		t.Errorf("the fault: %v", err)
	}
}

// TestOfficialClients drives the mock with clients that others wrote, in other
// languages too: a program that is given URL, key, model and a folder for its
// packages, prints a line beginning PASS, FAIL or SKIP for each check, and
// ends with a status other than 0 where one failed.
func TestOfficialClients(t *testing.T) {
	program := os.Getenv("SWARM_CLIENTS")
	if program == "" {
		t.Skip("SWARM_CLIENTS names no program to drive the mock with; it needs node and the network")
	}
	s := serve(t, nil, "-key", canary.Key)
	cache := os.Getenv("SWARM_CLIENTS_CACHE")
	if cache == "" {
		cache = filepath.Join(t.TempDir(), "cache")
	}
	out, err := exec.CommandContext(t.Context(), program, s.url, canary.Key, "mock-small", cache).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}
