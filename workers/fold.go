package workers

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// foldedText is a text with its white space folded, and for each of its bytes
// where what it stands for begins and ends in the text as it was.
type foldedText struct {
	text    string
	at, end []int32

	b     strings.Builder // becomes text
	gap   int             // where white space began; −1: none
	dense bool            // before it is a script without spaces
}

// folded folds white space alone.
func folded(s string) *foldedText {
	f := &foldedText{gap: -1}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		f.put(r, s[i:i+size], i, i+size, false)
		i += size
	}
	f.text = f.b.String()
	return f
}

// asSeen folds a text into what a reader sees of it, whom typography does not
// concern: without the marks of Markdown, comments and mails around the words, with
// escapes decoded, letters in one spelling, and words that a line's end parts
// joined. No letter and no digit is left out but those of a link's target and of a
// subtitle's time, which are kept of a quote. A text is folded for a quote, which
// tells whether a hyphen at a line's end is the word's own; the quote for nil.
func asSeen(s string, quote *foldedText) *foldedText {
	f := &foldedText{gap: -1}
	unseen := marks(s, quote)
	for i := 0; i < len(s); {
		if m, ok := unseen[i]; ok {
			if m.as != "" {
				f.put('-', m.as, i, i+1, false)
			}
			i = m.end
			continue
		}
		as, size := decoded(s[i:])
		dense := unspaced(s[i:])
		for _, r := range as {
			f.put(r, alike(r), i, i+size, dense && !spaced(r))
		}
		i += size
	}
	f.text = f.b.String()
	return f
}

// put adds a rune that stands from at to end, as what counts as like it.
func (f *foldedText) put(r rune, as string, at, end int, dense bool) {
	switch {
	case unicode.IsSpace(r):
		if f.gap < 0 {
			f.gap = at
		}
		return
	case as == "":
		return
	case f.gap >= 0 && f.gap < at && f.b.Len() > 0 && !f.dense && !dense:
		f.add(" ", f.gap, at)
	}
	f.add(as, at, end)
	f.gap, f.dense = -1, dense
}

func (f *foldedText) add(as string, at, end int) {
	f.b.WriteString(as)
	for range len(as) {
		f.at, f.end = append(f.at, int32(at)), append(f.end, int32(end))
	}
}

var (
	entity = regexp.MustCompile(`\A&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});`)
	code16 = regexp.MustCompile(`\A(?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4})`)
)

// decoded returns what the character at the beginning of s is, and how many bytes
// it takes: an escape of JSON or Markdown, an entity, or a letter with its accents.
func decoded(s string) (as string, size int) {
	switch c := s[0]; {
	case c == '\\' && code16.MatchString(s):
		escape := code16.FindString(s)
		json.Unmarshal([]byte(`"`+escape+`"`), &as) // code16 matched
		return as, len(escape)
	case c == '\\' && len(s) > 1 && s[1] < utf8.RuneSelf && (unicode.IsPunct(rune(s[1])) || unicode.IsSymbol(rune(s[1]))):
		return s[1:2], 2
	case c == '&':
		if e := entity.FindString(s); e != "" {
			return html.UnescapeString(e), len(e)
		}
		return "&", 1
	case c < utf8.RuneSelf && (len(s) == 1 || s[1] < utf8.RuneSelf):
		return s[:1], 1
	}
	r, n := utf8.DecodeRuneInString(s)
	if size = max(n, norm.NFKC.NextBoundaryInString(s, true)); !utf8.ValidString(s[:size]) {
		return s[:n], n
	}
	if r >= 0xfb00 && r <= 0xfdff || r >= 0xfe70 && r <= 0xffef { // ligatures, and other forms of letters and signs
		return norm.NFKC.String(s[:size]), size
	}
	return norm.NFC.String(s[:size]), size
}

// alike returns what stands for a rune where typography does not count.
func alike(r rune) string {
	switch r {
	case '‘', '’', '‚', '‛', '′', '`', '´':
		return "'"
	case '“', '”', '„', '‟', '″', '«', '»':
		return `"`
	case '‐', '‑', '‒', '–', '—', '―', '−':
		return "-"
	case '…':
		return "..."
	}
	switch {
	case r < utf8.RuneSelf:
	case unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r), unicode.Is(unicode.Variation_Selector, r):
		return "" // soft hyphens, directions, what joins and parts
	case unicode.IsDigit(r):
		for _, run := range unicode.Nd.R16 { // each is of tens
			if rune(run.Lo) <= r && r <= rune(run.Hi) {
				return string('0' + (r-rune(run.Lo))%10)
			}
		}
	}
	return string(r)
}

// unspaced says that s begins with a script that sets no spaces between words, so
// that those there are of the layout.
func unspaced(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xffef ||
		unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
