package source

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

// outline describes a text to a planner in at most limit tokens: its size,
// then its headings with the numbers of their chunks, the deepest levels left
// out first, and the opening words of chunks spread over the text where
// headings tell little. It says what it left out.
func outline(t Text, p *packer, limit int) string {
	var b strings.Builder
	n := len(p.chunks)
	fmt.Fprintf(&b, "%s: %s, about %d tokens, ", shorten(oneLine(t.Name), 100), t.Format, swarm.EstimateTokens(t.Body))
	if n == 1 {
		b.WriteString("1 chunk (#1)\n")
	} else {
		fmt.Fprintf(&b, "%d chunks (#1-#%d)\n", n, n)
	}
	left := limit - swarm.EstimateTokens(b.String())
	listed := listed(p)
	few := len(listed)*3 < n && t.Format != Code || len(listed) == 0
	if len(listed) > 0 {
		share := left
		if few {
			share = left * 2 / 3
		}
		left -= writeHeadings(&b, p, listed, share)
	}
	if few {
		writeOpenings(&b, p, left)
	}
	return strings.TrimRight(b.String(), "\n")
}

// listed gives the headings that an outline shows: not a program's file, nor
// the beginning before the first heading if it fills no chunk.
func listed(p *packer) (list []int) {
	for i, h := range p.headings {
		if h.title != "" && (i > 0 || h.rank == rankBefore && p.chunkAt(p.headings[1].start) > 0) {
			list = append(list, i)
		}
	}
	return list
}

// headingLine is a heading as the outline shows it, its title within width
// bytes. Its range is that of the chunks that hold its section's text.
func headingLine(p *packer, i, width int) string {
	h := p.headings[i]
	end := len(p.body)
	for j := i + 1; j < len(p.headings); j++ {
		if p.headings[j].depth <= h.depth {
			end = p.headings[j].start
			break
		}
	}
	first, last := p.chunkAt(h.start), p.chunkAt(end-1)
	where := fmt.Sprintf("[#%d]", first+1)
	if last > first {
		where = fmt.Sprintf("[#%d-#%d]", first+1, last+1)
	}
	return strings.Repeat("  ", h.depth) + "- " + shorten(h.label(), width) + " " + where + "\n"
}

// chunkAt finds the last chunk that begins at or before an offset.
func (p *packer) chunkAt(offset int) int {
	i := sort.Search(len(p.chunks), func(i int) bool { return p.chunks[i].Start > offset })
	return max(i-1, 0)
}

// writeHeadings writes the listed headings within limit tokens, level by level,
// the outermost first. A level that does not fit has its titles shortened; one
// that does not fit even then is the last, in an even choice. It says how many
// are left out, and gives the tokens written.
func writeHeadings(b *strings.Builder, p *packer, listed []int, limit int) int {
	const note = 14 // tokens of the line on what is left out
	widths := make([]int, len(p.headings))
	shown, room, full := 0, limit-note, false
	for depth, rest := 0, len(listed); rest > 0 && !full; depth++ {
		level := slices.DeleteFunc(slices.Clone(listed), func(i int) bool { return p.headings[i].depth != depth })
		rest -= len(level)
		cost := func(i, width int) int { // an upper estimate
			return swarm.EstimateTokens(shorten(p.headings[i].label(), width)) + depth/2 + 6 + len(strconv.Itoa(len(p.chunks)))
		}
		width, all := 2*longestTitle, room+1
		for all > room && width > 30 {
			width, all = width/2, 0
			for _, i := range level {
				all += cost(i, width)
			}
		}
		full = all > room
		share := min(max(room, 0), all)
		due := all - share
		for _, i := range level {
			if due += share; due >= all && cost(i, width) <= room {
				due -= all
				room -= cost(i, width)
				widths[i] = width
				shown++
			}
		}
	}
	before := b.Len()
	for _, i := range listed {
		if widths[i] > 0 {
			b.WriteString(headingLine(p, i, widths[i]))
		}
	}
	if shown < len(listed) {
		fmt.Fprintf(b, "(%d of %d headings left out)\n", len(listed)-shown, len(listed))
	}
	return swarm.EstimateTokens(b.String()[before:])
}

// writeOpenings writes the opening words of chunks spread evenly over the
// text, within limit tokens.
func writeOpenings(b *strings.Builder, p *packer, limit int) {
	words := 160 // bytes of each
	n := len(p.chunks)
	if n == 1 {
		words = 600
	}
	for count := min(n, max(limit/24, 1)); count > 0; count = count * 3 / 4 {
		var lines strings.Builder
		for k := range count {
			i := k * n / count
			text := p.chunks[i].Text
			text = strings.ToValidUTF8(text[:min(len(text), 4*words)], "")
			fmt.Fprintf(&lines, "- #%d opens: %s\n", i+1, shorten(oneLine(text), words))
		}
		if swarm.EstimateTokens(lines.String()) <= limit {
			b.WriteString(lines.String())
			return
		}
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
