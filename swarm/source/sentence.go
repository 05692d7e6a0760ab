package source

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"
)

// shortestSentence is the least bytes of a sentence that is cut from others.
const shortestSentence = 24

// lineOf makes a line of a text, of the same length. Code counts as a capital, for
// it may begin a sentence.
var lineOf = strings.NewReplacer("\n", " ", "\r", " ", "`", "A")

// sentenceLengths yields the lengths of the sentences of s, each with the white
// space behind it. A short one goes with the next, and so does one that ends in an
// abbreviation. A line break ends none.
func sentenceLengths(s string) iter.Seq[int] {
	return func(yield func(int) bool) {
		n := 0
		for part := sentences.FromString(lineOf.Replace(s)); part.Next(); {
			n += len(part.Value())
			last := part.End() == len(s)
			if last || n >= shortestSentence && !abbreviates(part.Value()) {
				if !yield(n) {
					return
				}
				n = 0
			}
		}
	}
}

// abbreviations are words that end in a point within a sentence.
const abbreviations = " mr mrs ms dr prof st no nr fig sec vs etc cf inc ltd co corp jr sr vol pp e.g i.e approx " +
	"art ch ed eds al z.b bzw ca т.е рис стр "

// abbreviates reports whether a sentence ends in an abbreviation or an initial, or
// is a number alone.
func abbreviates(sentence string) bool {
	sentence, point := strings.CutSuffix(strings.TrimSpace(sentence), ".")
	word := strings.TrimLeft(sentence[strings.LastIndexByte(sentence, ' ')+1:], "(")
	r, n := utf8.DecodeRuneInString(word)
	initial := n == len(word) && (unicode.IsUpper(r) || unicode.IsDigit(r) && word == sentence)
	return point && (initial || strings.Contains(abbreviations, " "+strings.ToLower(word)+" "))
}
