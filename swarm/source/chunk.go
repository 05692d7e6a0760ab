package source

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

const smallestSize = 16

// Options say how a text is cut. The zero value suits most texts.
type Options struct {
	// Size is the most tokens of a chunk, by swarm.EstimateTokens, without its
	// path. 0: 800.
	Size int

	// Overlap is the most tokens that a chunk repeats from the one before it, in
	// whole sentences or lines. 0: none.
	Overlap int

	// Outline is the most tokens of the outline. 0: 1000. Outer levels of headings
	// have priority over inner ones; titles are shortened if all of the outermost
	// do not fit otherwise.
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

// Chunk cuts a text into chunks of at most o.Size estimated tokens, and writes its
// outline. Every byte of the text that is not white space is in a chunk. Each
// chunk's text equals Body[Start:End] and is valid UTF-8. Without overlap no two
// chunks share a byte.
//
// It cuts before headings unless that makes small chunks, otherwise between
// paragraphs, sentences, words or runes, in this order of preference. It keeps a
// heading with its text, and does not cut tables and code that fit into a chunk.
// IDs are the text's name, # and the chunk's number from 1.
//
// Places hold the headings of each part of a chunk, and the head of a table that
// began in an earlier chunk; without headings or tables there are none. Text before
// the first heading has the path (before "that heading"). A program's headings are
// its file and its declarations: list.go › func (l *List) Insert. Path says in one
// line under which headings a chunk is. For a chunk of several sections it begins
// with their common headings and lists the rest of each (of the first and the last
// if there are more than three): Report › (Acme › Risks; Bolt).
//
// Time is linear in the text; chunks do not copy it. The error is for an invalid
// option, a text without visible characters, or one that is not UTF-8.
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
