package page

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// formula writes a formula in one form, whatever forms the page shows it in:
// its TeX where that is told, else MathML on a line. It reports whether n was
// one.
func (w *writer) formula(n *html.Node) bool {
	class := strings.Fields(attr(n, "class"))
	is := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(class, name) })
	}
	s := ""
	switch {
	case n.DataAtom == atom.Math:
		s = linear(n)
	case n.DataAtom == atom.Script && strings.HasPrefix(attr(n, "type"), "math/tex"):
		if n.FirstChild != nil {
			s = tex(n.FirstChild.Data)
		}
	case is("MathJax", "MathJax_Display", "MathJax_Preview", "MathJax_SVG", "MathJax_CHTML", "MathJax_SVG_Display"):
		return told(n) // by the script that follows
	case n.DataAtom == atom.Img && looksTeX(attr(n, "alt")):
		s = tex(attr(n, "alt"))
	case n.Data == "mjx-container" || is("mwe-math-element", "katex", "katex-display"):
		s = among(n)
	}
	if s == "" {
		return false
	}
	w.text(s)
	return true
}

// told reports whether a script with the formula's TeX follows soon.
func told(n *html.Node) bool {
	for range 4 {
		if n = n.NextSibling; n == nil {
			return false
		}
		if n.DataAtom == atom.Script && strings.HasPrefix(attr(n, "type"), "math/tex") {
			return true
		}
	}
	return false
}

// among finds the formula in an element that holds several forms of it.
func among(n *html.Node) string {
	alt, math := "", ""
	for d := range n.Descendants() {
		switch {
		case d.DataAtom == atom.Math && math == "":
			math = linear(d)
		case d.DataAtom == atom.Img && alt == "":
			alt = tex(attr(d, "alt"))
		}
	}
	if math != "" {
		return math
	}
	return alt
}

// looksTeX reports whether the text of an image is a formula.
func looksTeX(alt string) bool {
	return strings.Contains(alt, `\`) || strings.HasPrefix(alt, "$") || strings.ContainsAny(alt, "^_=") && !strings.Contains(alt, "://")
}

var styled = regexp.MustCompile(`^\{\\(?:display|text|script)style\s*(.*)\}$`)

// tex takes what is no part of the formula off TeX.
func tex(s string) string {
	s = strings.TrimSpace(s)
	for _, pair := range [][2]string{{"$$", "$$"}, {"$", "$"}, {`\(`, `\)`}, {`\[`, `\]`}} {
		if t, ok := strings.CutPrefix(s, pair[0]); ok && strings.HasSuffix(t, pair[1]) {
			s = strings.TrimSpace(strings.TrimSuffix(t, pair[1]))
		}
	}
	return strings.TrimSpace(styled.ReplaceAllString(s, "$1"))
}

// linear gives MathML on a line: its TeX if it has that, else powers behind ^,
// fractions with /.
func linear(math *html.Node) string {
	if s := attr(math, "alttext"); s != "" {
		return tex(s)
	}
	for d := range math.Descendants() {
		if d.Data == "annotation" && strings.Contains(attr(d, "encoding"), "tex") && d.FirstChild != nil {
			return tex(d.FirstChild.Data)
		}
	}
	return strings.Join(strings.Fields(operand(math)), " ")
}

// operand gives an element of MathML.
func operand(n *html.Node) string {
	if n.Type == html.TextNode {
		return strings.Map(func(r rune) rune {
			if r >= 0x2061 && r <= 0x2064 { // invisible
				return -1
			}
			return r
		}, strings.TrimSpace(n.Data))
	}
	var parts []string
	for c := range n.ChildNodes() {
		if c.Type == html.ElementNode || strings.TrimSpace(c.Data) != "" && c.Type == html.TextNode {
			parts = append(parts, operand(c))
		}
	}
	part := func(i int) string {
		if i < len(parts) {
			return parts[i]
		}
		return ""
	}
	switch n.Data {
	case "annotation", "annotation-xml", "mphantom":
		return ""
	case "semantics":
		return part(0)
	case "mo":
		if s := part(0); strings.Contains("=<>≤≥≠≈≡→∈+−×±", s) {
			return " " + s + " "
		}
	case "msup", "mover":
		return bracket(part(0)) + script("^", part(1))
	case "msub", "munder":
		return bracket(part(0)) + script("_", part(1))
	case "msubsup", "munderover":
		return bracket(part(0)) + script("_", part(1)) + script("^", part(2))
	case "mfrac":
		return bracket(part(0)) + "/" + bracket(part(1))
	case "msqrt":
		return "√" + bracket(strings.Join(parts, ""))
	case "mroot":
		return bracket(part(0)) + script("^", "1/"+part(1))
	case "mtr", "mlabeledtr":
		return strings.Join(parts, ", ") + "; "
	case "mfenced":
		return "(" + strings.Join(parts, ", ") + ")"
	case "mtext", "mspace":
		return strings.Join(parts, "") + " "
	}
	return strings.Join(parts, "")
}

func bracket(s string) string {
	if s = strings.TrimSpace(s); s == "" || simple.MatchString(s) || len([]rune(s)) == 1 {
		return s
	}
	return "(" + s + ")"
}
