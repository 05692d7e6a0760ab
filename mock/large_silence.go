package mock

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	// surely is the score from which findings answer whatever they lack: nearly
	// all of the question stands in them.
	surely = 0.76
	// largely is that from which they answer without the word for what is asked
	// of something.
	largely = 0.55
)

// untold are words that a good answer often leaves out: "the keeper oils the
// clock" tells the keeper's task, "is painted red" the colour.
var untold = wordSet("policy task role job duty purpose aim goal reason cause address location place position colour color duration length age size deadline director head owner author founder name title meaning effect result function use")

// lacking tells whether the findings, best first, have nothing of what the
// question turns on: the things that it counts, somebody or something that it
// names, what it wants to know of it. Sharing the other words with a question
// makes no answer.
func (q *query) lacking(gs []graded) bool {
	best := gs[0]
	if own := cmp.Or(best.quote, best.text); q.wants&(aPhone|aMail) != 0 && !q.figured(own) && !hasAny(strings.ToLower(own), phoneWords) {
		return true
	}
	if best.score >= surely {
		return false
	}
	var all maskPair
	for _, g := range gs {
		all = all.or(g.mask)
	}
	lacks := func(t int) bool { return t >= 0 && (all.full|all.like)&(1<<t) == 0 }
	if lacks(q.counted) || best.score < largely && lacks(q.head) {
		return true
	}
	// In German every noun looks like a name; in Han text numbers alone do.
	return q.suffix == nil && q.runes == nil && slices.ContainsFunc(q.groups, func(name uint64) bool { return (all.full|all.like)&name == 0 && !q.unnamed(name) })
}

// unnamed tells whether a name holds a word for a text itself, which does not
// name itself on every page, or a weekday, for which a text may say "daily".
func (q *query) unnamed(name uint64) bool {
	for t, term := range q.terms {
		if name&(1<<t) != 0 && unnamedStems()[term.stem] {
			return true
		}
	}
	return false
}

var unnamedStems = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	eachWord("pdf readme doc docs documentation faq manual guide handbook contract agreement lease report statute rules regulations act terms licence license article minutes transcript interview company monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays", func(st []byte, _, _ int) { m[string(st)] = true })
	return m
})

// turnsOn notes the terms that a question turns on: what it counts, and what
// it wants to know of something, as "salary" in "the salary of a clerk" and
// in "the clerk's salary".
func (q *query) turnsOn() {
	q.counted, q.head = q.telling(countedIn(q.text)), -1
	if head := headIn(q.text); !untold[head] {
		q.head = q.telling(head)
	}
}

// telling is the term that a word is, if it is no frequent one; else -1.
func (q *query) telling(word string) int {
	out := -1
	eachWord(word, func(st []byte, _, _ int) {
		if t, ok := q.exact[string(st)]; ok && q.terms[t].weight >= 0.8 {
			out = t
		}
	})
	return out
}

// phoneWords stand by a short number that is somebody's.
var phoneWords = []string{"phone", "tel.", "tel:", "extension", "hotline", "telefon", "durchwahl", "téléphone", "电话", "热线", "分机"}

// measures are the runes that stand between a number and what is counted.
const measures = "名个位头台家种条只辆本张座间所篇项块把株棵艘架"

// countedIn is the word that a Chinese question asks the number of; in other
// languages texts call what they count by too many names.
func countedIn(question string) string {
	if _, rest, ok := strings.Cut(question, "多少"); ok {
		r, size := utf8.DecodeRuneInString(rest)
		if strings.ContainsRune(measures, r) {
			rest = rest[size:]
		}
		if rs := []rune(rest); len(rs) >= 2 && unitRunes[rs[0]] == 0 && unspaced(rs[0]) && unspaced(rs[1]) && !strings.ContainsRune(functionRunes, rs[0]) && !strings.ContainsRune(functionRunes, rs[1]) {
			return string(rs[:2])
		}
	}
	return ""
}

// headIn is the word for what a question wants to know of something else.
func headIn(question string) string {
	low := strings.ReplaceAll(strings.ToLower(question), "’", "'")
	if rest, ok := cutAny(low, "what is the ", "what are the ", "what was the ", "what were the "); ok {
		if head, _, ok := strings.Cut(rest, " of "); ok && strings.Count(head, " ") <= 1 {
			if head = head[strings.LastIndexByte(head, ' ')+1:]; !commonWords[head] {
				return head
			}
		}
	}
	before, rest, ok := strings.Cut(low, "'s ")
	if !ok || slices.Contains([]string{"what", "who", "where", "how", "that", "there", "here", "let", "one", "else", "it", "when", "he", "she", "day", "week", "month", "year", "today", "tomorrow", "yesterday"}, before[strings.LastIndexByte(before, ' ')+1:]) {
		return ""
	}
	head := ""
	for word := range strings.FieldsSeq(rest) {
		bare := strings.TrimRightFunc(word, unicode.IsPunct)
		if stopWords[foldString(bare)] || commonWords[foldString(bare)] {
			break
		}
		if head = bare; bare != word {
			break
		}
	}
	return head
}

func cutAny(s string, seps ...string) (string, bool) {
	for _, sep := range seps {
		if _, rest, ok := strings.Cut(s, sep); ok {
			return rest, true
		}
	}
	return "", false
}
