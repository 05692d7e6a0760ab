package mock

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBrainsAnswerQuestionsInOtherWords asks questions as people ask them, in
// other words than the texts'. Each line of a .q file has a question, a tab
// and words of the passage that answers it, or "-" where none does. The bars
// are what term weighting reaches without knowing any of them, less a few.
func TestBrainsAnswerQuestionsInOtherWords(t *testing.T) {
	files, err := filepath.Glob("testdata/texts/*.q")
	if err != nil || len(files) == 0 {
		t.Fatal("no questions: ", err)
	}
	var right, asked, silent, unanswerable int
	for _, file := range files {
		name, _ := filepath.Glob(strings.TrimSuffix(file, ".q") + ".[tm]*")
		text, err := os.ReadFile(name[0])
		if err != nil {
			t.Fatal(err)
		}
		questions, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pieces := cutText(string(text), 2400)
		for line := range strings.Lines(string(questions)) {
			ask, want, _ := strings.Cut(strings.TrimSpace(line), "\t")
			_, quotes := mergeAll(t, ask, readAll(t, ask, filepath.Base(name[0]), pieces))
			if want == "-" {
				unanswerable++
				if len(quotes) == 0 {
					silent++
				}
				continue
			}
			asked++
			if hit(quotes, 3, want) {
				right++
			}
		}
	}
	t.Logf("%d of %d found, %d of %d unanswerable ones told", right, asked, silent, unanswerable)
	if 100*right < 70*asked {
		t.Errorf("%d of %d questions cite their fact among the first three", right, asked)
	}
	if 100*silent < 60*unanswerable {
		t.Errorf("%d of %d questions without an answer are told", silent, unanswerable)
	}
}

func TestBrainsReadTermsSetOverTheirText(t *testing.T) {
	text := "OPTIONS\n\n  -q, --quiet\n          Write nothing but errors.\n\n  -k, --keep-going\n          Go on after a step that did not work.\n\n  -j, --jobs=NUMBER\n          Do that many steps at once; four unless given.\n"
	checkTexts(t, "build.1", text, 2000, []asked{
		{"Which option goes on when a step does not work?", []string{"--keep-going"}},
		{"How can I make it write errors only?", []string{"--quiet"}},
	}, 0)
}

func TestBrainsReadColumnsOfSpaces(t *testing.T) {
	text := "Fares\n\nZone      Single    Day ticket\nInner       2.10       6.40\nOuter       3.80       9.90\nAirport     7.50      15.20\n"
	checkTexts(t, "fares.txt", text, 2000, []asked{
		{"How much is a single to the airport?", []string{"Airport", "7.50"}},
		{"What does a day ticket for the outer zone cost?", []string{"Outer", "9.90"}},
	}, 0)
}

func TestBrainsJoinWordsBrokenAtLineEnds(t *testing.T) {
	text := "The reservoir is emp-\ntied every tenth year so that the gates can be in-\nspected by divers.\n"
	checkTexts(t, "dam.txt", text, 2000, []asked{{"Why is the reservoir emptied?", []string{"spected by divers"}}}, 0)
}
