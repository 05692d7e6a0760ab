package wire

import (
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
