package chat

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// script is a body that says its parts at their times and then holds, or
// ends. It hears of no context: only Close ends a wait.
type script struct {
	parts  []part
	hold   bool
	closed chan struct{}
	rest   string
}

type part struct {
	after time.Duration
	text  string
}

func scripted(hold bool, parts ...part) *script {
	return &script{parts: parts, hold: hold, closed: make(chan struct{})}
}

func (s *script) Read(p []byte) (int, error) {
	for s.rest == "" {
		if len(s.parts) == 0 {
			if s.hold {
				<-s.closed
				return 0, http.ErrBodyReadAfterClose
			}
			return 0, io.EOF
		}
		t := time.NewTimer(s.parts[0].after)
		select {
		case <-t.C:
		case <-s.closed:
			t.Stop()
			return 0, http.ErrBodyReadAfterClose
		}
		s.rest, s.parts = s.parts[0].text, s.parts[1:]
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *script) Close() error {
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
	return nil
}

func serving(b *script) *server {
	return &server{answer: func(*http.Request, string) (*http.Response, error) {
		resp := response(200, "")
		resp.Body = b
		return resp, nil
	}}
}

func (s *script) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

func TestCancelEndsTheAttemptAtOnce(t *testing.T) {
	for _, r := range []model.Request{ask(), askStream()} {
		synctest.Test(t, func(t *testing.T) {
			b := scripted(true, part{0, sse(chunk("hel"))})
			ctx, cancel := context.WithCancel(t.Context())
			go func() { time.Sleep(3 * time.Second); cancel() }()
			start := time.Now()
			rep, err := client(t, serving(b)).Attempt(ctx, r)
			callError(t, err, swarm.ClassCancelled)
			if !errors.Is(err, context.Canceled) {
				t.Error("the error does not wrap context.Canceled")
			}
			if d := time.Since(start); d != 3*time.Second {
				t.Errorf("returned after %v", d)
			}
			if !b.isClosed() {
				t.Error("the body is still open")
			}
			if (r.OnText != nil) && rep.Text != "hel" {
				t.Errorf("text %q beside the error", rep.Text)
			}
		})
	}
}

func TestDeadlineIsATimeout(t *testing.T) {
	for _, r := range []model.Request{ask(), askStream()} {
		synctest.Test(t, func(t *testing.T) {
			b := scripted(true)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := client(t, serving(b)).Attempt(ctx, r)
			callError(t, err, swarm.ClassTimeout)
			if !b.isClosed() {
				t.Error("the body is still open")
			}
		})
	}
}

func TestEndedContextSendsNothing(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	s := says(200, okBody)
	_, err := client(t, s).Attempt(ctx, ask())
	callError(t, err, swarm.ClassCancelled)
	if len(s.sent()) != 0 {
		t.Error("a request was sent")
	}
}

func TestFinishedReplyIsWholeThoughTheStreamHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := scripted(true, part{0, sse(chunk("hello"), stopChunk)})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		rep, err := client(t, serving(b)).Attempt(ctx, askStream())
		if err != nil || rep.Text != "hello" || (rep.Usage.In > 0) {
			t.Errorf("got %+v, %v", rep, err)
		}
	})
}

func TestEndOfStreamIsDrainedOnlyBriefly(t *testing.T) {
	for name, tc := range map[string]struct {
		last part
		hold bool
		want time.Duration
	}{
		"ends soon": {part{20 * time.Millisecond, "\n"}, false, 20 * time.Millisecond},
		"holds":     {part{0, "\n"}, true, drainTime},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := scripted(tc.hold, part{0, sse(chunk("hello"), stopChunk, "[DONE]")}, tc.last)
			start := time.Now()
			rep, err := client(t, serving(b)).Attempt(t.Context(), askStream())
			if err != nil || rep.Text != "hello" {
				t.Fatalf("got %+v, %v", rep, err)
			}
			if d := time.Since(start); d != tc.want {
				t.Errorf("%s: returned after %v, want %v", name, d, tc.want)
			}
			if !b.isClosed() {
				t.Errorf("%s: the body is still open", name)
			}
		})
	}
}

func TestErrorWhoseBodyNeverEndsIsToldSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := scripted(true, part{0, `{"error":{"message":"slow down"`})
		s := serving(b)
		answer := s.answer
		s.answer = func(req *http.Request, body string) (*http.Response, error) {
			resp, err := answer(req, body)
			resp.StatusCode = 429
			return resp, err
		}
		start := time.Now()
		_, err := client(t, s).Attempt(t.Context(), ask())
		callError(t, err, swarm.ClassRateLimited)
		if d := time.Since(start); d != errorTime || !b.isClosed() {
			t.Errorf("returned after %v, closed %v", d, b.isClosed())
		}
	})
}

func TestOwnClientsTimeoutHolds(t *testing.T) {
	for _, r := range []model.Request{ask(), askStream()} {
		synctest.Test(t, func(t *testing.T) {
			b := scripted(true, part{0, sse(chunk("hel"))})
			c := client(t, serving(b), func(e *model.Backend) { e.Client.Timeout = 5 * time.Second })
			_, err := c.Attempt(t.Context(), r)
			callError(t, err, swarm.ClassTimeout)
			if !b.isClosed() {
				t.Error("the body is still open")
			}
		})
	}
}

func TestPanicOfAListenerLeavesNothingOpen(t *testing.T) {
	b := scripted(true, part{0, sse(chunk("hel"))})
	r := askStream()
	r.OnText = func(string) { panic("listener") }
	func() {
		defer func() {
			if v := recover(); v != "listener" {
				t.Errorf("recovered %v", v)
			}
		}()
		client(t, serving(b)).Attempt(t.Context(), r)
	}()
	if !b.isClosed() {
		t.Error("the body is still open")
	}
}

// Whatever comes of a body is told of, as comments of a stream and blank lines
// before a reply in one piece.
func TestBytesAreToldOf(t *testing.T) {
	for _, stream := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			parts := []part{{time.Second, "\n"}, {time.Second, "\n"}, {time.Second, okBody}}
			if stream {
				parts = []part{{time.Second, ": ping\n\n"}, {time.Second, ":\n\n"}, {time.Second, sse(chunk("hello"), stopChunk, "[DONE]")}}
			}
			start := time.Now()
			var at []time.Duration
			r := ask()
			streams(&r, stream)
			r.OnBytes = func() {
				if since := time.Since(start); len(at) == 0 || at[len(at)-1] != since {
					at = append(at, since)
				}
			}
			_, err := client(t, serving(scripted(false, parts...))).Attempt(t.Context(), r)
			if err != nil || len(at) != 3 || at[0] != time.Second || at[2] != 3*time.Second {
				t.Errorf("streamed %v: %v, told at %v", stream, err, at)
			}
		})
	}
}
