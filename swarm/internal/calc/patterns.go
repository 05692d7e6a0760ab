package calc

import (
	"errors"
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
func (r *run) matches(a, b any) (any, error) {
	if a == nil || b == nil {
		return false, nil
	}
	s, err := texts([]any{a, b})
	if err != nil {
		return nil, err
	}
	p, err := r.pattern(s[1])
	if err != nil {
		return nil, err
	}
	if err := r.step(len(s[0]) * p.size >> 4); err != nil {
		return nil, err
	}
	return p.MatchString(s[0]), nil
}

// pattern compiles a regular expression, once a run.
func (r *run) pattern(expr string) (pattern, error) {
	if p, ok := r.patterns[expr]; ok {
		return p, nil
	}
	if len(expr) > 500 || len(r.patterns) > 20 {
		return pattern{}, errors.New("matches: the pattern is too long, or there are more than 20 of them")
	}
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return pattern{}, err
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return pattern{}, err
	}
	if len(prog.Inst) > 2000 {
		return pattern{}, errors.New("matches: the pattern repeats too much")
	}
	re, err := regexp.Compile(expr)
	p := pattern{re, len(prog.Inst)}
	r.patterns[strings.Clone(expr)] = p
	return p, err
}
