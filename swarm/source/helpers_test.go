package source_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/source"
)

// text makes a text of a format without a file.
func text(f source.Format, body string) source.Text {
	return source.Text{Name: "t", Body: body, Format: f}
}

func mustChunk(t testing.TB, txt source.Text, o source.Options) swarm.Source {
	t.Helper()
	src, err := source.Chunk(txt, o)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// checkChunks holds chunks against what Chunk promises of every text.
func checkChunks(t testing.TB, txt source.Text, o source.Options, src swarm.Source) {
	t.Helper()
	size, limit := o.Size, o.Outline
	if size == 0 {
		size = 800
	}
	if limit == 0 {
		limit = 1000
	}
	ids := make(map[string]bool)
	covered, before := 0, -1
	for i, c := range src.Chunks {
		if c.Source != txt.Name || ids[c.ID] {
			t.Fatalf("chunk %d: source %q, ID %q used before: %v", i, c.Source, c.ID, ids[c.ID])
		}
		ids[c.ID] = true
		if c.Start < 0 || c.Start >= c.End || c.End > len(txt.Body) || txt.Body[c.Start:c.End] != c.Text {
			t.Fatalf("chunk %d: text is not the body's [%d, %d)", i, c.Start, c.End)
		}
		if !utf8.ValidString(c.Text) || !utf8.ValidString(c.Path) {
			t.Fatalf("chunk %d: text or path is not valid UTF-8", i)
		}
		if n := swarm.EstimateTokens(c.Text); n > size {
			t.Fatalf("chunk %d: %d tokens, want at most %d", i, n, size)
		}
		if c.Start <= before {
			t.Fatalf("chunk %d begins at %d, not after %d", i, c.Start, before)
		}
		if o.Overlap == 0 && c.Start < covered {
			t.Fatalf("chunk %d begins at %d, before %d, without overlap", i, c.Start, covered)
		}
		if c.Start < covered {
			if n := swarm.EstimateTokens(txt.Body[c.Start:covered]); n > o.Overlap {
				t.Fatalf("chunk %d repeats %d tokens, want at most %d", i, n, o.Overlap)
			}
		} else if gap := txt.Body[covered:c.Start]; strings.TrimFunc(gap, blank) != "" {
			t.Fatalf("chunk %d: %q before it is in no chunk", i, gap)
		}
		if want := 1 + strings.Count(txt.Body[:c.Start], "\n"); c.Line != want {
			t.Fatalf("chunk %d: line %d, want %d", i, c.Line, want)
		}
		checkPlaces(t, txt, c)
		before, covered = c.Start, c.End
	}
	if rest := txt.Body[covered:]; strings.TrimFunc(rest, blank) != "" {
		t.Fatalf("%q at the end is in no chunk", rest)
	}
	if n := swarm.EstimateTokens(src.Outline); n > limit {
		t.Fatalf("outline of %d tokens, want at most %d:\n%s", n, limit, src.Outline)
	}
	if !utf8.ValidString(src.Outline) {
		t.Fatal("outline is not valid UTF-8")
	}
}

// checkPlaces holds a chunk's places against what Chunk promises of them.
func checkPlaces(t testing.TB, txt source.Text, c swarm.Chunk) {
	t.Helper()
	if len(c.Places) == 0 && c.Path != "" || len(c.Places) > 0 && c.Places[0].At != 0 {
		t.Fatalf("%s: path %q, places %+v", c.ID, c.Path, c.Places)
	}
	at := -1
	for _, p := range c.Places {
		if p.At <= at || p.At >= len(c.Text) || !utf8.RuneStart(c.Text[p.At]) {
			t.Fatalf("%s: place at %d of %d, after %d", c.ID, p.At, len(c.Text), at)
		}
		if (p.Path == "") != (c.Path == "") || !utf8.ValidString(p.Path) {
			t.Fatalf("%s under %q: a place under %q", c.ID, c.Path, p.Path)
		}
		if !strings.Contains(txt.Body, p.Head) || len(p.Head) > 1000 {
			t.Fatalf("%s: head %q is not of the body, or too long", c.ID, p.Head)
		}
		at = p.At
	}
}

func blank(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' }

// chunkWith finds the one chunk that holds s.
func chunkWith(t testing.TB, src swarm.Source, s string) swarm.Chunk {
	t.Helper()
	for _, c := range src.Chunks {
		if strings.Contains(c.Text, s) {
			return c
		}
	}
	t.Fatalf("no chunk holds %q", s)
	return swarm.Chunk{}
}
