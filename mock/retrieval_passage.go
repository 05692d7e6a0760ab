package mock

import (
	"math/bits"
	"strings"
)

// extend adds the sentence before a passage that speaks of "it" or "this", and
// the one after that goes on about it.
func (f *finder) extend(p passage) passage {
	i, k := p.first, p.first
	for k+1 < len(f.units) && f.units[k].end < p.end {
		k++
	}
	if i > 0 && k-i < 2 && f.runsOn(i-1) && pointsBack(f.text[p.start:p.end]) && p.end-f.units[i-1].start < 500 {
		i--
		p.start, p.first = f.units[i].start, i
	}
	if k-i < 2 && f.runsOn(k) && pointsBack(f.text[f.units[k+1].start:f.units[k+1].end]) && f.units[k+1].end-p.start < 500 {
		p.end = f.units[k+1].end
	}
	return p
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

// runsOn tells whether unit k+1 goes on in the same running text as unit k.
func (f *finder) runsOn(k int) bool {
	if k+1 >= len(f.units) || f.units[k].para != f.units[k+1].para {
		return false
	}
	a, b := f.units[k], f.units[k+1]
	return a.kind == sentence && b.kind == sentence ||
		a.kind != heading && a.kind != row && a.kind == b.kind && !strings.Contains(f.text[a.end:b.start], "\n")
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
	if p.first > 0 && f.units[p.first-1].asks {
		try(p.first - 1)
	}
	if u.kind == sentence {
		for k := p.first - 1; k >= 0 && p.first-k <= 12 && f.units[k].para == u.para; k-- {
			try(k)
		}
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
		var m maskPair
		f.q.hits(part, func(t int, full bool, _ int) { m.set(t, full) })
		var w float64
		for b := m.full &^ own.full; b != 0; b &= b - 1 {
			w += f.weight[bits.TrailingZeros64(b)]
		}
		if w > most && len(part) <= longLead {
			lead, most = strings.TrimSpace(part), w
		}
	}
	return lead
}
