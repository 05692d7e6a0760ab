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
	s := ""
	switch class := attr(n, "class"); {
	case n.DataAtom == atom.Math:
		s = linear(n)
	case isTeX(n):
		s = tex(raw(n))
	case n.DataAtom == atom.Img && looksTeX(attr(n, "alt")):
		for d := range n.Parent.Descendants() {
			if d.DataAtom == atom.Math && !hidden(d.Parent) && !hidden(d) {
				return true // told already
			}
		}
		s = tex(attr(n, "alt"))
	case strings.HasPrefix(class, "MathJax"):
		return slices.ContainsFunc(slices.Collect(n.Parent.ChildNodes()), isTeX) // told there
	case n.Data == "mjx-container" || formulaClass.MatchString(class):
		s = among(n)
	}
	w.text(s)
	return s != ""
}

var formulaClass = regexp.MustCompile(`(?:^| )(?:mwe-math-element|katex(?:-display)?)(?: |$)`)

func isTeX(n *html.Node) bool {
	return n.DataAtom == atom.Script && strings.HasPrefix(attr(n, "type"), "math/tex")
}

// among finds the formula in an element that holds several forms of it.
func among(n *html.Node) (s string) {
	for d := range n.Descendants() {
		if d.DataAtom == atom.Math {
			return linear(d)
		} else if d.DataAtom == atom.Img && s == "" {
			s = tex(attr(d, "alt"))
		}
	}
	return s
}

// looksTeX reports whether the text of an image is a formula.
func looksTeX(alt string) bool {
	return strings.ContainsAny(alt, `\^`) || strings.HasPrefix(alt, "$") || strings.Contains(alt, "=") && !strings.Contains(alt, "://")
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

var invisible = strings.NewReplacer("\u2061", "", "\u2062", "", "\u2063", "", "\u2064", "")

// operand gives an element of MathML.
func operand(n *html.Node) string {
	if n.Type == html.TextNode {
		return invisible.Replace(strings.TrimSpace(n.Data))
	}
	var parts []string
	for c := range n.ChildNodes() {
		if s := operand(c); c.Type == html.ElementNode || s != "" {
			parts = append(parts, s)
		}
	}
	all := strings.Join(parts, "")
	parts = append(parts, "", "", "")
	switch n.Data {
	case "annotation", "annotation-xml", "mphantom":
		return ""
	case "semantics":
		return parts[0]
	case "mo":
		if strings.Contains("=<>≤≥≠≈≡→∈+−×±", all) {
			return " " + all + " "
		}
	case "msup", "mover":
		return bracket(parts[0]) + script("^", parts[1])
	case "msub", "munder":
		return bracket(parts[0]) + script("_", parts[1])
	case "msubsup", "munderover":
		return bracket(parts[0]) + script("_", parts[1]) + script("^", parts[2])
	case "mfrac":
		return bracket(parts[0]) + "/" + bracket(parts[1])
	case "msqrt":
		return "√" + bracket(all)
	case "mroot":
		return bracket(parts[0]) + script("^", "1/"+parts[1])
	case "mtd", "mtext", "mspace":
		return all + " "
	case "mtr":
		return all + "; "
	}
	return all
}

func bracket(s string) string {
	if s = strings.TrimSpace(s); s == "" || simple.MatchString(s) {
		return s
	}
	return "(" + s + ")"
}
