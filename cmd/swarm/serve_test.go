package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/mock"
)

func TestRecordedAndReplayedWithoutTheUpstream(t *testing.T) {
	const upstreamKey = "sk-upstream-4669201609"
	upstream := httptest.NewServer(mock.NewHandler(mock.Config{Key: upstreamKey, Models: []mock.Model{{ID: "m", Brain: mock.Echo}}}))
	defer upstream.Close()
	tape := filepath.Join(t.TempDir(), "tape.jsonl")

	type reply struct {
		status int
		body   string
	}
	bodies := []string{
		chat("m", "hello"), chat("m", "hello"), chat("none", "x"),
		`{"model":"m","stream":true,"messages":[{"role":"user","content":"a b c"}]}`,
	}
	all := func(s served, key string) (out []reply) {
		for _, body := range bodies {
			status, text := curl(t, http.MethodPost, s.url+"/chat/completions", key, body)
			out = append(out, reply{status, text})
		}
		return out
	}
	s := serve(t, map[string]string{envKey: canary.Key, envUpstreamKey: upstreamKey}, "-record", tape, "-upstream", upstream.URL+"/v1", "-log")
	if status, _ := curl(t, http.MethodPost, s.url+"/chat/completions", "sk-somebody-elses", bodies[0]); status != 401 {
		t.Errorf("with another key: %d", status)
	}
	was := all(s, canary.Key)
	code, out, log := s.stop()
	if code != exitOK || !strings.Contains(out, "recorded 4 exchanges of 4 requests to "+tape) {
		t.Errorf("status %d, it says %q", code, out)
	}
	if strings.Count(log, "\n") != 5 || !strings.Contains(log, "POST /v1/chat/completions 404") {
		t.Errorf("the log:\n%s", log)
	}
	text, err := os.ReadFile(tape)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{canary.Key, upstreamKey} {
		if strings.Contains(string(text), key) {
			t.Errorf("a key is on the cassette:\n%s", text)
		}
	}
	if info, err := os.Stat(tape); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the cassette: %v %v", info.Mode(), err)
	}
	upstream.Close()

	for _, timing := range [][]string{nil, {"-timing"}} {
		s = serve(t, nil, append([]string{"-replay", tape}, timing...)...)
		is := all(s, "sk-yet-another-key")
		for i := range was {
			if is[i] != was[i] {
				t.Errorf("exchange %d: recorded %+v, replayed %+v", i, was[i], is[i])
			}
		}
		if status, body := curl(t, http.MethodPost, s.url+"/chat/completions", "", chat("m", "never asked")); status != 404 || !strings.Contains(body, "no_recorded_exchange") {
			t.Errorf("a miss: %d %s", status, body)
		}
		if code, out, _ := s.stop(); code != exitOK || out != "replayed 4 requests, 0 of them past the last recorded; 1 missed, 0 of 4 exchanges unused\n" {
			t.Errorf("status %d, it says %q", code, out)
		}
	}
}

func TestWithoutAnUpstreamKeyTheClientsIsPassedOn(t *testing.T) {
	upstream := httptest.NewServer(mock.NewHandler(mock.Config{Key: canary.Key, Models: []mock.Model{{ID: "m", Brain: mock.Echo}}}))
	defer upstream.Close()
	tape := filepath.Join(t.TempDir(), "tape.jsonl")
	s := serve(t, nil, "-record", tape, "-upstream", upstream.URL+"/v1")
	if status, body := curl(t, http.MethodPost, s.url+"/chat/completions", canary.Key, chat("m", "hi")); status != 200 {
		t.Errorf("got %d %s", status, body)
	}
	s.stop()
	if text, err := os.ReadFile(tape); err != nil || strings.Contains(string(text), canary.Key) {
		t.Errorf("%v, the cassette: %s", err, text)
	}
}

func TestOpenAddressesAreWarnedOf(t *testing.T) {
	for addr, warned := range map[string]bool{"127.0.0.1:1": false, "localhost:1": false, "[::1]:1": false, "0.0.0.0:1": true, ":1": true, "host:1": true} {
		var out, log strings.Builder
		if greet(&out, &log, addr, "URL", ""); strings.Contains(log.String(), envKey) != warned {
			t.Errorf("%s: %q", addr, log.String())
		}
		log.Reset()
		if greet(&out, &log, addr, "URL", "key"); log.Len() > 0 {
			t.Errorf("%s with a key: %q", addr, log.String())
		}
	}
}
