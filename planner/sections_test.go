package planner

import (
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

// written makes texts of the answer, each with a citation of its own.
func written(items ...string) []swarm.Result {
	step := &swarm.Step{ID: "1/write", Do: "write it", Over: swarm.Items, Form: swarm.FormText, Needs: []string{"find"}}
	var rs []swarm.Result
	for i, item := range items {
		rs = append(rs, swarm.Result{Step: step, Index: i, Item: item, Outcome: swarm.Done, Out: swarm.Output{Findings: []swarm.Finding{{
			Text: "About " + item + " [1].", Evidence: []swarm.Citation{{Source: "lease.txt", Start: 1000 + i, End: 1001 + i, Quote: item, Verified: true}},
		}}}})
	}
	return rs
}

func TestWhatTheModelWritesRefersToNoSection(t *testing.T) {
	rs := append(found("one", "two"), written("rent", "roof")...)
	for _, c := range []struct{ said, want string }{
		{"All in all [3], and two [2].", "All in all, and two [1].\n\n## rent\n\nAbout rent [2].\n\n## roof\n\nAbout roof [3]."},
		{"```\\nopen [2]", "```\nopen [2]\n```\n\n## rent\n\nAbout rent [1].\n\n## roof\n\nAbout roof [2]."},
	} {
		l, _ := serve(t, Config{}, say(`{"work":"","answer":"`+c.said+`","status":"answered","missing":""}`))
		text, v, err := merge(t, l, lease(), rs)
		if err != nil || text != c.want {
			t.Errorf("%q, %v, want %q", text, err, c.want)
		}
		for i, quote := range []string{"rent", "roof"} {
			if n := len(v.Citations) - 2 + i; n < 0 || v.Citations[n].Quote != quote {
				t.Errorf("%+v, want %s", v.Citations, quote)
			}
		}
	}
	l, _ := serve(t, Config{NoReferences: true}, say(`{"work":"","answer":"Two [2].","status":"answered","missing":""}`))
	if text, v, err := merge(t, l, lease(), rs); err != nil || text != "Two [2].\n\n## rent\n\nAbout rent [3].\n\n## roof\n\nAbout roof [4]." || len(v.Citations) != 4 {
		t.Errorf("%q, %v, %d citations", text, err, len(v.Citations))
	}
}

func TestFixedWritesTextsUnderTheirItems(t *testing.T) {
	rs := written("rent", "roof", "")
	rs[1].Out.Findings[0].Text = "# The roof\n\nIt leaks [1]."
	w := swarm.NewAnswerWriter(nil)
	_, err := Fixed{}.Merge(t.Context(), swarm.Brief{}, rs, w)
	if want := "## rent\n\nAbout rent [1].\n\n# The roof\n\nIt leaks [2].\n\nAbout  [3].\n"; err != nil || w.String() != want {
		t.Errorf("%q, %v, want %q", w.String(), err, want)
	}
}
