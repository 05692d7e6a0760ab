package planner

import (
	"fmt"
	"io"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
)

// beginRunes is how much of each text of the answer the model is shown.
const beginRunes = 160

// apart returns the results that a merge reads, and those that are texts of the
// answer.
func apart(results []swarm.Result) (read, sections []swarm.Result) {
	for _, r := range results {
		if r.Step != nil && r.Step.Form == swarm.FormText {
			sections = append(sections, r)
		} else {
			read = append(read, r)
		}
	}
	return read, sections
}

// announced tells the model of the sections that are written. It is empty where
// there are none.
func announced(sections []swarm.Result) string {
	if len(sections) == 0 {
		return ""
	}
	var b strings.Builder
	for i := range sections {
		fmt.Fprintf(&b, "%s: %s\n", heading(&sections[i]), findings.Line(findings.Escape(sections[i].Out.Text()), beginRunes))
	}
	return "\nThese sections of the answer are written already, and stand below what you write as they are, in this order; here is how each begins:\n" +
		findings.Fence("sections", b.String()) + "Write only what stands above them: an introduction of a few sentences that says what the whole comes to. Repeat no section.\n"
}

// heading names a section: by its item, or by the headings of what it is of.
func heading(r *swarm.Result) string {
	name, _, _ := strings.Cut(strings.TrimSpace(r.Item), "\n")
	if name == "" && r.Chunk != nil {
		path := strings.Split(r.Chunk.Path, "›")
		name = path[len(path)-1]
	}
	return strings.TrimLeft(findings.Line(name, 120), "# ")
}

// headed returns the heading above a text of the answer; empty if it has its own, or
// there is none to be had.
func headed(r *swarm.Result) string {
	name := heading(r)
	if r.Step == nil || r.Step.Form != swarm.FormText || name == "" || strings.HasPrefix(strings.TrimSpace(r.Out.Text()), "#") {
		return ""
	}
	return "## " + findings.Escape(name) + "\n\n"
}

// join writes the sections below what the model wrote, and what is missing. Their
// citations follow those that the model was shown.
func (m *merging) join(sections []swarm.Result, missing []string) error {
	if err := m.refs.more(findings.Evidence(sections)); err != nil {
		return err
	}
	by := len(m.cites)
	var b strings.Builder
	for i := range sections {
		r := &sections[i]
		b.WriteString("\n\n" + headed(r))
		for k := range r.Out.Findings {
			f := &r.Out.Findings[k]
			if k > 0 {
				b.WriteString("\n\n")
			}
			b.WriteString(strings.TrimSpace(findings.Cited(r, f, by)))
			by += len(f.Evidence)
		}
	}
	for i, what := range missing {
		if i == 0 {
			b.WriteString("\n\nNot in this text:\n")
		}
		b.WriteString("\n- " + findings.Escape(findings.Line(what, lineRunes)))
	}
	_, err := io.WriteString(m.refs, b.String())
	return err
}

const lineRunes = 400
