package chat

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/db31e724/go-swarm/swarm/model"
)

const (
	maxReply     = 32 << 20 // bytes of a reply in one piece, and of a stream's text
	maxErrorBody = 64 << 10 // bytes of an error's body that are read
	maxEvent     = 4 << 20  // bytes of one line, and of one event, of a stream
	maxDrain     = 64 << 10 // bytes read after the end, so that the connection can be used again
	drainTime    = 100 * time.Millisecond
	errorTime    = 5 * time.Second // for the body of an error, which may never end
)

type exchangeKey struct{}

// exchange is one attempt as the RoundTripper sees it: go-openai keeps
// neither headers nor raw bodies. It belongs to one Do and is touched by its
// goroutine alone.
type exchange struct {
	r      model.Request
	way    *way // as sent
	stream bool

	status  int
	header  http.Header
	body    body
	raw     []byte         // of a reply in one piece
	problem *model.Problem // what the server said went wrong
}

// wire is the RoundTripper under go-openai: it adds headers, keeps status,
// headers and bodies, and bounds what is read. What replies say is read by got,
// and go-openai sees none of it.
type wire struct{ c *Client }

func (w wire) RoundTrip(req *http.Request) (*http.Response, error) {
	x := req.Context().Value(exchangeKey{}).(*exchange)
	if len(w.c.header) > 0 {
		req = req.Clone(req.Context())
		for name, values := range w.c.header {
			req.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	resp, err := w.c.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	x.status, x.header = resp.StatusCode, resp.Header
	body := &x.body
	body.rc, body.ctx, body.came = resp.Body, req.Context(), x.r.OnBytes
	if _, ours := w.c.base.(*Transport); !ours { // the bodies of others may not end with the context
		body.stop = context.AfterFunc(req.Context(), body.end)
	}
	switch {
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		late := time.AfterFunc(errorTime, body.end)
		raw, _ := io.ReadAll(io.LimitReader(body, maxErrorBody))
		body.drain = late.Stop()
		body.Close()
		if err := context.Cause(req.Context()); err != nil && len(raw) == 0 {
			return nil, err
		}
		x.problem = model.ReadProblem(raw)
		return nil, errTold
	case x.stream:
		resp.Body = body
		return resp, nil
	}
	raw, err := io.ReadAll(io.LimitReader(body, maxReply+1))
	if len(raw) > maxReply {
		err = errTooLarge
	}
	body.Close()
	if err != nil {
		return nil, err
	}
	x.raw = raw
	if x.problem = model.ProblemIn200(raw); x.problem != nil {
		return nil, errTold
	}
	return nil, errWhole // go-openai is strict about types where servers are not
}

// body is a reply's body. Close reads a little of what is left if the server
// had said all, so that its connection serves the next call: a server may end
// the body some milliseconds after its last word.
type body struct {
	rc    io.ReadCloser
	ctx   context.Context // of the request
	came  func()          // is told of bytes; nil: nobody is
	stop  func() bool     // of the watch over ctx, if there is one
	drain bool
	ended sync.Once
}

// end closes rc, once: clocks and contexts do so too, and a body of a caller's
// own transport may not bear it twice, or from two sides at once.
func (b *body) end() { b.ended.Do(func() { b.rc.Close() }) }

func (b *body) Read(p []byte) (int, error) {
	n, err := b.rc.Read(p)
	if n > 0 && b.came != nil {
		b.came()
	}
	if err != nil && err != io.EOF {
		if cause := context.Cause(b.ctx); cause != nil {
			err = cause // the body's own error is only that it was closed
		}
	}
	return n, err
}

func (b *body) Close() error {
	if b.drain {
		t := time.AfterFunc(drainTime, b.end)
		io.CopyN(io.Discard, b.rc, maxDrain)
		t.Stop()
	}
	if b.stop != nil {
		b.stop()
	}
	b.end()
	return nil
}
