// Package index finds the texts that match words best, by BM25.
//
// A text becomes terms (package words), a term a list of the texts that have it
// (postings.go). Nothing is stemmed: a word matches itself, without regard to
// case and accents.
package index

import (
	"cmp"
	"math"
	"slices"

	"github.com/db31e724/go-swarm/internal/words"
)

// The constants of BM25 are those that Robertson and Zaragoza (2009) and
// Lucene use, and so is the weight of a rare term: ln(1 + (N-n+0.5)/(n+0.5)).
const (
	k1 = 1.2
	b  = 0.75
)

// Index holds which texts have which terms. It is read only once New has
// returned, so any number of goroutines may search it.
type Index struct {
	text   func(i int) string
	terms  []byte   // all terms, sorted, end to end
	ends   []uint32 // where each of them ends
	posts  []byte   // the postings of all terms, end to end; see postings
	postAt []uint64 // where those of each term end
	length []uint32 // terms of each text
	mean   float64  // of length
}

// New indexes the texts text(0) to text(n-1). The index does not keep them, but
// asks for some of them again when phrases are matched; text must then return
// the same and be safe for concurrent use.
func New(n int, text func(i int) string) *Index {
	x := &Index{text: text, length: make([]uint32, n)}
	build := builder{ids: map[string]uint32{}}
	total := 0
	for i := range n {
		for term, extra := range words.Terms(text(i)) {
			build.add(term, uint32(i))
			if !extra {
				x.length[i]++
			}
		}
		total += int(x.length[i])
	}
	build.into(x)
	x.mean = max(1, float64(total)/float64(max(n, 1)))
	return x
}

// Search returns the numbers of the at most n texts that match the query best,
// the best first; equally good ones are in their order. A text that shares no
// term with the query is not among them.
func (x *Index) Search(query string, n int) []int {
	scores := make([]float64, len(x.length))
	for _, term := range unique(words.Sequence(query)) {
		list := x.find(term)
		idf := math.Log(1 + (float64(len(x.length))-float64(list.texts)+0.5)/(float64(list.texts)+0.5))
		for i, count := range list.all() {
			tf := float64(count)
			scores[i] += idf * tf * (k1 + 1) / (tf + k1*(1-b+b*float64(x.length[i])/x.mean))
		}
	}
	// best is sorted; a text that would come after its last is passed by.
	better := func(a, c int) int {
		return cmp.Or(cmp.Compare(scores[c], scores[a]), cmp.Compare(a, c))
	}
	var best []int
	for i, score := range scores {
		if score <= 0 || n <= 0 || len(best) == n && better(i, best[n-1]) > 0 {
			continue
		}
		if len(best) == n {
			best = best[:n-1]
		}
		at, _ := slices.BinarySearchFunc(best, i, better)
		best = slices.Insert(best, at, i)
	}
	return best
}

// Match returns, in order, the numbers of the texts that contain any of the
// words. A word of several is a phrase: they stand side by side in the text,
// with nothing but white space and punctuation between them.
func (x *Index) Match(wanted []string) []int {
	hit := make([]bool, len(x.length))
	for _, word := range wanted {
		phrase := words.Sequence(word)
		for i, all := range x.withAll(phrase) {
			if all && !hit[i] {
				hit[i] = len(phrase) == 1 || contains(words.Sequence(x.text(i)), phrase)
			}
		}
	}
	var out []int
	for i, yes := range hit {
		if yes {
			out = append(out, i)
		}
	}
	return out
}

// withAll tells of each text whether it has all of the terms, of none if there
// are no terms.
func (x *Index) withAll(phrase []string) []bool {
	counts := make([]int, len(x.length))
	different := unique(phrase)
	for _, term := range different {
		for i := range x.find(term).all() {
			counts[i]++
		}
	}
	all := make([]bool, len(counts))
	for i, n := range counts {
		all[i] = n > 0 && n == len(different)
	}
	return all
}

// contains tells whether part stands in whole, without a gap.
func contains(whole, part []string) bool {
	for ; len(whole) >= len(part); whole = whole[1:] {
		if slices.Equal(whole[:len(part)], part) {
			return true
		}
	}
	return false
}

func unique(terms []string) []string {
	terms = slices.Clone(terms)
	slices.Sort(terms)
	return slices.Compact(terms)
}
