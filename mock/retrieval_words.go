package mock

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const escape = 0x1B // begins a terminal's sequence, as for bold

// eachWord calls f for each word of s: its folded and lightly stemmed form,
// which is valid until f returns, and its bytes [start, end) in s. Scripts
// that write without spaces give pairs of neighbouring runes instead, which
// overlap. It allocates nothing that grows with s.
func eachWord(s string, f func(stem []byte, start, end int)) {
	var buf [64]byte
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf && !asciiWord(c) {
			if i++; c == escape && i < len(s) && s[i] == '[' {
				for i++; i < len(s) && !(s[i] >= '@' && s[i] <= '~'); i++ {
				}
				i = min(i+1, len(s))
			}
			continue
		}
		r, size := rune(c), 1
		if c >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		switch {
		case unspaced(r):
			i = eachPair(s, i, f)
		case c < utf8.RuneSelf || unicode.IsLetter(r) || unicode.IsDigit(r):
			w, end := foldWord(buf[:0], s, i)
			if len(w) > 0 {
				f(stem(w), i, end)
			}
			i = max(end, i+size)
		default:
			i += size
		}
	}
}

func asciiWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// unspaced tells whether r belongs to a script written without spaces, or
// (Hangul) one whose endings cling to its words.
func unspaced(r rune) bool {
	switch {
	case r < 0x0E00:
		return false
	case r <= 0x0EFF: // Thai, Lao
		return true
	case r >= 0x1780 && r <= 0x17FF, r >= 0x1000 && r <= 0x109F: // Khmer, Burmese
		return true
	case r >= 0x3040 && r <= 0x30FF, r >= 0x3400 && r <= 0x9FFF: // kana, Han
		return true
	case r >= 0xAC00 && r <= 0xD7A3, r >= 0xF900 && r <= 0xFAFF, r >= 0x20000 && r <= 0x3FFFF:
		return true
	}
	return r == '々' || r == '〇'
}

// eachPair calls f for the pairs of the run of unspaced runes at i, and
// returns the run's end. A run of one rune is given as it is.
func eachPair(s string, i int, f func(stem []byte, start, end int)) int {
	var key [8]byte
	prev, n := -1, 0
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !unspaced(r) {
			break
		}
		if prev >= 0 {
			f(append(key[:0], s[prev:i+size]...), prev, i+size)
		}
		prev = i
		i += size
		n++
	}
	if n == 1 {
		f(append(key[:0], s[prev:i]...), prev, i)
	}
	return i
}

// foldWord appends the word at i to w, in lower case and without accents, and
// returns it with its end. Digits keep their decimal point and lose the
// separators of thousands. A word longer than w's capacity is cut there.
func foldWord(w []byte, s string, i int) ([]byte, int) {
	start := i
	for i < len(s) {
		c := s[i]
		if c < utf8.RuneSelf {
			switch {
			case c >= 'A' && c <= 'Z':
				c += 'a' - 'A'
			case asciiWord(c):
			case (c == '.' || c == ',') && i > start && i+1 < len(s) && isDigit(s[i-1]) && isDigit(s[i+1]):
				if c == ',' && threeDigits(s[i+1:]) {
					i++
					continue
				}
				c = '.'
			case c == '-' && i > start && hyphenated(s, i+1) > 0:
				i = hyphenated(s, i+1)
				continue
			case c == '\'' && i > start && i+1 < len(s) && asciiWord(s[i+1]):
				return w, apostrophe(s, i)
			default:
				return w, i
			}
			if len(w) < cap(w) {
				w = append(w, c)
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == '’' && i > start {
			return w, apostrophe(s, i)
		}
		if n := hyphenated(s, i+size); r == '‐' && i > start && n > 0 {
			i = n
			continue
		}
		if unspaced(r) || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) {
			return w, i
		}
		if len(w)+utf8.UTFMax <= cap(w) && !unicode.Is(unicode.Mn, r) {
			w = appendFolded(w, r)
		}
		i += size
	}
	return w, i
}

// apostrophe returns the end of the word whose apostrophe stands at i: behind
// an English ending, at the apostrophe after an article such as l' or d'.
func apostrophe(s string, i int) int {
	size := 1
	if s[i] != '\'' {
		size = len("’")
	}
	for _, end := range []string{"s", "t", "re", "ve", "ll", "d", "m"} {
		j := i + size + len(end)
		if j <= len(s) && strings.EqualFold(s[i+size:j], end) && (j == len(s) || !asciiWord(s[j])) {
			return j
		}
	}
	return i
}

// hyphenated returns where a word goes on that a hyphen before i parts at the
// end of a line; 0: it does not.
func hyphenated(s string, i int) int {
	if i >= len(s) || s[i] != '\n' && s[i] != '\r' {
		return 0
	}
	j := i
	for j < len(s) && isSpace(s[j]) {
		j++
	}
	if j == len(s) || s[j] < 'a' || s[j] > 'z' || strings.Count(s[i:j], "\n") > 1 {
		return 0
	}
	return j
}

func threeDigits(s string) bool {
	return len(s) >= 3 && isDigit(s[0]) && isDigit(s[1]) && isDigit(s[2]) && (len(s) == 3 || !isDigit(s[3]))
}

// folds are letters with the ASCII that stands for them.
var folds = foldTable("àa áa âa ãa äa åa āa ăa ąa æae çc ćc čc ďd đd èe ée êe ëe ēe ėe ęe ěe ğg ìi íi îi ïi īi ıi łl ñn ńn ňn òo óo ôo õo öo øo ōo őo œoe řr śs šs şs șs ßss ťt țt ùu úu ûu üu ūu ůu űu ýy ÿy źz žz żz ёе")

func foldTable(pairs string) map[rune]string {
	m := make(map[rune]string)
	for p := range strings.FieldsSeq(pairs) {
		r, size := utf8.DecodeRuneInString(p)
		m[r] = p[size:]
	}
	return m
}

func appendFolded(w []byte, r rune) []byte {
	if r >= 0xFF01 && r <= 0xFF5E { // full-width forms
		r -= 0xFEE0
	}
	r = unicode.ToLower(r)
	if f, ok := folds[r]; ok {
		return append(w, f...)
	}
	return utf8.AppendRune(w, r)
}

// endings are cut from a word, the first that leaves enough of it, so that
// its forms meet. They are common to English and its neighbours; a real
// stemmer would know the language, and here the fuzzy match makes up for it.
var endings = []string{
	"ization", "isation", "ations", "ation", "ement", "ments", "ment", "ingly", "ities", "ings", "edly", "ness",
	"ions", "ing", "ies", "ied", "ity", "ion", "ely", "ers", "ern", "ung", "est", "ado", "ada", "ato",
	"ed", "es", "ly", "er", "en", "em", "al", "ar", "ir", "os", "as", "is",
	"s", "e", "n", "y", "a", "o", "i",
}

// stem cuts endings off a folded word, in place.
func stem(w []byte) []byte {
	vowel := false // a y was cut, or what became of it
	if len(w) < 4 || isDigit(w[0]) || isDigit(w[len(w)-1]) {
		return w
	}
	for _, e := range endings {
		k := len(w) - len(e)
		least := 4
		if len(e) <= 2 {
			least = 3
		}
		if k >= least && string(w[k:]) == e {
			w = w[:k]
			vowel = e == "y" || e == "ies" || e == "ied" || e == "ity"
			break
		}
	}
	// "stopp(ed)" meets "stop", but "carr(y)" not "car".
	if n := len(w); n >= 4 && w[n-1] == w[n-2] && w[n-1] != 's' && !vowel {
		w = w[:n-1]
	}
	if n := len(w); n >= 4 && (w[n-1] == 'e' || w[n-1] == 'i' || w[n-1] == 'y') {
		w = w[:n-1]
	}
	return w
}

// commonPrefix counts the bytes that a and b share from their start.
func commonPrefix(a string, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// commonSuffix counts the bytes that a and b share at their end.
func commonSuffix(a string, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[len(a)-1-i] != b[len(b)-1-i] {
			return i
		}
	}
	return n
}
