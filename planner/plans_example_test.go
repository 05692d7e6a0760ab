package planner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/source"
)

const bills = `# March

New pump: 120 euros. Paid in cash.

# April

Seal for the pump: 8 euros. Valve: 40 euros.
`

const logbook = `# Monday

The pump failed at noon. Kowalski repaired it.

# Friday

The valve was tested. It is under warranty until May.
`

var price = regexp.MustCompile(`([A-Z][a-z ]+): (\d+) euros`)

// clerk stands in for a small model: it finds prices, or says what it was shown.
func clerk(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
	var out swarm.Output
	if st.Chunk != nil && st.Step.Schema != nil {
		for _, m := range price.FindAllStringSubmatchIndex(st.Chunk.Text, -1) {
			part, euros := st.Chunk.Text[m[2]:m[3]], st.Chunk.Text[m[4]:m[5]]
			out.Findings = append(out.Findings, swarm.Finding{
				Data:     json.RawMessage(fmt.Sprintf(`{"part": %q, "euros": %s}`, part, euros)),
				Text:     part + " " + euros,
				Evidence: []swarm.Citation{st.Chunk.Cite(m[0], m[1])},
			})
		}
		return out, nil
	}
	var shown []string
	if st.Chunk != nil {
		shown = append(shown, st.Chunk.ID)
	}
	if st.Item != "" {
		shown = append(shown, strconv.Quote(st.Item))
	}
	for _, c := range st.Context {
		shown = append(shown, "beside "+c.ID)
	}
	for _, c := range st.Found {
		shown = append(shown, "found "+c.ID)
	}
	for _, r := range st.From {
		shown = append(shown, "from "+r.ID())
	}
	return swarm.Say(strings.Join(shown, ", ")), nil
}

// The steps of docs/plans.md, in one plan.
func Example_plan() {
	steps := []swarm.Step{
		{
			ID: "parts", Do: "Find each part that was paid for, and its price.",
			Over: swarm.Chunks, Select: []string{"bills.md"}, Where: []string{"euros"},
			Schema: json.RawMessage(`{"type": "object", "required": ["part", "euros"], "properties": {
				"part": {"type": "string"}, "euros": {"type": "number"}}}`),
			Note: "Prices are without tax.",
		},
		{
			ID: "alarm", Do: "Find whether anybody raised the alarm.",
			Over: swarm.Chunks, Where: []string{"alarm", "fire brigade"}, Widen: true,
		},
		{
			ID: "days", Do: "Say in a sentence what was done.",
			Over: swarm.Sections, Select: []string{"log.md"}, Context: []string{"bills.md#1"},
		},
		{
			ID: "kinds", Do: "Say what kind of document this is.",
			Over: swarm.Sources, Goal: swarm.NoGoal,
		},
		{
			ID: "facts", Do: "Answer the question in the item.",
			Over: swarm.Items, Items: []string{"Who repaired the pump?", "Until when is the valve under warranty?"}, Lookup: 1,
		},
		{
			ID: "tests", Do: "Find whether this part was tested.",
			Over: swarm.List, Of: "parts", Lookup: 1,
		},
		{
			ID: "checks", Do: "Check the sentence against the text.",
			Over: swarm.Each, Of: "days",
		},
		{
			ID: "story", Do: "Tell the week in a paragraph.",
			Over: swarm.Once, Needs: []string{"days"}, Form: swarm.FormText,
		},
		{
			ID: "total", Do: "What all parts cost.",
			Over: swarm.Calc, Needs: []string{"parts"}, Calc: "sum(parts, .euros)",
		},
	}

	var sources []swarm.Source
	for _, f := range []struct{ name, text string }{{"bills.md", bills}, {"log.md", logbook}} {
		text, err := source.Decode(f.name, []byte(f.text))
		if err != nil {
			log.Fatal(err)
		}
		src, err := source.Chunk(text, source.Options{Size: 16})
		if err != nil {
			log.Fatal(err)
		}
		sources = append(sources, src)
	}
	s := swarm.Swarm{Planner: planner.Fixed{Steps: steps}, Worker: swarm.WorkerFunc(clerk)}
	answer, err := s.Run(context.Background(), swarm.Task{Goal: "What did the repair cost?", Sources: sources})
	if err != nil {
		log.Fatal(err)
	}
	for r := range answer.Results() {
		fmt.Printf("%s: %s\n", r.ID(), strings.ReplaceAll(r.Out.Text(), "\n", "; "))
	}
	// Output:
	// 1/parts/0: New pump 120
	// 1/parts/1: Seal for the pump 8
	// 1/parts/2: Valve 40
	// 1/alarm/0: bills.md#1
	// 1/alarm/1: bills.md#2
	// 1/alarm/2: bills.md#3
	// 1/alarm/3: log.md#1
	// 1/alarm/4: log.md#2
	// 1/alarm/5: log.md#3
	// 1/days/0: log.md§1, beside bills.md#1
	// 1/days/1: log.md§2, beside bills.md#1
	// 1/kinds/0: bills.md
	// 1/kinds/1: log.md
	// 1/facts/0: "Who repaired the pump?", found log.md#1
	// 1/facts/1: "Until when is the valve under warranty?", found log.md#3
	// 1/tests.of/0: New pump 120; Seal for the pump 8; Valve 40
	// 1/tests/0: "New pump 120", found bills.md#1, from 1/tests.of/0
	// 1/tests/1: "Seal for the pump 8", found bills.md#2, from 1/tests.of/1
	// 1/tests/2: "Valve 40", found bills.md#3, from 1/tests.of/2
	// 1/checks/0: log.md§1, from 1/days/0
	// 1/checks/1: log.md§2, from 1/days/1
	// 1/story/0: from 1/days/0, from 1/days/1
	// 1/total/0: 168
}

// Each Go block of the page is a step of the example.
func TestThePageOnPlansShowsTheExamplesSteps(t *testing.T) {
	page, err := os.ReadFile("../docs/plans.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("plans_example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	folded := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	for _, b := range blocks {
		if !strings.Contains(folded(string(code)), folded(b[1])) {
			t.Errorf("this is no step of the example:\n%s", b[1])
		}
	}
	if !strings.Contains(string(page), swarm.CalcGuide) {
		t.Error("the language of calculations is not that of swarm.CalcGuide")
	}
	for over := swarm.Once; over <= swarm.Calc; over++ {
		if name := over.String(); !strings.Contains(string(page), "swarm."+strings.ToUpper(name[:1])+name[1:]) {
			t.Errorf("no step over %s is shown", name)
		}
	}
}
