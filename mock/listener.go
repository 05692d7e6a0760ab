package mock

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// socket is a connection of the listener or of Transport, which faults can
// freeze or reset.
type socket struct {
	net.Conn
	from   *absence
	frozen atomic.Bool
	doomed atomic.Bool // to be closed when idle
}

type socketKey struct{}

// withSocket lets requests find their connection.
func withSocket(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, socketKey{}, c)
}

// socket is the request's connection; a closed one, where another server has it.
func (x *exchange) socket() *socket {
	c, ok := x.r.Context().Value(socketKey{}).(*socket)
	if !ok {
		gone, _ := net.Pipe()
		_ = gone.Close()
		c = &socket{Conn: gone, from: &x.s.away}
	}
	return c
}

// Read: nothing comes out of a frozen connection.
func (c *socket) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if !c.frozen.Load() || err != nil {
			return n, err
		}
	}
}

// Freeze lets nothing more come out of it.
func (c *socket) Freeze() { c.frozen.Store(true) }

// CloseIdle lets the connection be closed when it is idle next.
func (c *socket) CloseIdle() { c.doomed.Store(true) }

// closeIfDoomed is for http.Server.ConnState.
func closeIfDoomed(conn net.Conn, state http.ConnState) {
	if c, ok := conn.(*socket); ok && state == http.StateIdle && c.doomed.Load() {
		_ = c.Close()
	}
}

// GoAway tells an HTTP/2 client that none of its streams was served, and
// closes.
func (c *socket) GoAway() {
	const frame = "\x00\x00\x08\x07\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00" // RFC 9113, 6.8: last stream 0, no error
	_, _ = c.Conn.Write([]byte(frame))
	_ = c.Close()
}

func (c *socket) Close() error {
	c.from.leave(c)
	return c.Conn.Close()
}

// reset ends the connection with a RST.
func (c *socket) reset() {
	if rough, ok := c.Conn.(interface{ SetLinger(sec int) error }); ok {
		_ = rough.SetLinger(0)
	}
	_ = c.Close()
}

// reset breaks the request's connection as a peer does that crashes. Of a
// handler that another server serves it is cut.
func (x *exchange) reset() {
	x.dropped = true
	x.socket().reset()
}

// listener notes the connections that it accepts.
type listener struct {
	net.Listener
	from *absence
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.from.enter(c), nil
}

// serve serves on a port, and again on the same when the server was away, until
// it is closed.
func (s *Server) serve(ctx context.Context, l net.Listener) {
	addr := l.Addr().String()
	for {
		if err := s.web.Serve(listener{l, &s.away}); errors.Is(err, http.ErrServerClosed) {
			return
		}
		for l = nil; l == nil; l, _ = s.away.listen(addr) { // the port may be taken for a moment
			if !wire.Pause(ctx, max(s.away.left(), time.Millisecond)) {
				return
			}
		}
	}
}

// Connections returns how many connections were made, over the listener and
// Transport, and how many are open now.
func (s *Server) Connections() (accepted, open int) {
	s.away.mu.Lock()
	defer s.away.mu.Unlock()
	return s.away.accepted, len(s.away.open)
}
