package mock

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cues say what sort of answer a question wants. They are a light bonus.
type cues uint16

const (
	wantNumber cues = 1 << iota
	wantPerson
	wantDate
	wantReason
	wantDefinition
	wantDefault
	wantBound
	wantPlace
)

var cueWords = []struct {
	cue   cues
	words []string // looked for in the lower-case question, with spaces as they stand
}{
	{wantNumber, []string{"how many", "how much", "how long", "how old", "how far", "how often", "how large", "how big", "how high", "how tall", "how deep", "how wide", "how fast", "what number", "what size", "which port", "what percentage", "what share", "what is the price", "what is the cost", "what is the fee", "多少", "几", "多大", "多长", "多高", "多久", "多远", "百分之", "いくつ", "いくら", "何人", "wie viel", "wieviel", "wie lange", "wie hoch", "wie groß", "wie weit", "wie oft", "combien", "cuánt", "cuant", "quant", "hoeveel", "сколько"}},
	{wantPerson, []string{"who ", "whom ", "whose ", "谁", "哪位", "何人", "誰", "wer ", "wem ", "wen ", "qui ", "quién", "quien ", "chi ", "кто "}},
	{wantDate, []string{"when ", "what year", "which year", "what date", "what day", "what time", "since when", "until when", "by when", "deadline", "何时", "什么时候", "哪年", "哪一年", "几月", "日期", "いつ", "wann ", "quand ", "cuándo", "cuando ", "quando", "когда"}},
	{wantReason, []string{"why ", "what reason", "for what reason", "how come", "为什么", "为何", "原因", "なぜ", "warum ", "weshalb ", "pourquoi ", "por qué", "perché", "почему"}},
	{wantDefinition, []string{"what is a ", "what is an ", "what is meant", "what does it mean", "define ", "definition of", "meaning of", "什么是", "是什么意思", "とは", "was ist ein", "was versteht", "was bedeutet", "qu'est-ce", "qué es un", "que es un"}},
	{wantDefault, []string{"default", "by itself", "unless", "if nothing", "默认", "缺省", "standardm", "par défaut", "predetermin", "por defecto"}},
	{wantBound, []string{"maximum", "minimum", "at most", "at least", "limit", "largest", "smallest", "highest", "lowest", "longest", "shortest", "最多", "最少", "最大", "最小", "上限", "下限", "höchstens", "mindestens", "maximal", "minimal", "máxim", "mínim"}},
	{wantPlace, []string{"where ", "which city", "which country", "哪里", "哪儿", "何处", "在哪", "什么地方", "どこ", "wo ", "où ", "dónde", "donde ", "dove ", "где "}},
}

func cuesOf(question string) cues {
	low := strings.ToLower(question)
	var c cues
	for _, cw := range cueWords {
		for _, w := range cw.words {
			i := strings.Index(low, w)
			for i > 0 && (isLetterBefore(low, i) || inClause(low, w, i)) {
				j := strings.Index(low[i+1:], w)
				if j < 0 {
					i = -1
					break
				}
				i += 1 + j
			}
			if i >= 0 {
				c |= cw.cue
				break
			}
		}
	}
	return c
}

// inClause tells whether the word at i begins a clause of circumstance, as in
// "what happens when", and asks nothing.
func inClause(low, w string, i int) bool {
	switch w {
	case "when ", "quand ", "cuando ", "quando", "wo ", "where ", "where":
		before := strings.TrimRight(low[:i], " \"'“¿")
		return before != "" && !strings.ContainsAny(before[len(before)-1:], ".,;:?!")
	}
	return false
}

func isLetterBefore(s string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return unicode.IsLetter(r) && !unspaced(r)
}

var cueSigns = []struct {
	cue   cues
	words []string
}{
	{wantReason, []string{"because", "since ", "so that", "in order to", "due to", "therefore", "as a result", "reason", "因为", "由于", "因此", "以便", "为了", "weil ", "damit ", "denn ", "parce que", "car ", "afin", "porque", "para que"}},
	{wantDefinition, []string{" is a ", " is an ", " is the ", " are ", " means ", " refers to", " denotes ", " represents ", " specifies ", "是指", "是一", "指的是", "为", "ist ein", "bezeichnet", "bedeutet", "est un", "désigne", "es un"}},
	{wantDefault, []string{"default", "unless", "otherwise", "if no ", "omitted", "absent", "默认", "缺省", "否则", "standardm", "par défaut", "por defecto"}},
	{wantBound, []string{"at most", "at least", "no more than", "not exceed", "maximum", "minimum", "up to", "limit", "不超过", "不得超过", "最多", "至少", "最大", "最小", "不少于", "höchstens", "mindestens", "maximum", "au plus", "au moins", "como máximo"}},
	{wantPlace, []string{" in ", " at ", " near ", "located", "位于", "地处", "坐落", "liegt", "situé", "situad"}},
	{wantDate, []string{"january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december", "年", "月", "januar", "februar", "märz", "juli", "oktober", "dezember", "janvier", "février", "enero", "febrero"}},
}

const (
	rightShape = 0.14 // a figure of the sort that is asked for
	someNumber = 0.05 // another
	noNumber   = 0.06 // less, where a figure is asked for and none is there
)

// bonus is what a passage earns by having the sort of answer that the
// question wants: 0 to about 0.12.
func (q *query) bonus(passage string) float64 {
	if q.cues == 0 && q.wants == 0 {
		return 0
	}
	var b float64
	low := strings.ToLower(passage)
	if q.wants != 0 {
		switch has := shapesOf(low, q.text); {
		case q.suits(has):
			b += rightShape
		case has&aNumber != 0:
			b += someNumber
		default:
			b -= noNumber
		}
	}
	if q.cues&wantPerson != 0 && q.newNames(passage) {
		b += 0.06
	}
	for _, s := range cueSigns {
		if q.cues&s.cue != 0 && hasAny(low, s.words) {
			b += 0.04
		}
	}
	return min(b, 0.18)
}

// suits tells whether figures are of the sort that is asked for.
func (q *query) suits(has shapes) bool {
	return has&q.wants&^aNumber != 0 || q.wants&^aNumber == 0 && has&aNumber != 0
}

// figured tells whether a passage has such a figure, or none is asked for.
func (q *query) figured(passage string) bool {
	return q.wants == 0 || q.suits(shapesOf(strings.ToLower(passage), q.text))
}

// newNames tells whether the passage has a capitalised word inside a sentence
// that the question has not; in Han text, where there is no telling, it has.
func (q *query) newNames(passage string) bool {
	prev := ' '
	for i, r := range passage {
		if unicode.Is(unicode.Han, r) {
			return true
		}
		if unicode.IsUpper(r) && !unicode.IsLetter(prev) && !startsSentence(passage, i) {
			j := i
			for j < len(passage) && (passage[j] >= utf8.RuneSelf || asciiWord(passage[j])) {
				j++
			}
			if j-i > 1 && !strings.Contains(q.text, passage[i:j]) {
				return true
			}
		}
		prev = r
	}
	return false
}

func hasAny(low string, words []string) bool {
	for _, w := range words {
		i := strings.Index(low, w)
		if i < 0 {
			continue
		}
		if w[0] >= utf8.RuneSelf || w[0] == ' ' || i == 0 || !asciiWord(low[i-1]) {
			return true
		}
	}
	return false
}
