package main

import (
	"io"
	"unicode"
	"unicode/utf8"
)

// visible passes on text for a terminal. Texts, answers, names of files and
// what servers say may hold sequences that move the cursor, clear the screen
// or set the window's title: of the control characters it lets newline and tab
// through alone. The others are shown as the pictures that Unicode has of
// them, or as the replacement character. A carriage return becomes a newline,
// or nothing before one.
//
// A Write holds whole characters; bytes that are none are shown as well.
type visible struct {
	w        io.Writer
	returned bool // a carriage return was the last, and is written
}

func (v *visible) Write(p []byte) (int, error) {
	out := make([]byte, 0, len(p))
	for rest := p; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		rest = rest[n:]
		if !(r == '\n' && v.returned) {
			out = utf8.AppendRune(out, picture(r))
		}
		v.returned = r == '\r'
	}
	if _, err := v.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

func picture(r rune) rune {
	switch {
	case r == '\n' || r == '\t' || !unicode.IsControl(r):
		return r
	case r == '\r':
		return '\n'
	case r < 0x20:
		return '\u2400' + r
	case r == 0x7f:
		return '\u2421'
	default: // 0x80 to 0x9f, which some terminals obey too
		return utf8.RuneError
	}
}
