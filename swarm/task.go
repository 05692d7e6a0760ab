package swarm

import (
	"encoding/json"
	"iter"
	"strings"
)

// Task is what the user wants: a goal in words, and the sources to work on.
// A task may have no sources; its steps then carry their own items.
type Task struct {
	Goal    string
	Sources []Source
	// Run tells runs of the same goal and sources apart in a [Journal]: another Run
	// begins anew. A model's name makes one for each model.
	Run string
	// Schema is the JSON Schema of the answer, whose Text is then JSON of it, and whose
	// Citations are the evidence for all of it: no references stand in data.
	// planner.LLM answers so; any other planner must. nil: the answer is prose.
	Schema json.RawMessage
	// Index finds the chunks that match a query, for steps with Lookup. nil: plain
	// BM25 over words, and over pairs of characters where a script sets no spaces,
	// built of the sources when a step first needs it.
	Index Index
}

// Index finds chunks by words: what a Step's Lookup shows its workers. It must be
// safe for concurrent use.
type Index interface {
	// Search returns the at most n chunks of the task that match the query best,
	// the best first.
	Search(query string, n int) []*Chunk
}

// Source is a named text that has been cut into chunks. Package
// [github.com/db31e724/go-swarm/swarm/source] makes sources from files and
// bytes; a program with its own records can fill one in by hand.
type Source struct {
	// Name tells the source from the others of its task and is what
	// citations say. It must be unique in a task.
	Name string

	// Outline is what the planner is shown of the source instead of its
	// text: headings, or opening words. It may be empty.
	Outline string

	// Chunks are in the order of the text. They may overlap.
	Chunks []Chunk
}

// Chunk is a piece of a source: the unit that a worker reads and a citation
// points at.
type Chunk struct {
	Source string // name of the source it was cut from
	ID     string // unique in the task
	Path   string // the headings it stands under, outermost first, joined by " › ", in a line for a reader; may be empty
	Text   string // valid UTF-8, equal to the source's bytes [Start, End)
	Start  int    // byte offset in the source
	End    int    // byte offset of the first byte after it
	Line   int    // line of Start in the source, from 1; 0: unknown

	// Places say where the parts of Text stand, in order; the first begins
	// at 0. None: all of it stands under Path.
	Places []Place

	// Segments say of which chunks Text is put together, where it is a section or
	// a whole source (Over Sections, Sources), in order; the first begins at 0. White
	// space between two of them is not that of the source. None: Text is of one.
	Segments []Segment
}

// Segment is a part of a text that is put together of several chunks.
type Segment struct {
	At    int    // byte offset in the text from which it holds, up to the next one's
	Chunk string // ID of the chunk that it is of
	Start int    // byte offset in the source of its first byte
	Line  int    // the line of that, from 1; 0: unknown

	// Source and End are set where the text is put together of several sources
	// (see Swarm.Pack): the part's source, and the offset there of what follows it.
	Source string
	End    int
}

// Place says where a part of a chunk stands in its source.
type Place struct {
	At   int    // byte offset in the chunk's Text from which it holds, up to the next one's
	Path string // headings, outermost first, joined by " › "

	// Head is the head of the table whose rows stand here, as it stands in the
	// source: the lines that name its columns, with a caption and units directly
	// above. Empty: the part is no row of a table, or the table has no head.
	Head string
}

// PlaceAt returns the place of the byte of c.Text at an offset; of an offset
// outside of it, the nearest. A chunk without places has one, its Path.
func (c *Chunk) PlaceAt(offset int) Place {
	place := Place{Path: c.Path}
	for i, p := range c.Places {
		if i > 0 && p.At > offset {
			break
		}
		place = p
	}
	return place
}

// segment returns the segment that the byte of c.Text at an offset is of.
func (c *Chunk) segment(offset int) Segment {
	at := Segment{Chunk: c.ID, Start: c.Start, Line: c.Line}
	for i, s := range c.Segments {
		if i > 0 && s.At > offset {
			break
		}
		at = s
	}
	if at.Source == "" {
		at.Source, at.End = c.Source, c.End
	}
	return at
}

// Cite returns a citation of c.Text[start:end], with its place in the source.
// Quote holds these bytes with each run of white space as one space; it is not
// Verified, for nobody has compared it with what a worker said.
func (c *Chunk) Cite(start, end int) Citation {
	first, last, place := c.segment(start), c.segment(max(end-1, start)), c.PlaceAt(start)
	to := min(last.Start+end-last.At, last.End)
	if last.Source != first.Source {
		to = first.End
	}
	cite := Citation{
		Source: first.Source, Chunk: first.Chunk, Path: place.Path, Head: place.Head, Line: first.Line,
		Start: min(first.Start+start-first.At, first.End), End: to,
		Quote: strings.Join(strings.Fields(c.Text[start:end]), " "),
	}
	if cite.Line > 0 {
		cite.Line += strings.Count(c.Text[first.At:start], "\n")
	}
	return cite
}

// Part returns the part of c with Text[start:end], which has its own offsets,
// line and places, and c's ID and Path.
func (c *Chunk) Part(start, end int) Chunk {
	part := *c
	part.Text = c.Text[start:end]
	first, last := c.segment(start), c.segment(max(end-1, start))
	part.Start = min(first.Start+start-first.At, first.End)
	part.End = min(last.Start+end-last.At, last.End)
	if first.Source == last.Source {
		part.Source = first.Source
	}
	if part.Line = first.Line; part.Line > 0 {
		part.Line += strings.Count(c.Text[first.At:start], "\n")
	}
	part.Places = nil
	for _, p := range c.Places {
		if p.At <= start {
			part.Places = part.Places[:0]
		}
		if p.At < end || len(part.Places) == 0 {
			p.At = max(p.At-start, 0)
			part.Places = append(part.Places, p)
		}
	}
	part.Segments = nil
	for _, s := range c.Segments {
		if s.At <= start {
			s.At, s.Start, s.Line = 0, part.Start, part.Line
			part.Segments = []Segment{s}
		} else if s.At < end {
			s.At -= start
			part.Segments = append(part.Segments, s)
		}
	}
	return part
}

// Section is a stretch of a source under one path of headings.
type Section struct {
	Path        string
	First, Last int      // numbers of the chunks that it begins and ends in, from 1
	Text        []string // its text, in parts of those chunks; what they repeat stands there once
	Tokens      int      // of Text, estimated
}

// Sections yields the stretches of a source in order, as the places of its
// chunks tell them apart, or their paths where they have none. A heading's own
// text and each section under it are stretches of their own. The cost is that
// of counting the text's tokens.
func (s *Source) Sections() iter.Seq[Section] {
	return func(yield func(Section) bool) {
		var open Section
		for st := range s.stretches() {
			if open.First == 0 || st.path != open.Path {
				if open.First > 0 && !yield(open) {
					return
				}
				open = Section{Path: st.path, First: st.chunk + 1}
			}
			text := s.Chunks[st.chunk].Text[st.from:st.to]
			open.Last = st.chunk + 1
			open.Text = append(open.Text, text)
			open.Tokens += EstimateTokens(text)
		}
		if open.First > 0 {
			yield(open)
		}
	}
}

// stretch is a part of a chunk under one path of headings.
type stretch struct {
	path, head      string
	chunk, from, to int
}

// stretches yields the parts of a source's chunks in order, what they repeat
// once.
func (s *Source) stretches() iter.Seq[stretch] {
	return func(yield func(stretch) bool) {
		end := 0 // of the chunk before
		for i := range s.Chunks {
			c := &s.Chunks[i]
			places := c.Places
			if len(places) == 0 {
				places = []Place{{Path: c.Path}}
			}
			seen := max(end-c.Start, 0)
			end = c.End
			for k, p := range places {
				from, to := max(p.At, seen), len(c.Text)
				if k+1 < len(places) {
					to = min(places[k+1].At, to)
				}
				if from < to && !yield(stretch{p.Path, p.Head, i, from, to}) {
					return
				}
			}
		}
	}
}

// sourceTokens estimates the tokens of all sources, what overlapping chunks
// share counted once.
func sourceTokens(sources []Source) int {
	total := 0
	for i := range sources {
		read := 0
		for j := range sources[i].Chunks {
			c := &sources[i].Chunks[j]
			text := c.Text
			if seen := read - c.Start; seen > 0 && c.End-c.Start == len(text) {
				text = text[min(seen, len(text)):]
			}
			total += EstimateTokens(text)
			read = max(read, c.End)
		}
	}
	return total
}
