package swarmtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/db31e724/go-swarm/swarm"
)

// merge runs one Merge, whose writer answers each piece as told says, and looks
// at what it leaves of its input and its writer.
func (s *suite) merge(ctx context.Context, name string, p swarm.Planner, b swarm.Brief, rs []swarm.Result, told func() error) (v swarm.Verdict, text string, returned bool, err error) {
	s.Helper()
	b.Coverage = swarm.Coverage{Subtasks: len(rs) + 1, Done: len(rs), Abstained: 1}
	var over atomic.Bool
	w := swarm.NewAnswerWriter(func(string, bool) error {
		if over.Load() {
			s.late.Store(&name)
			return errors.New("the merge is over")
		}
		return told()
	})
	before := snapshot(rs, rs)
	returned = s.run(ctx, name, func(ctx context.Context) { v, err = p.Merge(ctx, b, rs, w) })
	over.Store(true)
	s.unchanged(name, "the results", before, snapshot(rs, rs))
	return v, w.String(), returned, err
}

// merges lets p merge what was found, nothing, and odd results, and judges text
// and verdict; and lets it merge to a writer that fails, and when cancelled.
func (s *suite) merges(name string, p swarm.Planner, b swarm.Brief, found []swarm.Result) {
	s.Helper()
	background := context.Background()
	for _, c := range []struct {
		name    string
		results []swarm.Result
	}{{name, found}, {name + ", nothing found", nil}, {name + ", odd results", oddResults()}} {
		v, text, returned, err := s.merge(background, c.name, p, b, c.results, func() error { return nil })
		if !returned || err != nil {
			continue
		}
		if strings.Contains(text, "\uFFFD") { // what the writer makes of it
			s.failf(c.name, "the text is not valid UTF-8: %.400q", text)
		}
		var chunks []*swarm.Chunk
		for _, src := range b.Task.Sources {
			for i := range src.Chunks {
				chunks = append(chunks, &src.Chunks[i])
			}
		}
		s.citations(c.name, v.Citations, chunks, c.results, true)
	}

	var wrote atomic.Bool
	_, _, returned, err := s.merge(background, name+", the writer fails", p, b, found, func() error {
		wrote.Store(true)
		return errors.New("nobody reads the answer any more")
	})
	if returned && wrote.Load() && err == nil {
		s.failf(name+", the writer fails", "it returned no error, as if the text had been written")
	}

	ctx, cancel := context.WithCancel(background)
	defer cancel()
	cancelled := func() error {
		cancel()
		return nil
	}
	s.merge(ctx, name+", cancelled at the first writing", p, b, found, cancelled)
	cancel()
	s.merge(ctx, name+", cancelled before", p, b, found, cancelled)
}

// citations judges the citations of a text by the chunks and the results that
// its writer was given; all says that there are no other chunks.
func (s *suite) citations(name string, cited []swarm.Citation, chunks []*swarm.Chunk, from []swarm.Result, all bool) {
	s.Helper()
	known := map[swarm.Citation]bool{} // the evidence of the results
	for i := range from {
		for c := range from[i].Out.Evidence() {
			known[*c] = true
		}
	}
	for i, c := range cited {
		if known[c] {
			continue
		}
		of := slices.IndexFunc(chunks, func(ch *swarm.Chunk) bool { return ch.ID == c.Chunk })
		wrong := ""
		switch {
		case c.Start < 0 || c.End < c.Start:
			wrong = fmt.Sprintf("it reaches from %d to %d", c.Start, c.End)
		case of >= 0:
			wrong = wrongCitation(c, chunks[of])
		case all:
			wrong = fmt.Sprintf("it is of chunk %q, which is neither in the sources nor in a result", c.Chunk)
		}
		if wrong != "" {
			s.failf(name, "citation %d: %s", i+1, wrong)
		}
	}
}

// wrongCitation says what is wrong with a citation of a chunk; "" if nothing is.
func wrongCitation(c swarm.Citation, of *swarm.Chunk) string {
	fold := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	switch {
	case c.Source != of.Source:
		return fmt.Sprintf("chunk %q is of source %q, not of %q", c.Chunk, of.Source, c.Source)
	case c.Start < of.Start || c.End > of.End:
		return fmt.Sprintf("bytes [%d, %d) are outside of chunk %q, [%d, %d)", c.Start, c.End, c.Chunk, of.Start, of.End)
	case c.Verified && fold(of.Text[c.Start-of.Start:c.End-of.Start]) != fold(c.Quote):
		return fmt.Sprintf("it is called verified, but bytes [%d, %d) of the source are not the quote", c.Start, c.End)
	}
	return ""
}
