package charset

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gogs/chardet"
	"golang.org/x/text/encoding/htmlindex"
)

// beside holds encodings that the detector does not know, by the one that it
// takes them for.
var beside = map[string][]string{
	"ISO-8859-2": {"windows-1250"}, "ISO-8859-7": {"windows-1253"}, "ISO-8859-8": {"windows-1255"}, "ISO-8859-8-I": {"windows-1255"},
	"windows-1251": {"x-mac-cyrillic"}, "KOI8-R": {"koi8-u"},
}

// others are tried where none that the detector names gives proper words.
var others = []string{"windows-1252", "windows-1251", "windows-1254", "koi8-r", "macintosh", "ibm866", "ibm850"}

const (
	surest = 20       // a lower confidence of the detector is noise
	sample = 64 << 10 // bytes that decide
	few    = 5        // letters that are not ASCII, as in a note of a line
	seldom = 20       // fewer than one letter in so many is too little to judge by: the best guess is taken
)

// guess finds the encoding of a text of 8-bit characters: the first of those
// that the detector is sure of that makes words of it, or else the one that
// makes most. Its time is linear.
func guess(data []byte) (text, name string, err error) {
	lines := telling(data)
	found, _ := chardet.NewHtmlDetector().DetectAll(lines)
	slices.SortFunc(found, func(a, b chardet.Result) int { // it leaves equals in any order
		return cmp.Or(b.Confidence-a.Confidence, strings.Compare(a.Charset, b.Charset))
	})
	candidates := []string{"windows-874"}
	for _, f := range found {
		if f.Confidence >= surest {
			candidates = append(append(candidates, f.Charset), beside[f.Charset]...)
		}
	}
	candidates = slices.DeleteFunc(candidates, func(name string) bool { e, _ := named(name); return e == nil })
	sure := len(candidates)
	candidates = append(append(candidates, "gb18030", "euc-kr", "big5", "shift_jis", "euc-jp"), others...)
	high := 0
	for _, c := range lines {
		if c >= utf8.RuneSelf {
			high++
		}
	}
	best, least := -1, 0.0
	for i, name := range candidates {
		e, _ := named(name)
		strange := oddness(decode(e, lines), name)
		if i >= sure {
			strange = max(strange, rarity(lines, name))
		}
		if best < 0 || strange < least {
			best, least = i, strange
		}
		if strange <= 0.02 {
			break
		}
	}
	e, _ := named(candidates[best])
	if name, err = htmlindex.Name(e); err != nil { // the standard's: windows-1252 for ISO-8859-1
		name = candidates[best]
	}
	if high*seldom > len(lines) && (least > 0.1 || best >= sure && strings.Contains("windows-1252 windows-1254", name) && high > few) {
		return "", "", fmt.Errorf("not UTF-8; the best guess is %s, and it gives no proper words", name)
	}
	return decode(e, data), name, nil
}

// telling gives the lines of a text that are not ASCII, as many as decide.
func telling(data []byte) []byte {
	var out []byte
	for line := range bytes.Lines(data) {
		if bytes.ContainsFunc(line, beyondASCII) {
			out = append(out, line[:min(len(line), sample)]...)
		}
		if len(out) > sample {
			break
		}
	}
	return out
}

// oddness tells which share of the characters that are not ASCII stand where
// they do in no proper text of that encoding: signs and capitals within words,
// letters of two scripts side by side, Thai vowels upon nothing, many Latin
// letters with accents in a row.
func oddness(text, name string) float64 {
	odd, all, accents := 0, 0, 0
	var before, last rune
	for _, next := range text + " " {
		if last >= utf8.RuneSelf {
			all++
			if accents++; !unicode.Is(unicode.Latin, last) {
				accents = 0
			}
			switch {
			case last == utf8.RuneError || !assigned(last):
				odd += 10
			case strays(before, last, next), accents > 3:
				odd++
			}
		} else {
			accents = 0
		}
		before, last = last, next
	}
	if name == "windows-874" && all < 8 {
		return 1
	}
	return float64(odd) / float64(max(all, 1))
}

// frequent are the first bytes of signs and of frequent characters.
var frequent = map[string][2][2]byte{
	"gb18030": {{0xa1, 0xa3}, {0xb0, 0xd7}}, "big5": {{0xa1, 0xa3}, {0xa4, 0xc6}}, "euc-kr": {{0xa1, 0xa3}, {0xb0, 0xc8}},
	"euc-jp": {{0xa1, 0xa5}, {0xb0, 0xcf}}, "shift_jis": {{0x81, 0x83}, {0x88, 0x98}},
}

// rarity tells which share of the characters of two bytes is seldom used; all, if
// there are too few to tell.
func rarity(data []byte, name string) float64 {
	areas, ok := frequent[name]
	if !ok {
		return 0
	}
	rare, all := 0, 0
	for i := 0; i < len(data); i++ {
		if c := data[i]; c >= 0x80 {
			if all++; (c < areas[0][0] || c > areas[0][1]) && (c < areas[1][0] || c > areas[1][1]) {
				rare++
			}
			i++
		}
	}
	if all < 8 {
		return 1
	}
	return float64(rare) / float64(all)
}

// within are signs that stand between letters.
const within = "'’-‐‑–—·…/.&_׳״"

func strays(before, r, next rune) bool {
	switch {
	case unicode.Is(unicode.Thai, r):
		if unicode.Is(unicode.M, r) || r == 'ะ' || r == 'า' || r == 'ำ' { // stand upon or behind a consonant
			return (before < 'ก' || before > 'ฮ') && !unicode.Is(unicode.M, before)
		}
		return unicode.Is(unicode.Latin, before) || unicode.Is(unicode.Latin, next)
	case unicode.IsLetter(r) && r != 'ª' && r != 'º':
		return unicode.IsUpper(r) && unicode.IsLower(before) || unicode.IsLower(r) && unicode.IsUpper(next) ||
			unicode.IsLetter(before) && script(before) != script(r) || unicode.IsLetter(next) && script(next) != script(r)
	case r == '†' || r == '‡' || r == '•' || r >= 0x2500 && r < 0x25a0:
		return unicode.IsLetter(before) || unicode.IsLower(next) && r != '•'
	case unicode.In(r, unicode.S, unicode.No) && r < 0x2e80 && next >= utf8.RuneSelf && next != r:
		return true
	default:
		return unicode.IsLetter(before) && unicode.IsLetter(next) && !strings.ContainsRune(within, r) && !unicode.Is(unicode.Han, before) ||
			unicode.IsLower(before) && unicode.In(r, unicode.Sm, unicode.Sk, unicode.No)
	}
}

var alphabets = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Hebrew, unicode.Arabic, unicode.Thai}

// script tells alphabets apart; the scripts of East Asia mix.
func script(r rune) int {
	return slices.IndexFunc(alphabets, func(a *unicode.RangeTable) bool { return unicode.Is(a, r) })
}

// assigned reports whether r is a character that texts have: no control but
// white space, no private use.
func assigned(r rune) bool {
	return unicode.IsGraphic(r) || unicode.Is(unicode.Cf, r) || r >= '\t' && r <= '\r' || r == 0x1b || r == 0x1a
}
