package chat

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

func TestReplySaysWhetherAnythingWasSent(t *testing.T) {
	const gone = "http://127.0.0.1:1" // a port that nobody else gets, as a closed one might
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	reset := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}))
	defer reset.Close()
	left, cancel := context.WithCancel(t.Context())
	cancel()

	for name, c := range map[string]struct {
		url    string
		rt     http.RoundTripper
		ctx    context.Context
		class  swarm.Class
		unsent bool
	}{
		"refused":     {url: gone, class: swarm.ClassNetwork, unsent: true},
		"no such":     {url: "http://nowhere.invalid", class: swarm.ClassNetwork, unsent: true, rt: dialFails(&net.DNSError{IsNotFound: true})},
		"no TLS":      {url: "https" + plain.URL[len("http"):], class: swarm.ClassNetwork, unsent: true},
		"cancelled":   {url: plain.URL, ctx: left, class: swarm.ClassCancelled, unsent: true},
		"not allowed": {url: plain.URL, class: swarm.ClassNotFound},
		"reset":       {url: reset.URL, class: swarm.ClassNetwork},
	} {
		t.Run(name, func(t *testing.T) {
			if c.rt == nil {
				own := NewTransport(1)
				defer own.CloseIdleConnections()
				c.rt = own
			}
			if c.ctx == nil {
				c.ctx = t.Context()
			}
			cl := client(t, c.rt, func(e *model.Backend) { e.BaseURL = c.url })
			reply, err := cl.Attempt(c.ctx, ask())
			if e, ok := errors.AsType[*swarm.CallError](err); !ok || e.Class != c.class {
				t.Fatalf("%v, want class %s", err, c.class)
			}
			if reply.Unsent != c.unsent {
				t.Errorf("Unsent is %v after %v", reply.Unsent, err)
			}
		})
	}
	if reply, err := client(t, says(200, okBody)).Attempt(t.Context(), ask()); err != nil || reply.Unsent {
		t.Errorf("a reply says that nothing was sent: %v", err)
	}
}

// dialFails is a transport whose connections cannot be made.
func dialFails(err error) http.RoundTripper {
	return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, err }}
}
