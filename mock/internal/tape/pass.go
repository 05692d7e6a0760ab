package tape

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// passing is a reply on its way from the upstream to the client. It belongs
// to the goroutine that serves the request, but for said.
type passing struct {
	*taped
	pieces [][]byte    // of the body; nil: too long to keep
	said   atomic.Bool // the reply is whole but for the end of its connection
	ended  func()      // is called when the reply has ended, before its client can know
}

// lastWord is how long the end of a reply is waited for when the client, which
// has all that it needs, has left: readers of streams leave at [DONE].
const lastWord = time.Second

// pass gives the reply to the client as it comes. Cut says whether it ended
// early.
func (p *passing) pass(w http.ResponseWriter, resp *http.Response, began time.Time) {
	h := w.Header()
	h["Content-Type"] = nil // or net/http guesses one
	wire.SetHeader(w, resp.Header)
	for _, name := range hopByHop {
		h.Del(name)
	}
	w.WriteHeader(resp.StatusCode)
	p.pieces = [][]byte{}
	buf := make([]byte, 32<<10)
	var tail []byte
	for size, last := 0, began; ; {
		n, err := resp.Body.Read(buf)
		if n > 0 {
			now := time.Now()
			if size += n; size <= maxReply {
				p.pieces = append(p.pieces, bytes.Clone(buf[:n]))
				p.Pieces = append(p.Pieces, tapedPiece{After: now.Sub(last).Microseconds()})
			} else {
				p.pieces, p.Pieces = nil, nil
			}
			last = now
			tail = append(tail, buf[:n]...)
			whole := int64(size) == resp.ContentLength
			p.said.Store(p.said.Load() || bytes.Contains(tail, []byte("data: [DONE]")) || whole)
			tail = tail[max(0, len(tail)-16):]
			if whole {
				p.ended()
			}
			_, gone := w.Write(buf[:n])
			if given := gone == nil && http.NewResponseController(w).Flush() == nil; whole {
				return
			} else if !given && !p.said.Load() {
				p.Left = true
				p.ended()
				return
			}
		}
		if err != nil {
			p.Cut = err != io.EOF
			p.ended()
			return
		}
	}
}

// keep writes an exchange. It says whether that is done.
func (r *Recorder) keep(t *taped, pieces [][]byte, keys []string) bool {
	wire.RedactPieces(pieces, keys)
	for i, p := range pieces {
		if utf8.Valid(p) {
			t.Pieces[i].Data = string(p)
		} else {
			t.Pieces[i].Base64 = p
		}
	}
	line, err := wire.JSON(t)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return false
	}
	if err == nil {
		_, err = r.out.Write(line)
	}
	if r.sync != nil && err == nil {
		err = r.sync()
	}
	if err != nil {
		r.err = fmt.Errorf("mock: record: %w", err)
		return false
	}
	r.did.Written++
	return true
}
