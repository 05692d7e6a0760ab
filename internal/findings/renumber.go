package findings

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

// Renumber is a writer that passes text on to w and rewrites references to
// cites, such as [7], [7, 9] or [7-9], by the order of their first appearance;
// equal citations share a number. A number that no citation has is dropped,
// with the space before it if nothing else is referred to there; but such a
// number stays, as text, where it has four digits or more ([2024]) or directly
// follows a word (args[9]). What is taken for a reference, and what for text,
// is said at the type marks: brackets in code, array types, \[7].
//
// It works on pieces of any size; what it writes does not depend on how the
// text was cut, and no piece that it writes ends within a rune. It holds back
// a few hundred bytes at most. It is not safe for concurrent use.
type Renumber struct {
	w     io.Writer
	cites []swarm.Citation
	marks marks
	given map[swarm.Citation]int // its number in the text
	order []swarm.Citation
	out   []byte
	err   error
}

// NewRenumber returns a Renumber over the citations that Render numbered.
func NewRenumber(w io.Writer, cites []swarm.Citation) *Renumber {
	r := &Renumber{w: w, cites: cites, given: map[swarm.Citation]int{}}
	r.marks.ref = r.ref
	return r
}

// Write passes on p as far as it is clear what is a reference. Its error is
// w's, and stays.
func (r *Renumber) Write(p []byte) (int, error) {
	return len(p), r.flush(p, false)
}

// Close passes on what was held back.
func (r *Renumber) Close() error { return r.flush(nil, true) }

// Verbatim passes a text on as it is, and counts its citations among those that
// the text refers to.
func (r *Renumber) Verbatim(text string, cites []swarm.Citation) {
	if r.flush(nil, true) == nil {
		_, r.err = io.WriteString(r.w, text)
	}
	for _, c := range cites {
		r.number(c)
	}
}

// More ends the text that refers to the citations until now, with the code that it
// leaves open, and adds those of the text that follows to them.
func (r *Renumber) More(cites []swarm.Citation) error {
	err := r.flush(nil, true)
	if end := r.marks.fence(); err == nil && end != "" {
		_, r.err = io.WriteString(r.w, end)
	}
	r.marks = marks{ref: r.ref}
	r.cites = append(slices.Clip(r.cites), cites...)
	return r.err
}

// Citations returns the citations that the text referred to, in order: what
// it calls [1] is the first. It is meant to be asked for after Close.
func (r *Renumber) Citations() []swarm.Citation { return r.order }

func (r *Renumber) flush(p []byte, last bool) error {
	if r.err != nil {
		return r.err
	}
	r.out = r.marks.next(r.out[:0], p, last)
	if len(r.out) > 0 {
		_, r.err = r.w.Write(r.out)
	}
	return r.err
}

// ref gives a reference its new numbers.
func (r *Renumber) ref(g group, glued bool) ([]byte, bool) {
	glued = glued || slices.Max(g.nums) >= 1000
	return g.renumbered(len(r.cites), func(n int) int { return r.number(r.cites[n-1]) }, glued, g.raw)
}

// renumbered gives a reference new numbers, each once. Numbers above most refer
// to nothing: without others the reference vanishes, unless text says that it
// is none. A range that ends above is none either. literal is then written.
func (g group) renumbered(most int, number func(int) int, text bool, literal []byte) ([]byte, bool) {
	known := slices.DeleteFunc(slices.Clone(g.nums), func(n int) bool { return n > most })
	switch {
	case g.span && len(known) < len(g.nums), len(known) == 0 && text:
		return literal, true
	case len(known) == 0:
		return nil, false
	}
	var nums []int
	for _, n := range known {
		if n = number(n); !slices.Contains(nums, n) {
			nums = append(nums, n)
		}
	}
	return bracketed(nums), true
}

// number returns a citation's number in the text.
func (r *Renumber) number(c swarm.Citation) int {
	key := c
	if key.Verified = false; c.Source != "" {
		key.Chunk = "" // chunks that overlap give the same quote of the same place
	}
	num, ok := r.given[key]
	if !ok {
		r.order = append(r.order, c)
		num = len(r.order)
		r.given[key] = num
	}
	return num
}

// bracketed writes numbers as a reference.
func bracketed(nums []int) []byte {
	return []byte(strings.ReplaceAll(fmt.Sprint(nums), " ", ", "))
}
