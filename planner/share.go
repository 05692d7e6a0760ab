package planner

import (
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
	each := sort.Search(most, func(n int) bool { // what each of the larger ones may take
		taken := 0
		for _, s := range sizes {
			taken += min(s, n+1)
		}
		return taken > most
	})
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
	depth := func(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }
	lines := strings.Split(text, "\n")
	for swarm.EstimateTokens(strings.Join(lines, "\n")) > most-2 {
		deepest := depth(slices.MaxFunc(lines, func(a, b string) int { return depth(a) - depth(b) }))
		kept := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return depth(l) == deepest })
		if len(kept) == 0 {
			break
		}
		lines = kept
	}
	return strings.TrimRight(cutText(strings.Join(lines, "\n"), most-2), "\n ") + " …"
}

// cutText returns as much of the beginning of text as takes at most most tokens.
func cutText(text string, most int) string {
	n := sort.Search(len(text), func(n int) bool { return swarm.EstimateTokens(strings.ToValidUTF8(text[:n+1], "")) > most })
	return strings.ToValidUTF8(text[:n], "")
}
