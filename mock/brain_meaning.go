package mock

import (
	"math"
	"strconv"
	"strings"
	"unicode"
)

// meaning is what a property of a schema asks for, told by its name.
type meaning uint8

const (
	meansUnknown meaning = iota
	meansAnswer
	meansQuote
	meansConfidence
	meansAbstain
	meansFound
	meansReason
	meansList
	meansComplete
	meansMissing
	meansSource
)

var meaningWords = []struct {
	means meaning
	words string
}{
	{meansAbstain, "abstain abstained abstention unanswerable unknown irrelevant notfound nothing 弃权 无答案 enthaltung"},
	{meansMissing, "missing gaps gap lacking lacks unresolved next 缺失 缺少 fehlt fehlend manquant"},
	{meansComplete, "complete completed done finished sufficient enough final 完整 完成 vollständig complet"},
	{meansFound, "found relevant answerable answered has contains present supported ok 相关 找到 gefunden relevant"},
	{meansQuote, "quote quotes quotation evidence passage passages excerpt excerpts citation citations cite verbatim snippet snippets support span 引用 引文 原文 证据 zitat beleg extrait citation cita"},
	{meansConfidence, "confidence score probability certainty likelihood sure relevance rating 置信度 信心 分数 konfidenz sicherheit confiance confianza"},
	{meansReason, "reason reasoning explanation why rationale thought thoughts thinking justification comment note analysis 理由 原因 解释 begründung raison explicación"},
	{meansSource, "source document file where location section origin 来源 quelle fuente"},
	{meansList, "list items values entries elements names facts points bullets findings results 列表 项目 liste"},
	{meansAnswer, "answer answers text summary result response reply finding statement output content value claim fact conclusion message name item 答案 回答 结果 摘要 antwort zusammenfassung réponse respuesta resumen"},
}

// meaningOf reads a name such as "answer", "isRelevant" or "not_found".
func meaningOf(name string) meaning {
	words := nameWords(name)
	joined := strings.Join(words, "")
	for _, mw := range meaningWords {
		for w := range strings.FieldsSeq(mw.words) {
			if joined == w || w[0] >= 0x80 && strings.Contains(joined, w) {
				return mw.means
			}
		}
	}
	not := false
	for _, w := range words {
		if w == "not" || w == "no" || w == "un" {
			not = true
		}
	}
	for _, mw := range meaningWords {
		for w := range strings.FieldsSeq(mw.words) {
			for _, x := range words {
				if x != w {
					continue
				}
				if not && (mw.means == meansFound || mw.means == meansAnswer) {
					return meansAbstain
				}
				return mw.means
			}
		}
	}
	return meansUnknown
}

// nameWords cuts a name at underscores, hyphens and changes of case.
func nameWords(name string) []string {
	var b strings.Builder
	low := false
	for _, r := range name {
		if unicode.IsUpper(r) && low {
			b.WriteByte(' ')
		}
		low = unicode.IsLower(r)
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			r = ' '
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(b.String())
}

func singular(name string) string { return strings.TrimSuffix(name, "s") }

func boolFor(name string, x said) bool {
	switch meaningOf(name) {
	case meansAbstain:
		return x.abstain
	case meansComplete:
		return x.complete
	case meansFound, meansAnswer, meansQuote:
		return !x.abstain
	case meansMissing:
		return !x.complete
	}
	return false
}

// numberFor writes a number; a confidence in the range that the schema gives,
// or of a hundred where it must be an integer and no range is given.
func numberFor(s node, name string, x said, integer bool) string {
	var v float64
	high, hasHigh := bound(s, "maximum")
	low, hasLow := bound(s, "minimum")
	if meaningOf(name) == meansConfidence {
		v = x.confidence
		switch {
		case hasHigh && high > 1:
			v = low + v*(high-low)
		case integer && !hasHigh:
			v *= 100
		}
	}
	if hasLow {
		v = max(v, low)
	}
	if hasHigh {
		v = min(v, high)
	}
	if integer {
		return strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	}
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

func bound(s node, key string) (float64, bool) {
	n, ok := s.get(key)
	if !ok {
		return 0, false
	}
	return n.float()
}

func stringFor(name string, x said) string {
	switch meaningOf(name) {
	case meansAnswer, meansList:
		return x.answer
	case meansQuote:
		return x.quote
	case meansReason:
		return x.reason
	case meansMissing:
		return x.missing
	case meansSource:
		return x.source
	case meansConfidence:
		switch {
		case x.confidence >= 0.65:
			return "high"
		case x.confidence >= 0.45:
			return "medium"
		}
		return "low"
	case meansFound, meansAbstain, meansComplete:
		if boolFor(name, x) {
			return "yes"
		}
		return "no"
	}
	return ""
}

func listFor(name string, x said) []string {
	switch meaningOf(name) {
	case meansMissing:
		if x.missing == "" {
			return nil
		}
		return []string{x.missing}
	case meansReason:
		if x.reason == "" {
			return nil
		}
		return []string{x.reason}
	case meansQuote:
		if len(x.each) > 0 {
			var qs []string
			for _, e := range x.each {
				qs = append(qs, e.quote)
			}
			return qs
		}
		if x.quote == "" {
			return nil
		}
		return []string{x.quote}
	}
	if len(x.list) > 0 || x.answer == "" {
		return x.list
	}
	return []string{x.answer}
}

// bestOf picks the value of an enum: by what its name means, else the one
// whose words stand in the answer, else the last that says "none", else the
// first.
func bestOf(items []node, name string, x said) node {
	want := stringFor(name, x)
	if m := meaningOf(name); m == meansFound || m == meansAbstain || m == meansComplete {
		for _, n := range items {
			low := strings.ToLower(n.text)
			yes := low == "yes" || low == "true" || low == "found" || low == "answered" || low == "relevant" || low == "complete"
			if n.kind == kindString && yes == boolFor(name, x) {
				return n
			}
		}
	}
	best, most := items[0], 0
	for _, n := range items {
		low := strings.ToLower(n.text)
		if n.kind != kindString || low == "" {
			continue
		}
		if x.abstain && (low == "none" || low == "unknown" || low == "not_found" || low == "n/a" || low == "abstain") {
			return n
		}
		if low == want {
			return n
		}
		if strings.Contains(strings.ToLower(x.answer), low) && len(low) > most {
			best, most = n, len(low)
		}
	}
	return best
}
