package planner

import (
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

// share cuts texts so that together they take at most most tokens, by
// estimate: the small ones stay whole, and the others get the same each. It
// reports whether any was cut.
func share(texts []string, most int) ([]string, bool) {
	sizes := make([]int, len(texts))
	total := 0
	for i, t := range texts {
		sizes[i] = swarm.EstimateTokens(t)
		total += sizes[i]
	}
	if total <= most {
		return texts, false
	}
	sorted := slices.Sorted(slices.Values(sizes))
	each := most // what each of the larger ones may take
	left := most
	for i, s := range sorted {
		if each = left / (len(sorted) - i); s > each {
			break
		}
		left -= s
	}
	out := slices.Clone(texts)
	for i, t := range texts {
		if sizes[i] > each {
			out[i] = cutOutline(t, each)
		}
	}
	return out, true
}

// cutOutline shortens an outline to about most tokens: the lines that are
// indented deepest go first, level by level, then those at the end. What was
// cut ends in "…".
func cutOutline(text string, most int) string {
	if swarm.EstimateTokens(text) <= most {
		return text
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	costs := make([]int, len(lines))
	deep := make([]int, len(lines))
	levels := map[int]int{} // tokens by indentation
	for i, l := range lines {
		costs[i] = swarm.EstimateTokens(l) + 1
		deep[i] = len(l) - len(strings.TrimLeft(l, " \t"))
		levels[deep[i]] += costs[i]
	}
	left := most - 2
	last := -1 // the deepest level that stays
	for n, level := range slices.Sorted(maps.Keys(levels)) {
		if levels[level] > left && n > 0 {
			break
		}
		left -= levels[level]
		last = level
	}
	var b strings.Builder
	left = most - 2
	for i, l := range lines {
		if deep[i] > last {
			continue
		}
		if costs[i] > left {
			b.WriteString(cutLine(l, left))
			break
		}
		left -= costs[i]
		b.WriteString(l + "\n")
	}
	return strings.TrimRight(b.String(), "\n ") + " …"
}

// cutLine returns as much of the beginning of l as takes at most most tokens.
func cutLine(l string, most int) string {
	n := sort.Search(len(l), func(n int) bool { return swarm.EstimateTokens(strings.ToValidUTF8(l[:n+1], "")) > most })
	return strings.ToValidUTF8(l[:n], "")
}
