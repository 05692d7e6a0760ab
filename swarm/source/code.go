package source

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"strings"
)

// decl is a declaration of a program, from its comment on. One without a title
// is where the code around a declaration goes on.
type decl struct {
	start, indent int
	title         string
}

// Ranks of a program's file and of its declarations, to which the columns that
// they are indented by are added. Headings in comments stand below both.
const (
	rankFile = -300
	rankDecl = -200
)

// declares reports whether a declaration begins on line l.
func (s *scanner) declares(l line) bool { return len(s.decls) > 0 && s.decls[0].start < l.next }

// declare begins the sections of the declarations that begin on line l.
func (s *scanner) declare(l line) {
	for ; s.declares(l); s.decls = s.decls[1:] {
		d := s.decls[0]
		s.head(rankDecl+min(d.indent, -rankDecl/2), d.title, l.start)
		s.next = 1 + costLevel*min(s.headings[s.section].depth, 5)
	}
}

// declarations finds what a program declares: in Go by its parser, else, or
// where that finds nothing, by how lines begin.
func declarations(t Text) []decl {
	if path.Ext(t.Name) == ".go" || path.Ext(t.Path) == ".go" {
		if decls := goDecls(t.Body); len(decls) > 0 {
			return decls
		}
	}
	return lineDecls(t.Body)
}

// goDecls lists the functions, methods, types, constants and variables of a Go
// file, as far as it can be parsed.
func goDecls(body string) (decls []decl) {
	// There is a file whatever is wrong with the text.
	f, _ := parser.ParseFile(token.NewFileSet(), "", body, parser.ParseComments|parser.SkipObjectResolution)
	add := func(n ast.Node, doc *ast.CommentGroup, title string) {
		start := n.Pos()
		if doc != nil {
			start = doc.Pos()
		}
		// The file is the only one: its positions begin at 1.
		decls = append(decls, decl{start: int(start) - 1, title: shorten(title, longestTitle)})
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			add(d, d.Doc, oneLine(body[d.Pos()-1:min(int(d.Name.End())-1, len(body))]))
		case *ast.GenDecl:
			var names []string
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					for _, n := range spec.Names {
						names = append(names, n.Name)
					}
				case *ast.TypeSpec:
					names = append(names, spec.Name.Name)
				}
			}
			if len(names) > 0 {
				add(d, d.Doc, d.Tok.String()+" "+strings.Join(names, ", "))
			}
		}
	}
	return decls
}

// lineDecls finds the declarations of a program in any language.
func lineDecls(body string) (decls []decl) {
	lead := -1               // where the comment directly above begins
	open, ended := -1, false // columns of the last declaration; whether the code around it goes on
	pos := 0
	for text := range strings.Lines(body) {
		start, bare := pos, strings.TrimSpace(text)
		pos += len(text)
		begin := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
		indent := len(begin) + 3*strings.Count(begin, "\t")
		switch {
		case bare == "":
			lead = -1
			continue
		case comment.MatchString(bare):
			if lead < 0 {
				lead = start
			}
			continue
		}
		if title := declarationOf(bare, indent, body[pos:]); title != "" {
			if lead >= 0 {
				start = lead
			}
			open, ended = indent, false
			decls = append(decls, decl{start: start, indent: indent, title: title})
		} else if (indent < open || indent == open && !ended) && !closes.MatchString(bare) {
			open, ended = indent, true
			decls = append(decls, decl{start: start, indent: indent})
		}
		lead = -1
	}
	return decls
}

const modifiers = `^(?:(?:pub(?:\([^)]*\))?|public|private|protected|internal|export|default|declare|abstract|async|static|final|sealed|partial|` +
	`data|case|open|override|virtual|inline|extern|unsafe|const|typedef|local)\s+)*`

var (
	// comment finds lines that belong to the declaration below: comments,
	// attributes, directives.
	comment = regexp.MustCompile(`^(?://|#|/?\*|--|;|@|\[|template\b)`)
	// closes finds lines as far out as a declaration that still belong to it.
	closes = regexp.MustCompile(`^(?:[})\]{]|end\b|where\b|(?:public|private|protected|default|out\w*|err\w*|fail\w*)\s*:$)`)

	declaring = []*regexp.Regexp{
		regexp.MustCompile(modifiers + `((?:def|class|function\*?|func|fun|fn|struct|interface|trait|enum(?:\s+class)?|union|record|object|` +
			`protocol|extension|module|mod|namespace|message|service|sub)\s+[&*]?[\w.$:~]+)\s*(?:[({<\[;!?*&]|(?:extends|implements|for|where|is|as|with)\b|$)`),
		regexp.MustCompile(modifiers + `(impl\b[^{;]*|type\s+\w+)(?:<.*>)?\s*[{=]`),
		regexp.MustCompile(`^(?i:(create\s+(?:\w+\s+){0,3}?(?:table|view|function|procedure|index|trigger|type|schema)\s+(?:if\s+not\s+exists\s+)?[\w."]+))`),
		regexp.MustCompile(`^(?:export\s+)?((?:const|let|var)\s+[\w$]+)[^=]*=\s*(?:async|function|\(.*=>|\w+\s*=>)`),
	}
	// A function of a language without a word for it: what it returns, its
	// name, its parameters, a body.
	function = regexp.MustCompile(modifiers + "([A-Za-z_~][\\w\\s<>\\[\\],.&*:~?]*)\\(([^\"'`;]*)$")
	control  = regexp.MustCompile(`^(?:if|for|while|switch|catch|with|return|else|do|try|synchronized|using|lock|foreach|match|when|unless|` +
		`until|guard|case|new|throw|await|yield)\b|\b(?:if|while)\s*$`)
)

// declarationOf gives the declaration that a line begins, without its modifiers,
// parameters and body; empty if it begins none.
func declarationOf(line string, indent int, below string) string {
	if len(line) > longestHeading || indent > 0 && strings.HasSuffix(line, ";") {
		return ""
	}
	for _, d := range declaring {
		if m := d.FindStringSubmatch(line); m != nil {
			return strings.TrimRight(oneLine(m[1]), ": ")
		}
	}
	m := function.FindStringSubmatch(line)
	if m == nil || control.MatchString(line) || control.MatchString(m[1]) {
		return ""
	}
	head, alone := strings.TrimSpace(m[1]), len(strings.Fields(m[1])) == 1
	switch last := line[len(line)-1]; {
	case alone && (strings.Contains(head, ".") || strings.Contains(m[2], "=>") || strings.Count(line, "(") != strings.Count(line, ")")):
		return "" // a call
	case last == '{', !alone && last == ',' && indent == 0, last != ',' && strings.HasPrefix(strings.TrimSpace(below[:min(len(below), 80)]), "{"):
		return head
	}
	return ""
}
