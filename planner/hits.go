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
	counts []int // of the question's words
	score  float64
}

// hits names the sections of the sources in which the question's words occur
// most, the rarer a word the more it counts, each with what selects it. It is
// empty for few sections, and where no word tells any of them from the others.
func hits(goal string, sources []swarm.Source) string {
	asked := slices.Compact(slices.Sorted(slices.Values(terms(goal))))
	asked = asked[:min(len(asked), mostWords)]
	number := map[string]int{}
	for i, w := range asked {
		number[w] = i
	}
	var parts []part
	in := make([]int, len(asked)) // how many parts each word is in
	for i := range sources {
		for s := range sources[i].Sections() {
			p := part{source: &sources[i], Section: s, counts: make([]int, len(asked))}
			for _, t := range terms(s.Path + "\n" + strings.Join(s.Text, "\n")) {
				if n, ok := number[t]; ok {
					if p.counts[n]++; p.counts[n] == 1 {
						in[n]++
					}
				}
			}
			p.Text = nil
			parts = append(parts, p)
		}
	}
	if len(parts) < leastParts {
		return ""
	}
	for i := range parts {
		for n, count := range parts[i].counts {
			if in[n]*4 < len(parts) { // else the word is everywhere
				parts[i].score += float64(min(count, 4)) * math.Log(float64(len(parts))/float64(max(in[n], 1)))
			}
		}
	}
	best := slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return p.score == 0 })
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
		b.WriteByte(':')
		for n, count := range p.counts {
			if count > 0 && in[n]*4 < len(parts) {
				fmt.Fprintf(&b, " %s %d,", asked[n], count)
			}
		}
		text := strings.TrimSuffix(b.String(), ",") + "\n"
		b.Reset()
		b.WriteString(text)
	}
	return "Sections in which words of the question occur most, and how often:\n" + findings.Fence("sections", b.String()) + "\n"
}

// terms returns the words of a text but the shortest; of scripts that set no
// spaces, its pairs of characters.
func terms(text string) []string {
	return slices.DeleteFunc(words.Sequence(text), func(w string) bool { return len(w) < 3 || utf8.RuneCountInString(w) < 2 })
}
