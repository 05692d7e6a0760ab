package planner

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/internal/words"
	"github.com/db31e724/go-swarm/swarm"
)

const (
	mostWords  = 32 // of a question
	mostHits   = 6  // parts that are named
	leastParts = 4  // of fewer nothing is said: they are read anyway
)

// part is a section of a source in which words of the question occur.
type part struct {
	source *swarm.Source
	swarm.Section
	counts map[string]int // of the question's words
	score  float64
}

// hits names the sections of the sources in which the question's words occur
// most, the rarer a word the more it counts, each with what selects it. It is
// empty for few sections, and where no word tells any of them from the others.
func hits(goal string, sources []swarm.Source) string {
	asked := slices.Compact(slices.Sorted(slices.Values(terms(goal))))
	asked = asked[:min(len(asked), mostWords)]
	var parts []part
	in := map[string]int{} // how many parts each word is in
	for i := range sources {
		for s := range sources[i].Sections() {
			p := part{source: &sources[i], Section: s, counts: map[string]int{}}
			for _, t := range terms(s.Path + "\n" + strings.Join(s.Text, "\n")) {
				if _, ok := slices.BinarySearch(asked, t); ok {
					p.counts[t]++
				}
			}
			for t := range p.counts {
				in[t]++
			}
			parts = append(parts, p)
		}
	}
	if len(parts) < leastParts {
		return ""
	}
	asked = slices.DeleteFunc(asked, func(w string) bool { return in[w]*4 >= len(parts) }) // such a word is everywhere
	for i := range parts {
		for _, w := range asked {
			parts[i].score += float64(min(parts[i].counts[w], 4)) * math.Log(float64(len(parts))/float64(max(in[w], 1)))
		}
	}
	best := slices.DeleteFunc(parts, func(p part) bool { return p.score == 0 })
	slices.SortStableFunc(best, func(a, b part) int { return cmp.Compare(b.score, a.score) })
	if len(best) == 0 {
		return ""
	}
	var b strings.Builder
	for _, p := range best[:min(len(best), mostHits)] {
		fmt.Fprintf(&b, "- %s#%d", findings.Line(p.source.Name, 80), p.First)
		if p.Last > p.First {
			fmt.Fprintf(&b, "-%d", p.Last)
		}
		if p.Path != "" {
			b.WriteString(" (" + findings.Line(p.Path, 160) + ")")
		}
		var counts []string
		for _, w := range asked {
			if n := p.counts[w]; n > 0 {
				counts = append(counts, fmt.Sprintf("%s %d", w, n))
			}
		}
		b.WriteString(": " + strings.Join(counts, ", ") + "\n")
	}
	return "Sections in which words of the question occur most, and how often:\n" + findings.Fence("sections", b.String()) + "\n"
}

// terms returns the words of a text but the shortest; of scripts that set no
// spaces, its pairs of characters.
func terms(text string) []string {
	return slices.DeleteFunc(words.Sequence(text), func(w string) bool { return len(w) < 3 || utf8.RuneCountInString(w) < 2 })
}
