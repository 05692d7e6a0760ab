package source

import (
	"strconv"
	"strings"

	"golang.org/x/net/html/atom"
)

// start and end do what an element means for the layout.
func (w *htmlWriter) start(tag atom.Atom, a htmlAttrs) {
	w.raw = 0
	if endsParagraph(tag) {
		w.endHiddenParagraph()
	}
	for i := range w.hides {
		if w.hides[i].tag == tag {
			w.hides[i].depth++
		}
	}
	switch tag {
	case atom.Br:
		if w.pre > 0 {
			w.out.WriteByte('\n')
		} else {
			w.brk(1)
		}
		return
	case atom.Hr:
		w.endHeading()
		w.block(2)
		return
	case atom.Img, atom.Input, atom.Wbr, atom.Link, atom.Meta, atom.Area, atom.Base, atom.Col, atom.Source, atom.Track, atom.Embed:
		return // no end, no text
	case atom.Script, atom.Style, atom.Title, atom.Iframe, atom.Noembed, atom.Noframes:
		w.raw = tag
		return
	case atom.Nav, atom.Noscript, atom.Template, atom.Svg, atom.Object, atom.Canvas, atom.Select, atom.Datalist:
		a.hidden = true
	}
	if a.hidden && tag != 0 && len(w.hides) < mostHidden {
		w.hides = append(w.hides, htmlHidden{tag, 1, w.out.Len(), w.breaks, w.prefix, len(w.lists), len(w.tables)})
	}
	switch tag {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.startHeading(int(tag.String()[1] - '0'))
	case atom.Pre, atom.Listing, atom.Xmp, atom.Plaintext:
		w.openPre()
	case atom.Table:
		w.layout()
		w.endHeading()
		w.brk(2)
		w.tables = append(w.tables, htmlTable{begin: w.out.Len()})
	case atom.Caption:
		w.startRow()
	case atom.Tr:
		w.startRow()
	case atom.Td, atom.Th:
		w.startCell()
	case atom.Ul, atom.Menu:
		w.startList(-1)
	case atom.Ol:
		w.startList(max(listNumber(a.number, 1)-1, 0))
	case atom.Li:
		if n := len(w.lists); n > 0 && w.lists[n-1] >= 0 {
			w.lists[n-1] = max(listNumber(a.number, w.lists[n-1]+1)-1, 0)
		}
		w.startItem()
	case atom.P:
		w.endHeading()
		w.block(2)
	case atom.Dt, atom.Dd, atom.Option, atom.Summary, atom.Legend:
		w.block(1)
	default:
		if isBlock(tag) {
			w.block(2)
		}
	}
}

func (w *htmlWriter) end(tag atom.Atom) {
	if tag == w.raw {
		w.raw = 0
		return
	}
	if tag != atom.P && endsParagraph(tag) {
		w.endHiddenParagraph()
	}
	switch tag {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		if w.heading {
			w.endHeading()
			w.brk(2)
		}
	case atom.Pre, atom.Listing, atom.Xmp:
		w.closePre()
	case atom.Table:
		if n := len(w.tables); n > 0 {
			w.tables = w.tables[:n-1]
		}
		w.brk(2)
	case atom.Caption:
		w.startRow()
	case atom.Ul, atom.Ol, atom.Menu:
		if n := len(w.lists); n > 0 {
			w.lists = w.lists[:n-1]
		}
		w.prefix = ""
		w.brk(min(2, 2-len(w.lists)))
	case atom.Li, atom.Dt, atom.Dd, atom.Option, atom.Summary, atom.Legend:
		w.block(1)
	default:
		if isBlock(tag) || tag == atom.P {
			w.block(2)
		}
	}
	for i := len(w.hides) - 1; i >= 0; i-- {
		if w.hides[i].tag == tag {
			if w.hides[i].depth--; w.hides[i].depth == 0 {
				w.cutHidden(i)
			}
		}
	}
}

// endHiddenParagraph cuts out a hidden paragraph without an end tag.
func (w *htmlWriter) endHiddenParagraph() {
	if n := len(w.hides); n > 0 && w.hides[n-1].tag == atom.P {
		w.cutHidden(n - 1)
	}
}

// mostHidden is how many hidden elements within one another are followed.
const mostHidden = 8

// cutHidden takes back all that was written since a hidden element began.
func (w *htmlWriter) cutHidden(i int) {
	h := w.hides[i]
	w.hides = w.hides[:i]
	if w.pre > h.mark {
		w.closePre()
	}
	w.out.Truncate(min(h.mark, w.out.Len()))
	w.lists = w.lists[:min(h.lists, len(w.lists))]
	w.tables = w.tables[:min(h.tables, len(w.tables))]
	w.breaks, w.space, w.prefix = max(h.breaks, w.breaks), true, h.prefix
}

// endHeading leaves a heading, also one that has no end tag.
func (w *htmlWriter) endHeading() {
	if w.heading {
		w.heading, w.prefix = false, ""
	}
}

// block separates what an element holds from what stands before it.
func (w *htmlWriter) block(n int) {
	if w.pre > 0 {
		if n := w.out.Len(); n >= w.pre && w.out.Bytes()[n-1] != '\n' {
			w.out.WriteByte('\n')
		}
		return
	}
	w.brk(n)
}

func (w *htmlWriter) startHeading(level int) {
	w.closePre()
	w.layout()
	w.endHeading()
	w.brk(2)
	w.prefix = strings.Repeat("#", level) + " "
	w.heading = true
	w.sawH1 = w.sawH1 || level == 1
}

// layout notes that the tables around hold more than data, a heading or
// another table: their cells become paragraphs from here on.
func (w *htmlWriter) layout() {
	for i := len(w.tables) - 1; i >= 0 && !w.tables[i].layout; i-- {
		w.tables[i].layout = true
	}
}

func (w *htmlWriter) startRow() {
	w.closePre()
	w.endHeading()
	if len(w.tables) > 0 {
		w.tables[len(w.tables)-1].cells = 0
	}
	w.breaks = max(w.breaks, 1)
}

func (w *htmlWriter) startCell() {
	if !w.inRow() {
		w.block(2)
		return
	}
	t := &w.tables[len(w.tables)-1]
	t.cells++
	t.begin = w.out.Len()
	if t.cells == 1 || w.out.Len() == 0 {
		return
	}
	if w.breaks > 0 { // the cells before it are empty
		w.due()
		w.out.WriteByte('|')
	} else {
		w.out.WriteString(" |")
	}
	w.space = true
}

const deepestList = 8 // deeper lists are not indented further

func (w *htmlWriter) startList(number int) {
	w.endHeading()
	w.brk(min(2, 2-min(1, len(w.lists))))
	w.lists = append(w.lists, number)
}

func (w *htmlWriter) startItem() {
	if w.inRow() || w.pre > 0 {
		w.block(1)
		return
	}
	w.endHeading()
	w.brk(1)
	mark := "- "
	depth := len(w.lists)
	if depth > 0 && w.lists[depth-1] >= 0 {
		w.lists[depth-1]++
		mark = strconv.Itoa(w.lists[depth-1]) + ". "
	}
	w.prefix = strings.Repeat("  ", min(max(depth-1, 0), deepestList)) + mark
}

// listNumber reads a number of an ordered list.
func listNumber(s string, otherwise int) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 0 || n > 1e6 {
		return otherwise
	}
	return n
}

// endsParagraph reports whether an element's begin or end ends a paragraph
// that has no end tag.
func endsParagraph(tag atom.Atom) bool {
	switch tag {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Menu,
		atom.Table, atom.Pre, atom.Hr, atom.Li, atom.Dt, atom.Dd, atom.Tr, atom.Td, atom.Th:
		return true
	}
	return isBlock(tag)
}

func isBlock(tag atom.Atom) bool {
	switch tag {
	case atom.Div, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Aside,
		atom.Blockquote, atom.Figure, atom.Figcaption, atom.Address, atom.Details, atom.Form,
		atom.Fieldset, atom.Dl, atom.Center, atom.Body, atom.Html, atom.Head, atom.Nav,
		atom.Thead, atom.Tbody, atom.Tfoot, atom.Hgroup, atom.Dialog, atom.Search:
		return true
	}
	return false
}
