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
	// Run distinguishes runs of the same goal and sources in a [Journal]: a new
	// value starts a new run. Put the models' names here to get one run for each.
	Run string
	// Schema is the JSON Schema of the answer. Answer.Text is then JSON that
	// follows it, without references such as [1], and Answer.Citations are the
	// evidence for all of it. planner.LLM does this; any other planner must. nil:
	// the answer is prose.
	Schema json.RawMessage
	// Index finds the chunks that match a query, for steps with Lookup. nil: BM25
	// over words (over pairs of characters in scripts without spaces). It is built
	// from the sources when a step first needs it.
	Index Index
}

// Index finds the chunks that Step.Lookup shows to workers. It must be safe for
// concurrent use.
type Index interface {
	// Search returns at most n chunks of the task, the best match first.
	Search(query string, n int) []*Chunk
}

// Source is a named text that has been cut into chunks. Package
// [github.com/db31e724/go-swarm/swarm/source] makes sources from files and
// bytes; a program with its own records can fill one in by hand.
type Source struct {
	// Name identifies the source in citations. It must be unique in a task.
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
	Path   string // the headings above it, outermost first, joined by " › ", for a reader; may be empty
	Text   string // valid UTF-8, equal to the source's bytes [Start, End)
	Start  int    // byte offset in the source
	End    int    // byte offset of the first byte after it
	Line   int    // line of Start in the source, from 1; 0: unknown

	// Places are the headings of the parts of Text, in order; the first begins at
	// 0. None: all of it stands under Path.
	Places []Place

	// Segments say which chunks Text was joined from, in order, if it was: for a
	// section, a whole source, or short sources read together (Swarm.Pack). The
	// first begins at 0. White space between two segments is not from the source.
	// None: Text is one chunk.
	Segments []Segment
}

// Segment is a part of a text that was joined from several chunks.
type Segment struct {
	At    int    // byte offset in the text from which it holds, up to the next one's
	Chunk string // ID of the chunk that it comes from
	Start int    // byte offset of its first byte in the source
	Line  int    // line of Start, from 1; 0: unknown

	// Source and End are set if the text was joined from several sources (see
	// Swarm.Pack): the name of the segment's source, and the byte offset of its end
	// there.
	Source string
	End    int
}

// Place says where a part of a chunk stands in its source.
type Place struct {
	At   int    // byte offset in the chunk's Text from which it holds, up to the next one's
	Path string // headings, outermost first, joined by " › "

	// Head is the head of the table that this part holds rows of, as in the source:
	// the lines that name its columns, with a caption and units directly above.
	// Empty: the part is not in a table, or the table has no head.
	Head string
}

// PlaceAt returns the place of the byte of c.Text at offset. An offset outside of
// Text gives the nearest place; a chunk without Places gives its Path.
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
// Quote holds these bytes with each run of white space as one space. Verified is
// left false, because no worker's quote was compared with the text.
func (c *Chunk) Cite(start, end int) Citation {
	first, place, part := c.segment(start), c.PlaceAt(start), c.Part(start, end)
	if first.Source != c.segment(max(end-1, start)).Source {
		part.End = first.End
	}
	return Citation{
		Source: first.Source, Chunk: first.Chunk, Path: place.Path, Head: place.Head, Line: part.Line,
		Start: part.Start, End: part.End, Quote: strings.Join(strings.Fields(part.Text), " "),
	}
}

// Part returns the part of c that is c.Text[start:end], with its own offsets, line
// and places. It keeps c's ID and Path.
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

// Section is a continuous part of a source under one path of headings.
type Section struct {
	Path        string
	First, Last int      // numbers of its first and last chunk, from 1
	Text        []string // its text, one part for each chunk; text that chunks repeat is there once
	Tokens      int      // estimated tokens of Text
}

// Sections yields the sections of a source in order. A section begins where the
// path of the chunks' Places changes, or Chunk.Path for chunks without places; the
// text directly under a heading and each subsection are sections of their own. The
// cost is that of estimating the text's tokens.
func (s *Source) Sections() iter.Seq[Section] {
	return func(yield func(Section) bool) {
		for _, parts := range s.sections(0) {
			one := Section{Path: parts[0].path, First: parts[0].chunk + 1}
			for _, st := range parts {
				text := s.Chunks[st.chunk].Text[st.from:st.to]
				one.Last = st.chunk + 1
				one.Text = append(one.Text, text)
				one.Tokens += EstimateTokens(text)
			}
			if !yield(one) {
				return
			}
		}
	}
}

// sections returns the parts of each section of a level; see Step.
func (s *Source) sections(level int) (all [][]stretch) {
	for st := range s.stretches() {
		if last := len(all) - 1; last >= 0 && outer(all[last][0].path, level) == outer(st.path, level) {
			all[last] = append(all[last], st)
		} else {
			all = append(all, []stretch{st})
		}
	}
	return all
}

// outer returns the headings of a path up to a level; 0: all.
func outer(path string, level int) string {
	if level == 0 {
		return path
	}
	headings := strings.SplitN(path, pathSeparator, level+1)
	return strings.Join(headings[:min(level, len(headings))], pathSeparator)
}

// pathSeparator stands between the headings of a path.
const pathSeparator = " › "

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
		for st := range sources[i].stretches() {
			total += EstimateTokens(sources[i].Chunks[st.chunk].Text[st.from:st.to])
		}
	}
	return total
}
