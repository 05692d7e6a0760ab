package swarm

import "fmt"

// packed puts short texts together, in order, into pieces of at most so many
// tokens: chunks that are all that there is of their source.
func packed(pieces []*Chunk, sources []Source, most int) []*Chunk {
	whole := map[string]bool{} // IDs of such chunks
	for i := range sources {
		if s := &sources[i]; len(s.Chunks) == 1 {
			whole[s.Chunks[0].ID] = true
		}
	}
	var groups [][]*Chunk
	tokens := 0 // of the last group
	for _, c := range pieces {
		n := EstimateTokens(c.Text)
		if !whole[c.ID] {
			n = most + 1 // it stays alone
		}
		if tokens += n; len(groups) == 0 || tokens > most {
			groups, tokens = append(groups, nil), n
		}
		last := &groups[len(groups)-1]
		*last = append(*last, c)
	}
	out := make([]*Chunk, len(groups))
	for i, g := range groups {
		out[i] = pack(g)
	}
	return out
}

// pack makes one piece of several chunks.
func pack(chunks []*Chunk) *Chunk {
	if len(chunks) == 1 {
		return chunks[0]
	}
	more := fmt.Sprintf(" and %d more", len(chunks)-1)
	p := &Chunk{Source: chunks[0].Source + more, ID: chunks[0].ID + more, Line: chunks[0].Line}
	for i, c := range chunks {
		if i > 0 {
			p.Text += "\n\x1e\n" // no quote goes over it
		}
		at := len(p.Text)
		p.Segments = append(p.Segments, Segment{At: at, Chunk: c.ID, Start: c.Start, Line: c.Line, Source: c.Source, End: c.End})
		if len(c.Places) == 0 {
			p.Places = append(p.Places, Place{At: at, Path: c.Path})
		}
		for _, place := range c.Places {
			place.At += at
			p.Places = append(p.Places, place)
		}
		p.Text += c.Text
	}
	return p
}
