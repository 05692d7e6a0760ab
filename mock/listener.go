package mock

import (
	"context"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
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

// netError is what a client sees of a broken connection on a socket.
func netError(op string, err syscall.Errno) error {
	call := op
	if op == "dial" {
		call = "connect"
	}
	return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(call, err)}
}

// listener is a listener that can go away and come back on the same port.
type listener struct {
	s    *Server
	addr string

	mu     sync.Mutex
	inner  net.Listener
	closed chan struct{}
	ended  bool
}

func listen(s *Server, addr string) (*listener, error) {
	inner, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &listener{s: s, addr: inner.Addr().String(), inner: inner, closed: make(chan struct{})}, nil
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		l.mu.Lock()
		inner := l.inner
		l.mu.Unlock()
		if c, err := inner.Accept(); err == nil {
			return l.s.away.enter(c), nil
		}
		if err := l.again(); err != nil {
			return nil, err
		}
	}
}

// again listens once more, when the time has come.
func (l *listener) again() error {
	wait := max(time.Until(l.s.away.awayUntil()), time.Millisecond)
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-l.closed:
		return net.ErrClosed
	case <-t.C:
	}
	inner, err := net.Listen("tcp", l.addr)
	if err != nil {
		return nil // the port is taken for a moment: Accept comes back here
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		_ = inner.Close()
		return net.ErrClosed
	}
	l.inner = inner
	return nil
}

// stop closes the port, until it is time to listen again.
func (l *listener) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.inner.Close()
}

func (l *listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return nil
	}
	l.ended = true
	close(l.closed)
	return l.inner.Close()
}

func (l *listener) Addr() net.Addr { return l.inner.Addr() }

// Connections returns how many connections were made, over the listener and
// Transport, and how many are open now.
func (s *Server) Connections() (accepted, open int) {
	s.away.mu.Lock()
	defer s.away.mu.Unlock()
	return s.away.accepted, len(s.away.open)
}
