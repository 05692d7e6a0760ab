package planner

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
)

// fenceTokens is what a fence adds to a text, estimated; leastOutline is how
// many tokens of outline a source must get at least to have a fence of its own.
const (
	fenceTokens  = 24
	leastOutline = 12
)

// sourcesText shows the outlines within most tokens: each in a fence of its
// own, or a line each where the sources are too many for that. It says what it
// left out.
func sourcesText(sources []swarm.Source, most int) string {
	if len(sources) == 0 {
		return "There are no source texts.\n\n"
	}
	heads := make([]string, len(sources))
	outlines := make([]string, len(sources))
	left := most
	for i, s := range sources {
		heads[i] = fmt.Sprintf("name %q, %s", s.Name, chunks(len(s.Chunks)))
		outlines[i] = s.Outline
		left -= swarm.EstimateTokens(heads[i]) + fenceTokens
	}
	if len(sources) > 1 && left < leastOutline*len(sources) {
		return sourceLines(sources, most)
	}
	outlines, cut := share(outlines, max(left, 0))
	var b strings.Builder
	b.WriteString("Outlines of the sources:\n")
	for i, o := range outlines {
		b.WriteString(findings.Fence(heads[i], o))
	}
	if cut {
		b.WriteString("Outlines that end in \"…\" were cut for lack of room; the sources go on.\n")
	}
	b.WriteByte('\n')
	return b.String()
}

// sourceLines shows each source on a line: its name, its size, and as much of
// its outline as the room for a line allows.
func sourceLines(sources []swarm.Source, most int) string {
	most -= 2*fenceTokens + 32 // what stands around the lines
	var lines strings.Builder
	shown := 0
	for i, s := range sources {
		head := fmt.Sprintf("%q, %s", s.Name, chunks(len(s.Chunks)))
		cost := swarm.EstimateTokens(head) + 2
		if cost > most {
			break
		}
		room := most/(len(sources)-i) - cost
		if flat := flatOutline(s); flat != "" && room > 4 {
			if short := cutLine(flat, room-2); short != flat {
				flat = short + " …"
			}
			head += ": " + flat
			cost += swarm.EstimateTokens(flat) + 1
		}
		lines.WriteString(head + "\n")
		most -= cost
		shown++
	}
	text := "Outlines of the sources, a line each for lack of room:\n" + findings.Fence(fmt.Sprintf("outlines of %d sources", shown), lines.String())
	if n := len(sources) - shown; n > 0 {
		text += fmt.Sprintf("%d more sources are not shown for lack of room; \"select\": [] reads them too.\n", n)
	}
	return text + "\n"
}

var places = regexp.MustCompile(`\s*\[#[-#\d]+\]$`)

// flatOutline makes a line of an outline, without the line on name and size
// that it may begin with and without the numbers of chunks.
func flatOutline(s swarm.Source) string {
	var parts []string
	for line := range strings.Lines(s.Outline) {
		line = strings.TrimPrefix(findings.Line(line, 200), "- ")
		if line = places.ReplaceAllString(line, ""); line != "" && !strings.HasPrefix(line, s.Name+": ") {
			parts = append(parts, line)
		}
		if len(parts) == 40 { // more than a line has room for
			break
		}
	}
	return strings.Join(parts, "; ")
}

func chunks(n int) string {
	if n == 1 {
		return "1 chunk"
	}
	return fmt.Sprintf("%d chunks", n)
}
