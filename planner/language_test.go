package planner

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
)

func TestEveryKindOfStepIsRead(t *testing.T) {
	for _, c := range []struct {
		text string
		want func(swarm.Step) bool
	}{
		{`{"id":"a","over":"sections","do":"read","level":2,"select":["x#1-3"],"where":["tax"],"widen":true,"context":["x#1"],"goal":"hidden","fields":[],"note":"n"}`, func(s swarm.Step) bool {
			return s.Over == swarm.Sections && s.Level == 2 && s.Where[0] == "tax" && s.Widen && s.Context[0] == "x#1" && s.Goal == swarm.NoGoal && s.Note == "n" && s.Schema == nil
		}},
		{`{"id":"a","over":"sources","do":"read","level":1,"goal":"shown"}`, func(s swarm.Step) bool { return s.Over == swarm.Sources && s.Level == 0 && s.Goal == "" }},
		{`{"id":"a","over":"items","do":"write","items":["One"],"lookup":3,"needs":[],"context":[],"goal":"Write a guide.","output":"text","note":""}`, func(s swarm.Step) bool {
			return s.Form == swarm.FormText && s.Lookup == 3 && s.Goal == "Write a guide." && s.Needs == nil
		}},
		{`{"id":"a","over":"list","do":"check","of":"b","lookup":2}`, func(s swarm.Step) bool { return s.Over == swarm.List && s.Of == "b" && s.Lookup == 2 }},
		{`{"id":"a","over":"once","do":"list","output":"list"}`, func(s swarm.Step) bool { return s.Form == swarm.FormList }},
		{`{"id":"a","over":"calc","do":"sum up","needs":["b"],"calc":"sum(b, .n)"}`, func(s swarm.Step) bool { return s.Over == swarm.Calc && s.Calc == "sum(b, .n)" }},
		{`{"id":"a","over":"chunks","do":"read","fields":[{"name":"severity","type":"string","meaning":"how bad","scale":["high","low"]},{"name":"sum","type":"number","meaning":"","scale":[]},{"name":"odd \"name\"","type":"","meaning":"","scale":null}]}`, func(s swarm.Step) bool {
			var schema struct {
				Properties map[string]struct {
					Type, Description string
					Enum              []string
				}
				Required []string
			}
			err := json.Unmarshal(s.Schema, &schema)
			p := schema.Properties
			return err == nil && len(schema.Required) == 3 && p["severity"].Enum[1] == "low" && p["severity"].Description == "how bad" && p["sum"].Type == "number" && p[`odd "name"`].Type == "string"
		}},
	} {
		s, err := readStep([]byte(c.text))
		if err != nil || !c.want(s) {
			t.Errorf("%s: %+v, %v", c.text, s, err)
		}
	}
	for text, want := range map[string]string{
		`{"id":"a","over":"pages","do":"read"}`:                                  `over "pages" must be one of`,
		`{"id":"a","over":"once","do":"read","output":"prose"}`:                  `output "prose" must be`,
		`{"id":"a","over":"once","do":"read","lookup":"three"}`:                  `lookup "\"three\"" must be as {"type":"integer"}`,
		`{"id":"a","over":"chunks","do":"read","fields":[{"name":" "}]}`:         "a field without a name",
		`{"id":"a","over":"chunks","do":"read","fields":[{"type":"date"}]}`:      `has the type "date"`,
		`{"id":"a","over":"chunks","do":"read","where":"tax"}`:                   `is not a list of strings`,
		`{"id":"a","over":"chunks","do":"read","widen":"perhaps","where":["x"]}`: `{"type":"boolean"}`,
	} {
		_, err := readStep([]byte(text))
		if refused, ok := errors.AsType[*swarm.PlanError](err); !ok || !strings.Contains(refused.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestAModelIsToldHowCalculationsAreWritten(t *testing.T) {
	l, s := serve(t, Config{},
		say(steps(once("rows", "read"), `{"id":"sum","over":"calc","do":"sum up","needs":["rows"],"calc":"rows.map(r => r.n)","note":""}`)),
		mock.Reply{Text: steps(`{"id":"sum","over":"calc","do":"sum up","needs":["rows"],"calc":"sum(rows, .n)","note":""}`)},
		say(`{"work":"","answer":"5","status":"answered","missing":""}`))
	sw := swarm.Swarm{Planner: l, Worker: swarm.WorkerFunc(nothing), Rounds: 1}
	if _, err := sw.Run(t.Context(), swarm.Task{Goal: "How much?"}); err != nil {
		t.Fatal(err)
	}
	if got := asked(t, s, 1); !strings.Contains(got, swarm.CalcGuide) || !strings.Contains(got, "calc ") {
		t.Errorf("%s", got)
	}
	if got := asked(t, s, 0); strings.Contains(got, swarm.CalcGuide) {
		t.Error("the whole guide stands in each plan's prompt")
	}
}

func nothing(context.Context, swarm.Subtask) (swarm.Output, error) { return swarm.Say("5"), nil }

// What docs/mock.md shows of plans follows the strict schema, and is carried out as it is.
func TestTheMocksPageShowsEveryKindOfStep(t *testing.T) {
	page, err := os.ReadFile("../docs/mock.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```json\n{\"steps\"")
	text, _, _ = strings.Cut(text, "```")
	text = `{"steps"` + text
	var shown struct {
		Steps []struct{ Over string }
	}
	if err := json.Unmarshal([]byte(text), &shown); err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		for _, over := range k.overs {
			if !slices.ContainsFunc(shown.Steps, func(s struct{ Over string }) bool { return s.Over == over }) {
				t.Errorf("no step over %s", over)
			}
		}
	}
	tools := strings.ReplaceAll(text, `"goal"`, `"tools": [], "goal"`) // stands in all kinds but once and calc
	tools = strings.Replace(tools, `"needs": ["days"]`, `"tools": [], "needs": ["days"]`, 1)
	for text, ts := range map[string][]swarm.Tool{text: nil, tools: {{Name: "search", Description: "finds texts"}}} {
		l, s := serve(t, Config{}, mock.Reply{Text: text}, mock.Reply{Text: `{"work":"","answer":"5","status":"answered","missing":""}`})
		sw := swarm.Swarm{Planner: l, Rounds: 1, Tools: ts, Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			out := swarm.Say("5")
			if st.Step.Schema != nil {
				out.Findings[0].Data = json.RawMessage(`{"part":"valve","euros":3}`)
			}
			return out, nil
		})}
		sw.Observe = func(e swarm.Event) {
			if e.Err != nil { // a step refused, or a subtask failed
				t.Error(e)
			}
		}
		a, err := sw.Run(t.Context(), lease().Task)
		if err != nil || !strings.HasSuffix(a.Text, "5") || len(s.Log()) != 2 {
			t.Errorf("%v, %q, %d calls", err, a.Text, len(s.Log()))
		}
	}
}

func TestAScriptThatDepartsEndsAtOnce(t *testing.T) {
	for text, want := range map[string]string{
		steps(`{"id":"a","over":"list","do":"x","of":"b","needs":[],"goal":"","output":"list"}`): "at '/steps/0': missing properties 'lookup', 'select', 'fields', 'note'",
		steps(`{"id":"a","over":"once","do":"x"}`):                                               "at '/steps/0': missing properties 'lookup', 'select', 'needs', 'output', 'fields', 'note'",
		steps(`{"id":"a","over":"chunks","do":"x"}`):                                             "at '/steps/0': missing properties 'level', 'select', 'where', 'widen', 'context', 'goal', 'fields', 'note'",
		`{}`:        "at '/': missing property 'steps'",
		"no object": "not JSON",
	} {
		l, s := serveBrain(t, Config{}, mock.Say(text))
		_, err := plan(t, l, lease())
		if err == nil || !strings.Contains(err.Error(), want) || classOf(err) != swarm.ClassInvalid || len(s.Log()) != 1 {
			t.Errorf("%s: %d calls, %v", text, len(s.Log()), err)
		}
	}
}
