package mock

import (
	"strings"
	"unicode/utf8"
)

// hanAsks are the phrases that make a question of a Chinese or Japanese
// sentence, or hold it together; what is left are the words to look for.
var hanAsks = strings.NewReplacer(
	"多少钱", " 价格 ", "什么时候", " ", "什么", " ", "为什么", " ", "怎么样", " ", "怎么", " ", "怎样", " ", "如何", " ",
	"哪一年", " ", "哪一", " ", "哪些", " ", "哪个", " ", "哪里", " ", "哪儿", " ", "哪位", " ", "哪年", " ", "几年", " ", "几个", " ", "几天", " ", "几", " ",
	"多少", " ", "多长时间", " ", "多长", " 长度 ", "多高", " 高 ", "多大", " 大 ", "多久", " ", "多远", " 距离 ", "多深", " 深 ", "是否", " ", "有没有", " ", "请问", " ", "根据", " ",
	"找出", " ", "回答", " ", "引用原文", " ", "引用", " ", "段落", " ", "请", " ",
	"可以", " ", "能否", " ", "应该", " ", "需要", " ", "必须", " ", "一共", " ", "总共", " ", "分别", " ", "何时", " ", "何处", " ", "为何", " ", "谁", " ",
	"的", " ", "了", " ", "吗", " ", "呢", " ", "吧", " ", "是", " ", "在", " ", "和", " ", "与", " ", "或", " ", "被", " ", "把", " ", "从", " ", "到", " ", "由", " ", "对", " ", "将", " ", "会", " ", "要", " ", "有", " ", "得", " ", "过", " ", "使", " ",
	"ですか", " ", "ますか", " ", "でしょうか", " ", "とは", " ", "何", " ", "いつ", " ", "どこ", " ", "どの", " ", "誰", " ", "いくら", " ", "は", " ", "が", " ", "を", " ", "に", " ", "で", " ", "の", " ", "と", " ", "も", " ", "から", " ", "まで", " ",
)

// plainHan sets spaces in the place of what asks and holds together.
func plainHan(question string) string {
	for _, r := range question {
		if unspaced(r) && (r < 0xAC00 || r > 0xD7A3) {
			return hanAsks.Replace(question)
		}
	}
	return question
}

// A hanTerm is a term of unspaced runes, looked for rune by rune as well: its
// two runes near each other stand for the pair.
type hanTerm struct {
	term int
	a, b rune // b is 0 in a term of one rune
}

const hanNear = 15 // bytes from one rune of a pair to the other

// spread notes the runes of the terms that are not words of letters.
func (q *query) spread() {
	for i, t := range q.terms {
		a, size := utf8.DecodeRuneInString(t.stem)
		if !unspaced(a) {
			continue
		}
		b, n := utf8.DecodeRuneInString(t.stem[size:])
		if n == 0 {
			b = 0
		}
		if q.runes == nil {
			q.runes = map[rune][]hanTerm{}
		}
		q.runes[a] = append(q.runes[a], hanTerm{i, a, b})
		if b != 0 && b != a {
			q.runes[b] = append(q.runes[b], hanTerm{i, a, b})
		}
	}
}

// runeHits calls f for the terms whose runes stand near each other in s.
func (q *query) runeHits(s string, f func(term int, full bool, at int)) {
	if q.runes == nil {
		return
	}
	last := make(map[rune]int, len(q.runes))
	for i, r := range s {
		ts, ok := q.runes[r]
		if !ok {
			continue
		}
		for _, t := range ts {
			switch {
			case t.b == 0:
				f(t.term, true, i)
			case r == t.b:
				if at, ok := last[t.a]; ok && i-at <= hanNear {
					f(t.term, false, at)
				}
			}
		}
		last[r] = i
	}
}
