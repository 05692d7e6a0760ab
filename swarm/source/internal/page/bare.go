package page

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// bareText is the text of a page without its layout.
func bareText(page string) string {
	w := writer{page: &facts{}}
	raw := false
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken: // the end: a string has no other error
			return w.out.String() + "\n"
		case html.TextToken:
			if !raw {
				w.text(string(z.Text()))
			}
		default:
			name, _ := z.TagName()
			tag := atom.Lookup(name)
			if raw = tag == atom.Script || tag == atom.Style; isBlock(tag) {
				w.block(2)
			}
		}
	}
}
