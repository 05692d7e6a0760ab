// Package page turns HTML into text that reads as Markdown does, and keeps what
// its marks say: powers, notes, deleted text, spans of tables, boxes, links.
package page

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const bom = "\ufeff"

// Text gives a page's text, and notes of what was left out: headings begin with
// #, list items with - or their number, a table has a row a line with " | "
// between its cells, preformatted text stands verbatim in a fence. Scripts,
// styles, navigation and hidden elements are dropped, unless hardly anything
// else is there: a broken page may never close them.
func Text(page string) (text string, notes []string) {
	page = strings.TrimPrefix(page, bom)
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil { // elements nested deeper than the parser bears
		return bareText(page), []string{"HTML nested too deep: only its words were kept, not its layout"}
	}
	w := writer{page: &facts{notes: notesOf(doc), spare: 8 * len(page)}}
	w.children(doc)
	if w.dropped {
		all := writer{keep: true, page: w.page}
		if all.children(doc); 10*w.out.Len() < all.out.Len() {
			w = all
		} else if all.out.Len() > w.out.Len() {
			notes = append(notes, "what the page hides, and its navigation, left out")
		}
	}
	if w.page.drawings {
		notes = append(notes, "what is written in drawings and frames left out")
	}
	body := w.out.String()
	if body == "" {
		return "", notes
	}
	if w.title != "" && !w.sawH1 {
		body = "# " + w.title + "\n\n" + body
	}
	return body + "\n", notes
}

// writer lays out the text of a page. What separates two pieces of text
// is remembered and written only when the second one comes.
type writer struct {
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
	apart   int  // what may not follow without a space, or it would belong to an exponent or index: 1: a digit, 2: a letter too
	plain   bool // in a heading: without the targets of links
	page    *facts
}

// facts are those of the whole page.
type facts struct {
	notes    map[string]bool // marks of footnotes that the page explains
	spare    int             // bytes that repeated cells may still take
	drawings bool            // there are some, with text
}

// text writes text with white space folded.
func (w *writer) text(s string) {
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			w.space = true
		case r == '\u00ad' || r == '\u200b' || r == '\ufeff' || r < ' ':
		default:
			w.space = w.space || w.apart > 0 && unicode.IsDigit(r) || w.apart > 1 && unicode.IsLetter(r)
			w.due()
			w.out.WriteRune(r)
		}
	}
}

// due writes what is due before a text.
func (w *writer) due() {
	if w.out.Len() > 0 {
		if w.breaks > 0 {
			w.out.WriteString("\n\n"[:w.breaks])
		} else if w.space && w.prefix == "" {
			w.out.WriteByte(' ')
		}
	}
	w.out.WriteString(w.prefix)
	w.breaks, w.space, w.prefix, w.apart = 0, false, "", 0
}

// block asks for n newlines before the next text; on a line a space has to do.
func (w *writer) block(n int) {
	w.space = true
	if !w.flat {
		w.breaks = max(w.breaks, n)
	}
}

// line gives what n holds on one line.
func (w *writer) line(n *html.Node) string {
	in := writer{flat: true, keep: w.keep, plain: w.plain, page: w.page}
	in.children(n)
	w.dropped = w.dropped || in.dropped
	return in.out.String()
}

func (w *writer) children(n *html.Node) {
	for c := range n.ChildNodes() {
		w.child(c)
	}
}

func (w *writer) child(n *html.Node) {
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

func (w *writer) element(n *html.Node) {
	if w.marked(n) {
		return
	}
	around := 0 // newlines before and after it
	switch tag := n.DataAtom; tag {
	case atom.Svg, atom.Iframe, atom.Object, atom.Canvas:
		w.page.drawings = w.page.drawings || strings.TrimSpace(raw(n)) != ""
		return
	case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Noembed, atom.Noframes, atom.Datalist:
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
			w.plain = true
			w.text(w.line(n))
			w.prefix, w.plain = "", false
			w.block(2)
			return
		}
	case atom.Pre, atom.Listing, atom.Xmp, atom.Plaintext:
		if around = 2; !w.flat {
			w.verbatim(n)
			return
		}
	case atom.Table:
		if around = 2; w.table(n) {
			return
		}
	case atom.Ul, atom.Ol, atom.Menu:
		w.list(n)
		return
	case atom.Dd:
		w.definition(n)
		return
	case atom.Li, atom.Dt, atom.Summary, atom.Legend, atom.Caption:
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

// verbatim writes preformatted text between fences.
func (w *writer) verbatim(n *html.Node) {
	var b strings.Builder
	for d := range n.Descendants() {
		switch {
		case d.Type == html.TextNode:
			b.WriteString(d.Data)
		case d.DataAtom == atom.Br, isBlock(d.DataAtom) && !strings.HasSuffix(b.String(), "\n"):
			b.WriteByte('\n')
		}
	}
	body := b.String()
	w.block(2)
	if strings.TrimSpace(body) == "" {
		return
	}
	w.prefix = ""
	w.due()
	w.out.WriteString(Fenced("", body))
	w.block(2)
}

// Fenced gives text between fences longer than any in it.
func Fenced(language, text string) string {
	fence := "```"
	for len(fence) < 16 && strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + language + "\n" + strings.TrimRight(text, " \t\r\n") + "\n" + fence
}

// raw gives the text below n as the page has it.
func raw(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// put writes s for n, with the blanks that n begins and ends with.
func (w *writer) put(n *html.Node, s string) {
	text := raw(n)
	w.space = w.space || strings.TrimLeft(text, " \t\r\n") != text
	w.text(s)
	w.space = w.space || strings.TrimRight(text, " \t\r\n") != text
}

// attr gives an attribute; empty if it is not there.
func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
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

var (
	unread   = regexp.MustCompile(`(?is)<script\b.*?</script\s*>|<style\b.*?</style\s*>|<[!/a-z][^>]*>`)
	lineEnds = regexp.MustCompile(`\s*\n\s*`)
)

// bareText is the text of a page without its layout: each tag ends a line.
func bareText(page string) string {
	return lineEnds.ReplaceAllString(html.UnescapeString(unread.ReplaceAllString(page, "\n")), "\n")
}
