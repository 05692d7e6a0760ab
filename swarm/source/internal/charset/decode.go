// Package charset makes UTF-8 of a text's bytes: by its byte order mark, by what
// it declares, or by a guess, which is noted.
//
//	mark ──▶ escapes ──▶ NULs (UTF-16, UTF-32) ──▶ UTF-8 ──▶ declared ──▶ guess ──▶ error
package charset

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

const bom = "\ufeff"

// wides are the encodings by units of several bytes, with their byte order marks.
var wides = []struct {
	name, mark string
	unit       int
	e          encoding.Encoding
}{
	{"UTF-32LE", "\xff\xfe\x00\x00", 4, utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)},
	{"UTF-32BE", "\x00\x00\xfe\xff", 4, utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)},
	{"UTF-16LE", "\xff\xfe", 2, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{"UTF-16BE", "\xfe\xff", 2, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
}

// Decode gives data as valid UTF-8, and notes for a person: what it was taken
// for, and how many characters were broken and became U+FFFD. Data that is
// UTF-8 is given as it is, without a note. declared is the encoding that the
// data is said to be in; empty: none. The error names the best guess.
func Decode(data []byte, declared string) (text string, notes []string, err error) {
	for _, w := range wides {
		if rest, ok := bytes.CutPrefix(data, []byte(w.mark)); ok {
			text := decode(w.e, rest)
			return text, noted(w.name, "its byte order mark says so", strings.Count(text, "\ufffd")), plain(text)
		}
	}
	switch {
	case bytes.Contains(data, []byte("\x1b$)")):
		return "", nil, errors.New("it looks like ISO-2022-KR or ISO-2022-CN, which are not read here")
	case (bytes.Contains(data, []byte("\x1b$B")) || bytes.Contains(data, []byte("\x1b$@"))) && !bytes.ContainsFunc(data, beyondASCII):
		if text := decode(japanese.ISO2022JP, data); !strings.Contains(text, "\ufffd") {
			return text, noted("ISO-2022-JP", "by its escapes", 0), plain(text)
		}
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		text, name := wide(data)
		if name == "" {
			return "", nil, fmt.Errorf("a NUL byte at offset %d, and neither UTF-16 nor UTF-32", i)
		}
		return text, noted(name, "guessed", 0), nil
	}
	e, known := named(declared)
	if !known {
		notes = []string{"declared as " + declared + ", which is not known here"}
	}
	valid := utf8.Valid(data)
	if valid && (e == nil || bytes.ContainsFunc(data, beyondASCII)) {
		return string(data), notes, plain(string(data)) // text of another encoding is hardly ever valid UTF-8
	}
	if e != nil {
		if text := decode(e, data); broken(text, data) <= len(data)/200 {
			if text == string(data) {
				return text, nil, plain(text)
			}
			return text, noted(declared, "it is declared", broken(text, data)), plain(text)
		}
		notes = []string{"declared as " + declared + ", which it is not"}
	}
	if err := plain(string(data)); err != nil {
		return "", nil, err
	}
	good, bad := sequences(data)
	if good < 4*bad {
		text, name, err := guess(data)
		if err == nil {
			return text, append(notes, noted(name, "guessed", broken(text, data))...), nil
		}
		if good <= bad {
			return "", nil, err
		}
	}
	return string([]rune(string(data))), append(notes, fmt.Sprintf("%d invalid bytes replaced by U+FFFD: offsets point into the repaired text", bad)), nil
}

func noted(name, why string, broken int) []string {
	notes := []string{fmt.Sprintf("converted from %s (%s): offsets point into the converted text", name, why)}
	if broken > 0 {
		notes = append(notes, fmt.Sprintf("%d broken characters of it replaced by U+FFFD", broken))
	}
	return notes
}

// decode leaves U+FFFD where data is broken; no decoder here has other errors.
func decode(e encoding.Encoding, data []byte) string {
	text, _ := e.NewDecoder().Bytes(data)
	return strings.ToValidUTF8(string(text), "\ufffd")
}

// broken counts the characters that could not be decoded.
func broken(text string, data []byte) int {
	return max(strings.Count(text, "\ufffd")-bytes.Count(data, []byte("\ufffd")), 0)
}

// named finds an encoding by its label; nil if there is none, or it is UTF-8, or
// UTF-16, which is found by its NULs.
func named(label string) (e encoding.Encoding, known bool) {
	if label = strings.ToLower(strings.TrimSpace(label)); label == "" || strings.HasPrefix(label, "utf-16") || strings.HasPrefix(label, "utf-32") {
		return nil, true
	}
	for _, l := range []string{label, strings.ReplaceAll(label, "_", "-"), strings.ReplaceAll(label, "-", "")} {
		e, err := htmlindex.Get(l)
		if err != nil || e == encoding.Replacement {
			e, err = ianaindex.MIME.Encoding(l)
		}
		if e == unicode.UTF8 {
			return nil, true
		}
		if err == nil && e != nil {
			return e, true
		}
	}
	return nil, false
}

func beyondASCII(r rune) bool { return r >= utf8.RuneSelf }

// plain is the error of a text with many control characters.
func plain(text string) error {
	control := 0
	for i := range len(text) {
		if c := text[i]; c < ' ' && (c < '\t' || c > '\r') && c != 0x1b {
			control++
		}
	}
	if control > len(text)/20 {
		return fmt.Errorf("%d of %d bytes are control characters", control, len(text))
	}
	return nil
}

// sequences counts the characters of several bytes that are UTF-8, and the
// bytes that are not.
func sequences(data []byte) (good, bad int) {
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		data = data[n:]
	}
	return good, bad
}

// wide decodes UTF-16 and UTF-32 without a mark: the one that gives a text, and
// of several the one with most ASCII, the spaces and line ends among it.
func wide(data []byte) (text, name string) {
	most := -1
	for _, c := range wides {
		if len(data)%c.unit != 0 {
			continue
		}
		t := decode(c.e, data)
		ascii, strange := 0, false
		for _, r := range t {
			if r < utf8.RuneSelf {
				ascii++
			}
			strange = strange || r == utf8.RuneError || !assigned(r)
		}
		if !strange && ascii > most {
			text, name, most = t, c.name, ascii
		}
	}
	return text, name
}

var declaration = regexp.MustCompile(`(?i)^\s*<\?xml[^>]{0,100}\sencoding\s*=\s*["']([a-z0-9_:.-]+)|<meta[^>]{0,200}charset\s*=\s*["']?\s*([a-z0-9_:.-]+)|` +
	`^@charset "([a-z0-9_:.-]+)"|^(?:[^\n]*\n)?[^\n]{0,20}coding[:=]\s*([a-z0-9_.-]+)`)

// Declared gives the encoding that an XML file, a page, a style sheet or a
// program names in its first 2 KB; empty if it names none.
func Declared(data []byte) string {
	m := declaration.FindSubmatch(bytes.TrimPrefix(data[:min(len(data), 2048)], []byte(bom)))
	if m == nil {
		return ""
	}
	return string(bytes.Join(m[1:], nil))
}
