package chat

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

func TestEndpointsAreChecked(t *testing.T) {
	const key = testKey
	for _, tc := range []struct {
		name  string
		e     model.Backend
		words []string // of the error; none: it is accepted
	}{
		{"OpenAI", model.Backend{Model: "m", Key: key}, nil},
		{"slash", model.Backend{Model: "m", BaseURL: "http://h/v1/"}, nil},
		{"whole path", model.Backend{Model: "m", BaseURL: " http://h:1/v1/chat/completions/ "}, nil},
		{"IPv6", model.Backend{Model: "m", BaseURL: "http://[::1]:8080/v1"}, nil},
		{"no scheme", model.Backend{Model: "m", BaseURL: "localhost:11434/v1"}, []string{"base URL", "localhost:11434/v1", "http://"}},
		{"other scheme", model.Backend{Model: "m", BaseURL: "ftp://h/v1"}, []string{"base URL", "ftp", "https"}},
		{"no host", model.Backend{Model: "m", BaseURL: "http:///v1"}, []string{"base URL", "host"}},
		{"bad port", model.Backend{Model: "m", BaseURL: "http://h:99999/v1"}, []string{"99999", "65535"}},
		{"unreadable", model.Backend{Model: "m", BaseURL: "http://h h/%zz"}, []string{"base URL"}},
		{"password", model.Backend{Model: "m", BaseURL: "http://me:" + key + "@h/v1", Key: key}, []string{"user or password", "Key"}},
		{"query", model.Backend{Model: "m", BaseURL: "http://h/v1?key=" + key, Key: key}, []string{"query"}},
		{"key in the path", model.Backend{Model: "m", BaseURL: "ftp://h/" + key, Key: key}, []string{"[key]"}},
		{"key with newline", model.Backend{Model: "m", Key: key + "\n"}, []string{"key", "byte"}},
		{"key with letters of no header", model.Backend{Model: "m", Key: key + "é"}, []string{"key", "byte"}},
		{"header name", model.Backend{Model: "m", Header: http.Header{"a b": {"x"}}}, []string{`"a b"`}},
		{"header value", model.Backend{Model: "m", Header: http.Header{"A": {key + "\r\nB: c"}}}, []string{`"A"`, "line break"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := New(tc.e)
			if len(tc.words) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
				return
			}
			if err == nil {
				t.Fatal("accepted")
			}
			for _, w := range tc.words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not say %q", err, w)
				}
			}
			if strings.Contains(err.Error(), key) {
				t.Errorf("error %q holds the key", err)
			}
		})
	}
}

func TestBaseURLIsMended(t *testing.T) {
	for _, base := range []string{"http://h/v1", "http://h/v1/", "http://h/v1/chat/completions", "http://h/v1/chat/completions/"} {
		s := says(200, okBody)
		answer := s.answer
		s.answer = func(req *http.Request, body string) (*http.Response, error) {
			if got := req.URL.String(); got != "http://h/v1/chat/completions" {
				t.Errorf("%s: asked %s", base, got)
			}
			return answer(req, body)
		}
		if _, err := client(t, s, func(e *model.Backend) { e.BaseURL = base }).Attempt(t.Context(), ask()); err != nil {
			t.Error(err)
		}
	}
}

func TestErrorsHoldNoSecrets(t *testing.T) {
	long := strings.Repeat("the prompt's own words ", 20)
	r := ask()
	r.Messages[1].Content = long
	c := func(rt http.RoundTripper) *Client {
		return client(t, rt, func(e *model.Backend) { e.Header = http.Header{"Api-Key": {"azure-canary-55"}} })
	}
	for name, said := range map[string]string{
		"key":             "bad key " + testKey + "!",
		"key, other case": "bad key " + strings.ToUpper(testKey),
		"bearer":          "header was Bearer abcdef0123456789",
		"masked key":      "Incorrect API key provided: sk-proj-****wxyz9",
		"header's value":  "header azure-canary-55 is wrong",
		"URL":             "see http://user:pw@model.test/v1?key=1",
		"prompt":          "cannot read: " + long,
		"lines":           "one\ntwo\x00three",
		"long":            strings.Repeat("字", 10000),
	} {
		for _, body := range []string{`{"error":{"message":` + quoted(said) + `,"code":` + quoted(said) + `,"param":` + quoted(said) + `}}`, said} {
			_, err := c(says(401, body)).Attempt(t.Context(), r)
			e := callError(t, err, swarm.ClassAuth)
			for _, secret := range []string{testKey, "abcdef0123456789", "wxyz9", "azure-canary-55", "pw@", "the prompt's own words", "\x00"} {
				if strings.Contains(strings.ToLower(e.Error()+e.Code), strings.ToLower(secret)) {
					t.Errorf("%s: error %q holds %q", name, e, secret)
				}
			}
			if n := len([]rune(e.Error())); n > 400 {
				t.Errorf("%s: error of %d runes", name, n)
			}
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var mu sync.Mutex
	hits := 0
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		hits++
		mu.Unlock()
	}))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		first := httptest.NewServer(http.RedirectHandler(other.URL, status))
		for _, hc := range []*http.Client{nil, {}} {
			c, err := New(model.Backend{BaseURL: first.URL + "/v1", Key: testKey, Model: "small", Client: hc})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []model.Request{ask(), askStream()} {
				_, err := c.Attempt(t.Context(), r)
				callError(t, err, swarm.ClassNotFound)
			}
			c.Close()
		}
		first.Close()
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if hits != 0 {
		t.Errorf("the other host was asked %d times", hits)
	}
}

func TestTLSTroubleIsExplained(t *testing.T) {
	quiet := log.New(io.Discard, "", 0)
	plain := httptest.NewUnstartedServer(http.NotFoundHandler())
	plain.Config.ErrorLog = quiet
	plain.Start()
	defer plain.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = quiet
	secure.StartTLS()
	defer secure.Close()
	const gone = "http://127.0.0.1:1" // a port that nobody else gets, as a closed one might
	for base, words := range map[string]string{
		strings.Replace(plain.URL, "http:", "https:", 1): "TLS",
		secure.URL: "certificate",
		gone:       "connection refused",
	} {
		c, err := New(model.Backend{BaseURL: base, Model: "small"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Attempt(t.Context(), ask())
		if e := callError(t, err, swarm.ClassNetwork); !strings.Contains(e.Error(), words) || strings.Contains(e.Error(), "127.0.0.1") {
			t.Errorf("error %q, want it to say %q", e, words)
		}
		c.Close()
	}
}

// pipes is a listener without a network: dial makes a connection to it.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	p <- far
	return near, nil
}

// A server that ends its body a little after [DONE] still gets its
// connection used again, and so does one whose replies are errors.
func TestConnectionsAreUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turn, accepted atomic.Int32
		srv := http.Server{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch turn.Add(1) % 3 {
				case 0:
					w.WriteHeader(500)
					w.Write([]byte(strings.Repeat("x", 10000)))
				case 1:
					w.Write([]byte(okBody))
				default:
					w.Write([]byte(sse(chunk("hello"), stopChunk, "[DONE]")))
					w.(http.Flusher).Flush()
					time.Sleep(5 * time.Millisecond)
				}
			}),
			ConnState: func(_ net.Conn, s http.ConnState) {
				if s == http.StateNew {
					accepted.Add(1)
				}
			},
		}
		at := make(pipes)
		go srv.Serve(at)
		defer srv.Close()
		transport := &http.Transport{DialContext: at.dial}
		c, err := New(model.Backend{BaseURL: "http://model.test/v1", Model: "small", Client: &http.Client{Transport: transport}})
		if err != nil {
			t.Fatal(err)
		}
		defer transport.CloseIdleConnections()
		defer c.Close()
		for i := 1; i <= 30; i++ {
			r := ask()
			streams(&r, i%3 == 2)
			if _, err := c.Attempt(t.Context(), r); (err != nil) != (i%3 == 0) {
				t.Fatal(i, err)
			}
		}
		if n := accepted.Load(); n != 1 {
			t.Errorf("%d connections were made for 30 calls one after another", n)
		}
	})
}
