package source

import (
	"regexp"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

var metaCharset = regexp.MustCompile(`(?i)<meta[^>]{0,200}charset\s*=\s*["']?\s*([a-z0-9_:.-]+)`)

// declared gives the encoding that a page names in its first 2 KB, or nil
// where it names none that is known, or UTF-8.
func declared(data []byte) encoding.Encoding {
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
