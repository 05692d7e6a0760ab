package mock

import (
	"math/bits"
	"strings"
)

// A passage is filled up with the sentences around it.
const (
	mostSentences = 3
	fullPassage   = 600 // bytes
)

// extend fills a passage up from its running text: what answers often stands
// beside the sentence that shares the question's words. First come sentences
// that point back or are pointed at, then those that hold the sort of answer
// that the question wants, then what follows, then what goes before.
func (f *finder) extend(p passage) passage {
	i, k := p.first, p.first
	for k+1 < len(f.units) && f.units[k].end < p.end {
		k++
	}
	for k-i+1 < mostSentences {
		before, after := 0, 0
		if f.settled(p) && !(k+1 < len(f.units) && pointsBack(f.text[f.units[k+1].start:f.units[k+1].end])) && !pointsBack(f.text[p.start:p.end]) {
			return p
		}
		if i > 0 && f.related(i-1, i) && p.end-f.units[i-1].start <= fullPassage {
			before = f.need(p, i, i-1)
		}
		if k+1 < len(f.units) && (f.related(k, k+1) || f.goesOn(k) || f.turns(k)) && f.units[k+1].end-p.start <= fullPassage {
			after = 2 + f.need(p, k+1, k+1)
		}
		switch {
		case before == 0 && after == 0:
			return p
		case before > after:
			i--
			p.start, p.first = f.units[i].start, i
		default:
			k++
			p.end = f.units[k].end
		}
	}
	if f.units[k].asks && f.turns(k) && f.units[i].asks { // the answer counts for more than the question before
		p.start, p.first, p.end = f.units[i+1].start, i+1, f.units[k+1].end
	}
	return p
}

// turns tells whether another speaker answers unit k, or says more of it.
func (f *finder) turns(k int) bool {
	return k+1 < len(f.units) && f.units[k].turn && f.units[k+1].turn && f.units[k+1].piece == f.units[k].piece+1
}

// goesOn tells whether the paragraph below unit k is about the same: it has a
// good part of the question, its names in full.
func (f *finder) goesOn(k int) bool {
	a, b := f.units[k], f.units[k+1]
	if a.kind != sentence || b.kind != sentence || a.under != b.under || b.para != a.para+1 || b.asks {
		return false
	}
	var w float64
	m := f.masks[k+1].full
	for b := m; b != 0; b &= b - 1 {
		w += f.weight[bits.TrailingZeros64(b)]
	}
	for _, name := range f.q.groups {
		if m&name != name {
			return false
		}
	}
	return w >= 0.35*f.total
}

// named puts the term that a passage explains before it.
func (f *finder) named(p passage) passage {
	i := p.first
	for i > 0 && f.units[i-1].piece == f.units[p.first].piece {
		i--
	}
	if i > 0 && f.units[i-1].term && p.end-f.units[i-1].start <= 2*fullPassage {
		p.first, p.start = i-1, f.units[i-1].start
	}
	return p
}

// settled tells whether a passage has the sort of figure that is asked for,
// and most of the question besides.
func (f *finder) settled(p passage) bool {
	return f.q.wants != 0 && p.score >= 0.75 && f.q.bonus(f.text[p.start:p.end]) >= rightShape-0.001
}

// need is how much a passage wants unit j beside it; later is the second of
// the two where they meet.
func (f *finder) need(p passage, later, j int) int {
	n := 0
	text := f.text[f.units[j].start:f.units[j].end]
	if pointsBack(f.text[f.units[later].start:f.units[later].end]) {
		n += 4
	}
	if f.q.bonus(text) >= 0.06 && f.q.bonus(f.text[p.start:p.end]) < 0.06 {
		n += 2
	}
	return n
}

var backWords = wordSet("however but nevertheless moreover then also hence so it its this these those such they their he she his her each otherwise therefore thus in er sie es sein seine ihre dieser diese dieses dies il elle ils elles ce cette ces son sa ses este esta esto su sus")

// pointsBack tells whether a sentence's first words need the one before it.
func pointsBack(s string) bool {
	first, rest, _ := strings.Cut(s, " ")
	second, _, _ := strings.Cut(rest, " ")
	w := foldString(first)
	if w == "in" || w == "each" {
		second = foldString(second)
		return second == "that" || second == "this" || second == "such" || second == "of"
	}
	for _, b := range []string{"它", "其", "该", "这", "他", "她", "此"} {
		if strings.HasPrefix(s, b) {
			return true
		}
	}
	return backWords[w]
}

// looksCoded tells whether a text is rather code, grammar or a figure than
// sentences: it has many marks, or columns of spaces.
func looksCoded(s string) bool {
	marks := 0
	for i := range len(s) {
		if strings.IndexByte("{}[]()=<>|_;\\*&/", s[i]) >= 0 {
			marks++
		}
	}
	return 12*marks > len(s) || strings.Contains(s, "    ") && !strings.Contains(s, "\n    ")
}

const longLead = 240 // bytes

// lead is what a reader of the passage alone would miss: a table's header, or
// the heading or earlier sentence that holds more of the question's weight
// than can be done without.
func (f *finder) lead(p passage) string {
	u := f.units[p.first]
	if u.kind == row && u.header >= 0 {
		return f.text[f.units[u.header].start:f.units[u.header].end]
	}
	var own maskPair
	for j := p.first; j < len(f.units) && f.units[j].start < p.end; j++ {
		own = own.or(f.masks[j])
	}
	best, most := -1, 0.1*f.total
	try := func(j int) {
		var w float64
		for b := f.masks[j].full &^ own.full; b != 0; b &= b - 1 {
			w += f.weight[bits.TrailingZeros64(b)]
		}
		if w > most && f.units[j].end-f.units[j].start <= longLead {
			best, most = j, w
		}
	}
	for h, n := u.under, 0; h >= 0 && n < 8; h, n = f.units[h].under, n+1 {
		try(h)
	}
	if p.first > 0 && (f.units[p.first-1].asks || f.units[p.first-1].term) {
		try(p.first - 1)
	}
	for k := p.first - 1; k >= 0 && p.first-k <= 12 && f.related(k, p.first); k-- {
		try(k)
	}
	if best < 0 {
		return f.pathLead(own, most)
	}
	lead := f.text[f.units[best].start:f.units[best].end]
	if f.units[best].kind != heading && best < p.first-1 {
		lead += " …"
	}
	return strings.TrimLeft(lead, "# ")
}

// pathLead is the part of the text's path that holds what is missing.
func (f *finder) pathLead(own maskPair, most float64) string {
	if f.path.full&^own.full == 0 {
		return ""
	}
	lead := ""
	for part := range strings.FieldsFuncSeq(f.pathText, func(r rune) bool { return r == '\n' || r == '›' || r == '>' || r == '|' }) {
		if part = strings.TrimSpace(part); part == fileName.FindString(part) {
			continue // what the file is called is no part of an answer
		}
		var m maskPair
		f.q.hits(part, func(t int, full bool, _ int) { m.set(t, full) })
		var w float64
		for b := m.full &^ own.full; b != 0; b &= b - 1 {
			w += f.weight[bits.TrailingZeros64(b)]
		}
		if w > most && len(part) <= longLead {
			lead, most = part, w
		}
	}
	return lead
}
