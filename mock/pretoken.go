package mock

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPreToken is how far ahead a piece is looked for: a run of letters or signs
// without end is cut there, so that it costs no more than its length.
const maxPreToken = 4096

// nextPreToken is the piece that text, which is not empty, begins with.
func nextPreToken(text string) string {
	ahead := text
	if len(ahead) > maxPreToken {
		ahead = ahead[:maxPreToken]
		ahead = ahead[:wholeRunes(ahead)]
	}
	return text[:preToken(ahead)]
}

// preToken is the length of the next piece that o200k_base looks at on its
// own: a word with the sign before it, up to three digits, signs, or white
// space. It does by hand what the vocabulary's published regular expression
// does, some ten times as fast; the alternatives are tried in its order:
//
//	1 [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//	2 [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//	3 \p{N}{1,3}
//	4  ?[^\s\p{L}\p{N}]+[\r\n/]*
//	5 \s*[\r\n]+
//	6 \s+(?!\S)
//	7 \s+
func preToken(s string) int {
	first, size := utf8.DecodeRuneInString(s)
	c := classOf(first)
	prefix := c&(letter|digit|newline) == 0
	for _, word := range []func(string) int{upperThenLower, uppersFirst} {
		if prefix {
			if n := word(s[size:]); n > 0 {
				return contraction(s, size+n)
			}
		}
		if c&(upper|lower) != 0 {
			if n := word(s); n > 0 {
				return contraction(s, n)
			}
		}
	}
	if c&digit != 0 {
		return run(s, digit, 3)
	}
	signs := 0
	if first == ' ' {
		signs = 1
	}
	if n := runWithout(s[signs:], space|letter|digit); n > 0 {
		n += signs
		for n < len(s) && (s[n] == '\r' || s[n] == '\n' || s[n] == '/') {
			n++
		}
		return n
	}
	blank := run(s, space, len(s))
	if i := strings.LastIndexAny(s[:blank], "\r\n"); i >= 0 {
		return i + 1
	}
	_, last := utf8.DecodeLastRuneInString(s[:blank])
	if blank < len(s) && blank > last {
		return blank - last
	}
	return max(blank, size)
}

// upperThenLower is the word of alternative 1: where no lower letter follows
// the upper ones, the last letter without a case ends it.
func upperThenLower(s string) int {
	u := run(s, upper, len(s))
	if n := run(s[u:], lower, len(s)); n > 0 {
		return u + n
	}
	for u > 0 {
		r, size := utf8.DecodeLastRuneInString(s[:u])
		if classOf(r)&lower != 0 {
			return u
		}
		u -= size
	}
	return 0
}

// uppersFirst is the word of alternative 2.
func uppersFirst(s string) int {
	u := run(s, upper, len(s))
	if u == 0 {
		return 0
	}
	return u + run(s[u:], lower, len(s))
}

// contraction adds an English ending to a word of n bytes.
func contraction(s string, n int) int {
	if n >= len(s) || s[n] != '\'' {
		return n
	}
	for _, end := range [...]string{"s", "t", "re", "ve", "m", "ll", "d"} {
		if to := n + 1 + len(end); to <= len(s) && equalASCII(s[n+1:to], end) {
			return to
		}
	}
	return n
}

// equalASCII compares with lower, which is lower case.
func equalASCII(s, lower string) bool {
	for i := range len(lower) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// run is the length of the beginning of s that is of a class, most runes at
// most.
func run(s string, c class, most int) int {
	n := 0
	for range most {
		if n == len(s) {
			break
		}
		r, size := utf8.DecodeRuneInString(s[n:])
		if classOf(r)&c == 0 {
			break
		}
		n += size
	}
	return n
}

// runWithout is the length of the beginning of s that is of none of the
// classes.
func runWithout(s string, c class) int {
	n := 0
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		if classOf(r)&c != 0 {
			break
		}
		n += size
	}
	return n
}

// class says to which sets of the expression a rune belongs.
type class uint8

const (
	upper   class = 1 << iota // Lu Lt Lm Lo M
	lower                     // Ll Lm Lo M
	letter                    // L
	digit                     // N
	space                     // \s
	newline                   // \r \n
)

var asciiClass = func() (t [utf8.RuneSelf]class) {
	for i := range t {
		t[i] = findClass(rune(i))
	}
	return t
}()

func classOf(r rune) class {
	if r < utf8.RuneSelf {
		return asciiClass[r]
	}
	return findClass(r)
}

func findClass(r rune) class {
	switch {
	case r == '\r' || r == '\n':
		return space | newline
	case unicode.IsSpace(r):
		return space
	case unicode.In(r, unicode.Lm, unicode.Lo):
		return upper | lower | letter
	case unicode.Is(unicode.Ll, r):
		return lower | letter
	case unicode.IsLetter(r):
		return upper | letter
	case unicode.Is(unicode.M, r):
		return upper | lower
	case unicode.IsNumber(r):
		return digit
	}
	return 0
}
