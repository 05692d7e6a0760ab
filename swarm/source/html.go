package source

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlText turns a page into text that reads as Markdown does: headings begin
// with #, list items with - or their number, a table has a row a line with
// " | " between its cells, preformatted text stands verbatim in a fence.
// Scripts, styles, navigation and hidden elements are dropped.
//
// It walks the tokens and builds no tree, since a tree of a page with deeply
// nested elements is refused by the parser; time and memory are linear in the
// page. An element that is dropped is cut out when its end is reached: one
// that is never closed stays, so that a broken page loses no text, except for
// a paragraph, which a block's begin or end ends.
func htmlText(page string) string {
	w := htmlWriter{}
	w.out.Grow(len(page) / 2)
	z := html.NewTokenizer(strings.NewReader(strings.TrimPrefix(page, bom)))
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken: // the end: a string has no other error
			return w.finish()
		case html.TextToken:
			if w.raw == 0 {
				w.text(z.Text())
			} else if w.raw == atom.Title && w.title == "" {
				w.title = strings.Join(strings.Fields(string(z.Text())), " ")
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, hasAttr := z.TagName()
			tag := atom.Lookup(name)
			if tag == atom.Svg && kind == html.SelfClosingTagToken {
				continue // the one element here that a slash ends
			}
			var a htmlAttrs
			if hasAttr {
				a = attrs(z)
			}
			w.start(tag, a)
		case html.EndTagToken:
			name, _ := z.TagName()
			w.end(atom.Lookup(name))
		}
	}
}

// htmlAttrs is what a tag's attributes say that matters here.
type htmlAttrs struct {
	hidden bool
	number string // start of a list, value of an item
}

func attrs(z *html.Tokenizer) (a htmlAttrs) {
	for more := true; more; {
		var key, val []byte
		key, val, more = z.TagAttr()
		switch string(key) {
		case "hidden":
			a.hidden = a.hidden || !strings.EqualFold(string(val), "until-found")
		case "style":
			style := strings.ReplaceAll(strings.ToLower(string(val)), " ", "")
			a.hidden = a.hidden || strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden")
		case "role":
			a.hidden = a.hidden || string(val) == "navigation"
		case "start", "value":
			a.number = string(val)
		}
	}
	return a
}

// htmlWriter lays out the text of a page. What separates two pieces of text
// is remembered and written only when the second one comes.
type htmlWriter struct {
	out    bytes.Buffer
	breaks int    // newlines due before the next text
	space  bool   // a space is due before the next text
	prefix string // what the next text's line begins with: "## ", "- "
	title  string
	sawH1  bool

	raw     atom.Atom // inside script, style, title, ...: their text is not the page's
	heading bool
	pre     int // 1 + where preformatted text begins in out; 0: outside
	preTrim bool
	lists   []int // a number for ordered lists, -1 for others
	tables  []htmlTable
	hides   []htmlHidden // open, one within the other
}

// htmlHidden is an element that is to be cut out at its end, and the state
// to go back to then.
type htmlHidden struct {
	tag           atom.Atom
	depth, mark   int
	breaks        int
	prefix        string
	lists, tables int
}

// htmlTable is a table that is open: how many cells its row has so far, and
// whether it only lays out the page, so that its cells are paragraphs.
type htmlTable struct {
	cells  int
	begin  int // where the cell's text begins in out
	layout bool
}

// longestCell is the most text, in bytes, that a cell of data is taken to
// hold; a longer one lays out the page, or belongs to a table never closed.
const longestCell = 2000

func (w *htmlWriter) inRow() bool {
	return len(w.tables) > 0 && !w.tables[len(w.tables)-1].layout
}

// brk asks for n newlines before the next text; inside a row or a heading a
// space has to do.
func (w *htmlWriter) brk(n int) {
	w.space = true
	if w.inRow() && w.out.Len()-w.tables[len(w.tables)-1].begin > longestCell {
		w.layout()
	}
	if !w.heading && !w.inRow() {
		w.breaks = max(w.breaks, n)
	}
}

// text writes text with white space folded, or verbatim where preformatted.
func (w *htmlWriter) text(s []byte) {
	if w.pre > 0 {
		if w.preTrim {
			s = bytes.TrimPrefix(bytes.TrimPrefix(s, []byte("\r")), []byte("\n"))
			w.preTrim = false
		}
		w.out.Write(s)
		return
	}
	for i := 0; i < len(s); {
		if c := s[i]; c == ' ' || c >= '\t' && c <= '\r' {
			w.space = true
			i++
			continue
		}
		j := i
		for j < len(s) && s[j] > ' ' && s[j] < utf8.RuneSelf {
			j++
		}
		if j == i { // a rune of several bytes, or a control character
			r, size := utf8.DecodeRune(s[i:])
			switch {
			case r == '\u00ad' || r == '\u200b' || r == '\ufeff' || r < ' ':
			case unicode.IsSpace(r):
				w.space = true
			default:
				w.word(s[i : i+size])
			}
			i += size
			continue
		}
		w.word(s[i:j])
		i = j
	}
}

// word writes a piece of text after what is due before it.
func (w *htmlWriter) word(s []byte) {
	w.due()
	w.out.Write(s)
}

func (w *htmlWriter) due() {
	if w.out.Len() > 0 {
		switch {
		case w.breaks >= 2:
			w.out.WriteString("\n\n")
		case w.breaks == 1:
			w.out.WriteByte('\n')
		case w.space && w.prefix == "":
			w.out.WriteByte(' ')
		}
	}
	w.out.WriteString(w.prefix)
	w.breaks, w.space, w.prefix = 0, false, ""
}

// openPre and closePre put preformatted text between fences longer than any
// in it. In a row of a table it is text like any other.
func (w *htmlWriter) openPre() {
	w.brk(2)
	if w.inRow() || w.heading || w.pre > 0 {
		return
	}
	w.prefix = ""
	w.due()
	w.pre, w.preTrim = w.out.Len()+1, true
}

func (w *htmlWriter) closePre() {
	if w.pre == 0 {
		return
	}
	body := strings.TrimRight(string(w.out.Bytes()[w.pre-1:]), " \t\r\n")
	w.out.Truncate(w.pre - 1)
	w.pre = 0
	if strings.TrimSpace(body) != "" {
		fence := "```"
		for len(fence) < 16 && strings.Contains(body, fence) {
			fence += "`"
		}
		w.out.WriteString(fence + "\n" + body + "\n" + fence)
	}
	w.breaks = 2
}

func (w *htmlWriter) finish() string {
	w.closePre()
	body := w.out.String()
	if w.title != "" && !w.sawH1 && body != "" {
		body = "# " + w.title + "\n\n" + body
	}
	if body != "" {
		body += "\n"
	}
	return body
}
