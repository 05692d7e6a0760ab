package page

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const deepestList = 8 // deeper lists are not indented further

func (w *writer) list(n *html.Node) {
	around := 2 - min(w.lists, 1)
	w.block(around)
	number := numberOf(n, "start", 1)
	w.lists++
	for c := range n.ChildNodes() {
		if c.DataAtom == atom.Li && !w.flat {
			w.block(1)
			w.prefix = strings.Repeat("  ", min(w.lists-1, deepestList)) + "- "
			if n.DataAtom == atom.Ol {
				number = numberOf(c, "value", number)
				w.prefix = strings.TrimSuffix(w.prefix, "- ") + numeral(number, attr(n, "type")) + ". "
				number++
			}
		}
		w.child(c)
		w.prefix = "" // of an item without text
	}
	w.lists--
	w.block(around)
}

// numberOf reads an attribute that is a number.
func numberOf(n *html.Node, key string, otherwise int) int {
	if number, err := strconv.Atoi(strings.TrimSpace(attr(n, key))); err == nil && number >= 0 {
		return number
	}
	return otherwise
}

// numeral writes a number as an ordered list of that type does.
func numeral(number int, kind string) string {
	if (kind == "a" || kind == "A") && number > 0 && number <= 26 {
		return string(rune(kind[0]) + rune(number-1))
	}
	return strconv.Itoa(number)
}

// definition writes what a term means on the term's line, if it is the first.
func (w *writer) definition(n *html.Node) {
	term := n.PrevSibling
	for term != nil && term.Type != html.ElementNode {
		term = term.PrevSibling
	}
	if w.block(1); term != nil && term.DataAtom == atom.Dt && w.out.Len() > 0 && w.prefix == "" {
		w.breaks, w.space, w.prefix = 0, false, ": "
	}
	if holds(n, atom.Ul, atom.Ol, atom.Table, atom.Pre, atom.Dl) {
		w.children(n)
	} else {
		w.text(w.line(n))
	}
	w.prefix = ""
	w.block(1)
}
