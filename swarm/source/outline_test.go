package source_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/source"
)

func TestOutlineCutsTheDeepestLevelsFirst(t *testing.T) {
	var b strings.Builder
	for i := range 10 {
		fmt.Fprintf(&b, "# Part %d\n\n%s\n\n", i, fill(3))
		for j := range 12 {
			fmt.Fprintf(&b, "## Section %d.%d\n\n%s\n\n### Detail %d.%d\n\n%s\n\n", i, j, fill(3), i, j, fill(3))
		}
	}
	txt := text(source.Markdown, b.String())
	o := source.Options{Size: 200, Outline: 500}
	src := mustChunk(t, txt, o)
	checkChunks(t, txt, o, src)
	if n := strings.Count(src.Outline, "- Part"); n != 10 {
		t.Errorf("%d parts, want all 10", n)
	}
	if n := strings.Count(src.Outline, "Section"); n < 10 || n > 60 {
		t.Errorf("%d sections, want some", n)
	}
	if strings.Contains(src.Outline, "Detail") || !strings.Contains(src.Outline, "headings left out") {
		t.Errorf("details are shown, or nothing is said of what is left out:\n%s", src.Outline)
	}
	if n := swarm.EstimateTokens(src.Outline); n < o.Outline/2 {
		t.Errorf("the outline uses %d of %d tokens", n, o.Outline)
	}
}

func TestOutlineSpreadsItsChoiceOfTooManyHeadings(t *testing.T) {
	var b strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&b, "# Record %d\n\nThe fact.\n\n", i)
	}
	txt := text(source.Markdown, b.String())
	src := mustChunk(t, txt, source.Options{})
	checkChunks(t, txt, source.Options{}, src)
	for _, want := range []string{"Record 0 ", "Record 1", "Record 2"} {
		if !strings.Contains(src.Outline, want) {
			t.Errorf("no %q in\n%s", want, src.Outline)
		}
	}
}

func TestOutlineShowsOpeningWordsWhereHeadingsTellLittle(t *testing.T) {
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, "Entry %d. %s\n\n", i, fill(8))
	}
	for _, head := range []string{"", "# Diary\n\n"} {
		txt := text(source.Markdown, head+b.String())
		o := source.Options{Size: 100}
		src := mustChunk(t, txt, o)
		checkChunks(t, txt, o, src)
		if n := strings.Count(src.Outline, " opens: "); n < 10 {
			t.Errorf("%d openings in\n%s", n, src.Outline)
		}
		if head != "" && !strings.Contains(src.Outline, "- Diary [#1-#200]") {
			t.Errorf("no heading in\n%s", src.Outline)
		}
	}
}
