package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/swarm"
)

func TestMain(m *testing.M) { canary.Main(func() { m.Run() }) }

// start runs the command line and returns its exit status and what it wrote.
func start(t *testing.T, env map[string]string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, log bytes.Buffer
	status = run(t.Context(), args, strings.NewReader("The bridge was opened in 1904."), &out, &log, func(k string) string { return env[k] })
	for name, text := range map[string]string{"stdout": out.String(), "stderr": log.String()} {
		if strings.Contains(text, canary.Key) {
			t.Errorf("the key stands in %s: %s", name, text)
		}
		if strings.Contains(text, "goroutine ") {
			t.Errorf("a stack in %s: %s", name, text)
		}
	}
	return status, out.String(), log.String()
}

// file writes a file for one test.
func file(t *testing.T, name, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRefusesWhatItCannotUse(t *testing.T) {
	good := file(t, "good.txt", "The bridge was opened in 1904.")
	noise := make([]byte, 4096)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	for name, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"no such file":                            {[]string{"-q", "x?", "-file", "missing.txt"}, exitFailed, "missing.txt"},
		"a question beyond the workers' context":  {[]string{"-worker-context", "1024", "-q", strings.Repeat("Where is the red door of the house? ", 60), "-file", good}, exitFailed, "-worker-context is 1024"},
		"a question beyond the planner's context": {[]string{"-planner-context", "2048", "-q", strings.Repeat("Where is the red door of the house? ", 160), "-file", good}, exitFailed, "-planner-context is 2048"},
		"workers 0":         {[]string{"-workers", "0"}, exitUsage, "-workers is 0"},
		"workers -1":        {[]string{"-workers", "-1"}, exitUsage, "-workers is -1"},
		"workers no number": {[]string{"-workers", "many"}, exitUsage, "many"},
		"empty question":    {[]string{"-q", ""}, exitUsage, "-q is empty"},
		"blank question":    {[]string{"-q", " \n"}, exitUsage, "-q is empty"},
		"no question":       {[]string{"-file", good}, exitUsage, "-q is missing"},
		"stray argument":    {[]string{"what?"}, exitUsage, "what?"},
		"unknown flag":      {[]string{"-frob"}, exitUsage, "frob"},
		"small context":     {[]string{"-worker-context", "10"}, exitUsage, "at least"},
		"no time":           {[]string{"-timeout", "0s"}, exitUsage, "-timeout"},
		"empty file":        {[]string{"-q", "x?", "-file", file(t, "e.txt", "")}, exitFailed, "no text"},
		"blank file":        {[]string{"-q", "x?", "-file", file(t, "b.txt", " \n\t\n")}, exitFailed, "no text"},
		"random bytes":      {[]string{"-q", "x?", "-file", file(t, "r.bin", string(noise))}, exitFailed, "not text"},
		"empty directory":   {[]string{"-q", "x?", "-file", t.TempDir()}, exitFailed, "no text file"},
		"stdin twice":       {[]string{"-q", "x?", "-file", "-", "-file", "-"}, exitFailed, "once"},
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, _ := start(t, nil, append([]string{"-json"}, c.args...)...)
			var r reply
			if err := json.Unmarshal([]byte(stdout), &r); err != nil || status != c.status || !strings.Contains(r.Error, c.says) || r.Status == swarm.Answered {
				t.Errorf("-json: status %d, want %d saying %q, %v\n%s", status, c.status, c.says, err, stdout)
			}
			status, stdout, stderr := start(t, nil, c.args...)
			if status != c.status || !strings.Contains(stderr, c.says) || stdout != "" {
				t.Errorf("status %d, want %d saying %q\n%s\n%s", status, c.status, c.says, stderr, stdout)
			}
		})
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	if status, _, stderr := start(t, nil, "-h"); status != exitOK || !strings.Contains(stderr, "-worker-context") {
		t.Error(status, stderr)
	}
}

// TestReadsOddFiles asks about a fact in files that are odd but can be read.
func TestReadsOddFiles(t *testing.T) {
	t.Parallel()
	const fact, question = "The old bridge over the river was opened to traffic in 1904.", "When was the old bridge opened to traffic?"
	filler := strings.Repeat("Rain fell on the town and nothing else was recorded that week. ", 100)
	for name, text := range map[string]string{
		"crlf.txt":    "Annals\r\n\r\n" + filler + "\r\n\r\n" + fact + "\r\n",
		"bom.txt":     "\uFEFF" + fact,
		"broken.html": "<html><body><p>" + filler + "<table><tr><td>" + fact + "</div></p><b>",
		"invalid.txt": filler + "\xff\xfe " + fact,
		"utf16.txt":   utf16LE(fact),
		"noext":       fact,
		"long.txt":    strings.Repeat("x", 1<<20) + " " + fact,
	} {
		t.Run(name, func(t *testing.T) {
			if name == "long.txt" {
				slow(t)
			}
			r := ask(t, "-q", question, "-file", file(t, name, text))
			if len(r.Citations) == 0 || !r.Citations[0].Verified || !strings.Contains(r.Citations[0].Quote, "1904") {
				t.Errorf("answer %q, citations %.500v", r.Answer, r.Citations)
			}
		})
	}
}

func utf16LE(s string) string {
	b := []byte{0xFF, 0xFE}
	for _, r := range s {
		b = append(b, byte(r), byte(r>>8))
	}
	return string(b)
}

func TestOffsetsPointIntoTheFile(t *testing.T) {
	text := "Annals of the town\r\n\r\nIt rained.  The old   bridge was\r\nopened to traffic in 1904.\r\n"
	r := ask(t, "-q", "When was the old bridge opened to traffic?", "-file", file(t, "a.txt", text))
	if len(r.Citations) == 0 {
		t.Fatal(r.Answer)
	}
	for _, c := range r.Citations {
		if c.Verified && fold(text[c.Start:c.End]) != fold(c.Quote) {
			t.Errorf("bytes [%d, %d) are %q, the quote is %q", c.Start, c.End, text[c.Start:c.End], c.Quote)
		}
		if want := 1 + strings.Count(text[:c.Start], "\n"); c.Line != want {
			t.Errorf("line %d, want %d", c.Line, want)
		}
	}
}

func TestPassagesNameTheirLineAndHeadings(t *testing.T) {
	text := "# Annals\n\nIt rained.\n\n## Bridges\n\nThe old bridge was opened to traffic in 1904.\n"
	path := file(t, "annals.md", text)
	args := []string{"-q", "When was the old bridge opened to traffic?", "-file", path}
	r := ask(t, args...)
	if len(r.Citations) == 0 || r.Citations[0].Line != 7 || r.Citations[0].Path != "Annals › Bridges" {
		t.Errorf("%+v", r.Citations)
	}
	if want := swarm.EstimateTokens(text); r.Report.SourceTokens < want*3/4 || r.Report.SourceTokens > want*5/4 {
		t.Errorf("%d tokens of sources, want about %d", r.Report.SourceTokens, want)
	}
	status, stdout, stderr := start(t, nil, args...)
	if want := "[1] annals.md, line 7, in Annals › Bridges\n"; status != exitOK || !strings.Contains(stdout, want) {
		t.Errorf("status %d: no %q in\n%s\n%s", status, want, stdout, stderr)
	}
	for c, want := range map[swarm.Citation]string{
		{Source: "a"}: "a", {Source: "a", Line: 3}: "a, line 3", {Source: "a", Path: "X › Y"}: "a, in X › Y",
	} {
		if got := place(c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestDumpHoldsWhatOffsetsPointInto(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "texts")
	a := file(t, "page.html", "<h1>Bridge</h1><p>The old bridge was opened in 1904.</p>")
	b := file(t, "page.html", "<h1>Tower</h1><p>The tower was built in 1870 &amp; burnt in 1911.</p>")
	r := ask(t, "-q", "When was the tower built?", "-file", a, "-file", b, "-dump", dir)
	if len(r.Citations) == 0 {
		t.Fatal(r.Answer)
	}
	found := false
	for _, name := range []string{"page.html.txt", "page.html.2.txt"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		c := r.Citations[0]
		found = found || c.End <= len(text) && fold(string(text[c.Start:c.End])) == fold(c.Quote)
	}
	if !found {
		t.Errorf("%+v is in no dumped text", r.Citations[0])
	}
}

func TestReadsADirectoryAndStdin(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"a.txt": "The tower was built in 1870.", "sub/b.md": "# Bridge\n\nThe bridge was opened in 1904.", "c.png": "\x89PNG\r\n\x1a\n\x00\x00"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	status, stdout, stderr := start(t, nil, "-json", "-q", "When was the bridge opened?", "-file", dir)
	if status != exitOK || !strings.Contains(stdout, "sub/b.md") || !strings.Contains(stderr, "c.png") {
		t.Errorf("status %d\n%s\n%s", status, stderr, stdout)
	}
	status, stdout, stderr = start(t, nil, "-json", "-q", "When was the bridge opened?", "-file", "-")
	if status != exitOK || !strings.Contains(stdout, "1904") {
		t.Errorf("status %d\n%s\n%s", status, stderr, stdout)
	}
}

func server(t *testing.T, h http.HandlerFunc) map[string]string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return map[string]string{"OPENAI_BASE_URL": srv.URL + "/v1", "OPENAI_API_KEY": canary.Key, "SWARM_PLANNER_MODEL": "big", "SWARM_WORKER_MODEL": "little"}
}

func TestServersThatDoNotServe(t *testing.T) {
	t.Parallel()
	good := file(t, "good.txt", "The bridge was opened in 1904.")
	refuse := server(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"error":{"message":"Incorrect API key provided: `+r.Header.Get("Authorization")+`","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`)
	})
	silent := server(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	with := func(env map[string]string, k, v string) map[string]string {
		m := map[string]string{}
		for a, b := range env {
			m[a] = b
		}
		m[k] = v
		return m
	}
	for name, c := range map[string]struct {
		env  map[string]string
		args []string
		says string
	}{
		"wrong key":        {refuse, nil, "auth"},
		"never answers":    {silent, []string{"-timeout", "500ms"}, "time limit"},
		"unreachable":      {with(refuse, "OPENAI_BASE_URL", "http://127.0.0.1:1/v1"), nil, "network"},
		"malformed URL":    {with(refuse, "OPENAI_BASE_URL", "http://[::1"), nil, "base URL"},
		"no scheme":        {with(refuse, "OPENAI_BASE_URL", "localhost:8080/v1"), nil, "no scheme"},
		"no model named":   {with(refuse, "SWARM_WORKER_MODEL", ""), nil, "SWARM_WORKER_MODEL"},
		"key with newline": {with(refuse, "OPENAI_API_KEY", canary.Key+"\n"), nil, "key has"},
	} {
		t.Run(name, func(t *testing.T) {
			forms := [][]string{nil, {"-v"}, {"-json"}}
			if name == "unreachable" { // it takes ten seconds to give up
				t.Parallel()
				forms = forms[2:]
			}
			for _, more := range forms {
				args := append(append([]string{"-q", "When was the bridge opened?", "-file", good}, c.args...), more...)
				status, stdout, stderr := start(t, c.env, args...)
				if status != exitFailed || !strings.Contains(stderr, c.says) {
					t.Errorf("%v: status %d, want %d saying %q\n%s\n%s", more, status, exitFailed, c.says, stderr, stdout)
				}
				var r reply
				if slices.Contains(more, "-json") && (json.Unmarshal([]byte(stdout), &r) != nil || !strings.Contains(r.Error, c.says)) {
					t.Errorf("stdout is not one object saying %q: %s", c.says, stdout)
				}
			}
		})
	}
}

func TestJSONBehindAFlagThatCannotBeRead(t *testing.T) {
	var r reply
	status, stdout, _ := start(t, nil, "-workers", "many", "-json")
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || status != exitUsage || !strings.Contains(r.Error, "many") {
		t.Error(status, err, stdout)
	}
}

func TestALongerRunIsMorePatientWithItsServer(t *testing.T) {
	for limit, want := range map[string][2]time.Duration{
		"30s": {attemptTime, callTime}, "10m": {attemptTime, 400 * time.Second}, "1h": {450 * time.Second, 40 * time.Minute},
	} {
		s, err := parse([]string{"-timeout", limit}, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if l := s.patience(); l.AttemptTime != want[0] || l.CallTime != want[1] {
			t.Errorf("-timeout %s: %v for an attempt, %v for a call, want %v", limit, l.AttemptTime, l.CallTime, want)
		}
	}
}
