package chat

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// F34: the address of a server that moved is found in the end: connections
// in constant use are given up when they are old, without a call being cut.
func TestF34ConnectionsGrowOld(t *testing.T) {
	var accepted atomic.Int32
	hold, held := make(chan struct{}), make(chan struct{}, 1)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Hold") != "" {
			held <- struct{}{}
			<-hold
		}
		w.Write([]byte(okBody))
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			accepted.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	own := NewTransport(4)
	defer own.CloseIdleConnections()
	call := func(hold string) error {
		c, err := New(model.Backend{BaseURL: srv.URL, Model: "small", Client: &http.Client{Transport: own}, Header: http.Header{"X-Hold": {hold}}})
		if err == nil {
			_, err = c.Attempt(t.Context(), ask())
		}
		return err
	}
	want := func(n int32) {
		t.Helper()
		for range 3 {
			if err := call(""); err != nil {
				t.Fatal(err)
			}
		}
		if got := accepted.Load(); got != n {
			t.Errorf("%d connections were made, want %d", got, n)
		}
	}
	want(1)
	slow := make(chan error, 1)
	go func() { slow <- call("1") }()
	<-held
	own.mu.Lock()
	own.born = own.born.Add(-maxAge)
	own.mu.Unlock()
	want(2)
	close(hold)
	if err := <-slow; err != nil {
		t.Errorf("a call on the old connection: %v", err)
	}
	want(2)
}

// F34: a host that is not found and a dial that takes too long are failures
// that may pass, of calls that were never sent.
func TestF34DiallingIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		class swarm.Class
	}{
		"no such host": {&net.DNSError{Err: "no such host", IsNotFound: true}, swarm.ClassNetwork},
		"no answer":    {&net.DNSError{Err: "i/o timeout", IsTimeout: true}, swarm.ClassTimeout},
	} {
		rep, err := client(t, dialFails(&net.OpError{Op: "dial", Net: "tcp", Err: c.err})).Attempt(t.Context(), ask())
		if e := callError(t, err, c.class); !e.Retryable() || !rep.Unsent {
			t.Errorf("%s: %v, retryable %v, unsent %v", name, err, e.Retryable(), rep.Unsent)
		}
	}
	if d := dialling(1); d.TLSHandshakeTimeout <= 0 || d.TLSHandshakeTimeout > time.Minute || d.DialContext == nil {
		t.Error("a handshake may take for ever")
	}
}
