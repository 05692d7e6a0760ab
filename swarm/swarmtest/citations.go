package swarmtest

import (
	"fmt"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

// wrongCitation says what is wrong with a citation, seen beside the chunks
// that its writer was given; "" if nothing is. The offsets of a citation of
// another chunk cannot be judged.
func wrongCitation(c swarm.Citation, chunks map[string]*swarm.Chunk) string {
	if c.Start < 0 || c.End < c.Start {
		return fmt.Sprintf("it reaches from %d to %d", c.Start, c.End)
	}
	ch := chunks[c.Chunk]
	if ch == nil {
		return ""
	}
	if c.Source != ch.Source {
		return fmt.Sprintf("chunk %q is of source %q, not of %q", c.Chunk, ch.Source, c.Source)
	}
	if c.Start < ch.Start || c.End > ch.End {
		return fmt.Sprintf("bytes [%d, %d) are outside of chunk %q, [%d, %d)", c.Start, c.End, c.Chunk, ch.Start, ch.End)
	}
	if c.Verified && fold(ch.Text[c.Start-ch.Start:c.End-ch.Start]) != fold(c.Quote) {
		return fmt.Sprintf("it is called verified, but bytes [%d, %d) of the source are not the quote", c.Start, c.End)
	}
	return ""
}

func fold(s string) string { return strings.Join(strings.Fields(s), " ") }
