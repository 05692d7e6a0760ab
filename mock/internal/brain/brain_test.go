package brain

import (
	"encoding/json"
	"testing"
)

func ask(schema, system, user string) string {
	p := Prompt{Messages: []Message{{"system", system}, {"user", user}}, Most: 1}
	if schema != "" {
		p.Schema = json.RawMessage(schema)
	}
	return Answer(p)
}

const lake = "Source: lakes.md\nSection: Lakes > Orn\nText:\n<data-00000000 label=\"text\">\nLake Orn lies at the foot of the hills. It is 41 metres deep.\n\n- Swimming is allowed.\n\n| fish | kilograms |\n| --- | --- |\n| perch | 12 |\n</data-00000000>\nNow carry out the instruction."

func TestAnswersWithTheBestPassage(t *testing.T) {
	for question, want := range map[string]string{
		"How deep is it?":                  "It is 41 metres deep.",
		"Is swimming allowed?":             "- Swimming is allowed.",
		"How many perch?":                  "| perch | 12 |",
		"Who painted the town hall today?": "The text gives no answer.",
	} {
		if got := ask("", "Question: "+question, lake); got != want {
			t.Errorf("%s: %q, want %q", question, got, want)
		}
	}
}

func TestAnswersInLanguagesOfWordsAndOfCharacters(t *testing.T) {
	for user, want := range map[string]string{
		"How long is the Rhine?\n\nThe Nile has 6650 km. The Rhine has 1233 km.":       "The Rhine has 1233 km.",
		"博物馆离县城有多远？\n\n博物馆有七座纸槽。博物馆离县城十二公里。":                                           "博物馆离县城十二公里。",
		"Wie tief ist der Ornsee?\n\nDer Ornsee ist 41 Meter tief. Baden ist erlaubt.": "Der Ornsee ist 41 Meter tief.",
		"Какова глубина озера?\n\nГлубина озера 41 метр. Купание разрешено.":           "Глубина озера 41 метр.",
		"hello": "hello",
	} {
		if got := ask("", "", user); got != want {
			t.Errorf("%q: %q, want %q", user, got, want)
		}
	}
}

func TestFillsSchemasByShapeAndName(t *testing.T) {
	const yes, no = "Question: How deep is Lake Orn, in metres?", "Question: Who painted the town hall?"
	for _, c := range []struct{ schema, system, want string }{
		{`{"type":"object","properties":{"answer":{"type":"string"},"quote":{"type":"string"},"abstain":{"type":"boolean"}}}`, no, `{"answer":"","quote":"","abstain":true}`},
		{`{"type":"object","properties":{"findings":{"type":"array","items":{"type":"object","properties":{"answer":{"type":"string"},"quote":{"type":"string"},"confidence":{"type":"number"}}}}}}`, no, `{"findings":[]}`},
		{`{"type":"object","properties":{"findings":{"type":"array","items":{"$ref":"#/$defs/f"}}},"$defs":{"f":{"type":"object","properties":{"quote":{"type":"string"}}}}}`, yes, `{"findings":[{"quote":"It is 41 metres deep."}]}`},
		{`{"type":"object","properties":{"depth":{"type":["number","null"]},"status":{"type":"string","enum":["answered","not found"]}}}`, yes, `{"depth":41,"status":"answered"}`},
		{`{"type":"object","properties":{"depth":{"type":["number","null"]},"status":{"type":"string","enum":["answered","not found"]}}}`, no, `{"depth":null,"status":"not found"}`},
		{`{"type":"object","properties":{"place":{"type":"object","properties":{"kind":{"const":"lake"},"rank":{"type":"integer","minimum":1,"maximum":5}}}}}`, yes, `{"place":{"kind":"lake","rank":5}}`},
		{`{"type":"object","properties":{"text":{"anyOf":[{"type":"null"},{"type":"string"}]}}}`, no, `{"text":null}`},
	} {
		if got := ask(c.schema, c.system, lake); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.schema, got, c.want)
		}
	}
}

func TestPlansOneStepOverTheChunks(t *testing.T) {
	const user = "Outlines of the sources:\n<data-00000000 label=\"name '1-a.md', 3 chunks\">\n# A\n</data-00000000>\n\nQuestion:\nHow long is the Nile?\n\nWrite the plan.\n"
	const flat = `{"type":"object","properties":{"id":{"type":"string"},"do":{"type":"string"},"over":{"type":"string","enum":["once","chunks"]},"select":{"type":"array","items":{"type":"string"}},"of":{"type":"string"}}}`
	const union = `{"anyOf":[{"type":"object","properties":{"over":{"const":"once"},"do":{"type":"string"}}},{"type":"object","properties":{"over":{"const":"chunks"},"do":{"type":"string"}}}]}`
	for step, want := range map[string]string{
		flat:  `{"steps":[{"id":"find","do":"How long is the Nile?","over":"chunks","select":[],"of":""}]}`,
		union: `{"steps":[{"over":"chunks","do":"How long is the Nile?"}]}`,
	} {
		if got := ask(`{"type":"object","properties":{"steps":{"type":"array","items":`+step+`}}}`, "", user); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestMergesTheBestFindingsWithTheirNumbers(t *testing.T) {
	const schema = `{"type":"object","properties":{"answer":{"type":"string"},"complete":{"type":"boolean"},"status":{"type":"string","enum":["answered","partly","absent"]},"work":{"type":"string"}}}`
	const workFirst = `{"type":"object","properties":{"work":{"type":"string"},"answer":{"type":"string"}}}`
	const findings = "Question:\nHow deep is Lake Orn?\n\nFindings:\n<data-00000000 label=\"findings\">\nTask: look\nFinding 1 (confidence 0.40):\n  [1] a.txt: \"Buses to the hills leave at noon.\"\nFinding 2 (confidence 0.90):\n  [2] b.txt: \"Lake Orn is\n  41 metres deep.\"\nFinding 3 (confidence 0.90):\n  [3] c.txt: \"Lake Orn is 41 metres deep.\"\n</data-00000000>\n"
	if got, want := ask(schema, "", findings), `{"answer":"Lake Orn is 41 metres deep. [2, 3]","complete":true,"status":"answered","work":""}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := ask(workFirst, "", findings), `{"work":"","answer":"Lake Orn is 41 metres deep. [2, 3]"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	const data = `{"type":"object","properties":{"work":{"type":"string"},"answer":{"type":"object","properties":{"depth":{"type":"integer"},"said":{"type":"string"}}},"evidence":{"type":"array","items":{"type":"integer"}}}}`
	if got, want := ask(data, "", findings), `{"work":"","answer":{"depth":41,"said":"Lake Orn is 41 metres deep."},"evidence":[2]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	nothing := ask(schema, "", "Question:\nHow deep is Lake Orn?\n\nThe workers found nothing.\n\nWrite the answer.\n")
	if want := `{"answer":"The text gives no answer.","complete":true,"status":"absent","work":""}`; nothing != want {
		t.Errorf("got %s, want %s", nothing, want)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add("Question: Who?", lake, `{"type":"object","properties":{"a":{"$ref":"#"},"b":{"type":"array","items":{"type":"string"}}}}`)
	f.Add("", "a?\n<x>\n[1] b: \"c\n</x>\n|\n", `{"anyOf":[{"type":"null"}]}`)
	f.Add("", "これは何？\n# 見出し\n- 項目。", "")
	f.Fuzz(func(t *testing.T, system, user, form string) {
		if len(system)+len(user)+len(form) > 1<<14 {
			t.Skip()
		}
		got := ask(form, system, user)
		if form != "" && json.Unmarshal([]byte(form), &schema{}) == nil && !json.Valid([]byte(got)) {
			t.Errorf("%q under %s", got, form)
		}
	})
}
