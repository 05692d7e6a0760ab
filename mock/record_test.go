package mock_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/mock"
)

// tapeOf records what do does to a recorder of the upstream, and returns the
// cassette's text.
func tapeOf(t *testing.T, upstream http.Handler, do func(url string)) string {
	t.Helper()
	text, _ := recording(t, upstream, do)
	return text
}

func recording(t *testing.T, upstream http.Handler, do func(url string)) (string, mock.Recording) {
	t.Helper()
	real := httptest.NewServer(upstream)
	defer real.Close()
	var out bytes.Buffer
	r, err := mock.NewRecorder(real.URL+"/base/", &out)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	r.Transport = transport
	proxy := httptest.NewServer(r)
	do(proxy.URL + "/v1")
	proxy.Close() // waits for the requests in work
	did, err := r.Recorded()
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), did
}

func replayer(t *testing.T, cassette string) (*mock.Cassette, string) {
	t.Helper()
	c, err := mock.ReadCassette(strings.NewReader(cassette))
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(c)
	t.Cleanup(web.Close)
	return c, web.URL + "/v1"
}

// call sends a request with the canary as key.
func call(t *testing.T, method, url, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+canary.Key)
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	return roundTrip(&http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, req)
}

func chatAt(t *testing.T, url, body string) answer {
	t.Helper()
	return call(t, http.MethodPost, url+"/chat/completions", body)
}

// under serves a mock below a path, as upstreams have it.
func under(s *mock.Server) http.Handler {
	return http.StripPrefix("/base", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/v1" + r.URL.Path
		s.ServeHTTP(w, r)
	}))
}

func sameAnswer(t *testing.T, what string, was, is answer) {
	t.Helper()
	if is.err != nil || is.status != was.status || is.body != was.body {
		t.Errorf("%s: recorded %d %q, replayed %d %q %v", what, was.status, was.body, is.status, is.body, is.err)
	}
	for name := range was.header {
		if got, want := is.header.Get(name), was.header.Get(name); got != want {
			t.Errorf("%s: header %s: recorded %q, replayed %q", what, name, want, got)
		}
	}
	for name := range is.header {
		if was.header[name] == nil {
			t.Errorf("%s: header %s: %q was not there", what, name, is.header.Get(name))
		}
	}
}

func TestReplayIsByteForByteWhatWasRecorded(t *testing.T) {
	upstream := mock.NewHandler(mock.Config{Models: []mock.Model{{ID: "m", Brain: mock.Echo}}, Faults: []mock.FaultRule{{IDs: []string{"X01"}, Calls: []int{4}}}})
	asks := []func(url string) answer{
		func(url string) answer { return call(t, http.MethodGet, url+"/models", "") },
		func(url string) answer { return chatAt(t, url, chatBody("m", "plain ünïcode")) },
		func(url string) answer {
			return chatAt(t, url, `{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"one two three 🎉"}]}`)
		},
		func(url string) answer { return chatAt(t, url, chatBody("m", "twice")) },
		func(url string) answer { return chatAt(t, url, chatBody("m", "twice")) },
		func(url string) answer { return chatAt(t, url, `{"model":`) },
		func(url string) answer { return chatAt(t, url, "\xff\xfe") },
		func(url string) answer { return call(t, http.MethodGet, url+"/nothing?b=2&a=1", "") },
	}
	var was []answer
	tape := tapeOf(t, under(upstream), func(url string) {
		for _, ask := range asks {
			was = append(was, ask(url))
		}
	})
	if strings.Contains(tape, canary.Key) {
		t.Errorf("the key is on the cassette:\n%s", tape)
	}
	c, url := replayer(t, tape)
	for i, ask := range asks {
		sameAnswer(t, fmt.Sprint("exchange ", i), was[i], ask(url))
	}
	if was[3].body == was[4].body {
		t.Error("equal requests had equal answers: they cannot show their order")
	}
	want := mock.Replays{Recorded: len(asks), Replayed: len(asks)}
	if got := c.Replays(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestEqualRequestsDifferInFormAlone(t *testing.T) {
	upstream := mock.NewHandler(mock.Config{Models: []mock.Model{{ID: "m", Brain: mock.Echo}}})
	tape := tapeOf(t, under(upstream), func(url string) {
		chatAt(t, url, `{"model":"m","temperature":1,"messages":[{"role":"user","content":"a/b"}]}`)
	})
	c, url := replayer(t, tape)
	for _, body := range []string{
		`{ "messages" : [ {"content":"a\/b", "role":"user"} ], "temperature": 1.0, "model": "m" }`,
		`{"model":"m","temperature":1e0,"messages":[{"role":"user","content":"\u0061/b"}]}`,
	} {
		if a := chatAt(t, url, body); a.status != 200 {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	if got := (mock.Replays{Recorded: 1, Replayed: 2, Repeated: 1}); c.Replays() != got {
		t.Errorf("got %+v, want %+v", c.Replays(), got)
	}
	for _, body := range []string{
		`{"model":"m","temperature":2,"messages":[{"role":"user","content":"a/b"}]}`,
		`{"model":"m","temperature":1,"messages":[{"role":"user","content":"a/b "}]}`, ``, `text`, "\xff",
	} {
		a := chatAt(t, url, body)
		if a.status != 404 || !strings.Contains(a.body, `"code": "no_recorded_exchange"`) || !strings.Contains(a.body, "POST /v1/chat/completions") {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	if a := call(t, http.MethodGet, url+"/chat/completions", ""); a.status != 404 {
		t.Errorf("another method: %d", a.status)
	}
	if got := c.Replays(); got.Missed != 6 || got.Unused != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestRecorderFollowsNoRedirect(t *testing.T) {
	tape := tapeOf(t, http.RedirectHandler("http://elsewhere.invalid/", http.StatusTemporaryRedirect), func(url string) {
		if a := chatAt(t, url, "{}"); a.status != 307 || a.header.Get("Location") != "http://elsewhere.invalid/" {
			t.Errorf("got %+v", a)
		}
	})
	if !strings.Contains(tape, `"status":307`) {
		t.Errorf("the cassette:\n%s", tape)
	}
}

func TestRecorderSaysThatTheUpstreamIsGone(t *testing.T) {
	var out bytes.Buffer
	r, err := mock.NewRecorder("http://127.0.0.1:1/v1", &out) // a port that nobody else gets, as a closed one might
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(r)
	defer proxy.Close()
	a := chatAt(t, proxy.URL+"/v1", "{}")
	if a.status != 502 || !strings.Contains(a.body, "upstream_failed") {
		t.Errorf("got %+v", a)
	}
	if did, err := r.Recorded(); err != nil || did != (mock.Recording{Requests: 1}) {
		t.Errorf("%+v %v", did, err)
	}
}

func TestWhatAClientLeavesEarlyIsRecordedAsFarAsItCame(t *testing.T) {
	release := make(chan struct{})
	upstream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "data: {}\n\n")
		if strings.HasSuffix(r.URL.Path, "/done") {
			fmt.Fprint(w, "data: [DONE]\n\n")
		}
		_ = http.NewResponseController(w).Flush()
		if strings.HasSuffix(r.URL.Path, "/done") {
			time.Sleep(30 * time.Millisecond) // the connection ends a little later
			return
		}
		<-r.Context().Done() // the recorder is to leave too
		close(release)
	})
	tape, did := recording(t, upstream, func(url string) {
		for _, path := range []string{"/never", "/done"} {
			ctx, cancel := context.WithCancel(t.Context())
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, url+path, nil)
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 64)
			if _, err := io.ReadAtLeast(resp.Body, buf, map[string]int{"/never": 10, "/done": 24}[path]); err != nil {
				t.Error(err)
			}
			cancel()
			_ = resp.Body.Close()
		}
		<-release
	})
	if strings.Count(tape, `"left":true`) != 1 || !strings.Contains(tape, "[DONE]") || did != (mock.Recording{Requests: 2, Written: 2}) {
		t.Errorf("%+v\n%s", did, tape)
	}
}

func TestRecordingGoesOnInItsFileBehindTheLastWholeLine(t *testing.T) {
	upstream := mock.NewServer(mock.Config{Models: []mock.Model{{ID: "m", Brain: mock.Echo}}})
	defer upstream.Close()
	path := filepath.Join(t.TempDir(), "tape.jsonl")
	session := func(text string) {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r, err := mock.NewRecorder(upstream.URL(), f)
		if err != nil {
			t.Fatal(err)
		}
		r.Transport = &http.Transport{DisableKeepAlives: true}
		proxy := httptest.NewServer(r)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { chatAt(t, proxy.URL+"/v1", chatBody("m", text)) })
		}
		wg.Wait()
		proxy.Close()
	}
	session("first")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, `{"n":9,"method":"POST","path":"/v1/cha`) // as a crash leaves it
	_ = f.Close()
	session("second")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, url := replayer(t, string(text))
	if got := c.Replays().Recorded; got != 8 {
		t.Errorf("%d exchanges:\n%s", got, text)
	}
	for _, text := range []string{"first", "second"} {
		if a := chatAt(t, url, chatBody("m", text)); a.status != 200 {
			t.Errorf("%s: %+v", text, a)
		}
	}
}

func TestRecorderRefusesWhatItCannotUse(t *testing.T) {
	for upstream, says := range map[string]string{
		"ftp://host": "not an http or https URL", "localhost:8080": "not an http", "": "not an http",
		"http://user:" + canary.Key + "@host/v1": "give the base URL alone", "http://host/v1?key=" + canary.Key: "give the base URL alone",
		"http://\x7f" + canary.Key: "not a URL",
	} {
		_, err := mock.NewRecorder(upstream, io.Discard)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), canary.Key) {
			t.Errorf("%s: %v", upstream, err)
		}
	}
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte("my notes\nof years\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := mock.NewRecorder("http://host/v1", f); err == nil || !strings.Contains(err.Error(), "does not say that this is a cassette") {
		t.Errorf("a file of somebody else's: %v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "my notes\nof years\n" {
		t.Errorf("the file is now %q", text)
	}
}
