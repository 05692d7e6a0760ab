package wire

import (
	"io"
	"net/http"
	"time"
)

// Raw is a reply byte for byte; see mock.Raw.
type Raw struct {
	Status int // 0: 200
	Header http.Header
	Pieces []Piece
	End    End
	Out    int

	More    func() string // further pieces, until it says nothing
	Silent  bool          // not even headers come
	Trickle func(i int)   // called each second of the silence
}

// Piece is a part of a raw body.
type Piece struct {
	After time.Duration
	Data  string
}

// End is how a reply ends: as HTTP wants it, cut, held open, or reset.
type End int

// The ends, in the order of mock's.
const (
	Clean End = iota
	Cut
	Hold
	Reset
)

// Body is a raw body in one piece.
func Body(data string) []Piece { return []Piece{{Data: data}} }

// Play sends a body piece by piece, each after its time, and calls sends before
// each with its index. It says whether all were sent.
func Play(w http.ResponseWriter, r *http.Request, status int, head http.Header, pieces []Piece, sends func(i int)) bool {
	w.Header()["Content-Type"] = nil // or net/http guesses one
	SetHeader(w, head)
	for i, p := range pieces {
		if !Pause(r.Context(), p.After) {
			return false
		}
		sends(i)
		if i == 0 {
			w.WriteHeader(status)
		}
		if _, err := io.WriteString(w, p.Data); err != nil {
			return false
		}
		_ = http.NewResponseController(w).Flush() // the next write tells that the client left
	}
	return true
}
