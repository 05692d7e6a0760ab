package tape

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// Cassette replays exchanges; see mock.Cassette.
type Cassette struct {
	by    map[string]*reel
	total int

	mu                         sync.Mutex
	replayed, repeated, missed int
}

// reel is the exchanges that equal requests had.
type reel struct {
	tape []*taped
	next int
}

// Replays counts; see mock.Replays.
type Replays struct{ Recorded, Replayed, Repeated, Missed, Unused int }

// Replays is what the cassette did so far.
func (c *Cassette) Replays() Replays {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Replays{c.total, c.replayed, c.repeated, c.missed, c.total - (c.replayed - c.repeated)}
}

// find is the exchange that answers a request; nil: there is none.
func (c *Cassette) find(key string) *taped {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.by[key]
	if r == nil {
		c.missed++
		return nil
	}
	c.replayed++
	if r.next == len(r.tape) {
		c.repeated++
		for _, t := range slices.Backward(r.tape) {
			if !t.Left {
				return t
			}
		}
		return r.tape[r.next-1]
	}
	r.next++
	return r.tape[r.next-1]
}

// Serve answers one request, with the recorded timing or at once.
func (c *Cassette) Serve(w http.ResponseWriter, r *http.Request, timing bool) {
	body, err := wire.ReadBody(r, maxTaped)
	if err != nil {
		err.Send(w)
		return
	}
	asked, _ := tape(r, body)
	t := c.find(asked.request())
	if t == nil {
		(&wire.Error{Status: http.StatusNotFound, Code: "no_recorded_exchange", Message: fmt.Sprintf("The cassette has no exchange that is equal to %s %.128s with the body %.300s; it holds %d.", asked.Method, asked.Path, cmp.Or(string(asked.JSON), asked.Text), c.total)}).Send(w)
		return
	}
	t.play(w, r, timing)
}

func (t *taped) play(w http.ResponseWriter, r *http.Request, timing bool) {
	if t.Status == 0 {
		t.end(r)
		return
	}
	if _, dated := t.Header["Date"]; !dated {
		w.Header()["Date"] = nil
	}
	pieces, size := make([]wire.Piece, max(1, len(t.Pieces))), 0
	for i, p := range t.Pieces {
		pieces[i].Data = p.Data + string(p.Base64) // one of them is empty
		size += len(pieces[i].Data)
		if timing {
			pieces[i].After = time.Duration(p.After) * time.Microsecond
		}
	}
	if t.Length {
		if t.Cut || t.Left {
			size++ // what was promised did not come
		}
		w.Header().Set("Content-Length", strconv.Itoa(size))
	}
	if !wire.Play(w, r, t.Status, t.Header, pieces, func(int) {}) {
		panic(http.ErrAbortHandler)
	}
	t.end(r)
}

// maxHold is how long a client that left is waited for.
const maxHold = 10 * time.Second

// end ends a reply that did not come whole.
func (t *taped) end(r *http.Request) {
	if t.Left {
		wire.Pause(r.Context(), maxHold)
	}
	if t.Cut || t.Left {
		panic(http.ErrAbortHandler)
	}
}

// maxTaped is how long a request that is recorded or replayed may be.
const maxTaped = 32 << 20

// tape is a request as a cassette holds it, and the keys that it carries.
func tape(r *http.Request, body []byte, more ...string) (*taped, []string) {
	keys := append(wire.Secrets(r.Header, r.URL.Query()), more...)
	t := &taped{Method: r.Method, Path: wire.Redact(r.URL.Path, keys), Query: wire.RedactQuery(r.URL.Query(), keys)}
	text := wire.Redact(string(body), keys)
	switch c, ok := canonical([]byte(text)); {
	case ok:
		t.JSON = c
	case utf8.ValidString(text):
		t.Text = text
	default:
		t.Base64 = []byte(text)
	}
	return t, keys
}
