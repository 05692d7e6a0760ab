package chat

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// A cancel reaches the server, over HTTP/1 and HTTP/2, though only one piece
// of the stream has come; the next call on the same client is served.
func TestCancelReachesTheServer(t *testing.T) {
	for _, two := range []bool{false, true} {
		left := make(chan struct{}, 1)
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if (r.ProtoMajor == 2) != two {
				t.Errorf("spoken is %s", r.Proto)
			}
			w.Write([]byte(sse(chunk("hel"))))
			w.(http.Flusher).Flush()
			if r.Header.Get("X-Hold") != "" {
				<-r.Context().Done()
				left <- struct{}{}
				return
			}
			w.Write([]byte(sse(chunk("lo"), stopChunk, "[DONE]")))
		}))
		srv.EnableHTTP2 = two
		srv.StartTLS()
		hold := model.Backend{BaseURL: srv.URL + "/v1", Model: "small", Client: srv.Client(), Header: http.Header{"X-Hold": {"1"}}}
		whole := hold
		whole.Header = nil
		for _, e := range []model.Backend{hold, whole} {
			c, err := New(e)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			r := askStream()
			if e.Header != nil {
				r.OnText = func(string) { cancel() }
			}
			rep, err := c.Attempt(ctx, r)
			cancel()
			if e.Header == nil {
				if err != nil || rep.Text != "hello" {
					t.Errorf("got %+v, %v", rep, err)
				}
				continue
			}
			callError(t, err, swarm.ClassCancelled)
			if rep.Text != "hel" {
				t.Errorf("text %q beside the error", rep.Text)
			}
			<-left
		}
		srv.Close()
	}
}
