package mock_test

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/db31e724/go-swarm/mock"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s\n-- want\n%s", path, got, want)
	}
}

// The bubble's clock starts at a fixed moment, so the whole wire repeats.
func TestWireLooksAsRecorded(t *testing.T) {
	schema := `{"type":"object","properties":{"answer":{"type":"string"}},"required":["answer"],"additionalProperties":false}`
	for _, c := range []struct {
		file, body string
		brain      mock.Brain
	}{
		{"plain.txt", ask(""), mock.Say("A planner writes the plan.")},
		{"stream.txt", ask(`,"stream":true,"stream_options":{"include_usage":true}`), mock.Say("Fine 👩‍👩‍👧!")},
		{"stream_no_usage.txt", ask(`,"stream":true,"stream_options":{"include_obfuscation":false}`), mock.Say("Fine.")},
		{
			"stream_two.txt", ask(`,"n":2,"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}`),
			mock.Script(mock.Reply{Text: "One."}, mock.Reply{Text: "The second one."}),
		},
		{
			"stream_refusal.txt", ask(`,"stream":true,"stream_options":{"include_obfuscation":false}`),
			mock.Script(mock.Reply{Refusal: "I will not."}),
		},
		{"schema.txt", strictly(schema), mock.Say(`{"answer":"<42>"}`)},
		{"length.txt", ask(`,"max_tokens":3`), mock.Say("A planner writes the plan.")},
		{"error.txt", ask(`,"n":0`), mock.Say("never")},
	} {
		t.Run(c.file, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := post(t.Context(), server(model(c.brain)), c.body)
				var b strings.Builder
				b.WriteString(http.StatusText(a.status) + "\n")
				a.header.Del("Date") // of net/http
				_ = a.header.Write(&b)
				golden(t, c.file, strings.ReplaceAll(b.String(), "\r", "")+"\n"+a.body)
			})
		})
	}
}

func TestModelsAreListedAndShown(t *testing.T) {
	s := server(mock.Model{ID: "b/1", Brain: mock.Say("")}, mock.Model{ID: "a", Brain: mock.Say("")})
	get := func(path string) answer {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://mock"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return do(s, req)
	}
	if a := get("/v1/models"); a.status != 200 || strings.Index(a.body, `"b/1"`) > strings.Index(a.body, `"a"`) || !strings.Contains(a.body, `"object":"list"`) {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if a := get("/v1/models/b/1"); a.status != 200 || !strings.HasPrefix(a.body, `{"id":"b/1","object":"model","created":`) {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if a := get("/v1/models/c"); a.status != 404 || deref(a.refusal(t).Code) != "model_not_found" {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if a := get("/v1/chat/completions"); a.status != 405 || a.header.Get("Allow") != "POST" {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if a := get("/v1/embeddings"); a.status != 404 || !strings.Contains(a.refusal(t).Message, "Invalid URL (GET /v1/embeddings)") {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

func TestKeysAreCheckedAndNeverEchoedWhole(t *testing.T) {
	const right, wrong = "sk-right-0123456789", "sk-wrong-0123456789"
	s := mock.NewHandler(mock.Config{Models: []mock.Model{model(mock.Say("yes"))}, Key: right})
	for _, c := range []struct {
		header string
		status int
		code   string
	}{
		{"Bearer " + right, 200, ""},
		{"bearer " + right, 200, ""},
		{"", 401, "null"},
		{"Basic " + right, 401, "null"},
		{"Bearer " + wrong, 401, "invalid_api_key"},
		{"Bearer short", 401, "invalid_api_key"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://mock/v1/chat/completions", strings.NewReader(ask("")))
		if err != nil {
			t.Fatal(err)
		}
		if c.header != "" {
			req.Header.Set("Authorization", c.header)
		}
		a := do(s, req)
		if a.status != c.status {
			t.Errorf("%q: got %d %s", c.header, a.status, a.body)
		}
		if c.status == 401 && deref(a.refusal(t).Code) != c.code {
			t.Errorf("%q: got %s", c.header, a.body)
		}
		if strings.Contains(a.body, wrong) || strings.Contains(a.body, "short") {
			t.Errorf("the key is echoed: %s", a.body)
		}
	}
	for _, e := range s.Log() {
		if e.Header.Get("Authorization") != "" {
			t.Error("the log holds a key")
		}
	}
}

func do(s *mock.Server, req *http.Request) answer {
	return roundTrip(&http.Client{Transport: s.Transport()}, req)
}

func TestBodiesOfOtherKindsAndSizesAreRefused(t *testing.T) {
	s := mock.NewHandler(mock.Config{Models: []mock.Model{model(mock.Say("yes"))}, MaxBody: 100})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://mock/v1/chat/completions", strings.NewReader("model=m"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a := do(s, req); a.status != 415 || deref(a.refusal(t).Code) != "unsupported_content_type" {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if a := post(t.Context(), s, ask(`,"user":"`+strings.Repeat("x", 100)+`"`)); a.status != 413 || deref(a.refusal(t).Code) != "request_too_large" {
		t.Errorf("got %d %s", a.status, a.body)
	}
}
