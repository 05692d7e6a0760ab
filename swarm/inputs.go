package swarm

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// bind makes the subtask that a worker is given. What it reads was written
// before the subtask became ready, and is not written again.
func (w *working) bind(t *running) Subtask {
	s, i := t.step, int(t.ref.Index)
	st := Subtask{Run: w.run.id, Step: &s.Step, Index: i, Goal: cmp.Or(s.Goal, w.run.task.Goal), Context: s.context, Priority: t.priority}
	st.Chunk, st.Item = s.input(i)
	if s.Goal == NoGoal {
		st.Goal = ""
	}
	if s.groups != nil {
		st.From = s.groups[i]
		return st
	}
	if len(s.needs) > 0 {
		s.once.Do(func() { s.gather() })
		st.From, st.Missing = s.from, s.missing
	}
	if s.Over == Each {
		st.From = append(s.of.results[i:i+1:i+1], st.From...)
	}
	if s.Over == List {
		if f := s.of.results[0].Out.Findings[i : i+1]; len(f[0].Evidence) > 0 {
			st.From = append([]Result{{Step: &s.of.Step, Index: i, Outcome: Done, Out: Output{Findings: f}}}, st.From...)
		}
	}
	if s.Lookup > 0 {
		st.Found = w.lookup(s, &st)
		s.found[i] = st.Found
	}
	return st
}

// input returns what a subtask of the step works on: that of its pipeline's head.
func (s *step) input(i int) (c *Chunk, item string) {
	for s.Over == Each {
		s = s.of
	}
	switch {
	case s.chunks != nil:
		return s.chunks[i], ""
	case s.items != nil:
		return nil, s.items[i]
	}
	return nil, ""
}

// gather collects the results that a step needs, once for all its subtasks,
// and tells what is missing of them.
func (s *step) gather() {
	for _, n := range s.needs {
		t := n.tally()
		done := t[Done]
		if failed := t[Failed] + t[Skipped] + t[Cancelled]; failed > 0 {
			s.missing = append(s.missing, fmt.Sprintf("%s: %d of %d parts failed", n.ID, failed, len(n.results)))
		}
		if len(s.needs) == 1 && done == len(n.results) {
			s.from = n.results[:done:done]
			return
		}
		for i := range n.results {
			if n.results[i].Outcome == Done {
				s.from = append(s.from, n.results[i])
			}
		}
	}
}

// part is a piece of a source as a model refers to it by what the outline
// shows: spec.html#12, spec.html#12-14, "spec.html [#12-#14]", #12.
var part = regexp.MustCompile(`^(.*?)[\s\[(]*#(\d{1,9})(?:\s*[-–—]\s*#?(\d{1,9}))?[\s\])]*$`)

// span is a range of the run's chunks, [from, to).
type span struct {
	from, to int
	source   bool // a whole one
}

// selected returns the chunks that a step's Select stands for, in the order of
// the sources, each once. Its time is linear in the names and the chunks.
func (p *planning) selected(field string, names []string) ([]*Chunk, *PlanError) {
	all := p.run.chunks
	if len(names) == 0 {
		return all, nil
	}
	places := map[string]span{} // by the ID of a chunk and by the name of a source
	for i, c := range all {
		places[c.ID] = span{i, i + 1, false}
	}
	at := 0
	for i := range p.run.task.Sources {
		s := &p.run.task.Sources[i]
		places[s.Name] = span{at, at + len(s.Chunks), true}
		at += len(s.Chunks)
	}
	edges := make([]int, len(all)+1) // selections that begin at a chunk less those that ended before it
	for _, name := range names {
		at, ok := places[name]
		if !ok {
			var wrong *PlanError
			if at, wrong = p.partOf(field, name, places); wrong != nil {
				return nil, wrong
			}
		}
		edges[at.from]++
		edges[at.to]--
	}
	var chunks []*Chunk
	in := 0
	for i, c := range all {
		if in += edges[i]; in > 0 {
			chunks = append(chunks, c)
		}
	}
	return chunks, nil
}

// partOf finds the chunks of a source that a name stands for by their numbers,
// which are those in their IDs.
func (p *planning) partOf(field, name string, places map[string]span) (span, *PlanError) {
	sources := p.run.task.Sources
	m := part.FindStringSubmatch(name)
	of := ""
	if m != nil {
		// A source's own name may end in what part passes over before the #.
		of = name[:len(m[1])+strings.IndexByte(name[len(m[1]):], '#')]
		if !places[of].source {
			of = m[1]
		}
		if of == "" {
			if len(sources) != 1 {
				return span{}, bad(field, name, "does not say of which source: write the source's name before #")
			}
			of = sources[0].Name
		}
	}
	if _, numbered := places[of+"#1"]; !numbered || !places[of].source {
		var names []string
		for i := range sources {
			names = append(names, strconv.Quote(sources[i].Name))
		}
		return span{}, bad(field, name, "is no source and no chunk: the sources are %s", oneLine(names))
	}
	lo, _ := strconv.Atoi(m[2])
	hi, _ := strconv.Atoi(cmp.Or(m[3], m[2]))
	first, last := places[of+"#"+strconv.Itoa(lo)], places[of+"#"+strconv.Itoa(hi)]
	if first.to == 0 || last.to <= first.from {
		return span{}, bad(field, name, "is no part of the source: its chunks are #1-%d", places[of].to-places[of].from)
	}
	return span{from: first.from, to: last.to}, nil
}

// oneLine lists names for an error.
func oneLine(names []string) string { return cmp.Or(clip(strings.Join(names, ", "), 300), "none") }
