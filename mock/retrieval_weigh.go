package mock

import (
	"math"
	"math/bits"
	"strings"
)

// weigh lowers the prior weight of terms that many units hold.
func (f *finder) weigh() {
	n := len(f.units)
	df := make([]int, len(f.q.terms))
	for _, m := range f.masks {
		for b := m.full; b != 0; b &= b - 1 {
			df[bits.TrailingZeros64(b)]++
		}
	}
	said := f.speakers()
	f.weight = make([]float64, len(df))
	for t := range df {
		w := f.q.terms[t].weight
		if df[t] > 1 {
			share := float64(df[t]-1) / float64(max(n, 8))
			w /= 1 + 3*share
			if n > 64 { // many units: what the text itself tells is worth more than the prior
				w *= 0.25 + 0.75*math.Log(float64(n)/float64(df[t]))/math.Log(float64(n))
			}
		}
		if said[t] >= 3 {
			w *= 0.3 // who speaks is not what is spoken of
		}
		f.weight[t] = w
		f.total += w
	}
}

// speakers counts for each term that is a name the turns of a talk that it
// begins.
func (f *finder) speakers() []int {
	said := make([]int, len(f.q.terms))
	for i, u := range f.units {
		if u.kind != item || f.masks[i].full == 0 || i > 0 && f.units[i-1].piece == u.piece {
			continue
		}
		text := f.text[u.start:min(u.end, u.start+40)]
		if k := strings.IndexAny(text, ":："); k > 0 {
			f.q.hits(text[:k], func(t int, full bool, _ int) {
				if full && f.q.terms[t].group >= 0 {
					said[t]++
				}
			})
		}
	}
	return said
}
