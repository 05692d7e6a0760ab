package source

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlText turns a page into text that reads as Markdown does: headings begin
// with #, list items with - or their number, a table has a row a line with
// " | " between its cells, preformatted text stands verbatim in a fence.
// Scripts, styles, navigation and hidden elements are dropped, unless hardly
// anything else is there: a broken page may never close them.
func htmlText(page string) string {
	page = strings.TrimPrefix(page, bom)
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil { // elements nested deeper than the parser bears
		return bareText(page)
	}
	w := htmlWriter{}
	w.children(doc)
	if w.dropped {
		all := htmlWriter{keep: true}
		if all.children(doc); 10*w.out.Len() < all.out.Len() {
			w = all
		}
	}
	body := w.out.String()
	if body == "" {
		return ""
	}
	if w.title != "" && !w.sawH1 {
		body = "# " + w.title + "\n\n" + body
	}
	return body + "\n"
}

// bareText is the text of a page without its layout.
func bareText(page string) string {
	var w htmlWriter
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

// htmlWriter lays out the text of a page. What separates two pieces of text
// is remembered and written only when the second one comes.
type htmlWriter struct {
	out     strings.Builder
	breaks  int    // newlines due before the next text
	space   bool   // a space is due before the next text
	prefix  string // what the next text's line begins with: "## ", "- "
	flat    bool   // in a heading or a cell: all of it on one line
	lists   int    // how many are open
	title   string
	sawH1   bool
	keep    bool // drop nothing that is hidden
	dropped bool
}

// text writes text with white space folded.
func (w *htmlWriter) text(s string) {
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			w.space = true
		case r == '\u00ad' || r == '\u200b' || r == '\ufeff' || r < ' ':
		default:
			w.due()
			w.out.WriteRune(r)
		}
	}
}

// due writes what is due before a text.
func (w *htmlWriter) due() {
	if w.out.Len() > 0 {
		if w.breaks > 0 {
			w.out.WriteString("\n\n"[:w.breaks])
		} else if w.space && w.prefix == "" {
			w.out.WriteByte(' ')
		}
	}
	w.out.WriteString(w.prefix)
	w.breaks, w.space, w.prefix = 0, false, ""
}

// block asks for n newlines before the next text; on a line a space has to do.
func (w *htmlWriter) block(n int) {
	w.space = true
	if !w.flat {
		w.breaks = max(w.breaks, n)
	}
}

// line gives what n holds on one line.
func (w *htmlWriter) line(n *html.Node) string {
	in := htmlWriter{flat: true, keep: w.keep}
	in.children(n)
	w.dropped = w.dropped || in.dropped
	return in.out.String()
}

func (w *htmlWriter) children(n *html.Node) {
	for c := range n.ChildNodes() {
		w.child(c)
	}
}

func (w *htmlWriter) child(n *html.Node) {
	switch {
	case n.Type == html.TextNode:
		w.text(n.Data)
	case n.Type != html.ElementNode:
	case !w.keep && hidden(n):
		w.dropped = true
		w.space = true
		if isBlock(n.DataAtom) {
			w.block(2)
		}
	default:
		w.element(n)
	}
}

func (w *htmlWriter) element(n *html.Node) {
	around := 0 // newlines before and after it
	switch tag := n.DataAtom; tag {
	case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Svg, atom.Iframe, atom.Noembed, atom.Noframes,
		atom.Object, atom.Canvas, atom.Select, atom.Datalist:
		return // nothing that a reader sees
	case atom.Title:
		w.title = cmp.Or(w.title, w.line(n))
		return
	case atom.Br:
		w.block(1)
		return
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		if around = 2; w.flat {
			break
		}
		w.sawH1 = w.sawH1 || tag == atom.H1
		w.block(2)
		w.prefix = strings.Repeat("#", int(tag.String()[1]-'0')) + " "
		if !holds(n, atom.P, atom.Ul, atom.Ol, atom.Table) { // else it was never closed
			w.text(w.line(n))
			w.prefix = ""
			w.block(2)
			return
		}
	case atom.Pre, atom.Listing, atom.Xmp, atom.Plaintext:
		if around = 2; !w.flat {
			w.verbatim(n)
			return
		}
	case atom.Table:
		if around = 2; !w.flat && w.table(n) {
			return
		}
	case atom.Ul, atom.Ol, atom.Menu:
		w.list(n)
		return
	case atom.Li, atom.Dt, atom.Dd, atom.Option, atom.Summary, atom.Legend, atom.Caption:
		around = 1
	default:
		if isBlock(tag) {
			around = 2
		}
	}
	if around > 0 {
		w.block(around)
	}
	w.children(n)
	if around > 0 {
		w.block(around)
	}
}

const deepestList = 8 // deeper lists are not indented further

func (w *htmlWriter) list(n *html.Node) {
	around := 2 - min(w.lists, 1)
	w.block(around)
	number := listNumber(n, "start", 1)
	w.lists++
	for c := range n.ChildNodes() {
		if c.DataAtom == atom.Li && !w.flat {
			w.block(1)
			w.prefix = strings.Repeat("  ", min(w.lists-1, deepestList)) + "- "
			if n.DataAtom == atom.Ol {
				number = listNumber(c, "value", number)
				w.prefix = strings.TrimSuffix(w.prefix, "- ") + strconv.Itoa(number) + ". "
				number++
			}
		}
		w.child(c)
		w.prefix = "" // of an item without text
	}
	w.lists--
	w.block(around)
}

// listNumber reads a number of an ordered list.
func listNumber(n *html.Node, key string, otherwise int) int {
	for _, a := range n.Attr {
		if number, err := strconv.Atoi(strings.TrimSpace(a.Val)); a.Key == key && err == nil && number >= 0 && number <= 1e6 {
			return number
		}
	}
	return otherwise
}

// longestCell is the most text, in bytes, that a cell of data is taken to
// hold; a longer one lays out the page, or belongs to a table never closed.
const longestCell = 2000

// table writes a table of data; it reports false for one that lays out the
// page, whose cells are paragraphs.
func (w *htmlWriter) table(n *html.Node) bool {
	if holds(n, atom.Table, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6) {
		return false
	}
	rows := w.rows(n)
	if slices.ContainsFunc(rows, func(row []string) bool {
		return slices.ContainsFunc(row, func(cell string) bool { return len(cell) > longestCell })
	}) {
		return false
	}
	w.block(2)
	for _, row := range rows {
		w.text(strings.ReplaceAll(strings.TrimSpace(strings.Join(row, " | ")), "|  |", "| |"))
		w.block(1)
	}
	w.block(2)
	return true
}

// rows gives the cells of each row of a table, or of a part of it.
func (w *htmlWriter) rows(n *html.Node) (rows [][]string) {
	for c := range n.ChildNodes() {
		switch {
		case !w.keep && c.Type == html.ElementNode && hidden(c):
			w.dropped = true
			if c.DataAtom == atom.Td || c.DataAtom == atom.Th {
				rows = append(rows, []string{""})
			}
		case c.DataAtom == atom.Caption, c.DataAtom == atom.Td, c.DataAtom == atom.Th:
			rows = append(rows, []string{w.line(c)})
		case c.DataAtom == atom.Tr:
			rows = append(rows, slices.Concat(w.rows(c)...))
		default:
			rows = append(rows, w.rows(c)...)
		}
	}
	return rows
}

// verbatim writes preformatted text between fences longer than any in it.
func (w *htmlWriter) verbatim(n *html.Node) {
	var b strings.Builder
	for d := range n.Descendants() {
		switch {
		case d.Type == html.TextNode:
			b.WriteString(d.Data)
		case d.DataAtom == atom.Br, isBlock(d.DataAtom) && !strings.HasSuffix(b.String(), "\n"):
			b.WriteByte('\n')
		}
	}
	body := strings.TrimRight(b.String(), " \t\r\n")
	w.block(2)
	if strings.TrimSpace(body) == "" {
		return
	}
	fence := "```"
	for len(fence) < 16 && strings.Contains(body, fence) {
		fence += "`"
	}
	w.prefix = ""
	w.due()
	w.out.WriteString(fence + "\n" + body + "\n" + fence)
	w.block(2)
}

// holds reports whether an element of one of the tags stands below n.
func holds(n *html.Node, tags ...atom.Atom) bool {
	for d := range n.Descendants() {
		if slices.Contains(tags, d.DataAtom) {
			return true
		}
	}
	return false
}

// hidden reports whether a reader of the page does not see an element, or it
// is navigation.
func hidden(n *html.Node) bool {
	for _, a := range n.Attr {
		value := strings.ReplaceAll(strings.ToLower(a.Val), " ", "")
		switch {
		case a.Key == "hidden" && value != "until-found",
			a.Key == "style" && (strings.Contains(value, "display:none") || strings.Contains(value, "visibility:hidden")),
			a.Key == "role" && value == "navigation":
			return true
		}
	}
	return n.DataAtom == atom.Nav
}

func isBlock(tag atom.Atom) bool {
	switch tag {
	case atom.Div, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Aside,
		atom.Blockquote, atom.Figure, atom.Figcaption, atom.Address, atom.Details, atom.Form,
		atom.Fieldset, atom.Dl, atom.Center, atom.Body, atom.Html, atom.Head, atom.Nav, atom.P, atom.Table, atom.Tr,
		atom.Thead, atom.Tbody, atom.Tfoot, atom.Hgroup, atom.Dialog, atom.Search, atom.Td, atom.Th, atom.Hr:
		return true
	}
	return false
}
