package mock

import (
	"cmp"
	"net/http"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// Raw is a reply that is sent byte for byte, for tests of how a client handles
// wrong, unusual or broken replies. It has none of the server's own headers.
type Raw struct {
	Status int         // 0: 200
	Header http.Header // sent as it is, also without Content-Type
	Pieces []Piece     // the body
	End    End
	Out    int // completion tokens in the bill; a status of 400 and above is not billed
}

func (r *Raw) wire() *wire.Raw {
	out := &wire.Raw{Status: r.Status, Header: r.Header, End: wire.End(r.End), Out: r.Out}
	for _, p := range r.Pieces {
		out.Pieces = append(out.Pieces, wire.Piece(p))
	}
	return out
}

// Piece is a part of a raw body that is flushed separately.
type Piece struct {
	After time.Duration // delay before it
	Data  string
}

// End is how a raw reply ends.
type End int

const (
	EndClean End = iota // properly, as HTTP requires
	EndCut              // the connection is cut after the last piece, or before any byte if there is no piece
	EndHold             // nothing more is sent until the client disconnects
	EndReset            // as EndCut, but the connection is reset
)

// Body returns a raw body of one piece.
func Body(data string) []Piece { return []Piece{{Data: data}} }

// Events returns a raw body of server-sent events, one for each data.
func Events(data ...string) []Piece {
	out := make([]Piece, len(data))
	for i, d := range data {
		out[i].Data = "data: " + d + "\n\n"
	}
	return out
}

func (x *exchange) sendRaw() {
	raw, e := x.raw, x.entry
	status := cmp.Or(raw.Status, http.StatusOK)
	e.Usage.Out = raw.Out
	if status >= http.StatusBadRequest {
		e.Charge, e.Usage = false, Usage{}
	}
	defer func() {
		if raw.End == wire.Reset {
			x.close()
		}
		x.finish(raw.End)
	}()
	if raw.Silent {
		for i := 0; raw.Trickle != nil && wire.Pause(x.r.Context(), time.Second); i++ {
			raw.Trickle(i)
		}
		return
	}
	pieces := raw.Pieces
	if len(pieces) == 0 {
		if raw.End == wire.Cut || raw.End == wire.Reset {
			return
		}
		pieces = wire.Body("")
	}
	said := ""
	if !wire.Play(x.w, x.r, status, raw.Header, pieces, func(i int) {
		said += pieces[i].Data
		e.Status, e.Replies = status, []string{wire.Redact(said, *e.keys)}
		if i == len(pieces)-1 && raw.End == wire.Clean && raw.More == nil {
			x.close()
		}
	}) {
		return
	}
	for raw.More != nil && wire.Pause(x.r.Context(), time.Millisecond) {
		p := raw.More()
		if _, err := x.w.Write([]byte(p)); p == "" || err != nil {
			break
		}
	}
}
