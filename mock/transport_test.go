package mock_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
)

func TestTransportServesManyAtOnceInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := slow(0.5)
		m.Brain = func(_ context.Context, r mock.Request) (mock.Reply, error) {
			return mock.Reply{Text: "You said " + r.Messages[0].Content}, nil
		}
		s := server(m)
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 300 {
			wg.Go(func() {
				text := fmt.Sprint("number ", i)
				body := strings.Replace(ask(""), "What is it?", text, 1)
				if i%2 == 0 {
					if got := deref(post(t.Context(), s, body).completion(t).Choices[0].Message.Content); got != "You said "+text {
						t.Errorf("got %q", got)
					}
					return
				}
				last := ""
				streamed(t, s, strings.TrimSuffix(body, "}")+`,"stream":true}`, func(d string) bool { last = d; return true })
				if last != "[DONE]" {
					t.Errorf("the stream ends in %q", last)
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took < time.Second || took > 30*time.Second {
			t.Errorf("took %v", took)
		}
		if b := s.Bill()["m"]; b.Calls != 300 || b.Peak != 300 {
			t.Errorf("bill %+v", b)
		}
	})
}

// raw gets a scripted reply through a transport.
func raw(t *testing.T, r mock.Raw) (answer, *mock.Server) {
	t.Helper()
	s := server(model(mock.Script(mock.Reply{Raw: &r})))
	return post(t.Context(), s, ask("")), s
}

func TestRawRepliesGoOutByteForByte(t *testing.T) {
	a, s := raw(t, mock.Raw{Status: 502, Header: http.Header{"content-type": {"text/html"}, "Retry-After": {"1"}}, Pieces: mock.Body("<h1>Bad\x00</h1>")})
	if a.status != 502 || a.body != "<h1>Bad\x00</h1>" || a.header.Get("Content-Type") != "text/html" || a.header.Get("Retry-After") != "1" || a.header.Get("X-Request-Id") != "" {
		t.Errorf("got %+v", a)
	}
	if e := s.Log()[0]; e.Status != 502 || e.Charge || e.Replies[0] != a.body {
		t.Errorf("the log says %+v", e)
	}
	a, s = raw(t, mock.Raw{Pieces: mock.Events(`{"choices":[]}`, "[DONE]"), Out: 7})
	if a.status != 200 || a.body != "data: {\"choices\":[]}\n\ndata: [DONE]\n\n" || a.header.Get("Content-Type") != "" {
		t.Errorf("got %+v", a)
	}
	if e := s.Log()[0]; !e.Charge || e.Usage.Out != 7 || e.Usage.In != 11 {
		t.Errorf("the log says %+v", e)
	}
	if a, _ = raw(t, mock.Raw{Status: 204}); a.status != 204 || a.body != "" || a.err != nil {
		t.Errorf("got %+v", a)
	}
}

func TestRawRepliesAreCutWhereTheyStand(t *testing.T) {
	a, _ := raw(t, mock.Raw{Pieces: mock.Body("half"), End: mock.EndCut})
	if a.status != 200 || a.body != "half" || !errors.Is(a.err, io.ErrUnexpectedEOF) {
		t.Errorf("got %+v", a)
	}
	a, s := raw(t, mock.Raw{End: mock.EndCut})
	if !errors.Is(a.err, io.EOF) || s.Log()[0].Status != 0 {
		t.Errorf("got %+v, %+v", a, s.Log()[0])
	}
	a, _ = raw(t, mock.Raw{Header: http.Header{"Content-Length": {"10"}}, Pieces: mock.Body("half")})
	if a.body != "half" || !errors.Is(a.err, io.ErrUnexpectedEOF) {
		t.Errorf("got %+v", a)
	}
}

func TestRawRepliesWaitAndHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server(model(mock.Script(mock.Reply{Raw: &mock.Raw{
			Pieces: []mock.Piece{{Data: ": ping\n\n"}, {After: 15 * time.Second, Data: ": ping\n\n"}}, End: mock.EndHold,
		}})))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		a := post(ctx, s, ask(""))
		if a.status != 200 || a.body != ": ping\n\n: ping\n\n" || !errors.Is(a.err, context.DeadlineExceeded) || time.Since(start) != time.Hour {
			t.Errorf("got %+v after %v", a, time.Since(start))
		}
		synctest.Wait()
		if e := s.Log()[0]; !e.Cancelled || e.Ended.Sub(e.Arrived) != time.Hour {
			t.Errorf("the log says %+v", e)
		}
	})
}

func TestTransportHoldsBackAWriterWithoutAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		big := strings.Repeat("x", 1<<20)
		s := server(model(mock.Script(mock.Reply{Raw: &mock.Raw{Pieces: mock.Body(big)}}, mock.Reply{Raw: &mock.Raw{Pieces: mock.Body(big)}})))
		request := func() *http.Response {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://mock/v1/chat/completions", strings.NewReader(ask("")))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := s.Transport().RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			return resp
		}
		resp := request()
		b, err := io.ReadAll(resp.Body)
		if string(b) != big || err != nil {
			t.Errorf("read %d bytes, %v", len(b), err)
		}
		resp = request()
		synctest.Wait() // the writer waits for room
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
		if _, err := resp.Body.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Errorf("reading a closed body: %v", err)
		}
		synctest.Wait()
		if now, _ := s.InFlight(); now != 0 {
			t.Errorf("%d in flight", now)
		}
	})
}

func TestTransportObeysAContextThatHasEnded(t *testing.T) {
	cause := errors.New("no longer wanted")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	s := server(model(mock.Say("yes")))
	if a := post(ctx, s, ask("")); !errors.Is(a.err, cause) {
		t.Errorf("got %+v", a)
	}
	if len(s.Log()) != 0 {
		t.Error("the request reached the server")
	}
}
