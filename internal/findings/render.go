package findings

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

// doubtRunes is the most that one doubt may take, itemRunes an item's name,
// headRunes the head of a table, doRunes an instruction.
const (
	doubtRunes = 120
	itemRunes  = 80
	headRunes  = 400
	doRunes    = 1000
)

// Render lists results for a prompt, fenced, each citation under a number of
// its own, from 1; cites[n-1] is citation n. No results give an empty text.
//
//	<data-0c4be7a1 label="findings">
//	Task: find what the text says about rent
//	Finding (confidence 0.90):
//	  The rent is due on the first day of the month.
//	  [1] lease.txt#4, in Lease › 3 Rent: "Rent is payable on the 1st of each month."
//	Finding (confidence 0.35; unverified: the quote is not in the text):
//	  [2] (unverified) lease.txt#9, in Lease › 7 Notes: "no rent is due in August"
//	</data-0c4be7a1>
//
// A finding whose text is its quote is shown once, and so are the quotes of
// findings that follow each other and rest on the same. Texts and quotes are
// indented, so that none of their lines passes for a heading. References in
// texts that were made from other findings are rewritten to the numbers here;
// in all other texts and in quotes, what would pass for a reference gets a
// backslash, \[3]. The size is close to the estimates of texts and quotes,
// with some 12 tokens for each result and each citation.
func Render(results []swarm.Result) (text string, cites []swarm.Citation) {
	if len(results) == 0 {
		return "", nil
	}
	var b strings.Builder
	var step *swarm.Step
	var last swarm.Citation
	var shown []swarm.Citation // of the finding before, whose numbers begin after by
	by := 0
	for i := range results {
		r := &results[i]
		if r.Step != nil && r.Step != step {
			step = r.Step
			if do := Line(step.Do, doRunes); do != "" && step.Over != swarm.Reduce {
				b.WriteString("Task: " + do + "\n")
			}
			if note := Line(step.Note, doRunes); note != "" {
				b.WriteString("Note: " + note + "\n")
			}
		}
		for k := range r.Out.Findings {
			f := &r.Out.Findings[k]
			b.WriteString("Finding" + remarks(r, f) + ":\n")
			own := f.Evidence
			same := len(own) > 0 && slices.Equal(own, shown)
			if !same {
				shown, by = own, len(cites)
			}
			switch {
			case len(own) == 1 && fold(f.Text) == fold(own[0].Quote):
			case refers(r, f) && !IsJSON(f.Text):
				m := marks{ref: shifter(by, len(own))}
				indent(&b, string(m.next(nil, []byte(f.Text), true)))
			default:
				indent(&b, Escape(f.Text))
			}
			if same {
				indent(&b, "(the same quotes)")
				continue
			}
			for _, c := range own {
				cites = append(cites, c)
				indent(&b, fmt.Sprintf("[%d] %s: \"%s\"", len(cites), where(c, last), Escape(c.Quote)))
				last = c
			}
		}
	}
	return Fence("findings", b.String()), cites
}

// Evidence returns the citations of results, one finding's after another's.
func Evidence(results []swarm.Result) (cites []swarm.Citation) {
	for i := range results {
		for c := range results[i].Out.Evidence() {
			cites = append(cites, *c)
		}
	}
	return cites
}

// refers reports whether a finding's text refers to its evidence by number: a
// worker that reads one chunk and nothing else quotes it and knows no numbers.
func refers(r *swarm.Result, f *swarm.Finding) bool {
	return len(f.Evidence) > 0 && r.Step != nil && (r.Step.Over != swarm.Chunks || len(r.Step.Needs) > 0)
}

// remarks says in brackets what is known of a finding beside its text.
func remarks(r *swarm.Result, f *swarm.Finding) string {
	var parts []string
	if r.Item != "" {
		parts = append(parts, "item "+Escape(Line(r.Item, itemRunes)))
	}
	if f.Confidence > 0 {
		parts = append(parts, fmt.Sprintf("confidence %.2f", f.Confidence))
	}
	for _, d := range r.Out.Doubts {
		parts = append(parts, "unverified: "+Line(d, doubtRunes))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

// where says where a citation stands: its chunk, with its source unless the
// chunk's ID names it, its headings and the head of its table. What is the same
// as in the citation before, last, is not written again.
func where(c, last swarm.Citation) string {
	source, chunk := Escape(Line(c.Source, labelRunes)), Escape(Line(c.Chunk, labelRunes))
	if !strings.HasPrefix(chunk, source) {
		chunk = strings.TrimSpace(source + " " + chunk)
	}
	if !c.Verified {
		chunk = "(unverified) " + chunk
	}
	switch {
	case c.Path == "":
	case c.Path == last.Path && c.Source == last.Source:
		chunk += ", same section"
	default:
		chunk += ", in " + Escape(Line(c.Path, labelRunes))
	}
	switch {
	case c.Head == "":
	case c.Head == last.Head && c.Source == last.Source:
		chunk += ", same table"
	default:
		chunk += `, in the table "` + strings.ReplaceAll(Escape(Line(c.Head, headRunes)), `"`, "'") + `"`
	}
	return chunk
}

// breaks makes line breaks of all that a model may take for one.
var breaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// indent writes text with two spaces before each line.
func indent(b *strings.Builder, text string) {
	for line := range strings.Lines(strings.TrimSpace(breaks.Replace(text))) {
		b.WriteString("  " + strings.TrimRight(line, "\n") + "\n")
	}
}

func fold(s string) string { return strings.Join(strings.Fields(s), " ") }

// shifter rewrites references to a text's own n citations by adding by, and
// leaves out those to others.
func shifter(by, n int) func(g group, glued bool) ([]byte, bool) {
	return func(g group, glued bool) ([]byte, bool) {
		return g.renumbered(n, func(k int) int { return k + by }, glued, escaped(g.raw))
	}
}

// Escape puts a backslash before each bracket of text that would pass for a
// reference to a citation.
func Escape(text string) string {
	if !strings.ContainsAny(text, "[【［") {
		return text
	}
	m := marks{ref: escape}
	return string(m.next(nil, []byte(text), true))
}

func escape(g group, _ bool) ([]byte, bool) { return escaped(g.raw), true }

func escaped(raw []byte) []byte { return append([]byte{'\\'}, raw...) }

// IsJSON reports whether a text is a JSON object or array: numbers in its
// brackets are data.
func IsJSON(text string) bool {
	text = strings.TrimSpace(text)
	return text != "" && (text[0] == '{' || text[0] == '[') && json.Valid([]byte(text))
}

// Cited returns the text of one of several findings with the numbers of its
// evidence, which start after by. A text that does not refer to them by
// itself gets them at its end, and code that it leaves open ends with it.
func Cited(r *swarm.Result, f *swarm.Finding, by int) string {
	n := len(f.Evidence)
	m := marks{ref: escape}
	met := false
	if refers(r, f) {
		ref := shifter(by, n)
		m.ref = func(g group, glued bool) ([]byte, bool) {
			text, keep := ref(g, glued)
			met = met || keep && text[0] == '['
			return text, keep
		}
	}
	text := m.next(nil, []byte(f.Text), true)
	gap := " "
	if m.ticks > 0 || strings.HasSuffix(f.Text, "```") {
		gap = "\n"
	}
	text = append(text, m.fence()...)
	if n == 0 || met {
		return string(text)
	}
	nums := make([]int, n)
	for i := range nums {
		nums[i] = by + i + 1
	}
	return string(text) + gap + string(bracketed(nums))
}
