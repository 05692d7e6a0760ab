package swarmtest

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/db31e724/go-swarm/swarm"
)

// output is what one Merge writes: it fails where it was told to.
type output struct {
	name   string // of the case
	err    error  // what Write answers
	wrote  func() // called at each Write; may be nil
	writer *swarm.AnswerWriter

	mu     sync.Mutex
	writes int
	closed bool // Merge has returned
	late   int  // Writes after that
}

// told is what the writer calls for each piece.
func (o *output) told(string, bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		o.late++
		return errors.New("the merge is over")
	}
	o.writes++
	if o.wrote != nil {
		o.wrote()
	}
	return o.err
}

// mergeTo runs one Merge and looks at what it leaves of its input and writer.
func (s *suite) mergeTo(ctx context.Context, name string, p swarm.Planner, b swarm.Brief, rs []swarm.Result, o *output) (v swarm.Verdict, returned bool, err error) {
	s.Helper()
	b.Coverage = swarm.Coverage{Subtasks: len(rs) + 1, Done: len(rs), Abstained: 1}
	o.name, o.writer = name, swarm.NewAnswerWriter(o.told)
	before := snapshot(rs)
	returned = s.call(ctx, name, func(ctx context.Context) { v, err = p.Merge(ctx, b, rs, o.writer) })
	s.stop()
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	if after := snapshot(rs); after != before {
		s.failf(name, "it changed the results, which others share: from\n%s\nto\n%s", clip(before), clip(after))
	}
	s.outputs = append(s.outputs, o)
	return v, returned, err
}

// keptWriters reports a Merge that wrote after it had returned.
func (s *suite) keptWriters() {
	s.Helper()
	for _, o := range s.outputs {
		o.mu.Lock()
		if o.late > 0 {
			s.failf(o.name, "it wrote after it had returned")
		}
		o.mu.Unlock()
	}
}

// merge lets p merge results, and judges text and verdict.
func (s *suite) merge(name string, p swarm.Planner, b swarm.Brief, rs []swarm.Result) {
	s.Helper()
	name = "merge, " + name
	var o output
	v, returned, err := s.mergeTo(context.Background(), name, p, b, rs, &o)
	if !returned || err != nil {
		return
	}
	if text := o.writer.String(); strings.Contains(text, "\uFFFD") { // what the writer makes of it
		s.failf(name, "the text is not valid UTF-8: %q", clip(text))
	}
	chunks := map[string]*swarm.Chunk{}
	for _, src := range b.Task.Sources {
		for i := range src.Chunks {
			chunks[src.Chunks[i].ID] = &src.Chunks[i]
		}
	}
	for i, c := range v.Citations {
		if chunks[c.Chunk] == nil && !handedOn(c, rs) {
			s.failf(name, "citation %d is of chunk %q, which is neither in the sources nor in a result", i+1, c.Chunk)
		} else if wrong := wrongCitation(c, chunks); wrong != "" && !handedOn(c, rs) {
			s.failf(name, "citation %d: %s", i+1, wrong)
		}
	}
}

func (s *suite) mergeToBrokenWriter(name string, p swarm.Planner, b swarm.Brief, rs []swarm.Result) {
	s.Helper()
	name = "merge, " + name + ", the writer fails"
	o := output{err: errors.New("nobody reads the answer any more")}
	_, returned, err := s.mergeTo(context.Background(), name, p, b, rs, &o)
	if returned && o.writes > 0 && err == nil {
		s.failf(name, "it returned no error, as if the text had been written")
	}
}

func (s *suite) mergeCancelled(name string, p swarm.Planner, b swarm.Brief, rs []swarm.Result) {
	s.Helper()
	name = "merge, " + name
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.mergeTo(ctx, name+", cancelled at the first writing", p, b, rs, &output{wrote: cancel})
	cancel()
	s.mergeTo(ctx, name+", cancelled before", p, b, rs, &output{})
}
