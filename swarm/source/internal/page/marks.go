package page

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// marked writes an element whose mark is part of what the page says; it reports
// false for any other.
func (w *writer) marked(n *html.Node) bool {
	if has(n, "aria-checked") {
		w.box(attr(n, "aria-checked") == "true")
	}
	if w.formula(n) {
		return true
	}
	switch n.DataAtom {
	case atom.Sup:
		w.raised(n)
	case atom.Sub:
		w.lowered(n)
	case atom.Del, atom.S, atom.Strike:
		w.deleted(n)
	case atom.Ruby:
		w.ruby(n)
	case atom.A:
		w.link(n)
	case atom.Input:
		if kind := strings.ToLower(attr(n, "type")); kind == "checkbox" || kind == "radio" {
			w.box(has(n, "checked"))
		}
	case atom.Select:
		for d := range n.Descendants() {
			if d.DataAtom == atom.Option && has(d, "selected") {
				w.text(" " + w.line(d) + " ")
			}
		}
	case atom.Img:
		if alt := strings.TrimSpace(attr(n, "alt")); strings.Contains(alt, " ") {
			w.text(" [image: " + alt + "] ")
		}
	default:
		if !struck(n) || n.DataAtom == atom.Table {
			return false
		}
		w.deleted(n)
	}
	return true
}

func struck(n *html.Node) bool {
	return strings.Contains(strings.ToLower(attr(n, "style")), "line-through")
}

// simple is what needs no brackets as an exponent or index.
var simple = regexp.MustCompile(`^[-−–+]?[\p{L}\p{N}.,]*[-−–+]?$`)

// script gives s as an exponent (sign ^) or index (_).
func script(sign, s string) string {
	if simple.MatchString(s) {
		return sign + s
	}
	return sign + "(" + s + ")"
}

// word gives the word that the next text goes on with; empty if it begins one.
func (w *writer) word() string {
	if w.space || w.breaks > 0 || w.prefix != "" {
		return ""
	}
	s := w.out.String()
	s = s[max(len(s)-64, 0):]
	return s[strings.LastIndexAny(s, " \n|")+1:]
}

var (
	ordinal  = regexp.MustCompile(`^(?i:st|nd|rd|th|e|er|re|ère|ème|me|ste|ª|º|os|as)$`)
	signs    = regexp.MustCompile(`^(?:[*†‡§¶®©™]+|TM|SM)$`)
	noteMark = regexp.MustCompile(`^[\[(]?\s*(\d{1,3}|[a-z]|[ivx]{1,5}|(?i:notes? ?)\d{1,3})\s*[\])]?(?:[,;] ?\d{1,3})*$`)
	// noted finds words that a number behind is no exponent of: longer words,
	// closed ones, and numbers with groups of three digits.
	noted = regexp.MustCompile(`\p{L}{4,}$|[.,;:!?)\]"”’»。、，]$|\d[,.'’\x{202f}\x{a0}]\d{3}$`)
	// raisable finds what has exponents also where notes have the same number.
	raisable = regexp.MustCompile(`(?:^|[^\d.,])(?:10|2)$|(?:^|[\d(=+/*−-])\p{L}{1,2}$`)
)

// raised writes a superscript: the mark of a footnote in brackets, an exponent
// behind ^, the end of an ordinal as it is.
func (w *writer) raised(n *html.Node) {
	s := w.line(n)
	base := w.word()
	last, _ := utf8.DecodeLastRuneInString(base)
	switch mark := markOf(s); {
	case s == "":
	case mark != "" && (s[0] == '[' || linked(n) || w.page.notes[mark] && !raisable.MatchString(base) || noted.MatchString(base) && unicode.IsDigit(rune(mark[0]))):
		w.space = w.space || base != ""
		w.text("(note " + mark + ")")
		w.apart = 2
	case unicode.IsDigit(last) && (s == "a" || s == "o"): // in Spanish and Portuguese
		w.text(map[string]string{"a": "ª", "o": "º"}[s])
	case unicode.IsDigit(last) && ordinal.MatchString(s), signs.MatchString(s):
		w.text(s)
	default:
		w.text(script("^", s))
		if w.apart = 1; base != "" {
			w.apart = 2
		}
	}
}

func markOf(s string) string {
	if !noteMark.MatchString(s) {
		return ""
	}
	s = strings.TrimPrefix(strings.Trim(strings.ToLower(s), "[]() "), "note")
	return strings.TrimSpace(strings.TrimPrefix(s, "s "))
}

// linked reports whether a superscript leads to a note, or is said to be one.
func linked(n *html.Node) bool {
	for _, e := range []*html.Node{n.Parent, n, n.FirstChild, n.LastChild} {
		if e == nil || e.Type != html.ElementNode || e == n.Parent && e.DataAtom != atom.A {
			continue
		}
		class := attr(e, "class") + " " + attr(e, "role") + " " + attr(e, "epub:type")
		if e.DataAtom == atom.A && strings.Contains(attr(e, "href"), "#") || strings.Contains(class, "note") || strings.Contains(class, "reference") {
			return true
		}
	}
	return false
}

// notesOf lists the marks that stand above the line both before a text of
// their own and elsewhere: those of notes and their texts.
func notesOf(doc *html.Node) map[string]bool {
	begin, within := map[string]bool{}, map[string]bool{}
	for d := range doc.Descendants() {
		if d.DataAtom != atom.Sup || d.FirstChild == nil {
			continue
		}
		mark := markOf(strings.TrimSpace(d.FirstChild.Data))
		before := d.PrevSibling
		for before != nil && before.Type == html.TextNode && strings.TrimSpace(before.Data) == "" {
			before = before.PrevSibling
		}
		if mark == "" {
			continue
		}
		if before == nil && d.Parent != nil && (isBlock(d.Parent.DataAtom) || d.Parent.DataAtom == atom.Li) || before != nil && before.DataAtom == atom.Br {
			begin[mark] = true
		} else {
			within[mark] = true
		}
	}
	for mark := range begin {
		begin[mark] = within[mark]
	}
	return begin
}

var element = regexp.MustCompile(`(?:\p{Lu}\p{Ll}?|\))$`)

// lowered writes a subscript: a number behind an element as in H2O, else behind _.
func (w *writer) lowered(n *html.Node) {
	s := w.line(n)
	if s == "" {
		return
	}
	if !element.MatchString(w.word()) || strings.Trim(s, "0123456789") != "" {
		s = script("_", s)
	}
	w.text(s)
	w.apart = 1
}

func (w *writer) deleted(n *html.Node) {
	if isBlock(n.DataAtom) {
		w.block(2)
	}
	if s := w.line(n); s != "" {
		w.put(n, "~~"+s+"~~")
	}
	if isBlock(n.DataAtom) {
		w.block(2)
	}
}

// ruby writes the text and, in brackets, how it is read.
func (w *writer) ruby(n *html.Node) {
	base, reading := "", ""
	for c := range n.ChildNodes() {
		switch {
		case c.DataAtom == atom.Rp:
		case c.DataAtom == atom.Rt || c.Data == "rtc":
			reading += w.line(c)
		case c.Type == html.TextNode:
			base += strings.TrimSpace(c.Data)
		default:
			base += w.line(c)
		}
	}
	w.text(base)
	if reading != "" {
		w.text("(" + reading + ")")
	}
}

// file finds links to other sites without a scheme, and to files of this one.
var file = regexp.MustCompile(`(?i)^//.*|^[^:]*\.(?:pdf|docx?|xlsx?|pptx?|od[tsp]|csv|txt|zip)$`)

// link writes a link with its target, if that leads out of the site or to a
// file, and is not the text of the link.
func (w *writer) link(n *html.Node) {
	target := strings.TrimSpace(attr(n, "href"))
	scheme, address, _ := strings.Cut(target, ":")
	switch strings.ToLower(scheme) {
	case "http", "https", "mailto", "tel", "ftp":
	default:
		address = file.FindString(target)
	}
	if address == "" || w.plain || len(target) > 500 || strings.ContainsAny(target, " \n<>") {
		w.children(n)
		return
	}
	s := w.line(n)
	block := slices.ContainsFunc(slices.Collect(n.Descendants()), func(d *html.Node) bool { return isBlock(d.DataAtom) })
	if s == "" || block || strings.Contains(strings.ReplaceAll(s, " ", ""), strings.Trim(address, "/")) {
		w.children(n)
		return
	}
	w.put(n, "["+s+"]("+target+")")
}

func (w *writer) box(checked bool) {
	if checked {
		w.text(" [x] ")
	} else {
		w.text(" [ ] ")
	}
}
