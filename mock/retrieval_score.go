package mock

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
)

// A passage is a run of one to three units that may answer a question.
type passage struct {
	start, end int     // in the text
	lead       string  // what it stands under and needs: a table's header, a heading, an earlier sentence
	score      float64 // 0 to about 1, comparable between texts
	first      int     // its first unit
}

// maskPair is which terms something holds: word for word, and by their likes;
// beside the term before them in the question; and more than once.
type maskPair struct{ full, like, beside, again uint64 }

func (m maskPair) or(o maskPair) maskPair {
	return maskPair{m.full | o.full, m.like | o.like, m.beside | o.beside, m.again | o.again}
}

// What a term is worth by where it stands.
const (
	worthFull    = 1.0
	worthLike    = 0.65
	worthHead    = 0.84 // in a heading above, a table's header, the question before
	worthBefore  = 0.74 // earlier in the same paragraph
	worthName    = 0.97 // a whole name there, or in the first sentence of the paragraph
	worthPath    = 0.80 // in the path of headings that came with the text
	worthFarPath = 0.45 // the same, once another heading has come between
	worthNear    = 0.25 // elsewhere in the text

	worthBeside = 0.10 // more, beside its neighbour in the question
	worthTopic  = 0.15 // more, in a heading above as well
	worthAgain  = 0.08 // more, twice where the question has it twice

	besideBytes = 10 // from the end of one word's stem to the start of the next
)

// A finder looks for a question's answer in one text.
type finder struct {
	q        *query
	text     string
	units    []unit
	masks    []maskPair
	path     maskPair
	pathText string
	all      maskPair
	weight   []float64 // of each term in this text
	total    float64
}

// find returns the passages of text that bear on the question, best first. A
// passage's score is the part of the question's weight that it and what it
// stands under cover. Words that many units of the text hold count for less
// there, so that in a text of look-alikes the rest decides. path is what is
// known of the text's own place: headings, the source's name.
func (q *query) find(text, path string, most int) []passage {
	if len(q.terms) == 0 {
		return nil
	}
	f := &finder{q: q, text: text, pathText: path, units: splitUnits(text)}
	f.scan(path)
	if f.all.full|f.all.like == 0 {
		return nil
	}
	f.weigh()
	return f.rank(most)
}

func (f *finder) scan(path string) {
	f.masks = make([]maskPair, len(f.units))
	u := 0
	last, lastAt := -1, -1
	f.q.hits(f.text, func(t int, full bool, at int) {
		for u < len(f.units) && at >= f.units[u].end {
			u++
		}
		if u == len(f.units) || at < f.units[u].start {
			return
		}
		if full && f.masks[u].full&(1<<t) != 0 {
			f.masks[u].again |= 1 << t
		}
		f.masks[u].set(t, full)
		f.all.set(t, full)
		if lastAt >= f.units[u].start && at-lastAt <= besideBytes+len(f.q.terms[last].stem) && (last == t-1 || last == t+1) {
			f.masks[u].beside |= 1 << max(t, last)
		}
		last, lastAt = t, at
	})
	u = 0
	f.q.runeHits(f.text, func(t int, full bool, at int) {
		for u < len(f.units) && at >= f.units[u].end {
			u++
		}
		if u < len(f.units) && at >= f.units[u].start {
			f.masks[u].set(t, full)
			f.all.set(t, full)
		}
	})
	f.q.acronymHits(f.text, func(t, at int) {
		i, _ := slices.BinarySearchFunc(f.units, at, func(u unit, at int) int { return cmp.Compare(u.end, at+1) })
		if i < len(f.units) && at >= f.units[i].start {
			f.masks[i].set(t, true)
			f.all.set(t, true)
		}
	})
	last, lastAt = -1, -1
	f.q.hits(path, func(t int, full bool, at int) {
		f.path.set(t, full)
		if lastAt >= 0 && at-lastAt <= besideBytes+len(f.q.terms[last].stem) && (last == t-1 || last == t+1) {
			f.path.beside |= 1 << max(t, last)
		}
		last, lastAt = t, at
	})
}

func (m *maskPair) set(t int, full bool) {
	if full {
		m.full |= 1 << t
	} else {
		m.like |= 1 << t
	}
}

// rank scores the windows and keeps the best that do not overlap.
func (f *finder) rank(most int) []passage {
	var all []passage
	var floor float64
	for i := range f.units {
		p, ok := f.best(i)
		if !ok || p.score < floor {
			continue
		}
		all = append(all, p)
		if len(all) > 64*most {
			f.sort(all)
			all = all[:32*most]
			floor = all[len(all)-1].score
		}
	}
	f.sort(all)
	var out []passage
	for _, p := range all {
		if len(out) == most {
			break
		}
		if !slices.ContainsFunc(out, func(o passage) bool { return p.start < o.end && o.start < p.end }) {
			p = f.named(f.extend(p))
			p.lead = f.lead(p)
			out = append(out, p)
		}
	}
	return out
}

func (f *finder) sort(ps []passage) {
	slices.SortStableFunc(ps, func(a, b passage) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.start, b.start))
	})
}

// best is the best window that begins at unit i.
func (f *finder) best(i int) (passage, bool) {
	first := f.units[i]
	ctx, before := f.context(i)
	if m := f.masks[i].or(ctx); m.full|m.like == 0 {
		return passage{}, false
	}
	own := maskPair{}
	var best passage
	found := false
	for k := i; k < len(f.units) && k < i+3; k++ {
		u := f.units[k]
		if k > i && !f.joins(i, k) || u.end-first.start > 900 && k > i {
			break
		}
		own = own.or(f.masks[k])
		if own.full|own.like == 0 && f.units[i].under < 0 && first.header < 0 && before.full == 0 {
			continue
		}
		text := f.text[first.start:u.end]
		score := f.cover(i, k, own, ctx, before)
		if score < 0.1 {
			continue
		}
		score += f.q.bonus(text)*clamp((score-0.2)/0.4) - 0.03*float64(k-i)
		if u.end-first.start > 500 {
			score -= 0.04
		}
		if u.kind != row && looksCoded(text) {
			score -= 0.08
		}
		if u.kind == heading {
			score -= 0.3
		}
		if u.asks {
			score -= 0.25
		}
		if first.kind == sentence && startsLow(text) {
			score -= 0.08 // the rest of a sentence that began before a block of code
		}
		if endsInColon(text) || u.term || strings.HasSuffix(text, "(") || strings.HasSuffix(text, "{") {
			score -= 0.12 // what it announces comes after it
		}
		if u.kind == row && u.header < 0 && k == i && i+1 < len(f.units) && f.units[i+1].header == i {
			score -= 0.3 // the header itself
		}
		if own.full|own.like == 0 {
			score -= 0.08
		}
		if found && score <= best.score {
			continue
		}
		found = true
		best = passage{start: first.start, end: u.end, score: score, first: i}
	}
	return best, found
}

// joins tells whether unit k may stand in a window that begins at i.
func (f *finder) joins(i, k int) bool {
	a, prev, b := f.units[i], f.units[k-1], f.units[k]
	if a.kind == heading || b.kind == heading || a.under != b.under || a.kind == row || b.kind == row {
		return false
	}
	if prev.asks || prev.term || a.piece == b.piece {
		return true // an answer belongs to its question, what is explained to its term
	}
	if a.para == b.para {
		return a.kind == sentence && b.kind == sentence || b.kind == item && endsInColon(f.text[prev.start:prev.end])
	}
	return endsInColon(f.text[prev.start:prev.end]) && b.para == prev.para+1
}

func startsLow(s string) bool {
	return s[0] >= 'a' && s[0] <= 'z' && !strings.Contains(s[:min(len(s), 12)], ".")
}

func endsInColon(s string) bool { return strings.HasSuffix(s, ":") || strings.HasSuffix(s, "：") }

// context is what unit i stands under (headings, a table's header, a question
// or a colon just before it), and what its paragraph said before it.
func (f *finder) context(i int) (ctx, before maskPair) {
	u := f.units[i]
	for h, n := u.under, 0; h >= 0 && n < 8; h, n = f.units[h].under, n+1 {
		ctx = ctx.or(f.masks[h])
	}
	if u.header >= 0 {
		ctx = ctx.or(f.masks[u.header])
	}
	first := i // of its piece
	for first > 0 && i-first <= 12 && f.units[first-1].piece == u.piece && u.kind != row {
		first--
	}
	if first > 0 {
		p := f.units[first-1]
		if p.asks && p.kind != heading && p.under == u.under || p.term || endsInColon(f.text[p.start:p.end]) {
			ctx = ctx.or(f.masks[first-1])
		}
	}
	for k := i - 1; k >= 0 && i-k <= 12 && f.related(k, i); k-- {
		before = before.or(f.masks[k])
	}
	if u.turn { // what the one or two before said
		for k := i - 1; k >= 0 && i-k <= 8 && f.units[k].turn && u.piece-f.units[k].piece <= 2; k-- {
			before = before.or(f.masks[k])
		}
	}
	return ctx, before
}

// related tells whether units j and k stand in the same running text: a
// paragraph, an item, a turn in a talk.
func (f *finder) related(j, k int) bool {
	a, b := f.units[j], f.units[k]
	return a.piece == b.piece && a.kind == b.kind && a.kind != row ||
		a.kind == sentence && b.kind == sentence && a.para == b.para
}

// opener is what the first sentence of unit i's paragraph holds.
func (f *finder) opener(i int) uint64 {
	k := i
	for k > 0 && i-k < 12 && f.related(k-1, i) {
		k--
	}
	if k == i {
		return 0
	}
	return f.masks[k].full
}

// cover is the part of the question's weight that units i to k cover.
func (f *finder) cover(i, k int, own, ctx, before maskPair) float64 {
	path, near := worthPath, f.path.full
	if f.units[i].under >= 0 {
		path, near = worthFarPath, 0
	}
	var got float64
	for t := range f.q.terms {
		bit := uint64(1) << t
		var c float64
		switch {
		case own.full&bit != 0:
			c = worthFull
		case ctx.full&bit != 0:
			c = worthHead
		case before.full&bit != 0:
			c = worthBefore
		case f.path.full&bit != 0 && path > worthLike:
			c = path
		case own.like&bit != 0:
			c = worthLike
		case ctx.like&bit != 0:
			c = worthHead * worthLike
		case f.path.full&bit != 0:
			c = path
		case before.like&bit != 0, f.path.like&bit != 0:
			c = worthBefore * worthLike
		case f.all.full&bit != 0:
			c = worthNear
		}
		if g := f.q.terms[t].group; g >= 0 && c > 0 {
			part := f.whole(g, i, k, ctx, before)
			if opens := ctx.full | f.opener(i); part == 1 && opens&bit != 0 && c < worthName {
				c = worthName
			}
			c *= part * part
		}
		if own.beside&bit != 0 {
			c += worthBeside
		}
		if own.full&bit != 0 && (ctx.full|near)&bit != 0 {
			c += worthTopic
		}
		if own.again&bit != 0 && f.q.terms[t].times > 1 {
			c += worthAgain
		}
		got += f.weight[t] * c
	}
	return got / f.total
}

// whole is how much of a name stands together in one place: its best part,
// squared for names of several words, since half a name is another's.
func (f *finder) whole(g, i, k int, ctx, before maskPair) float64 {
	name := f.q.groups[g]
	n := bits.OnesCount64(name)
	if n == 1 {
		return 1
	}
	most := max(together(ctx, name), together(before, name), together(f.path, name))
	for j := i; j <= k; j++ {
		most = max(most, together(f.masks[j], name))
	}
	return float64(most) / float64(n)
}

// together counts the words of a name that m holds beside one another.
func together(m maskPair, name uint64) int {
	rest := name & (name - 1) // without the first, whose neighbour is no part of the name
	return min(bits.OnesCount64(m.full&name), bits.OnesCount64(m.beside&rest)+1)
}
