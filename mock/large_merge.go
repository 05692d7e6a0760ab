package mock

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

const (
	mostStatements = 5     // of an answer
	weakBelow      = 0.5   // of the best finding's score: a finding is left out
	noneBelow      = 0.355 // a best finding under it answers nothing
	figureBelow    = 0.40  // the same, where a figure is asked for and it has none of that sort
)

// A graded finding has a score that was made of all findings together.
type graded struct {
	finding
	score float64
	mask  maskPair
	each  []maskPair // of its quote's sentences
}

// grade scores findings against the question, best first. Now that many
// passages are seen, what tells them apart is known: a term weighs by how few
// of them hold it. The finder's own confidence counts as well, for it saw the
// passage's surroundings.
func grade(q *query, fs []finding) []graded {
	out := make([]graded, len(fs))
	df := make([]int, len(q.terms))
	for i, f := range fs {
		out[i].finding = f
		for _, s := range []string{f.quote, f.text, f.where} {
			q.hits(s, func(t int, full bool, _ int) { out[i].mask.set(t, full) })
		}
		out[i].each = q.sentenceMasks(cmp.Or(f.quote, f.text))
		for b := out[i].mask.full; b != 0; b &= b - 1 {
			df[bits.TrailingZeros64(b)]++
		}
	}
	n := float64(len(fs))
	weights := make([]float64, len(df))
	var total float64
	for t := range df {
		weights[t] = q.terms[t].weight
		if df[t] > 0 && n > 2 {
			weights[t] *= 0.25 + 0.75*math.Log((n+1)/(float64(df[t])+0.5))/math.Log((n+1)/1.5)
		}
		total += weights[t]
	}
	for i := range out {
		out[i].score = out[i].gradeBy(q, weights, total, n)
	}
	slices.SortStableFunc(out, func(a, b graded) int { return cmp.Compare(b.score, a.score) })
	return out
}

func (g *graded) gradeBy(q *query, weights []float64, total, n float64) float64 {
	if total == 0 {
		return 0
	}
	// A sentence that says much of it is worth more than many that say a bit.
	var best float64
	for _, m := range g.each {
		best = max(best, q.covered(m, weights))
	}
	got := 0.5*q.covered(g.mask, weights) + 0.5*best
	score := got/total + q.bonus(cmp.Or(g.quote, g.text))
	if g.confidence >= 0 {
		// The more there are to compare, the more the comparison tells.
		own := 0.35 + 0.25*min(1, n/20)
		score = own*score + (1-own)*g.confidence
	}
	if g.doubtful {
		score -= 0.15
	}
	return score
}

// sentenceMasks are the terms that each sentence of a text holds.
func (q *query) sentenceMasks(text string) []maskPair {
	var out []maskPair
	for _, u := range splitUnits(text) {
		var m maskPair
		q.hits(text[u.start:u.end], func(t int, full bool, _ int) { m.set(t, full) })
		out = append(out, m)
	}
	return out
}

// covered is the weight of the terms in m; a name counts by how much of it
// is there.
func (q *query) covered(m maskPair, weights []float64) float64 {
	var got float64
	for t := range weights {
		bit := uint64(1) << t
		var c float64
		switch {
		case m.full&bit != 0:
			c = worthFull
		case m.like&bit != 0:
			c = worthLike
		}
		if k := q.terms[t].group; k >= 0 && c > 0 {
			name := q.groups[k]
			c *= float64(bits.OnesCount64(m.full&name)) / float64(bits.OnesCount64(name))
		}
		got += weights[t] * c
	}
	return got
}

// strong keeps the findings that the answer rests on, best first, each
// passage once.
func strong(q *query, gs []graded) []graded {
	if len(gs) == 0 || gs[0].score < noneBelow || gs[0].score < figureBelow && !q.figured(cmp.Or(gs[0].quote, gs[0].text)) || q.lacking(gs) {
		return nil
	}
	var out []graded
	for _, g := range gs {
		if len(out) == mostStatements || g.score < weakBelow*gs[0].score {
			break
		}
		if g.mask.full|g.mask.like == 0 && g.confidence < 0.5 && len(out) > 0 {
			continue
		}
		own := foldSpace(cmp.Or(g.quote, g.text))
		again := slices.ContainsFunc(out, func(o graded) bool {
			other := foldSpace(cmp.Or(o.quote, o.text))
			return strings.Contains(other, own) || strings.Contains(own, other)
		})
		if own != "" && !again {
			out = append(out, g)
		}
	}
	return out
}

// merge writes the answer that the findings support: their own words, best
// first, each with its reference.
func merge(p prompt) said {
	lang := languages[languageOf(p.question)]
	q := newQuery(p.question)
	best := strong(q, grade(q, p.findings))
	if len(best) == 0 {
		return said{answer: lang.none, reason: lang.none, complete: !p.unread(), missing: missingOf(p, lang), abstain: true}
	}
	var b strings.Builder
	s := said{complete: true, confidence: clamp(best[0].score), quote: best[0].quote, source: best[0].where}
	also := false
	for i, g := range best {
		if i > 0 {
			b.WriteString("\n\n")
		}
		if i > 0 && !also && g.score < 0.85*best[0].score {
			b.WriteString(lang.also)
			also = true
		}
		statement := g.statement()
		b.WriteString(statement)
		one := said{answer: statement, quote: g.quote, source: g.where, confidence: clamp(g.score), complete: true}
		s.each = append(s.each, one)
		s.list = append(s.list, statement)
	}
	s.answer = b.String()
	return s
}

// unread tells whether the prompt says that something has not been read.
func (p prompt) unread() bool {
	low := strings.ToLower(p.loose)
	return hasAny(low, []string{"failed", "not read", "could not be read", "未读", "失败", "fehlgeschlagen"}) && !strings.Contains(low, "0 failed")
}

func missingOf(p prompt, lang phrases) string {
	if p.unread() {
		return lang.missing
	}
	return ""
}

// statement is what the answer says by a finding, with its references.
func (g *graded) statement() string {
	text := g.text
	if hasMark(text) {
		if g.quote == "" {
			return foldLines(text)
		}
		text = g.quote
	}
	text = foldLines(text)
	if len(text) > 700 && g.quote != "" && len(g.quote) < len(text) {
		text = foldLines(g.quote)
	}
	gap := " "
	if strings.Count(text[strings.LastIndexByte(text, '\n')+1:], "`")%2 == 1 {
		gap = "\n" // a reference in a code span would be none
	}
	for _, n := range g.refs {
		text += gap + "[" + strconv.Itoa(n) + "]"
		gap = " "
	}
	return text
}

// hasMark tells whether a text refers to findings by number.
func hasMark(s string) bool {
	for i := strings.IndexByte(s, '['); i >= 0 && i < len(s); {
		if i+2 < len(s) && isDigit(s[i+1]) && (i == 0 || s[i-1] != '\\') {
			end := i + 1
			for end < len(s) && (isDigit(s[end]) || s[end] == ',' || s[end] == ' ') {
				end++
			}
			if end < len(s) && s[end] == ']' {
				return true
			}
		}
		k := strings.IndexByte(s[i+1:], '[')
		if k < 0 {
			return false
		}
		i += 1 + k
	}
	return false
}

// foldLines folds white space inside lines and drops empty ones and fences of
// code, which might have lost their other half.
func foldLines(s string) string {
	var out []string
	for l := range strings.Lines(s) {
		if l = foldSpace(l); l != "" && !strings.HasPrefix(l, "```") && !strings.HasPrefix(l, "~~~") {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

// reduce shortens findings to the best few, in order, with their references.
func reduce(p prompt, maxTokens int) said {
	lang := languages[languageOf(p.question)]
	room := 1600 // bytes
	if maxTokens > 0 {
		room = min(room, maxTokens*2)
	}
	gs := grade(newQuery(p.question), p.findings)
	if len(gs) == 0 || gs[0].score < noneBelow/3 {
		return said{abstain: true, reason: lang.none, missing: lang.missing}
	}
	// What its finder said of the best can be compared with other groups.
	s := said{confidence: clamp(gs[0].score), quote: gs[0].quote, source: gs[0].where, complete: true}
	if gs[0].confidence >= 0 {
		s.confidence = gs[0].confidence
	}
	var lines []string
	seen := map[string]bool{}
	for _, g := range gs {
		st := g.statement()
		key := foldSpace(cmp.Or(g.quote, g.text))
		if seen[key] || len(lines) == 8 || len(lines) > 0 && (len(st) > room || g.score < 0.5*gs[0].score) {
			continue
		}
		seen[key] = true
		room -= len(st) + 1
		lines = append(lines, st)
		s.each = append(s.each, said{answer: st, quote: g.quote, source: g.where, confidence: clamp(g.score)})
		s.list = append(s.list, st)
	}
	s.answer = strings.Join(lines, "\n")
	return s
}
