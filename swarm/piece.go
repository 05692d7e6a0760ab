package swarm

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/db31e724/go-swarm/swarm/internal/index"
)

// corpus is the pieces of a kind that the sources are made of, and an index of
// them. Both are made when they are first asked for; safe for concurrent use.
type corpus struct {
	pieces func() []*Chunk
	index  func() *index.Index
}

// unit is what texts are read in: chunks, sources, or sections of a level.
type unit struct {
	Over
	level int
}

func (s *Step) unit() unit { return unit{s.Over, s.Level} }

func newCorpus(pieces func() []*Chunk) *corpus {
	c := &corpus{pieces: sync.OnceValue(pieces)}
	c.index = sync.OnceValue(func() *index.Index {
		all := c.pieces()
		return index.New(len(all), func(i int) string { return all[i].Path + "\n" + all[i].Text })
	})
	return c
}

// Search finds the chunks that match a query best.
func (c *corpus) Search(query string, n int) []*Chunk {
	var found []*Chunk
	for _, i := range c.index().Search(query, n) {
		found = append(found, c.pieces()[i])
	}
	return found
}

// sectionsOf returns the sections of a level (see Step) as pieces. What is a heading
// alone is none.
func sectionsOf(sources []Source, level int) []*Chunk {
	var all []*Chunk
	for i := range sources {
		s := &sources[i]
		for n, parts := range s.sections(level) {
			c := s.assemble(s.Name+"§"+strconv.Itoa(n+1), parts)
			c.Path = outer(parts[0].path, level)
			headings := strings.Split(c.Path, pathSeparator)
			if title := strings.TrimSpace(headings[len(headings)-1]); title == "" || len(strings.TrimSpace(c.Text)) > len(title)+8 || !strings.Contains(c.Text, title) {
				all = append(all, c)
			}
		}
	}
	return all
}

// wholes returns each source as a piece, or what of it is chosen.
func wholes(sources []Source, chosen func(*Chunk) bool) []*Chunk {
	var all []*Chunk
	for i := range sources {
		s := &sources[i]
		var parts []stretch
		for st := range s.stretches() {
			if chosen(&s.Chunks[st.chunk]) {
				parts = append(parts, st)
			}
		}
		if len(parts) > 0 {
			all = append(all, s.assemble(s.Name, parts))
		}
	}
	return all
}

// assemble puts stretches of a source together, in order.
func (s *Source) assemble(id string, parts []stretch) *Chunk {
	whole := &Chunk{Source: s.Name, ID: id}
	var text strings.Builder
	last := 0 // offset in the source where the last one ended
	for i, p := range parts {
		c := &s.Chunks[p.chunk]
		part := c.Part(p.from, p.to)
		if i > 0 && part.Start > last { // white space is in no chunk
			text.WriteString("\n\n"[:min(part.Start-last, 2)])
		}
		at := text.Len()
		text.WriteString(part.Text)
		whole.Segments = append(whole.Segments, Segment{At: at, Chunk: c.ID, Start: part.Start, Line: part.Line})
		place := Place{At: at, Path: p.path, Head: p.head}
		if n := len(whole.Places); n == 0 || whole.Places[n-1].Path != place.Path || whole.Places[n-1].Head != place.Head {
			whole.Places = append(whole.Places, place)
		}
		if i == 0 {
			whole.Start, whole.Line = part.Start, part.Line
		}
		whole.End = max(whole.End, part.End)
		last = part.End
	}
	whole.Text = text.String()
	return whole
}

// candidates returns the pieces that a step may read by its Select, in the order
// of the sources, and all of the kind.
func (p *planning) candidates(st *step) (chosen, all []*Chunk, wrong *PlanError) {
	r := p.run
	chunks, wrong := p.selected("select", st.Select)
	if wrong != nil {
		return nil, nil, wrong
	}
	if len(st.Select) == 0 {
		all = r.corpora[st.unit()].pieces()
		return all, all, nil
	}
	picked := make(map[string]bool, len(chunks))
	for _, c := range chunks {
		picked[c.ID] = true
	}
	switch st.Over {
	case Sections:
		all = r.corpora[st.unit()].pieces()
		chosen = only(all, func(c *Chunk) bool { return picked[c.Segments[0].Chunk] })
		return chosen, all, nil
	case Sources:
		chosen = wholes(r.task.Sources, func(c *Chunk) bool { return picked[c.ID] })
		rest := wholes(r.task.Sources, func(c *Chunk) bool { return !picked[c.ID] })
		return chosen, append(slices.Clip(chosen), rest...), nil
	}
	return chunks, r.chunks, nil
}

// only returns the chunks that are of a kind.
func only(chunks []*Chunk, of func(*Chunk) bool) []*Chunk {
	var kept []*Chunk
	for _, c := range chunks {
		if of(c) {
			kept = append(kept, c)
		}
	}
	return kept
}

// narrowed keeps of the pieces those in which one of the words stands.
func (p *planning) narrowed(st *step, from []*Chunk) []*Chunk {
	if len(st.Where) == 0 {
		return from
	}
	of := p.run.corpora[st.unit()]
	if st.Over != Chunks && len(st.Select) > 0 {
		of = newCorpus(func() []*Chunk { return from })
	}
	all := of.pieces()
	matching := map[*Chunk]bool{}
	for _, i := range of.index().Match(st.Where) {
		matching[all[i]] = true
	}
	return only(from, func(c *Chunk) bool { return matching[c] })
}

// bindPieces finds the pieces that a step over texts reads, and what a step that
// widens it reads if they hold nothing.
func (p *planning) bindPieces(st *step) *PlanError {
	chosen, all, wrong := p.candidates(st)
	if wrong != nil {
		return wrong
	}
	switch {
	case len(all) == 0:
		return bad("over", st.Over.String(), "has nothing to read, for the task has no chunks")
	case len(chosen) == 0:
		return bad("select", st.Select[0], "has no chunk to read: the source is empty, or no section begins there")
	}
	st.chunks = p.narrowed(st, chosen)
	switch {
	case len(st.chunks) == 0 && !st.Widen:
		return bad("where", strings.Join(st.Where, ", "), "stands in none of the pieces: choose other words, leave it out, or set widen")
	case len(st.chunks) == 0: // the rest is all that there is
		st.chunks, st.Widen = chosen, false
	}
	if st.Widen && len(st.chunks) < len(all) {
		reads := make(map[*Chunk]bool, len(st.chunks))
		for _, c := range st.chunks {
			reads[c] = true
		}
		rest := only(all, func(c *Chunk) bool { return !reads[c] })
		st.rest = &step{Step: st.Step, after: st, chunks: rest}
	}
	if most := p.run.swarm.Pack; most > 0 && st.Over == Chunks && st.Form != FormText && !st.Must {
		st.chunks = packed(st.chunks, p.run.task.Sources, most)
		if st.rest != nil {
			st.rest.chunks = packed(st.rest.chunks, p.run.task.Sources, most)
		}
	}
	return nil
}

// mostContext is how many tokens of context each worker of a step may be shown.
const mostContext = 16_000

// bindShown finds what the workers of a step are shown beside their own piece.
func (p *planning) bindShown(st *step) *PlanError {
	if st.Lookup > 0 && len(p.run.chunks) == 0 && p.run.task.Index == nil {
		return bad("lookup", strconv.Itoa(st.Lookup), "has nothing to look in, for the task has no chunks")
	}
	if st.Lookup > 0 && len(st.Select) > 0 && st.chunks == nil {
		chunks, wrong := p.selected("select", st.Select)
		if wrong != nil {
			return wrong
		}
		st.lookIn = newCorpus(func() []*Chunk { return chunks })
	}
	if len(st.Context) == 0 {
		return nil
	}
	chunks, wrong := p.selected("context", st.Context)
	if wrong != nil {
		return wrong
	}
	tokens := 0
	for _, c := range chunks {
		if tokens += EstimateTokens(c.Text); tokens > mostContext {
			return bad("context", st.Context[0], "is more than the %d tokens that each worker may be shown: name less", mostContext)
		}
	}
	st.context = chunks
	return nil
}

// lookup returns the chunks that match best what is a subtask's own, for a List
// behind the one in which its finding stands.
func (w *working) lookup(s *step, st *Subtask) (found []*Chunk) {
	query := st.Item
	if query == "" {
		for i := range st.From {
			if s := st.Step; s.Over == Each && i == 0 || s.Over == Once {
				query += st.From[i].Out.Text() + "\n"
			}
		}
	}
	own, in, n := w.run.task.Index, s.lookIn, st.Step.Lookup+1
	from := cmp.Or(in, w.run.corpora[unit{Over: Chunks}])
	ix := cmp.Or[Index](own, from)
	if own != nil && in != nil {
		n *= 16 // of what it finds, what is to be looked in
	}
	if s.Over == List {
		if cites := s.of.results[0].Out.Findings[st.Index].Evidence; len(cites) > 0 {
			found = only(from.pieces(), func(c *Chunk) bool { return c.ID == cites[0].Chunk })
		}
	}
	query = clip(cmp.Or(query, st.Step.Do), 4*digestTokens)
	matching := slices.DeleteFunc(slices.Clone(ix.Search(query, n)), func(c *Chunk) bool {
		return c == nil || st.Chunk != nil && c.ID == st.Chunk.ID || own != nil && in != nil && !slices.Contains(in.pieces(), c)
	})
	for _, c := range matching[:min(len(matching), st.Step.Lookup)] {
		if len(found) == 0 || c.ID != found[0].ID {
			found = append(found, c)
		}
	}
	return found
}
