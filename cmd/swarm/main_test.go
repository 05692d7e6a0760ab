package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/db31e724/go-swarm/internal/canary"
)

// TestMain is the command itself where a test starts this program again.
func TestMain(m *testing.M) {
	if os.Getenv("SWARM_BE_THE_COMMAND") != "" {
		main()
		return
	}
	canary.Main(func() { goleak.VerifyTestMain(m) })
}

// served is a command that serves until stop.
type served struct {
	url  string
	stop func() (status int, stdout, stderr string) // what followed the first line
}

var listening = regexp.MustCompile(`^listening on (http://127\.0\.0\.1:\d+/v1)\n$`)

// serve starts "swarm mock" on a free port.
func serve(t *testing.T, env map[string]string, args ...string) served {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	var stderr, rest bytes.Buffer
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, append([]string{"mock", "-addr", "127.0.0.1:0"}, args...), write, &stderr, func(k string) string { return env[k] })
		_ = write.Close()
	}()
	out := bufio.NewReader(read)
	first, _ := out.ReadString('\n')
	var once sync.Once
	var code int
	stop := func() (int, string, string) {
		once.Do(func() {
			cancel()
			_, _ = rest.ReadFrom(out)
			code = <-status
			for _, text := range []string{first, rest.String(), stderr.String()} {
				if strings.Contains(text, canary.Key) {
					t.Errorf("the key is shown: %s", text)
				}
			}
		})
		return code, rest.String(), stderr.String()
	}
	t.Cleanup(func() { stop() })
	m := listening.FindStringSubmatch(first)
	if m == nil {
		code, out, log := stop()
		t.Fatalf("the first line is %q; status %d\n%s%s", first, code, out, log)
	}
	return served{m[1], stop}
}

// file writes a file for one test.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// curl sends a request as a plain client does and returns status and body.
func curl(t *testing.T, method, url, key, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport, Timeout: 20 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func chat(model, text string) string {
	return fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":%q}]}`, model, text)
}

func TestCommandLineErrorsSayWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"nothing":             {nil, exitUsage, "usage: swarm COMMAND"},
		"no such command":     {[]string{"mok"}, exitUsage, `there is no command "mok"`},
		"unknown flag":        {[]string{"mock", "-frob"}, exitUsage, "frob"},
		"stray argument":      {[]string{"mock", "here"}, exitUsage, `"here": it takes flags alone`},
		"record and replay":   {[]string{"mock", "-record", "a", "-replay", "b"}, exitUsage, "exclude each other"},
		"record nothing":      {[]string{"mock", "-record", "a"}, exitUsage, "-record needs -upstream"},
		"upstream alone":      {[]string{"mock", "-upstream", "http://x"}, exitUsage, "-upstream needs -record"},
		"timing alone":        {[]string{"mock", "-timing"}, exitUsage, "-timing goes with -replay"},
		"config with replay":  {[]string{"mock", "-replay", "a", "-config", "b"}, exitUsage, "-config is for the mock's own models"},
		"key to the upstream": {[]string{"mock", "-record", "a", "-upstream", "http://x", "-key", canary.Key}, exitUsage, "UPSTREAM_API_KEY"},
		"address":             {[]string{"mock", "-addr", "8080"}, exitUsage, `-addr "8080" is not HOST:PORT`},
		"no such address":     {[]string{"mock", "-addr", "192.0.2.1:0"}, exitFailed, "192.0.2.1"},
		"no config":           {[]string{"mock", "-config", "missing.json"}, exitFailed, "missing.json"},
		"bad config":          {[]string{"mock", "-config", file(t, "c.json", "{\n\"modells\": []}")}, exitFailed, "c.json: mock: config, line 2: modells: Unknown parameter"},
		"no cassette":         {[]string{"mock", "-replay", "missing.jsonl"}, exitFailed, "missing.jsonl"},
		"bad cassette":        {[]string{"mock", "-replay", file(t, "t.jsonl", "hello\n")}, exitFailed, "t.jsonl: mock: cassette: line 1"},
		"not to overwrite":    {[]string{"mock", "-record", file(t, "n.txt", "notes\n"), "-upstream", "http://127.0.0.1:1"}, exitFailed, "n.txt: mock: cassette: line 1"},
		"bad upstream":        {[]string{"mock", "-record", filepath.Join(t.TempDir(), "t"), "-upstream", "host:1"}, exitFailed, "not an http or https URL"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := run(t.Context(), c.args, &stdout, &stderr, func(string) string { return "" })
			if status != c.status || !strings.Contains(stderr.String(), c.says) || stdout.Len() > 0 {
				t.Errorf("status %d, want %d saying %q\n%s%s", status, c.status, c.says, &stdout, &stderr)
			}
			if strings.Contains(stderr.String(), canary.Key) {
				t.Errorf("the key is shown: %s", &stderr)
			}
		})
	}
}

func TestHelpIsNoError(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"-h"}, {"mock", "-h"}} {
		var out bytes.Buffer
		if status := run(t.Context(), args, &out, &out, os.Getenv); status != exitOK || !strings.Contains(out.String(), "usage: swarm") {
			t.Errorf("%v: status %d\n%s", args, status, &out)
		}
	}
}

func TestSignalsEndItWithTheBill(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		cmd := exec.Command(os.Args[0], "mock", "-addr", "127.0.0.1:0")
		cmd.Env = append(os.Environ(), "SWARM_BE_THE_COMMAND=1", "GOCOVERDIR="+t.TempDir())
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		out := bufio.NewReader(stdout)
		first, _ := out.ReadString('\n')
		m := listening.FindStringSubmatch(first)
		if m == nil {
			_ = cmd.Process.Kill()
			t.Fatalf("the first line is %q: %v", first, cmd.Wait())
		}
		if status, body := curl(t, http.MethodPost, m[1]+"/chat/completions", "", chat("mock-small", "hello")); status != 200 {
			t.Errorf("got %d %s", status, body)
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(out)
		if err := cmd.Wait(); err != nil || !regexp.MustCompile(`^served \$0\.\d+ in all; mock-small: 1 call, 0 refused, \d+ \+ \d+ tokens, \$0\.\d+\n$`).Match(rest) {
			t.Errorf("%v: %v, it says %q", signal, err, rest)
		}
	}
}
