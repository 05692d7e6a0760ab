package mock

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
)

// Transport reaches the server in memory, for an http.Client: no socket, no
// port, and inside testing/synctest all waiting is in virtual time. URLs may
// name any host; the path counts, as in "http://mock/v1". It is safe for
// concurrent use and holds nothing open.
//
// Each request runs on a goroutine of its own, which ends when the reply is
// complete, the body is closed or the request's context ends, whichever is
// first, provided that the brain obeys its context. As over a socket, some
// 64 KiB of a reply are written ahead of the reader.
func (s *Server) Transport() http.RoundTripper { return memory{s} }

type memory struct{ s *Server }

// RoundTrip implements http.RoundTripper.
func (m memory) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		closeBody(req)
		return nil, context.Cause(req.Context())
	}
	// The server's context ends with the client's but does not carry its values.
	ctx, leave := context.WithCancel(context.Background())
	w := &memoryReply{
		header: http.Header{}, client: req.Context(), server: ctx,
		started: make(chan struct{}), leave: leave,
	}
	w.moved.L = &w.mu
	unhook := context.AfterFunc(req.Context(), leave)
	context.AfterFunc(ctx, w.wake)
	if !m.s.away.enter(w) {
		unhook()
		leave()
		closeBody(req)
		return nil, netError("dial", syscall.ECONNREFUSED)
	}
	in := req.Clone(ctx)
	in.RequestURI = req.URL.RequestURI()
	in.RemoteAddr = "memory"
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	go func() {
		defer func() {
			_ = recover() // http.ErrAbortHandler: the reply ends where it stands
			closeBody(req)
			unhook()
			leave()
			w.end()
			m.s.away.leave(w)
		}()
		m.s.ServeHTTP(w, in)
		w.complete = true
	}()

	select {
	case <-w.started:
	case <-req.Context().Done():
		return nil, context.Cause(req.Context())
	}
	if w.status == 0 {
		w.mu.Lock()
		defer w.mu.Unlock()
		return nil, cmp.Or(w.broke, io.ErrUnexpectedEOF) // before its first byte
	}
	return &http.Response{
		Status: strconv.Itoa(w.status) + " " + http.StatusText(w.status), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: &memoryBody{w: w, leave: leave}, ContentLength: w.length, Request: req,
	}, nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// memoryReply is the pipe between a handler and a client's response.
type memoryReply struct {
	client, server context.Context
	leave          context.CancelFunc
	header         http.Header // the handler's
	complete       bool        // the handler returned as it should; set before end

	started chan struct{} // closed when status, sent and length are set, or it ended without
	status  int
	sent    http.Header
	length  int64 // -1: not told

	mu    sync.Mutex
	buf   []byte // written and not read
	wrote int64
	ended bool
	broke error     // how the connection broke; nil: it was cut
	moved sync.Cond // something was written or read, or one side left
}

const writeAhead = 64 << 10

func (w *memoryReply) Header() http.Header { return w.header }

func (w *memoryReply) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status, w.sent, w.length = status, w.header.Clone(), -1
	if n, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64); err == nil {
		w.length = n
	}
	close(w.started)
}

func (w *memoryReply) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.mu.Lock()
	defer w.mu.Unlock()
	for n := 0; ; {
		if err := w.server.Err(); err != nil || n == len(p) {
			return n, err
		}
		k := min(len(p)-n, max(0, writeAhead-len(w.buf)))
		if k == 0 {
			w.moved.Wait()
			continue
		}
		w.buf = append(w.buf, p[n:n+k]...)
		w.wrote += int64(k)
		n += k
		w.moved.Broadcast()
	}
}

func (w *memoryReply) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moved.Broadcast()
}

// FlushError lets http.ResponseController flush: what is written is seen.
func (w *memoryReply) FlushError() error {
	w.WriteHeader(http.StatusOK)
	return w.server.Err()
}

// end is the handler's goroutine's last word.
func (w *memoryReply) end() {
	if w.status == 0 && w.complete {
		w.WriteHeader(http.StatusOK)
	}
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	if w.status == 0 {
		close(w.started)
	}
	w.wake()
}

// breakOff lets the client see err where the reply is cut.
func (w *memoryReply) breakOff(err error) {
	w.mu.Lock()
	w.broke = err
	w.mu.Unlock()
}

var errBodyClosed = errors.New("mock: read of a closed response body")

// memoryBody is the client's side.
type memoryBody struct {
	w      *memoryReply
	leave  context.CancelFunc
	closed atomic.Bool
}

// Close ends the request for the server too, where it is not complete.
func (b *memoryBody) Close() error {
	b.closed.Store(true)
	b.leave()
	return nil
}

func (b *memoryBody) Read(p []byte) (int, error) {
	w := b.w
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		switch n := copy(p, w.buf); {
		case b.closed.Load():
			return 0, errBodyClosed
		case w.client.Err() != nil:
			return 0, context.Cause(w.client)
		case n > 0 || len(p) == 0:
			w.buf = w.buf[n:]
			w.moved.Broadcast()
			return n, nil
		case w.ended && w.complete && w.length <= w.wrote:
			return 0, io.EOF
		case w.ended:
			return 0, cmp.Or(w.broke, io.ErrUnexpectedEOF)
		}
		w.moved.Wait()
	}
}
