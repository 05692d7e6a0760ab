package calc

import (
	"regexp"
	"regexp/syntax"
	"strings"
)

// pattern is a regular expression, and the size of its program.
type pattern struct {
	*regexp.Regexp
	size int
}

// matches is the operator of that name. Package regexp takes at most some 8 ns
// for each byte of the text and instruction of the pattern.
func (r *run) matches(a ...any) any {
	if a[0] == nil || a[1] == nil {
		return false
	}
	s := texts(a)
	p := r.pattern(s[1])
	r.step(len(s[0]) * p.size >> 4)
	return p.MatchString(s[0])
}

// pattern compiles a regular expression, once a run.
func (r *run) pattern(expr string) pattern {
	if p, ok := r.patterns[expr]; ok {
		return p
	}
	if len(expr) > 500 || len(r.patterns) > 20 {
		fail("matches: the pattern is too long, or there are more than 20 of them")
	}
	tree := must(syntax.Parse(expr, syntax.Perl))
	prog, _ := syntax.Compile(tree.Simplify()) // cannot fail
	r.take(200 * len(prog.Inst))
	r.patterns[strings.Clone(expr)] = pattern{regexp.MustCompile(expr), len(prog.Inst)}
	return r.patterns[expr]
}
