package main

import (
	"io"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
)

// visible passes on text for a terminal. Texts, answers, names of files and
// what servers say may hold sequences that move the cursor, clear the screen
// or set the window's title: of the control characters it lets newline and tab
// through alone. Carriage returns are left out, the others shown as the
// pictures that Unicode has of them, or as the replacement character.
func visible(w io.Writer) io.Writer {
	returns := runes.Predicate(func(r rune) bool { return r == '\r' })
	return transform.NewWriter(w, transform.Chain(runes.Remove(returns), runes.Map(picture)))
}

func picture(r rune) rune {
	switch {
	case r == '\n' || r == '\t' || !unicode.IsControl(r):
		return r
	case r < 0x20:
		return '\u2400' + r
	case r == 0x7f:
		return '\u2421'
	default: // 0x80 to 0x9f, which some terminals obey too
		return utf8.RuneError
	}
}
