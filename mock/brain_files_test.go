package mock

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Words such as notes, results and example announce parts of a prompt, but
// files are called so as well.
func TestLargeBrainPlansOverFilesWhateverTheyAreCalled(t *testing.T) {
	names := []string{"attr.go", "notes.txt", "results.md", "example_test.go", "My question.txt", "rules.html", "plan.md", "feedback.txt", "handler.go"}
	var outlines strings.Builder
	for i, n := range names {
		fmt.Fprintf(&outlines, "<data-%d label=\"name '%s', 3 chunks\">\n%s: text, 4 KB, 3 chunks (#1-#3)\n- Chapter of sails [#1]\n- #2 opens: It was said that …\n</data-%d>\n", i, n, n, i)
	}
	steps := planOf(t, "Outlines of the sources:\n"+outlines.String()+"\nQuestion:\nHow are the sails mended?\n\nWrite the plan.\n")
	if len(steps) != 1 || len(steps[0].Select) > 0 && !slices.Equal(steps[0].Select, names) {
		t.Errorf("%+v", steps)
	}
	if strings.Contains(steps[0].Do, "opens:") {
		t.Errorf("takes opening words for a heading: %s", steps[0].Do)
	}
}

func TestLargeBrainReadsAllWhereTheOutlineDoesNotShowAll(t *testing.T) {
	for _, note := range []string{"29 more sources are not shown for lack of room; \"select\": [] reads them too.", "… and 4 other files"} {
		steps := planOf(t, "Outlines of the sources:\n"+outlineA+outlineB+note+"\n\nQuestion:\nHow is the filter cleaned?\n\nWrite the plan.\n")
		if len(steps) != 1 || len(steps[0].Select) > 0 {
			t.Errorf("%q: %+v", note, steps)
		}
	}
}

// A long outline has a word of most questions in it, each in another place.
func TestLargeBrainLeavesNoSourceOutForWordsThatLieScattered(t *testing.T) {
	scattered := "<data-11 label=\"name 'manual.md', 9 chunks\">\nmanual.md: markdown, 80 KB, 9 chunks (#1-#9)\n- The pump [#1]\n- Repairs by yourself [#5]\n- Oil [#6-#9]\n</data-11>\n"
	steps := planOf(t, "Outlines of the sources:\n"+scattered+outlineB+"\nQuestion:\nWho repairs the oil pump?\n\nWrite the plan.\n")
	if len(steps) != 1 || len(steps[0].Select) == 1 {
		t.Errorf("%+v", steps)
	}
}

func TestSmallBrainReadsFilesWhateverTheyAreCalled(t *testing.T) {
	text := "The tenant may give notice in writing three months before the end of a quarter.\n\nThe rent is 900 euros."
	for _, name := range []string{"notes.txt", "results.csv", "question.md", "feedback.txt", "example rules.md"} {
		for _, prompt := range []string{
			"Question: When may the tenant give notice?\nSource: " + name + "\nText:\n<data-1 label=\"text\">\n" + text + "\n</data-1>",
			"When may the tenant give notice?\n\n<document name=\"" + name + "\">\n" + text + "\n</document>",
			"When may the tenant give notice?\n\n```" + strings.ReplaceAll(name, " ", "-") + "\n" + text + "\n```",
		} {
			rep, err := SmallBrain(t.Context(), Request{Messages: []Message{{Role: "user", Content: prompt}}})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(rep.Text, "three months") || strings.HasPrefix(rep.Text, name) {
				t.Errorf("%s: %q", prompt, rep.Text)
			}
		}
	}
}

func TestUnitsFollowLinesOfManyScripts(t *testing.T) {
	text := "5.2. If You initiate litigation against any entity by asserting a patent\ninfringement claim, the rights granted to You shall terminate.\n\n" +
		"Le modèle équipé d'un débit élevé prévoit dès l'été une écoute très étendue\net demande pour la signature du fichier source une commande du logiciel dit\nOpenPGP qui protège la clé.\n"
	for _, u := range splitUnits(text) {
		if got := text[u.start:u.end]; u.kind == heading || strings.HasPrefix(got, "infringement") || strings.HasPrefix(got, "OpenPGP") {
			t.Errorf("%q of kind %d", got, u.kind)
		}
	}
	q := newQuery("Which utility prints the index?")
	bold := "The \x1b[1mcatman\x1b[22m utility prints the \x1b[4mindex\x1b[24m."
	found := q.find(bold, "", 1)
	if len(found) == 0 || found[0].score < 0.9 {
		t.Errorf("%+v in a terminal's output", found)
	}
}
