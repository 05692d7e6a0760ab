package mock

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

const planSchemaOfTest = `{"type":"object","additionalProperties":false,"required":["steps"],"properties":{"steps":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["id","do","over","select","items","of","needs","output"],"properties":{"id":{"type":"string"},"do":{"type":"string"},"over":{"type":"string","enum":["once","chunks","items","list","each"]},"select":{"type":"array","items":{"type":"string"}},"items":{"type":"array","items":{"type":"string"}},"of":{"type":"string"},"needs":{"type":"array","items":{"type":"string"}},"output":{"type":"string","enum":["finding","list"]}}}}}}`

type plannedStep struct {
	ID, Do, Over, Of, Output string
	Select, Items, Needs     []string
}

func planOf(t *testing.T, prompt string) []plannedStep {
	t.Helper()
	r := Request{JSON: true, Strict: true, Schema: json.RawMessage(planSchemaOfTest), Messages: []Message{
		{Role: "system", Content: "You are the planner. Reply with one JSON object.\n\"do\": the instruction. A worker sees it and its own piece of input.\n\nRules:\n- Write \"do\" in the language of the texts."},
		{Role: "user", Content: prompt},
	}}
	rep, err := LargeBrain(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if err := conform(r, rep.Text); err != nil {
		t.Fatal(err)
	}
	var p struct{ Steps []plannedStep }
	if err := json.Unmarshal([]byte(rep.Text), &p); err != nil {
		t.Fatalf("%v in %s", err, rep.Text)
	}
	return p.Steps
}

const (
	outlineA = "<data-11 label=\"name 'manual.md', 40 chunks, about 20000 tokens\">\nmanual.md: markdown, 80 KB, 40 chunks (#1-#40)\n- Setting up [#1-#4]\n- Cleaning the filter [#5]\n- Error codes [#6-#9]\n</data-11>\n"
	outlineB = "<data-22 label=\"name 'terms.txt', 10 chunks, about 5000 tokens\">\nterms.txt: text, 20 KB, 10 chunks (#1-#10)\n- Payment [#1-#3]\n- Liability [#4-#10]\n</data-22>\n"
)

func TestLargeBrainPlansOverTheSourcesThatTheOutlineShows(t *testing.T) {
	steps := planOf(t, "Outlines of the sources:\n"+outlineA+outlineB+"\nQuestion:\nHow is the filter cleaned?\n\nWrite the plan.\n")
	if len(steps) != 1 || steps[0].Over != "chunks" || !strings.Contains(steps[0].Do, "How is the filter cleaned?") || !strings.Contains(steps[0].Do, "Cleaning the filter") {
		t.Fatalf("%+v", steps)
	}
	for _, s := range steps[0].Select {
		if s != "manual.md" && s != "terms.txt" {
			t.Errorf("selects %q, which is no source", s)
		}
	}
	if !slices.Contains(steps[0].Select, "manual.md") {
		t.Errorf("selects %q", steps[0].Select)
	}
	half := planOf(t, "Outlines of the sources:\n"+outlineB+"\nQuestion:\nHow is the filter cleaned?\n\nWrite the plan.\n")
	if len(half) != 1 || slices.Contains(half[0].Select, "manual.md") || half[0].Do == steps[0].Do {
		t.Errorf("with half of the outline: %+v", half)
	}
	headless := planOf(t, "Outlines of the sources:\n"+strings.Split(outlineA, "- Error")[0]+"</data-11>\n\nQuestion:\nHow is the filter cleaned?\n")
	if headless[0].Do == steps[0].Do {
		t.Errorf("with half of the headings the plan is the same: %+v", headless)
	}
}

func TestLargeBrainReadsAllSourcesWhereTheOutlineLeavesDoubt(t *testing.T) {
	steps := planOf(t, "Outlines of the sources:\n"+outlineA+outlineB+"\nQuestion:\nWho founded the company?\n")
	if len(steps) != 1 || len(steps[0].Select) == 1 {
		t.Errorf("%+v", steps)
	}
}

func TestLargeBrainPlansAStepForEachOfSeveralQuestions(t *testing.T) {
	steps := planOf(t, "Goal: How is the filter cleaned? Who is liable for damage?\n\nSources:\n- manual.md (40 chunks): Setting up, Cleaning the filter\n- terms.txt (10 chunks): Payment, Liability\n")
	if len(steps) != 2 || !strings.Contains(steps[1].Do, "liable") || strings.Contains(steps[0].Do, "liable") || steps[0].ID == steps[1].ID {
		t.Errorf("%+v", steps)
	}
}

func TestLargeBrainPlansNothingThatWasAskedBefore(t *testing.T) {
	steps := planOf(t, "Outlines of the sources:\n"+outlineA+"\nQuestion:\nHow is the filter cleaned?\n\nThis is round 2. Plan only what is still needed.\nSteps that were carried out, and what they found:\n<data-77 label=\"step 1/s1\">\nInstruction: Find the passage. Question: How is the filter cleaned?\nFound: nothing\n</data-77>\n\nWrite the plan.\n")
	if len(steps) != 0 {
		t.Errorf("%+v", steps)
	}
}

func TestLargeBrainPlansInOtherWords(t *testing.T) {
	schema := `{"type":"object","properties":{"reasoning":{"type":"string"},"tasks":{"type":"array","items":{"anyOf":[{"$ref":"#/$defs/single"},{"$ref":"#/$defs/fan"}]}}},"$defs":{"single":{"type":"object","properties":{"name":{"type":"string"},"kind":{"type":"string","enum":["once"]},"prompt":{"type":"string"}}},"fan":{"type":"object","properties":{"name":{"type":"string"},"kind":{"type":"string","enum":["each_chunk"]},"sources":{"type":"array","items":{"type":"string","enum":["b.md","c.md"]}},"prompt":{"type":"string"},"depends_on":{"type":["array","null"],"items":{"type":"string"}}}}}}`
	r := Request{JSON: true, Schema: json.RawMessage(schema), Messages: []Message{{Role: "user", Content: "目标：水库什么时候建成？\n目录：\nb.md：概况、历史\nc.md：维护"}}}
	rep, err := LargeBrain(t.Context(), r)
	if err != nil || !json.Valid([]byte(rep.Text)) || !strings.Contains(rep.Text, `"kind":"each_chunk"`) || !strings.Contains(rep.Text, "水库什么时候建成") || !strings.Contains(rep.Text, `"b.md"`) {
		t.Errorf("%s, %v", rep.Text, err)
	}
}
