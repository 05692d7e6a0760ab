package swarm

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// bind makes the subtask that a worker is given. What it reads was written
// before the subtask became ready, and is not written again.
func (w *working) bind(t *running) Subtask {
	s, i := t.step, int(t.ref.Index)
	st := Subtask{Run: w.run.id, Step: &s.Step, Index: i, Goal: w.run.task.Goal, Priority: t.priority}
	st.Chunk, st.Item = s.input(i)
	switch {
	case s.Goal == NoGoal:
		st.Goal = ""
	case s.Goal != "":
		st.Goal = s.Goal
	}
	st.Context = s.context
	if s.groups != nil {
		st.From = s.groups[i]
		return st
	}
	if len(s.needs) > 0 {
		s.once.Do(func() { s.gather() })
		st.From, st.Missing = s.from, s.missing
	}
	if s.Over == Each {
		one := s.of.results[i : i+1 : i+1]
		if len(st.From) == 0 {
			st.From = one
		} else {
			st.From = append(one, st.From...)
		}
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
		done, failed := 0, 0
		for i := range n.results {
			switch n.results[i].Outcome {
			case Done:
				done++
			case Failed, Skipped, Cancelled:
				failed++
			}
		}
		if failed > 0 {
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

// selected returns the chunks that a step's Select stands for, in the order of
// the sources, each once. Its time is linear in the names and the chunks.
func (p *planning) selected(field string, names []string) ([]*Chunk, *fault) {
	all := p.run.chunks
	if len(names) == 0 {
		return all, nil
	}
	first := map[string]int{} // place of a source's first chunk, by name
	place := map[string]int{} // of a chunk, by ID
	sources := map[string]*Source{}
	at := 0
	for i := range p.run.task.Sources {
		s := &p.run.task.Sources[i]
		sources[s.Name], first[s.Name] = s, at
		at += len(s.Chunks)
	}
	for i, c := range all {
		place[c.ID] = i
	}
	edges := make([]int, len(all)+1) // selections that begin at a chunk less those that ended before it
	for _, name := range names {
		var from, to int
		if s := sources[name]; s != nil {
			from, to = first[name], first[name]+len(s.Chunks)
		} else if i, ok := place[name]; ok {
			from, to = i, i+1
		} else {
			s, lo, hi, wrong := p.partOf(field, name, sources)
			if wrong != nil {
				return nil, wrong
			}
			from, to = first[s.Name]+lo-1, first[s.Name]+hi
		}
		edges[from]++
		edges[to]--
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

// partOf reads a name that stands for some chunks of a source, from number lo
// to hi.
func (p *planning) partOf(field, name string, sources map[string]*Source) (s *Source, lo, hi int, wrong *fault) {
	m := part.FindStringSubmatch(name)
	if m != nil {
		// A source's own name may end in what part passes over before the #.
		if s = sources[name[:len(m[1])+strings.IndexByte(name[len(m[1]):], '#')]]; s == nil {
			s = sources[m[1]]
		}
		if m[1] == "" && s == nil {
			if len(sources) != 1 {
				return nil, 0, 0, bad(field, name, "does not say of which source: write the source's name before #")
			}
			s = &p.run.task.Sources[0]
		}
	}
	if s == nil || !numbered(s) {
		return nil, 0, 0, bad(field, name, "is no source and no chunk: the sources are %s", p.names())
	}
	lo, _ = strconv.Atoi(m[2])
	hi = lo
	if m[3] != "" {
		hi, _ = strconv.Atoi(m[3])
	}
	if lo < 1 || hi < lo || hi > len(s.Chunks) {
		return nil, 0, 0, bad(field, name, "is no part of the source: its chunks are #1-%d", len(s.Chunks))
	}
	return s, lo, hi, nil
}

// names lists the sources for an error, as many as fit a line.
func (p *planning) names() string {
	var b strings.Builder
	for i := range p.run.task.Sources {
		if b.Len() > 300 {
			fmt.Fprintf(&b, " and %d more", len(p.run.task.Sources)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(p.run.task.Sources[i].Name))
	}
	if b.Len() == 0 {
		return "none"
	}
	return b.String()
}

// numbered reports whether the chunks of a source are called by its name and
// their number, as outlines count them.
func numbered(s *Source) bool {
	if len(s.Chunks) == 0 {
		return false
	}
	for _, i := range [...]int{0, len(s.Chunks) - 1} {
		if n, ok := strings.CutPrefix(s.Chunks[i].ID, s.Name+"#"); !ok || n != strconv.Itoa(i+1) {
			return false
		}
	}
	return true
}
