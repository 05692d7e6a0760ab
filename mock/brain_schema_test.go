package mock

import (
	"encoding/json"
	"strings"
	"testing"
)

// filled asks the small brain under a schema and returns the decoded reply,
// which must follow the schema.
func filled(t testing.TB, brain Brain, schema string, ms ...Message) map[string]any {
	t.Helper()
	r := Request{JSON: true, Strict: true, Schema: json.RawMessage(schema), Messages: ms}
	rep, err := brain(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if err := conform(r, rep.Text); err != nil {
		t.Fatalf("%v: %s under %s", err, rep.Text, schema)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(rep.Text), &m); err != nil {
		t.Fatalf("%v in %s", err, rep.Text)
	}
	return m
}

func object(props string) string {
	return `{"type":"object","additionalProperties":false,"properties":{` + props + `}}`
}

func TestSmallBrainFillsAnySchema(t *testing.T) {
	const fact = "The Aurel dam holds 310 million cubic metres."
	known := Message{Role: "user", Content: "Question: How much water does the Aurel dam hold?\n\nText:\n```\nIt rained in May. " + fact + " Fish live there.\n```"}
	unknown := Message{Role: "user", Content: "Question: Who painted the town hall of Brenn?\n\nText:\n```\nIt rained in May. " + fact + "\n```"}
	for _, c := range []struct {
		props string
		yes   map[string]any // some of what is said when the text answers
		no    map[string]any // and when it does not
	}{
		{
			`"answer":{"type":"string"},"quote":{"type":"string"},"confidence":{"type":"number"},"abstain":{"type":"boolean"}`,
			map[string]any{"answer": fact, "quote": fact, "abstain": false},
			map[string]any{"answer": "", "quote": "", "abstain": true},
		},
		{
			`"found":{"type":"boolean"},"evidence":{"type":["string","null"]}`,
			map[string]any{"found": true, "evidence": fact},
			map[string]any{"found": false, "evidence": nil},
		},
		{
			`"not_found":{"type":"boolean"},"excerpt":{"anyOf":[{"type":"string"},{"type":"null"}]}`,
			map[string]any{"not_found": false, "excerpt": fact},
			map[string]any{"not_found": true, "excerpt": nil},
		},
		{
			`"isRelevant":{"type":"boolean"},"summary":{"type":"string"},"score":{"type":"integer","minimum":1,"maximum":5}`,
			map[string]any{"isRelevant": true, "summary": fact, "score": 4.0},
			map[string]any{"isRelevant": false},
		},
		{
			`"result":{"type":"string"},"certainty":{"type":"string","enum":["low","medium","high"]}`,
			map[string]any{"result": fact, "certainty": "high"},
			map[string]any{"certainty": "low"},
		},
		{
			`"items":{"type":"array","items":{"type":"string"}}`,
			map[string]any{"items": []any{fact}},
			map[string]any{"items": []any(nil)},
		},
		{
			`"findings":{"type":"array","items":` + object(`"text":{"type":"string"},"passage":{"type":"string"}`) + `}`,
			map[string]any{"findings": []any{map[string]any{"text": fact, "passage": fact}}},
			map[string]any{"findings": []any(nil)},
		},
		{
			`"答案":{"type":"string"},"引用":{"type":"string"},"置信度":{"type":"number"}`,
			map[string]any{"答案": fact, "引用": fact},
			map[string]any{"答案": ""},
		},
		{
			`"verdict":{"type":"string","enum":["answered","not_answered"]},"zorp":{"type":"string"},"n":{"type":"integer"},"flag":{"type":"boolean"},"x":{"type":"null"}`,
			map[string]any{"zorp": "", "n": 0.0, "flag": false, "x": nil},
			map[string]any{"zorp": ""},
		},
		{`"reply":{"$ref":"#/$defs/r"}`, nil, nil},
	} {
		schema := object(c.props)
		if strings.Contains(schema, "$defs") {
			schema = strings.TrimSuffix(schema, "}") + `,"$defs":{"r":` + object(`"answer":{"type":"string"}`) + `}}`
		}
		for _, side := range []struct {
			ask  Message
			want map[string]any
		}{{known, c.yes}, {unknown, c.no}} {
			got := filled(t, SmallBrain, schema, side.ask)
			for k, want := range side.want {
				a, _ := json.Marshal(got[k])
				b, _ := json.Marshal(want)
				if string(b) == "null" && string(a) == "[]" {
					continue
				}
				if string(a) != string(b) {
					t.Errorf("%s: %s is %s, want %s", c.props, k, a, b)
				}
			}
		}
	}
}

func TestSmallBrainKeepsTheOrderOfProperties(t *testing.T) {
	r := Request{JSON: true, Schema: json.RawMessage(object(`"quote":{"type":"string"},"answer":{"type":"string"},"abstain":{"type":"boolean"}`)), Messages: []Message{{Role: "user", Content: "Who?"}}}
	rep, _ := SmallBrain(t.Context(), r)
	if q, a, b := strings.Index(rep.Text, "quote"), strings.Index(rep.Text, "answer"), strings.Index(rep.Text, "abstain"); q > a || a > b {
		t.Error(rep.Text)
	}
}

func TestBrainsFollowASchemaThatOnlyThePromptShows(t *testing.T) {
	ask := "Question: How old is the oak of Lind?\n\nText:\n<<<\nThe oak of Lind is 640 years old.\n>>>\n"
	for _, shown := range []string{
		"Reply with JSON that follows this schema:\n" + object(`"answer":{"type":"string"},"abstain":{"type":"boolean"}`),
		"Reply with a JSON object like {\"answer\": \"…\", \"abstain\": false} and nothing else.",
	} {
		rep, err := SmallBrain(t.Context(), Request{Messages: []Message{{Role: "system", Content: shown}, {Role: "user", Content: ask}}})
		var m struct {
			Answer  string
			Abstain bool
		}
		if err != nil || json.Unmarshal([]byte(rep.Text), &m) != nil || !strings.Contains(m.Answer, "640") || m.Abstain {
			t.Errorf("%q: %q, %v", shown, rep.Text, err)
		}
	}
}

func FuzzBrainsFollowTheirSchema(f *testing.F) {
	schemas := []string{workerSchema, mergeSchema, planSchemaOfTest, object(`"a":{"type":["integer","null"]},"steps":{"type":"array","items":{"type":"string"}},"quote":{"type":"string","enum":["x","y"]}`)}
	f.Add("Question: who?\nText:\n```\nAda did.\n```", 0)
	f.Add("Findings:\n<data-1 label=\"findings\">\nFinding 1 (confidence 0.9):\n  [1] a#1: \"b\"\n</data-1>\nQuestion: b?", 1)
	f.Add("Outline:\n# a.txt (3 chunks)\n- b\nGoal: c", 2)
	f.Add("问题：谁？\n---\n| a | b |\n|---|\n| 1 |\n---", 3)
	f.Fuzz(func(t *testing.T, s string, n int) {
		schema := schemas[uint(n)%uint(len(schemas))]
		for _, brain := range []Brain{SmallBrain, LargeBrain} {
			filled(t, brain, schema, Message{Role: "system", Content: s}, Message{Role: "user", Content: s})
			if _, err := brain(t.Context(), Request{Messages: []Message{{Role: "user", Content: s}}}); err != nil {
				t.Error(err)
			}
		}
	})
}
