package tape

import (
	"bytes"
	"fmt"
	"io"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// passing is the body of a reply on its way from the upstream to the client. It
// belongs to the goroutine that serves the request, but for said.
type passing struct {
	io.ReadCloser
	*taped
	length int64 // that the reply told; -1: none
	size   int64 // so far
	last   time.Time
	pieces [][]byte // nil: too long to keep
	tail   []byte
	said   atomic.Bool // the reply is whole but for the end of its connection
	ended  bool
	end    func() // is called once, when the reply has ended and before its client can know
}

// lastWord is how long the end of a reply is waited for when the client, which
// has all that it needs, has left: readers of streams leave at [DONE].
const lastWord = time.Second

func (p *passing) Read(buf []byte) (int, error) {
	n, err := p.ReadCloser.Read(buf)
	if n > 0 {
		now := time.Now()
		if p.size += int64(n); p.size <= maxReply {
			p.pieces = append(p.pieces, bytes.Clone(buf[:n]))
			p.Pieces = append(p.Pieces, tapedPiece{After: now.Sub(p.last).Microseconds()})
		} else {
			p.pieces, p.Pieces = nil, nil
		}
		p.last = now
		p.tail = append(p.tail, buf[:n]...)
		p.said.Store(p.said.Load() || bytes.Contains(p.tail, []byte("data: [DONE]")) || p.size == p.length)
		p.tail = p.tail[max(0, len(p.tail)-16):]
	}
	if err != nil || p.size == p.length {
		p.ends(err == nil || err == io.EOF)
	}
	return n, err
}

// Close is called before the end if the client has left.
func (p *passing) Close() error {
	if p.said.Load() {
		_, _ = io.Copy(io.Discard, p)
	}
	p.Left = p.Left || !p.ended
	p.ends(true)
	return p.ReadCloser.Close()
}

func (p *passing) ends(well bool) {
	if !p.ended {
		p.ended, p.Cut = true, !well
		p.end()
	}
}

// keep writes an exchange.
func (r *Recorder) keep(t *taped, pieces [][]byte, keys []string) {
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
		return
	}
	if err == nil {
		_, err = r.out.Write(line)
	}
	if err != nil {
		r.err = fmt.Errorf("mock: record: %w", err)
		return
	}
	r.did.Written++
}
