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
		case '。', '！', '？', '．', '｡', '؟', '۔', '।', '॥', '‼', '⁇', '⁉':
			return closing(s, i+utf8.RuneLen(r))
		}
	}
	return len(s)
}

// closing skips marks that repeat and quotes and brackets that close.
func closing(s string, i int) int {
	return len(s) - len(strings.TrimLeft(s[i:], ".!?\"')]”’»」』）】》〉〗！？。…"))
}

// abbreviations are words that end in a point within a sentence.
var abbreviations = map[string]bool{
	"mr": true, "mrs": true, "ms": true, "dr": true, "prof": true, "st": true, "no": true, "nr": true,
	"fig": true, "sec": true, "vs": true, "etc": true, "cf": true, "inc": true, "ltd": true, "co": true,
	"corp": true, "jr": true, "sr": true, "vol": true, "pp": true, "e.g": true, "i.e": true, "approx": true,
	"art": true, "ch": true, "ed": true, "eds": true, "al": true, "z.b": true, "bzw": true, "ca": true,
	"т.е": true, "рис": true, "стр": true,
}

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
	return abbreviations[strings.ToLower(word)]
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
