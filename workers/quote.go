package workers

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/swarm"
)

// quoted returns the citations of a quote from a chunk, verified, if it stands
// there: as one stretch, or as several that the quote joins, each a citation of
// its own. Else it returns the whole chunk, unverified, and what is wrong.
func quoted(c *swarm.Chunk, quote string) (cites []swarm.Citation, wrong string) {
	spans, wrong := stretches(c.Text, quote)
	if wrong != "" {
		cite := c.Cite(0, len(c.Text))
		cite.Path, cite.Head, cite.Quote = c.Path, "", strings.TrimSpace(quote)
		return []swarm.Citation{cite}, wrong
	}
	for _, s := range spans {
		cite := c.Cite(s.start, s.end)
		cite.Verified = true
		cites = append(cites, cite)
	}
	return cites, ""
}

// standing is quoted over all texts that a subtask is shown; what is wrong is told
// of the first.
func standing(st *swarm.Subtask, quote string) (cites []swarm.Citation, wrong string) {
	for i, c := range shown(st) {
		found, fault := quoted(c, quote)
		if fault == "" {
			return found, ""
		}
		if i == 0 {
			cites, wrong = found, fault
		}
	}
	return cites, wrong
}

// locate finds a quote in a text and returns the byte range of the first place
// where it stands. White space is folded in both. Failing that, both are read as
// they are seen (see asSeen), and quotation marks or an ellipsis around the quote,
// and a stop at its end, count as its writer's; every letter and digit must still
// stand as it is quoted. A quote begins and ends where words and numbers do: "5
// apples" does not stand in "15 apples".
func locate(text, quote string) (start, end int, ok bool) {
	if bare(quote) == "" {
		return 0, 0, false
	}
	if start, end, ok = folded(text).find(fold(quote)); ok {
		return start, end, true
	}
	seen := asSeen(quote, nil)
	page := asSeen(text, seen)
	for _, q := range []string{seen.text, trimQuote(seen.text), strings.TrimRight(trimQuote(seen.text), ".。।")} {
		if start, end, ok = page.find(q); ok && bare(q) != "" {
			return start, end, true
		}
	}
	return 0, 0, false
}

// find finds a folded quote.
func (t *foldedText) find(quote string) (start, end int, ok bool) {
	if quote == "" {
		return 0, 0, false
	}
	for from := 0; ; {
		i := strings.Index(t.text[from:], quote)
		if i < 0 {
			return 0, 0, false
		}
		i += from
		if j := i + len(quote); !inWord(t.text, i) && !inWord(t.text, j) {
			return int(t.at[i]), int(t.end[j-1]), true
		}
		_, size := utf8.DecodeRuneInString(t.text[i:])
		from = i + size
	}
}

// inWord says that byte i of s stands inside a rune, or inside a word or a
// number, of a script that sets spaces between words.
func inWord(s string, i int) bool {
	if i <= 0 || i >= len(s) {
		return false
	}
	if !utf8.RuneStart(s[i]) { // a quote that is not UTF-8 may be a part of one
		return true
	}
	a, before := utf8.DecodeLastRuneInString(s[:i])
	b, size := utf8.DecodeRuneInString(s[i:])
	switch {
	case spaced(a) && unicode.Is(unicode.Mn, b): // a letter and its accent
		return true
	case spaced(a) && spaced(b):
		return unicode.IsDigit(a) == unicode.IsDigit(b)
	case unicode.IsDigit(b) && strings.ContainsRune("-−.", a) && opens(s[:i-before]): // -|5 and .|5
		return true
	case unicode.IsDigit(a) && (b == '.' || b == ','): // 1|.5
		next, _ := utf8.DecodeRuneInString(s[i+size:])
		return unicode.IsDigit(next)
	case (a == '.' || a == ',') && unicode.IsDigit(b): // 1.|5
		last, _ := utf8.DecodeLastRuneInString(s[:i-before])
		return unicode.IsDigit(last)
	}
	return false
}

// opens says that a number may begin after s.
func opens(s string) bool {
	r, size := utf8.DecodeLastRuneInString(s)
	return size == 0 || unicode.IsSpace(r) || unicode.In(r, unicode.Ps, unicode.Sc, unicode.Sm)
}

func spaced(r rune) bool {
	return unicode.IsDigit(r) || unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Hebrew, unicode.Arabic)
}

// fold returns s with each run of white space as one space, and none around.
func fold(s string) string { return strings.Join(strings.Fields(s), " ") }

// bare returns the letters, digits and symbols of s: what a quote is made of.
func bare(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsPunct(r) })
}

const quoteMark = "(?:[\\s\"'“”„‟‘’‚‛«»‹›「」『』`…]|\\.\\.\\.)+"

var quoteMarks = regexp.MustCompile("^" + quoteMark + "|" + quoteMark + "$")

// trimQuote takes quotation marks and ellipses off the ends of a quote.
func trimQuote(s string) string { return quoteMarks.ReplaceAllString(s, "") }
