package source

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

const smallestSize = 16

// Options say how a text is cut. The zero value is right for most.
type Options struct {
	// Size is the most tokens of a chunk, by swarm.EstimateTokens; 0: 800.
	// Its path is not counted.
	Size int

	// Overlap is the most tokens that a chunk repeats of the one before it,
	// in whole sentences or lines; 0: none.
	Overlap int

	// Outline is the most tokens of the outline; 0: 1000. The outermost
	// headings come first: all of them, if need be with shortened titles, as
	// long as they fit.
	Outline int
}

func (o Options) check() (Options, error) {
	o.Size, o.Outline = cmp.Or(o.Size, 800), cmp.Or(o.Outline, 1000)
	switch {
	case o.Size < smallestSize:
		return o, fmt.Errorf("source: Size %d: a chunk holds at least %d tokens", o.Size, smallestSize)
	case o.Overlap < 0 || o.Overlap > o.Size/2:
		return o, fmt.Errorf("source: Overlap %d: it must be between 0 and half of Size, %d", o.Overlap, o.Size/2)
	case o.Outline < smallestSize:
		return o, fmt.Errorf("source: Outline %d: an outline holds at least %d tokens", o.Outline, smallestSize)
	}
	return o, nil
}

// Chunk cuts a text into chunks of at most o.Size estimated tokens, and
// outlines it. Every byte of the text that is not white space is in a chunk,
// each chunk's text equals Body[Start:End] and is valid UTF-8, and without
// overlap no two share a byte.
//
// It cuts before headings where that leaves no small chunks, else between
// paragraphs, sentences, words, runes, in this order; it leaves no heading
// without its text, and tables and code whole where they fit. IDs are the
// text's name, # and the chunk's number from 1.
//
// Places hold the headings of each part of a chunk, and the head of a table
// that began in an earlier one; there are none where the text has neither. What
// stands before the first heading has the path (before "that heading"). A
// program's headings are its file and what it declares: list.go › func (l
// *List) Insert. A chunk's Path says in a line what it stands under; of a chunk
// of several sections first what they have in common, then the rest of each, or
// of more than three the first and the last: Report › (Acme › Risks; Bolt).
//
// Its time is linear in the text; it holds the chunks (without a copy of the
// text) and one chunk's pieces. An unusable option is its only error, and a
// text without visible characters, or that is not UTF-8.
func Chunk(t Text, o Options) (swarm.Source, error) {
	o, err := o.check()
	if err != nil {
		return swarm.Source{}, fmt.Errorf("chunk %s: %w", t.Name, err)
	}
	if valid := strings.ToValidUTF8(t.Body, ""); len(valid) != len(t.Body) {
		return swarm.Source{}, fmt.Errorf("chunk %s: %w: the body is not valid UTF-8; use Decode", t.Name, ErrNotText)
	}
	p := scan(t, o, t.Format == Plain)
	if len(p.headings) < 3 && (t.Format == Markdown || t.Format == HTML) {
		if again := scan(t, o, true); len(again.headings) > len(p.headings) {
			p = again
		}
	}
	if len(p.chunks) == 0 {
		return swarm.Source{}, fmt.Errorf("chunk %s: %w", t.Name, ErrEmpty)
	}
	p.place()
	return swarm.Source{Name: t.Name, Outline: outline(t, p, o.Outline), Chunks: p.chunks}, nil
}

// scan cuts a text; plain says that headings without marks are looked for.
func scan(t Text, o Options, plain bool) *packer {
	p := &packer{name: t.Name, body: t.Body, size: o.Size, overlap: o.Overlap, headings: []heading{{rank: rankBefore, parent: -1}}}
	s := &scanner{packer: p, format: t.Format, plain: plain, noFence: map[string]bool{}}
	if t.Format == Code {
		if s.decls = declarations(t); len(s.decls) > 0 {
			p.headings[0] = heading{title: plainTitle(path.Base(t.Name)), rank: rankFile, parent: -1, depth: -1}
		}
	}
	s.run()
	p.flush()
	return p
}
