package source

import (
	"bytes"
	"regexp"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

var metaCharset = regexp.MustCompile(`(?i)<meta[^>]{0,200}charset\s*=\s*["']?\s*([a-z0-9_:.-]+)`)

// declared gives the encoding that a page names in its first 2 KB, or nil
// where it names none that is known, or where the page is UTF-8 whatever it
// says: text of another encoding is hardly ever valid UTF-8 by chance.
func declared(data []byte) encoding.Encoding {
	if utf8.Valid(data) && bytes.ContainsFunc(data, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return nil
	}
	m := metaCharset.FindSubmatch(data[:min(len(data), 2048)])
	if m == nil {
		return nil
	}
	e, err := htmlindex.Get(string(m[1]))
	if err != nil || e == unicode.UTF8 || e == encoding.Replacement {
		return nil
	}
	if name, _ := htmlindex.Name(e); name == "utf-16le" || name == "utf-16be" {
		return nil // a page whose declaration can be read is not UTF-16
	}
	return e
}
