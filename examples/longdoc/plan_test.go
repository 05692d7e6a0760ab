package main

import (
	"context"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/mock"
)

func TestThePlanIsShownStepByStepBeforeTheAnswer(t *testing.T) {
	const steps = `{"steps":[
		{"id":"rows","over":"sections","do":"Find each bridge\nand its year.","level":0,"select":["#1-2"],"where":["bridge","opened in"],"widen":false,"context":["#1"],"goal":"hidden","fields":[{"name":"year","type":"number","meaning":"of opening","scale":[]}],"note":"All bridges."},
		{"id":"more","over":"items","do":"Answer the item.","items":["Who built it?","When?"],"lookup":3,"needs":[],"context":[],"goal":"","output":"text","note":""},
		{"id":"each","over":"each","do":"Check it.","of":"rows","lookup":0,"needs":[],"goal":"","fields":[],"note":""},
		{"id":"wide","over":"chunks","do":"Find the tower.","level":0,"select":["#1"],"where":[],"widen":true,"context":[],"goal":"","fields":[],"note":""},
		{"id":"sum","over":"calc","do":"The number of bridges.","needs":["rows"],"calc":"len(rows)","note":""}]}`
	const want = `
Step 1/rows, over sections, 2 subtasks
  do: Find each bridge and its year.
  select: #1-2
  where: bridge; opened in
  context: #1
  goal: -
  schema: {"type":"object","additionalProperties":false,"required":["year"],"properties":{"year":{"description":"of opening","type":"number"}}}
  note: All bridges.

Step 1/more, over items, 2 subtasks
  do: Answer the item.
  items: Who built it?; When?
  lookup: 3
  form: text

Step 1/each, over each, 2 subtasks
  do: Check it.
  of: 1/rows

Step 1/wide, over chunks, 1 subtask
  do: Find the tower.
  select: #1
  widen: true

Step 1/wide.rest, over chunks, 3 subtasks
  do: Find the tower.
  select: #1
  widen: true

Step 1/sum, over calc, 1 subtask
  do: The number of bridges.
  needs: 1/rows
  calc: len(rows)
`
	large := mock.Large()
	planned := false
	large.Brain = func(ctx context.Context, r mock.Request) (mock.Reply, error) {
		if !planned {
			planned = true
			return mock.Reply{Text: steps, Unchecked: true}, nil
		}
		return mock.LargeBrain(ctx, r)
	}
	server := mock.NewServer(mock.Config{Models: []mock.Model{large, mock.Small()}})
	defer server.Close()
	var text strings.Builder
	for _, title := range []string{"Bridge", "Tower", "Mill", "Lock"} {
		text.WriteString("# " + title + "\n\nThe " + strings.ToLower(title) + " was opened in 1904." + strings.Repeat(" Rain fell and nothing else is recorded.", 120) + "\n\n")
	}
	path := file(t, "a.md", text.String())
	for _, form := range []string{"-json", "-v=false"} {
		planned = false
		env := map[string]string{"OPENAI_BASE_URL": server.URL(), "OPENAI_API_KEY": canary.Key, "SWARM_PLANNER_MODEL": large.ID, "SWARM_WORKER_MODEL": "mock-small"}
		status, stdout, stderr := start(t, env, "-plan", form, "-q", "When was the bridge opened?", "-file", path)
		shown := stdout
		if form == "-json" {
			shown = stderr
		}
		if status != exitOK || !strings.Contains(shown, want) {
			t.Errorf("%s: status %d\n%s\n%s", form, status, stdout, stderr)
		}
		if answer := strings.Index(stdout, "1904"); form != "-json" && answer < strings.Index(stdout, "Step 1/sum") {
			t.Errorf("the answer does not follow the plan:\n%s", stdout)
		}
	}
}
