package mock_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
)

const (
	tapeHead = `{"cassette":"go-swarm/mock","version":1}` + "\n"
	tapeLine = `{"n":1,"method":"GET","path":"/v1/x","status":200,"pieces":[{"after_us":2000000,"data":"a"},{"after_us":500000,"base64":"/w=="}]}` + "\n"
)

// timed notes when what was written.
type timed struct {
	http.ResponseWriter
	began time.Time
	at    []time.Duration
	text  string
}

func (w *timed) Write(p []byte) (int, error) {
	w.at = append(w.at, time.Since(w.began))
	w.text += string(p)
	return len(p), nil
}

func TestTimingIsKeptOrDropped(t *testing.T) {
	for name, timing := range map[string]bool{"kept": true, "dropped": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, err := mock.ReadCassette(strings.NewReader(tapeHead + tapeLine))
				if err != nil {
					t.Fatal(err)
				}
				c.Timing = timing
				w := &timed{ResponseWriter: httptest.NewRecorder(), began: time.Now()}
				c.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/x", nil))
				want := []time.Duration{2 * time.Second, 2500 * time.Millisecond}
				if !timing {
					want = []time.Duration{0, 0}
				}
				if w.text != "a\xff" || len(w.at) != 2 || w.at[0] != want[0] || w.at[1] != want[1] {
					t.Errorf("%q at %v, want %v", w.text, w.at, want)
				}
			})
		})
	}
}

func TestReplayEndsWhenItsClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := mock.ReadCassette(strings.NewReader(tapeHead + tapeLine))
		if err != nil {
			t.Fatal(err)
		}
		c.Timing = true
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		defer func() {
			if p := recover(); p != http.ErrAbortHandler || time.Since(began) != time.Second {
				t.Errorf("it ended by %v after %s", p, time.Since(began))
			}
		}()
		c.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/v1/x", nil).WithContext(ctx))
	})
}

func TestBrokenConnectionsBreakAgain(t *testing.T) {
	upstream := mock.NewServer(mock.Config{Models: []mock.Model{{ID: "m", Brain: mock.Say(strings.Repeat("word ", 50))}}})
	defer upstream.Close()
	var bodies []string
	for _, id := range mock.FaultIDs("F18") { // streams and bodies that end early, some of them as HTTP wants it
		for _, more := range []string{"", `,"stream":true`} {
			bodies = append(bodies, `{"model":"m:`+id+`"`+more+`,"messages":[{"role":"user","content":"cut"}]}`)
		}
	}
	var was []answer
	tape := tapeOf(t, under(upstream), func(url string) {
		for _, body := range bodies {
			was = append(was, chatAt(t, url, body))
		}
	})
	_, url := replayer(t, tape)
	for i, body := range bodies {
		is := chatAt(t, url, body)
		if is.status != was[i].status || is.body != was[i].body || (is.err == nil) != (was[i].err == nil) {
			t.Errorf("%s: recorded %d %d bytes %v, replayed %d %d bytes %v", body, was[i].status, len(was[i].body), was[i].err, is.status, len(is.body), is.err)
		}
	}
}

func TestConnectionsThatBreakBeforeAReplyBreakAgain(t *testing.T) {
	upstream := mock.NewServer(mock.Config{Models: []mock.Model{{ID: "m", Brain: mock.Echo}}})
	defer upstream.Close()
	body := chatBody("m:X11", "reset")
	var was answer
	tape := tapeOf(t, under(upstream), func(url string) { was = chatAt(t, url, body) })
	_, url := replayer(t, tape)
	if is := chatAt(t, url, body); was.err == nil || is.err == nil {
		t.Errorf("recorded %+v, replayed %+v\n%s", was, is, tape)
	}
}

func TestWhatAClientLeftIsGivenInItsTurnAndNotRepeated(t *testing.T) {
	const left = `{"n":2,"method":"GET","path":"/v1/x","status":200,"left":true,"pieces":[{"data":"half"}]}` + "\n"
	synctest.Test(t, func(t *testing.T) {
		c, err := mock.ReadCassette(strings.NewReader(tapeHead + tapeLine + left))
		if err != nil {
			t.Fatal(err)
		}
		get := func(patience time.Duration) (text string, took time.Duration) {
			w := &timed{ResponseWriter: httptest.NewRecorder(), began: time.Now()}
			defer func() {
				_ = recover() // http.ErrAbortHandler
				text, took = w.text, time.Since(w.began)
			}()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			c.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/x", nil).WithContext(ctx))
			return
		}
		for i, want := range []struct {
			text string
			took time.Duration
		}{{"a\xff", 0}, {"half", 5 * time.Second}, {"a\xff", 0}, {"a\xff", 0}} {
			if text, took := get(5 * time.Second); text != want.text || took != want.took {
				t.Errorf("call %d: %q after %s, want %q after %s", i, text, took, want.text, want.took)
			}
		}
		c, err = mock.ReadCassette(strings.NewReader(tapeHead + left))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // there is nothing else to repeat
			if text, took := get(time.Hour); text != "half" || took != 10*time.Second {
				t.Errorf("alone: %q after %s", text, took)
			}
		}
	})
}

func TestCassetteErrorsNameTheLine(t *testing.T) {
	for name, c := range map[string]struct{ tape, says string }{
		"empty":              {"", "first line"},
		"no whole line":      {strings.TrimSpace(tapeHead), "first line"},
		"another file":       {"hello\n", "line 1: it does not say that this is a cassette"},
		"another version":    {`{"cassette":"go-swarm/mock","version":2}` + "\n", "line 1: it does not say that this is a cassette of version 1"},
		"not JSON":           {tapeHead + "oops\n", "line 2"},
		"unknown field":      {tapeHead + `{"n":1,"methud":"GET"}` + "\n", `line 2: `},
		"two values":         {tapeHead + `{"n":1,"method":"GET","path":"/","status":200}{}` + "\n", "line 2: something follows"},
		"blank line":         {tapeHead + "\n" + tapeLine, "line 2"},
		"no method":          {tapeHead + `{"path":"/","status":200}` + "\n", "line 2: "},
		"no path":            {tapeHead + `{"method":"GET","path":"x","status":200}` + "\n", "line 2: path"},
		"no status":          {tapeHead + tapeLine + `{"method":"GET","path":"/"}` + "\n", "line 3: status 0"},
		"line 2: status":     {tapeHead + `{"method":"GET","path":"/","status":101}` + "\n", "line 2: status"},
		"split header":       {tapeHead + `{"method":"GET","path":"/","status":200,"headers":{"A":["b\r\nc: d"]}}` + "\n", `headers.A`},
		"backwards":          {tapeHead + `{"method":"GET","path":"/","status":200,"pieces":[{"after_us":-1}]}` + "\n", "pieces[0].after_us"},
		"cut and left":       {tapeHead + `{"method":"GET","path":"/","status":200,"cut":true,"left":true}` + "\n", "line 2: "},
		"two kinds of piece": {tapeHead + `{"method":"GET","path":"/","status":200,"pieces":[{"data":"a","base64":"YQ=="}]}` + "\n", "pieces[0]"},
	} {
		if _, err := mock.ReadCassette(strings.NewReader(c.tape)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
	if _, err := mock.ReadCassette(iotest.ErrReader(io.ErrClosedPipe)); err == nil {
		t.Error("a reader that fails is no error")
	}
}

func TestRequestsCountAsTheyArrivedNotAsTheyEnded(t *testing.T) {
	c, err := mock.ReadCassette(strings.NewReader(tapeHead +
		`{"n":2,"method":"GET","path":"/v1/x","status":200,"pieces":[{"data":"second"}]}` + "\n" +
		`{"n":1,"method":"GET","path":"/v1/x","status":503}` + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{503, 200, 200} {
		w := httptest.NewRecorder()
		c.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/x", nil))
		if w.Code != want {
			t.Errorf("got %d, want %d", w.Code, want)
		}
	}
}

func TestACassetteOfNothingMissesEverything(t *testing.T) {
	var c mock.Cassette
	w := httptest.NewRecorder()
	c.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/models", nil))
	if w.Code != 404 || !strings.Contains(w.Body.String(), "it holds 0") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
