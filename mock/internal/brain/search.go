package brain

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strings"
	"unicode"
)

const (
	k1, b = 1.2, 0.75 // of BM25 (Robertson and Zaragoza, 2009)

	// How much of the question must stand in a passage, or above it, for the
	// passage to answer: of words, and of pairs of characters, half of which
	// span two words.
	leastWords, leastPairs = 0.33, 0.2
)

// query is the terms of a question, at most 64.
type query struct {
	terms []string
	known map[string]uint64 // terms that a word is a form of
}

// bag is the terms of the query in a passage, as bits: which, how often each,
// and which stand in the headings above it.
type bag struct {
	mask, above uint64
	count       [64]uint8
	words       int
}

func newQuery(asked string) *query {
	q := &query{known: map[string]uint64{}}
	for w := range words(asked) {
		if !slices.Contains(q.terms, w) && len(q.terms) < 64 {
			q.terms = append(q.terms, w)
		}
	}
	return q
}

func (q *query) mask(word string) uint64 {
	m, ok := q.known[word]
	if !ok {
		for i, t := range q.terms {
			if sameWord(t, word) {
				m |= 1 << i
			}
		}
		q.known[strings.Clone(word)] = m
	}
	return m
}

// sameWord says whether two words are forms of one: they begin alike, and at
// most an ending differs.
func sameWord(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	n := 0
	for n < len(a) && a[n] == b[n] {
		n++
	}
	return n == len(b) || n >= 4 && len(a)-n <= 1 && len(b)-n <= 4 && unicode.IsLetter(rune(a[0])) && !strings.ContainsAny(b, "0123456789")
}

func (q *query) bag(text string) bag {
	var out bag
	for w := range words(text) {
		out.words++
		m := q.mask(w)
		out.mask |= m
		for ; m != 0; m &= m - 1 {
			n := &out.count[bits.TrailingZeros64(m)]
			*n = min(*n, 254) + 1
		}
	}
	return out
}

// rank scores passages by BM25; a term in a heading counts half, and alone
// nothing. Among
// passages that were found by the same question, alike says, all terms count
// alike: the ones that matter are then the frequent ones.
func (q *query) rank(all []statement, alike bool) {
	in := make([]float64, len(q.terms)) // passages with the term
	mean := 0.0
	for _, s := range all {
		mean += float64(s.words) / float64(len(all))
		for i := range in {
			in[i] += float64(s.mask >> i & 1)
		}
	}
	weight, part, sum := make([]float64, len(q.terms)), make([]float64, len(q.terms)), 0.0
	for i, t := range q.terms {
		part[i] = 1
		if n := float64(min(len(t), 6)); t < "\u0080" { // short words say little
			part[i] = n * n / 36
		}
		weight[i] = part[i]
		if !alike {
			weight[i] *= 1 + math.Log(1+(float64(len(all))-in[i]+0.5)/(in[i]+0.5))
		}
		sum += part[i]
	}
	for k := range all {
		s := &all[k]
		if s.mask == 0 {
			continue
		}
		for i, w := range weight {
			tf := float64(s.count[i])
			switch {
			case tf > 0:
				s.score += w * tf * (k1 + 1) / (tf + k1*(1-b+b*float64(s.words)/mean))
			case s.above&(1<<i) != 0:
				s.score += w / 2
			}
			if (s.mask|s.above)&(1<<i) != 0 {
				s.share += part[i] / sum
			}
		}
		s.share = min(1, s.share)
	}
}

// search finds the passages that answer best, at most so many, for the question
// of several that is answered best.
func search(asked []string, texts []text, most int) []statement {
	var out []statement
	for _, a := range asked {
		if got := searchOne(newQuery(a), texts, most); len(got) > 0 && (len(out) == 0 || got[0].share > out[0].share) {
			out = got
		}
	}
	return out
}

func searchOne(q *query, texts []text, most int) []statement {
	var passages []statement
	for _, t := range texts {
		about := q.bag(t.about).mask
		add := func(from, to int, above []string) uint64 {
			quote := t.body[from:to]
			g := q.bag(quote)
			g.above = about
			for _, h := range above {
				g.above |= q.bag(h).mask
			}
			passages = append(passages, statement{bag: g, text: strings.Join(strings.Fields(quote), " "), quote: quote})
			return g.mask
		}
		before, held := unit{}, uint64(0)
		for _, u := range units(t.body) {
			if u.asks(t.body) {
				continue
			}
			mask := add(u.start, u.end, u.above)
			if u.follows && mask&^held != 0 && held&^mask != 0 { // two sentences that answer together
				add(before.start, u.end, u.above)
			}
			before, held = u, mask
		}
	}
	least := leastWords
	if len(q.terms) > 0 && q.terms[0] > "\u0e00" {
		least = leastPairs
	}
	var out []statement
	q.rank(passages, false)
	for _, s := range best(passages) {
		twice := func(o statement) bool {
			return strings.Contains(o.quote, s.quote) || strings.Contains(s.quote, o.quote)
		}
		if s.share >= least && len(out) < most && !slices.ContainsFunc(out, twice) {
			out = append(out, s)
		}
	}
	return out
}

// best are the statements that score at least half of what the first does, in
// the order of their scores.
func best(all []statement) []statement {
	slices.SortStableFunc(all, func(a, b statement) int { return cmp.Compare(b.score, a.score) })
	if n := slices.IndexFunc(all, func(s statement) bool { return 2*s.score < all[0].score }); n > 0 {
		return all[:n]
	}
	return all
}
