package source

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/swarm"
)

// outline describes a text to a planner in at most limit tokens: its size,
// then its headings with the numbers of their chunks, the deepest levels left
// out first, and the opening words of chunks spread over the text where
// headings tell little. It says what it left out.
func outline(t Text, p *packer, limit int) string {
	var b strings.Builder
	n := len(p.chunks)
	fmt.Fprintf(&b, "%s: %s, %s, about %d tokens, ", shorten(oneLine(t.Name), 100), t.Format, bytesText(len(t.Body)), swarm.EstimateTokens(t.Body))
	if n == 1 {
		b.WriteString("1 chunk (#1)\n")
	} else {
		fmt.Fprintf(&b, "%d chunks (#1-#%d)\n", n, n)
	}
	left := limit - swarm.EstimateTokens(b.String())
	if len(p.headings) > 0 {
		share := left
		if len(p.headings)*3 < n {
			share = left * 2 / 3
		}
		left -= writeHeadings(&b, p, share)
	}
	if len(p.headings)*3 < n || len(p.headings) == 0 {
		writeOpenings(&b, p, left)
	}
	return strings.TrimRight(b.String(), "\n")
}

// headingLine is a heading as the outline shows it. Its ranges are those of
// chunks that hold its section's text.
func headingLine(p *packer, i int) string {
	h := p.headings[i]
	end := len(p.body)
	for j := i + 1; j < len(p.headings); j++ {
		if p.headings[j].depth <= h.depth {
			end = p.headings[j].start
			break
		}
	}
	first, last := p.chunkAt(h.start), p.chunkAt(end-1)
	for last > first && p.chunks[last].Start >= end {
		last--
	}
	where := fmt.Sprintf("[#%d]", first+1)
	if last > first {
		where = fmt.Sprintf("[#%d-#%d]", first+1, last+1)
	}
	return strings.Repeat("  ", h.depth) + "- " + oneLine(h.title) + " " + where + "\n"
}

// chunkAt finds the last chunk that begins at or before an offset.
func (p *packer) chunkAt(offset int) int {
	i := sort.Search(len(p.chunks), func(i int) bool { return p.chunks[i].Start > offset })
	return max(i-1, 0)
}

// writeHeadings writes as many levels of headings as fit into limit tokens,
// of the outermost an even choice if they do not, and what it left out. It
// gives the tokens written.
func writeHeadings(b *strings.Builder, p *packer, limit int) int {
	const note = 14 // tokens of the line on what is left out
	var costs []int // by depth, by an upper estimate of each line
	for _, h := range p.headings {
		for len(costs) <= h.depth {
			costs = append(costs, 0)
		}
		costs[h.depth] += swarm.EstimateTokens(h.title) + h.depth/2 + 6 + len(strconv.Itoa(len(p.chunks)))
	}
	depth, sum := 0, 0
	for depth < len(costs) && sum+costs[depth] <= limit-note {
		sum += costs[depth]
		depth++
	}
	before := b.Len()
	if depth == len(costs) {
		for i := range p.headings {
			b.WriteString(headingLine(p, i))
		}
		return swarm.EstimateTokens(b.String()[before:])
	}
	// The level that does not fit is shown in part, spread evenly.
	var shown, partly []int
	for i, h := range p.headings {
		if h.depth < depth {
			shown = append(shown, i)
		} else if h.depth == depth {
			partly = append(partly, i)
		}
	}
	room := limit - note - sum
	each := costs[depth]/len(partly) + 1
	for count := min(len(partly), max(room, 0)/each); count > 0; count-- {
		choice, cost := make([]int, count), 0
		for k := range choice {
			choice[k] = partly[k*len(partly)/count]
			cost += swarm.EstimateTokens(p.headings[choice[k]].title) + depth/2 + 6 + len(strconv.Itoa(len(p.chunks)))
		}
		if cost <= room {
			shown = append(shown, choice...)
			break
		}
		count -= count / 8
	}
	slices.Sort(shown)
	for _, i := range shown {
		b.WriteString(headingLine(p, i))
	}
	fmt.Fprintf(b, "(%d of %d headings left out)\n", len(p.headings)-len(shown), len(p.headings))
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
			fmt.Fprintf(&lines, "- #%d opens: %s\n", i+1, opening(p.chunks[i].Text, words))
		}
		if swarm.EstimateTokens(lines.String()) <= limit {
			b.WriteString(lines.String())
			return
		}
		if count == 1 && words > 40 {
			words /= 2
			count = 2
		} else if count == 1 {
			return
		}
	}
}

// opening gives the first words of a chunk on one line, n bytes at most.
func opening(text string, n int) string {
	head := text[:min(len(text), 4*n)]
	for len(head) < len(text) && len(head) > 0 && !utf8.RuneStart(text[len(head)]) {
		head = head[:len(head)-1]
	}
	return shorten(oneLine(head), n)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func bytesText(n int) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%d MB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d KB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
