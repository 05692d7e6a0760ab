package source

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// sentenceEnd finds where the first sentence of s ends: after its mark and
// the quotes and brackets that close with it. Latin marks need white space
// after them; CJK ones do not. It is len(s) if no sentence ends before.
func sentenceEnd(s string) int {
	for i, r := range s {
		switch r {
		case '.', '!', '?':
			j := closing(s, i+1)
			if j < len(s) && isSpace(s[j]) && !(r == '.' && abbreviates(s, i, j)) {
				return j
			}
		case '。', '！', '？', '．', '｡', '؟', '۔', '।', '॥', '။', '។', '።', '‼', '⁇', '⁉':
			return closing(s, i+utf8.RuneLen(r))
		}
	}
	return len(s)
}

// closing skips marks that repeat and quotes and brackets that close.
func closing(s string, i int) int {
	return len(s) - len(strings.TrimLeft(s[i:], ".!?\"')]”’»」』）】》〉〗！？。…\ufe0e\ufe0f"))
}

// abbreviations are words that end in a point within a sentence.
const abbreviations = " mr mrs ms dr prof st no nr fig sec vs etc cf inc ltd co corp jr sr vol pp e.g i.e approx " +
	"art ch ed eds al z.b bzw ca т.е рис стр "

// abbreviates reports whether the point at i, with what closes up to j, ends
// an abbreviation or a number rather than a sentence: what follows begins in
// lower case, or the word before is one letter or a known abbreviation.
func abbreviates(s string, i, j int) bool {
	next := strings.TrimLeft(s[j:min(len(s), j+16)], " \t\r\n")
	if r, _ := utf8.DecodeRuneInString(next); unicode.IsLower(r) {
		return true
	}
	if j > i+1 {
		return false // something closes, or dots repeat
	}
	begin := i
	for begin > 0 && i-begin < 16 && !isSpace(s[begin-1]) && s[begin-1] != '(' {
		begin--
	}
	word := s[begin:i]
	if r, n := utf8.DecodeRuneInString(word); n == len(word) && (unicode.IsUpper(r) || begin == 0 && unicode.IsDigit(r)) {
		return true // an initial, or a number that begins the item
	}
	return word != "" && strings.Contains(abbreviations, " "+strings.ToLower(word)+" ")
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
