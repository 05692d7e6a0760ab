package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"

	"github.com/db31e724/go-swarm/swarm"
)

// printRest writes what follows the answer for people: passages, coverage,
// cost.
func printRest(w io.Writer, a *swarm.Answer, alone *swarm.Answer, mocked bool) error {
	out := &strings.Builder{}
	passages, title := a.Citations, "Passages"
	switch {
	case a.Text == "":
		passages, title = found(a), "Found so far"
	case len(passages) == 0 && refused(a): // the answer may be one of a merge that could not afford them
		passages, title = found(a), "Found, but not in the answer"
	}
	if len(passages) > 0 {
		fmt.Fprintf(out, "\n%s\n", title)
	}
	for i, c := range passages {
		mark := ""
		if !c.Verified {
			mark = "  (unverified: the quote does not stand in the part that was read)"
		}
		fmt.Fprintf(out, "  [%d] %s%s\n%s\n", i+1, place(c), mark, indent(c.Quote))
	}
	fmt.Fprintf(out, "\nRead\n%s", covered(a))
	fmt.Fprintf(out, "\nCost\n%s", costs(a, alone, mocked))
	if alone != nil {
		fmt.Fprintf(out, "\nThe large model alone says\n%s\n", indent(alone.Text))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// found returns the passages that the workers found in a run that came to no
// answer, those that they are surest of first.
func found(a *swarm.Answer) []swarm.Citation {
	const most = 20
	surest := slices.SortedStableFunc(a.Results(), func(x, y *swarm.Result) int { return cmp.Compare(y.Out.Confidence(), x.Out.Confidence()) })
	var passages []swarm.Citation
	for _, r := range surest {
		for c := range r.Out.Evidence() {
			if r.Outcome == swarm.Done && len(passages) < most && !slices.Contains(passages, *c) {
				passages = append(passages, *c)
			}
		}
	}
	return passages
}

// place says where a passage stands: its text, line and headings.
func place(c swarm.Citation) string {
	where := c.Source
	if c.Line > 0 {
		where += fmt.Sprintf(", line %d", c.Line)
	}
	if c.Path != "" {
		where += ", in " + c.Path
	}
	return where
}

// lines are as long as can be read: one ends at a word, but a longer word, as
// texts without spaces have, is cut.
var lines = regexp.MustCompile(`.{1,92}(?: |$)|.{92}`)

// indent folds a passage and sets it four spaces in.
func indent(s string) string {
	var b strings.Builder
	for para := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		for _, line := range lines.FindAllString(strings.Join(strings.Fields(para), " "), -1) {
			b.WriteString("    " + strings.TrimRight(line, " ") + "\n")
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// covered says what was read and what not.
func covered(a *swarm.Answer) string {
	c := a.Coverage
	var b strings.Builder
	fmt.Fprintf(&b, "  chunks: %d of %d; subtasks: %d (%d found something, %d nothing, %d failed, %d skipped, %d cancelled)\n",
		c.ChunksRead, c.ChunksKnown, c.Subtasks, c.Done, c.Abstained, c.Failed, c.Skipped, c.Cancelled)
	if c.PlanCut != "" {
		fmt.Fprintf(&b, "  The plan was cut short: %s\n", c.PlanCut)
	}
	if len(c.Unread) > 0 {
		fmt.Fprintf(&b, "  Not read: %s\n", strings.Join(c.Unread, "; "))
	}
	for _, m := range c.Missing {
		fmt.Fprintf(&b, "  Not in the answer: %s\n", m)
	}
	return b.String()
}

// refused says whether the budget refused a subtask a call.
func refused(a *swarm.Answer) bool {
	for r := range a.Results() {
		if _, ok := errors.AsType[*swarm.BudgetError](r.Err); ok {
			return true
		}
	}
	return false
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// visible passes on text for a terminal. Texts, answers, names of files and
// what servers say may hold sequences that move the cursor, clear the screen
// or set the window's title: of the control characters it lets newline and tab
// through alone. Carriage returns are left out, the others shown as the
// pictures that Unicode has of them, or as the replacement character.
func visible(w io.Writer) io.Writer {
	unreturned := runes.Remove(runes.Predicate(func(r rune) bool { return r == '\r' }))
	return transform.NewWriter(w, transform.Chain(unreturned, runes.Map(picture)))
}

func picture(r rune) rune {
	switch {
	case r == '\n' || r == '\t' || !unicode.IsControl(r):
		return r
	case r < 0x20:
		return '\u2400' + r
	case r == 0x7f:
		return '\u2421'
	default: // 0x80 to 0x9f, which some terminals obey too
		return utf8.RuneError
	}
}
