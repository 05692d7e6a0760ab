package index

import (
	"bytes"
	"encoding/binary"
	"iter"
	"slices"
	"sort"
)

// builder collects the postings of each term, in the order of the texts.
type builder struct {
	ids  map[string]uint32
	list []growing
}

// growing is the postings of a term while texts are added: those of the texts
// before last are written.
type growing struct {
	posts       []byte
	texts       uint32
	last, count uint32 // the last text that has the term, and how often
	before      uint32 // the text before it
}

func (w *builder) add(term []byte, text uint32) {
	id, ok := w.ids[string(term)]
	if !ok {
		id = uint32(len(w.list))
		w.ids[string(term)] = id
		w.list = append(w.list, growing{})
	}
	g := &w.list[id]
	if g.texts > 0 && g.last == text {
		g.count++
		return
	}
	g.write()
	g.before, g.last, g.count = g.last, text, 1
	g.texts++
}

// write ends the postings with those of the last text: the distance from the
// text before it, and the count where it is not 1, told by the lowest bit.
func (g *growing) write() {
	if g.count == 0 {
		return
	}
	distance := uint64(g.last-g.before) << 1
	if g.count == 1 {
		g.posts = binary.AppendUvarint(g.posts, distance)
		return
	}
	g.posts = binary.AppendUvarint(g.posts, distance|1)
	g.posts = binary.AppendUvarint(g.posts, uint64(g.count))
}

// into moves all terms and their postings into x, each end to end: of a term
// there stay its bytes, its postings and 12 bytes of offsets.
func (w *builder) into(x *Index) {
	terms, size := make([]string, 0, len(w.ids)), 0
	for term := range w.ids {
		terms = append(terms, term)
		size += len(term)
	}
	slices.Sort(terms)
	posts := 0
	for i := range w.list {
		w.list[i].write()
		posts += len(w.list[i].posts) + binary.MaxVarintLen32
	}
	x.terms, x.ends = make([]byte, 0, size), make([]uint32, 0, len(terms))
	x.posts, x.postAt = make([]byte, 0, posts), make([]uint64, 0, len(terms))
	for _, term := range terms {
		g := &w.list[w.ids[term]]
		x.terms = append(x.terms, term...)
		x.ends = append(x.ends, uint32(len(x.terms)))
		x.posts = binary.AppendUvarint(x.posts, uint64(g.texts))
		x.posts = append(x.posts, g.posts...)
		x.postAt = append(x.postAt, uint64(len(x.posts)))
		g.posts = nil
	}
	x.posts = bytes.Clone(x.posts)
}

// postings are the texts that have a term.
type postings struct {
	texts int
	bytes []byte
}

// find returns the postings of a term; none if no text has it.
func (x *Index) find(term string) postings {
	i := sort.Search(len(x.ends), func(i int) bool { return string(between(x.terms, x.ends, i)) >= term })
	if i == len(x.ends) || string(between(x.terms, x.ends, i)) != term {
		return postings{}
	}
	list := between(x.posts, x.postAt, i)
	texts, n := binary.Uvarint(list)
	return postings{int(texts), list[n:]}
}

// between returns the i-th part of all.
func between[N uint32 | uint64](all []byte, ends []N, i int) []byte {
	if i == 0 {
		return all[:ends[0]]
	}
	return all[ends[i-1]:ends[i]]
}

// all yields the numbers of the texts and how often the term stands there.
func (p postings) all() iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		text := uint64(0)
		for rest := p.bytes; len(rest) > 0; {
			distance, n := binary.Uvarint(rest)
			rest = rest[n:]
			count := uint64(1)
			if distance&1 == 1 {
				count, n = binary.Uvarint(rest)
				rest = rest[n:]
			}
			text += distance >> 1
			if !yield(int(text), int(count)) {
				return
			}
		}
	}
}
