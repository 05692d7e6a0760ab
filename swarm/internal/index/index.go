// Package index finds the texts that match words best, by BM25.
//
// A text becomes terms (package words), a term a list of the texts that have it.
// Nothing is stemmed: a word matches itself, without regard to case and accents.
package index

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/internal/words"
)

// The constants of BM25 are those that Robertson and Zaragoza (2009) and
// Lucene use, and so is the weight of a rare term: ln(1 + (N-n+0.5)/(n+0.5)).
const (
	k1 = 1.2
	b  = 0.75
)

// Index holds which texts have which terms, in 8 bytes for each text of a term. It
// is read only once New has returned, so any number of goroutines may search it.
type Index struct {
	text   func(i int) string
	terms  map[string]*postings
	length []uint32 // terms of each text
	mean   float64  // of length
}

// postings are the texts that have a term, in order.
type postings []posting

type posting struct{ text, count uint32 }

// New indexes the texts text(0) to text(n-1). The index does not keep them, but
// asks for some of them again when phrases are matched; text must then return
// the same and be safe for concurrent use.
func New(n int, text func(i int) string) *Index {
	x := &Index{text: text, terms: map[string]*postings{}, length: make([]uint32, n)}
	total := 0
	for i := range n {
		for term, extra := range words.Terms(text(i)) {
			x.add(term, uint32(i))
			if !extra {
				x.length[i]++
			}
		}
		total += int(x.length[i])
	}
	x.mean = max(1, float64(total)/float64(max(n, 1)))
	return x
}

func (x *Index) add(term string, text uint32) {
	list := x.terms[term]
	if list == nil {
		list = new(postings)
		x.terms[term] = list
	}
	if last := len(*list) - 1; last >= 0 && (*list)[last].text == text {
		(*list)[last].count++
	} else {
		*list = append(*list, posting{text, 1})
	}
}

// find returns the texts that have a term; none if no text has it.
func (x *Index) find(term string) postings {
	if list := x.terms[term]; list != nil {
		return *list
	}
	return nil
}

// Search returns the numbers of the at most n texts that match the query best,
// the best first; equally good ones are in their order. A text that shares no
// term with the query is not among them.
func (x *Index) Search(query string, n int) []int {
	scores := make([]float64, len(x.length))
	for _, term := range slices.Compact(slices.Sorted(slices.Values(words.Sequence(query)))) {
		list := x.find(term)
		idf := math.Log(1 + (float64(len(x.length)-len(list))+0.5)/(float64(len(list))+0.5))
		for _, p := range list {
			tf := float64(p.count)
			scores[p.text] += idf * tf * (k1 + 1) / (tf + k1*(1-b+b*float64(x.length[p.text])/x.mean))
		}
	}
	// best is sorted; a text that would come after its last is passed by.
	better := func(a, c int) int {
		return cmp.Or(cmp.Compare(scores[c], scores[a]), cmp.Compare(a, c))
	}
	var best []int
	for i, score := range scores {
		if score <= 0 || len(best) >= n && (n <= 0 || better(i, best[n-1]) > 0) {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, i, better)
		best = slices.Insert(best, at, i)
		best = best[:min(n, len(best))]
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
		if len(phrase) == 0 {
			continue
		}
		rarest := slices.MinFunc(phrase, func(a, b string) int { return cmp.Compare(len(x.find(a)), len(x.find(b))) })
		for _, p := range x.find(rarest) {
			if !hit[p.text] {
				hit[p.text] = len(phrase) == 1 || contains(words.Sequence(x.text(int(p.text))), phrase)
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

// contains tells whether part stands in whole, without a gap.
func contains(whole, part []string) bool {
	return strings.Contains(" "+strings.Join(whole, " ")+" ", " "+strings.Join(part, " ")+" ")
}
