// Package words tells what the words of a text are: for search, and for what of a
// question stands where.
package words

import (
	"iter"
	"regexp"
	"unicode"
	"unicode/utf8"
)

// Terms yields the terms of a text: its words, folded. A word is a run of
// letters and digits; a comma before exactly three digits does not part a
// figure, so "1,234" is 1234. Where a script writes no spaces between words,
// the terms are pairs of neighbouring characters; single ones of such a run
// are extra: they are found by a query of one character, and count for nothing
// else.
func Terms(text string) iter.Seq2[string, bool] {
	return func(yield func(term string, extra bool) bool) {
		var word []byte
		var before rune // the character before in a run without spaces
		run := 0        // length of that run
		end := func() bool {
			ok := true
			if len(word) > 0 {
				ok = yield(string(word), false)
				word = word[:0]
			} else if run == 1 {
				ok = yield(string(before), false)
			}
			run = 0
			return ok
		}
		for i, r := range text {
			r = fold(r)
			switch {
			case unspaced(r):
				if run == 0 && !end() || run == 1 && !yield(string(before), true) ||
					run > 0 && (!yield(string([]rune{before, r}), false) || !yield(string(r), true)) {
					return
				}
				before, run = r, run+1
			case unicode.IsLetter(r) || unicode.IsDigit(r) || accent(r) && len(word) > 0:
				if run > 0 && !end() {
					return
				}
				if r < 0x300 || r > 0x36f { // accents that stand apart from their letters are dropped
					word = utf8.AppendRune(word, r)
				}
			case r == ',' && thousands.MatchString(text[i+1:]) && len(word) > 0 && unicode.IsDigit(rune(word[len(word)-1])):
			default:
				if !end() {
					return
				}
			}
		}
		end()
	}
}

// Sequence returns the terms of a text in order, without the extra ones.
func Sequence(text string) []string {
	var out []string
	for term, extra := range Terms(text) {
		if !extra {
			out = append(out, term)
		}
	}
	return out
}

// latin is what the letters U+00C0 to U+017F are without their accents, in
// lower case. Letters that are no variant of one other stay.
var latin = []rune("aaaaaaæceeeeiiiiðnooooo×ouuuuyþßaaaaaaæceeeeiiiiðnooooo÷ouuuuyþy" +
	"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiĳĳjjkkĸllllllllllnnnnnnŉŋŋooooooœœrrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs")

// fold returns a letter in lower case, without an accent where it is Latin,
// and full-width forms in their usual width.
func fold(r rune) rune {
	switch {
	case 0xc0 <= r && r <= 0x17f:
		return latin[r-0xc0]
	case 0xff01 <= r && r <= 0xff5e:
		return fold(r - 0xfee0)
	}
	return unicode.ToLower(r)
}

// unspaced tells whether a letter's script is written without spaces between
// words, or with spaces that do not part what a query names (Hangul).
func unspaced(r rune) bool {
	return r >= 0xe00 && (r == 'ー' || unicode.IsLetter(r) || accent(r)) &&
		(r == 'ー' || unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar))
}

// accent tells whether r belongs to the letter before it.
func accent(r rune) bool { return r >= 0x300 && unicode.IsMark(r) }

// thousands matches a text that begins with exactly three digits.
var thousands = regexp.MustCompile(`^[0-9]{3}(?:[^0-9]|$)`)
