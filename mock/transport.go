package mock

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
)

// Transport returns a transport for an http.Client that reaches the server in
// memory, without socket or port. Inside testing/synctest all waiting is in virtual
// time. URLs may name any host, as in "http://mock/v1"; only the path matters. It
// is safe for concurrent use and keeps no connection open.
//
// Each request has its own connection. It ends when the reply is complete, the body
// is closed or the request's context ends, whichever is first, if the brain obeys
// its context. A reply is written only as fast as it is read.
func (s *Server) Transport() http.RoundTripper {
	dial := func(context.Context, string, string) (net.Conn, error) {
		if s.away.left() > 0 {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
		}
		ours, theirs := net.Pipe()
		broken := &atomic.Bool{}
		in := &http.Server{Handler: s, ConnContext: withSocket}
		_ = in.Serve(&only{s.away.enter(pipeEnd{ours, broken})}) // returns at once, with net.ErrClosed
		return pipeEnd{theirs, broken}, nil
	}
	return &http.Transport{DialContext: dial, DialTLSContext: dial, DisableKeepAlives: true, DisableCompression: true}
}

// only is a listener with one connection.
type only struct{ net.Conn }

func (l *only) Accept() (net.Conn, error) {
	c := l.Conn
	if l.Conn = nil; c == nil {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (l *only) Addr() net.Addr { return nil }
func (l *only) Close() error   { return nil }

// pipeEnd is one end of a connection in memory.
type pipeEnd struct {
	net.Conn
	broken *atomic.Bool
}

// SetLinger makes a reset of its Close, as of a TCP connection's.
func (p pipeEnd) SetLinger(int) error {
	p.broken.Store(true)
	return nil
}

func (p pipeEnd) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	if err == io.EOF && p.broken.Load() {
		err = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
	return n, err
}
