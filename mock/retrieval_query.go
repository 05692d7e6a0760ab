package mock

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTerms bounds the terms of a question, so that a set of them is one word.
const maxTerms = 64

// A term is a word of a question, with what it weighs before any text is seen.
type term struct {
	stem   string
	weight float64
	times  int // it stands in the question
	group  int // of a name, a number, a quoted phrase; -1: none
}

// A query is a question made ready to be looked for.
type query struct {
	text    string
	terms   []term
	exact   map[string]int   // stem to term
	other   map[string]int   // stem of a synonym to term
	prefix  map[string][]int // first bytes of a stem to terms
	suffix  map[string][]int // last bytes, in a language that joins words; else nil
	groups  []uint64         // the terms of each name
	cues    cues
	wants   shapes // of figures
	counted int    // the term whose number is asked for; -1: none
	head    int    // the term for what is asked of something else; -1: none
	runes   map[rune][]hanTerm
}

const prefixLen = 4

// The first word of weight behind one of these is what the question asks for.
var focusWords = wordSet("which what many much welche welcher welches welchen wieviel viel viele wie quel quelle quels quelles combien cual cuales cuanto cuanta cuantos cuantas que quale quali quanto quanti qual quais какой какая какие сколько")

var verbWords = wordSet("does do did done doing can could must may should will would has have had hat haben kann muss darf soll wird")

const focusFactor = 1.25

// newQuery reads the question's words. Words that carry grammar have no part
// in it, frequent ones a small one; names, numbers and quoted phrases weigh
// more, and stand together as groups.
func newQuery(question string) *query {
	q := &query{text: question, exact: map[string]int{}, other: map[string]int{}, prefix: map[string][]int{}}
	q.cues = cuesOf(question)
	q.wants = askedShapes(question, q.cues)
	quoted := quotedSpans(question)
	lastEnd, lastGroup := -1, -1
	focus := false
	question = plainHan(question)
	eachWord(question, func(st []byte, start, end int) {
		if len(q.terms) == maxTerms {
			return
		}
		word := question[start:end]
		inQuote := inSpans(quoted, start)
		name := looksNamed(question, start, end)
		weight := priorWeight(word, name || inQuote)
		if inIdentifier(question, start, end) {
			weight, name = max(weight, 1.2), true // be it a word of grammar
		}
		if weight == 0 {
			// "what does a type do" asks for no type
			folded := foldString(word)
			focus = (focus || focusWords[folded]) && !verbWords[folded]
			return
		}
		if afterHow(question, start) {
			weight *= 0.3 // "how long", "wie oft": the answer has a number instead
		}
		if focus && weight >= 0.5 { // what is asked for
			weight *= focusFactor
			focus = false
		}
		r, _ := utf8.DecodeRuneInString(word)
		group := -1
		if !unspaced(r) && (name || inQuote) {
			gap := ""
			if lastEnd >= 0 && lastEnd <= start {
				gap = question[lastEnd:start]
			}
			if lastGroup >= 0 && strings.Trim(gap, " -_/.#:№\"'“”„«»") == "" && !strings.Contains(gap, ". ") && !strings.Contains(gap, ": ") && len(gap) < 4 {
				group = lastGroup
			} else {
				group = len(q.groups)
				q.groups = append(q.groups, 0)
			}
		}
		lastEnd, lastGroup = end, group
		t, seen := q.exact[string(st)]
		if !seen {
			t = len(q.terms)
			q.terms = append(q.terms, term{stem: string(st), weight: weight, group: group})
			q.exact[string(st)] = t
		} else if q.terms[t].weight < weight {
			q.terms[t].weight = weight
		}
		q.terms[t].times++
		if group >= 0 {
			q.groups[group] |= 1 << t
			q.terms[t].group = group
		}
	})
	q.turnsOn()
	q.widen()
	q.spread()
	return q
}

// inIdentifier tells whether the word at [start, end) is part of one such as
// once.Do or /etc/fstab.
func inIdentifier(s string, start, end int) bool {
	joint := func(c byte) bool { return c == '.' || c == '_' || c == '/' }
	return start > 1 && joint(s[start-1]) && asciiWord(s[start-2]) ||
		end+1 < len(s) && joint(s[end]) && asciiWord(s[end+1]) && !isDigit(s[end+1])
}

// afterHow tells whether the word at i stands right behind "how" or "wie".
func afterHow(s string, i int) bool {
	before := strings.ToLower(strings.TrimRight(s[max(0, i-16):i], " "))
	for _, w := range []string{"how", "wie"} {
		if rest, ok := strings.CutSuffix(before, w); ok && (rest == "" || !asciiWord(rest[len(rest)-1])) {
			return true
		}
	}
	return false
}

// widen adds what may stand for the terms: synonyms and like beginnings.
func (q *query) widen() {
	if languageOf(q.text) == "de" {
		q.suffix = map[string][]int{}
	}
	for i, t := range q.terms {
		if t.group >= 0 && len(t.stem) > 0 && isDigit(t.stem[0]) {
			continue
		}
		for _, s := range synonyms()[t.stem] {
			if _, taken := q.exact[s]; !taken {
				if _, taken := q.other[s]; !taken {
					q.other[s] = i
				}
			}
		}
		if r, _ := utf8.DecodeRuneInString(t.stem); len(t.stem) >= prefixLen && !unspaced(r) && !isDigit(t.stem[0]) {
			q.prefix[t.stem[:prefixLen]] = append(q.prefix[t.stem[:prefixLen]], i)
			if end := t.stem[len(t.stem)-prefixLen:]; q.suffix != nil {
				q.suffix[end] = append(q.suffix[end], i)
			}
		}
	}
}

// weight is the sum of all weights.
func (q *query) weight() float64 {
	var w float64
	for _, t := range q.terms {
		w += t.weight
	}
	return w
}

// hits calls f for each word of s that is, or may stand for, a term.
func (q *query) hits(s string, f func(term int, full bool, at int)) {
	if len(q.terms) == 0 {
		return
	}
	eachWord(s, func(st []byte, start, _ int) {
		if t, ok := q.exact[string(st)]; ok {
			f(t, true, start)
			return
		}
		if t, ok := q.other[string(st)]; ok {
			f(t, false, start)
			return
		}
		if len(st) <= prefixLen || isDigit(st[0]) {
			return
		}
		for _, t := range q.prefix[string(st[:prefixLen])] {
			qs := q.terms[t].stem
			n := commonPrefix(qs, st)
			if n >= 5 && 10*n >= 7*max(len(qs), len(st)) || n == len(qs) && n >= 6 || n == len(qs) && n >= 4 && len(st)-n <= 2 {
				f(t, false, start)
				return
			}
		}
		if q.suffix == nil {
			return
		}
		// "Versammlung" and "Jahresversammlung" stand for "Mitgliederversammlung".
		for _, t := range q.suffix[string(st[len(st)-prefixLen:])] {
			qs := q.terms[t].stem
			if n := commonSuffix(qs, st); n >= 8 || n >= 5 && n == min(len(qs), len(st)) {
				f(t, false, start)
				return
			}
		}
	})
}

// looksNamed tells whether the word at [start, end) of a question looks like a
// name, a number or an identifier.
func looksNamed(s string, start, end int) bool {
	word := s[start:end]
	r, size := utf8.DecodeRuneInString(word)
	if unspaced(r) {
		return false
	}
	for _, c := range word[size:] {
		if unicode.IsUpper(c) || unicode.IsDigit(c) {
			return true
		}
	}
	if unicode.IsDigit(r) {
		return true
	}
	if start > 0 && (s[start-1] == '_' || s[start-1] == '-' && start > 1 && isDigit(s[start-2])) || end < len(s) && s[end] == '_' {
		return true
	}
	if !unicode.IsUpper(r) || stopWords[foldString(word)] || commonWords[foldString(word)] {
		return false
	}
	return !startsSentence(s, start) || capitalNext(s, end) || end < len(s) && s[end] == '-' && end+1 < len(s) && isDigit(s[end+1])
}

// capitalNext tells whether the next word begins with a capital or a digit:
// then a sentence's first word may be part of a name.
func capitalNext(s string, end int) bool {
	if end >= len(s) || s[end] != ' ' {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s[end+1:])
	return unicode.IsUpper(r) || unicode.IsDigit(r)
}

// startsSentence tells whether nothing but space and opening marks stands
// between i and the start of its sentence.
func startsSentence(s string, i int) bool {
	before := strings.TrimRight(s[:i], " \t\"'“„«(¿¡")
	return before == "" || strings.ContainsAny(before[len(before)-1:], ".?!:\n")
}

// priorWeight is what a word weighs before any text is seen: 0 for grammar.
func priorWeight(word string, name bool) float64 {
	r, _ := utf8.DecodeRuneInString(word)
	if unspaced(r) {
		return pairWeight(word)
	}
	folded := foldString(word)
	switch {
	case stopWords[folded] && !(name && len(word) > 1 && word == strings.ToUpper(word)):
		return 0
	case stopWords[strings.SplitN(folded, "'", 2)[0]]:
		return 0
	case commonWords[folded]:
		return 0.12
	case name:
		return 1.5
	case frequentWords[folded]:
		return 0.5
	case len(folded) <= 2:
		return 0.5
	case len(folded) >= 8:
		return 1.15
	}
	return 1
}

func pairWeight(pair string) float64 {
	n, grammar, kana := 0, 0, 0
	for _, r := range pair {
		n++
		if strings.ContainsRune(functionRunes, r) {
			grammar++
		}
		if r >= 0x3040 && r <= 0x309F {
			kana++
		}
	}
	switch {
	case grammar == n || kana == n:
		return 0
	case n == 1:
		return 0.5
	case grammar > 0 || kana > 0:
		return 0.15
	}
	return 0.8
}

func foldString(word string) string {
	var buf [64]byte
	w, _ := foldWord(buf[:0], word, 0)
	return string(w)
}

// span is a range of bytes.
type span struct{ start, end int }

func inSpans(spans []span, i int) bool {
	for _, s := range spans {
		if i >= s.start && i < s.end {
			return true
		}
	}
	return false
}

// quotedSpans finds what stands between quotation marks, where it is short
// enough to be a name and not the whole question.
func quotedSpans(s string) []span {
	var out []span
	for _, marks := range [...][2]string{{"\"", "\""}, {"“", "”"}, {"„", "“"}, {"«", "»"}, {"「", "」"}, {"《", "》"}, {"`", "`"}} {
		for at := 0; at < len(s); {
			i := strings.Index(s[at:], marks[0])
			if i < 0 {
				break
			}
			i += at + len(marks[0])
			j := strings.Index(s[i:], marks[1])
			if j < 0 {
				break
			}
			if j > 0 && j <= 60 && 2*j < len(s) {
				out = append(out, span{i, i + j})
			}
			at = i + j + len(marks[1])
		}
	}
	return out
}
