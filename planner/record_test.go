package planner

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
)

const leaseSchema = `{"type":"object","properties":{"day":{"type":"integer","description":"of the month"},"parties":{"type":"array","items":{"$ref":"#/$defs/party"}}},"required":["day","parties"],"additionalProperties":false,
	"$defs":{"party":{"type":"object","properties":{"name":{"type":"string"},"of":{"anyOf":[{"$ref":"#/$defs/party"},{"type":"null"}]}},"required":["name","of"],"additionalProperties":false}}}`

func asRecord(schema string) swarm.Brief {
	b := lease()
	b.Task.Schema = json.RawMessage(schema)
	return b
}

const leaseData = `{"day":1,"parties":[{"name":"Ann [3]","of":{"name":"Acme","of":null}}]}`

func TestMergeAnswersWithDataOfTheSchema(t *testing.T) {
	l, s := serve(t, Config{}, mock.Reply{Text: `{"work":"","answer":` + leaseData + `,"evidence":[2,9,1,2],"status":"read more","missing":"the\nyear"}`})
	text, v, err := merge(t, l, asRecord(leaseSchema), found("one", "two", "three"))
	if err != nil || text != leaseData {
		t.Fatalf("%q, %v", text, err)
	}
	if len(v.Citations) != 2 || v.Citations[0].Quote != "two" || v.Citations[1].Quote != "one" || v.Status != swarm.ReadMore || v.Missing != "the year" {
		t.Errorf("%+v", v)
	}
	if r := s.Log()[0].Request; !r.Strict || !strings.Contains(string(r.Schema), `"$defs":{"party"`) {
		t.Errorf("%t %s", r.Strict, r.Schema)
	}
	prompt := asked(t, s, 0)
	for want, there := range map[string]bool{`"answer" follows this JSON Schema: ` + leaseSchema: true, `"evidence" lists the numbers`: true, "After each statement put the number": false} {
		if strings.Contains(prompt, want) != there {
			t.Errorf("%q: want %t", want, there)
		}
	}
}

func TestDataThatRestsOnNothingIsNoAnswer(t *testing.T) {
	l, _ := serve(t, Config{}, say(`{"work":"","answer":`+leaseData+`,"evidence":[],"status":"answered","missing":""}`))
	if text, v, err := merge(t, l, asRecord(leaseSchema), nil); err != nil || text != leaseData || v.Status != swarm.NotInTexts {
		t.Errorf("%q, %v, %v", text, v.Status, err)
	}
}

func TestMergeTellsWhatIsWrongWithData(t *testing.T) {
	for name, c := range map[string]struct{ reply, told string }{
		"another type":    {`{"work":"","answer":{"day":"first","parties":[]},"evidence":[],"status":"answered","missing":""}`, `"day": got string, want integer`},
		"a field more":    {`{"answer":{"day":1,"parties":[],"x":2}}`, `"answer" does not follow its schema: additional properties 'x' not allowed`},
		"prose":           {`It is due on the first.`, "there is no JSON object in it"},
		"another object":  {`{"due":1}`, `the key "answer" is missing`},
		"prose as answer": {`{"answer":"on the first [1]","status":"answered"}`, "want object"},
	} {
		l, s := serve(t, Config{}, say(c.reply), say(`{"answer":`+leaseData+`,"evidence":[1]}`))
		text, v, err := merge(t, l, asRecord(leaseSchema), found("one"))
		if err != nil || text != leaseData || len(v.Citations) != 1 {
			t.Errorf("%s: %q, %v", name, text, err)
			continue
		}
		if mend := asked(t, s, 1); !strings.Contains(mend, c.told) {
			t.Errorf("%s: told\n%s", name, mend[strings.LastIndex(mend, "user:"):])
		}
		l, _ = serve(t, Config{Mends: -1}, say(c.reply))
		if text, _, err := merge(t, l, asRecord(leaseSchema), found("one")); err == nil || text != "" || !strings.Contains(err.Error(), "no answer of the schema in 1 replies") {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

func TestMergeReadsDataWhereThereIsOneWayToTakeIt(t *testing.T) {
	quoted, _ := json.Marshal(leaseData)
	for name, reply := range map[string]string{
		"a fence":             "Here {it} is:\n```json\n{\"answer\":" + leaseData + "}\n```",
		"text that is JSON":   `{"answer":` + string(quoted) + `,"status":"answered"}`,
		"the data alone":      leaseData,
		"the model's schema":  `{"answer":{"type":"object"}} {"answer":` + leaseData + `}`,
		"keys in other cases": `{"Answer":` + leaseData + `}`,
	} {
		l, _ := serve(t, Config{Mends: -1}, say(reply))
		if text, v, err := merge(t, l, asRecord(leaseSchema), found("one")); err != nil || text != leaseData || v.Status != swarm.Answered {
			t.Errorf("%s: %q, %+v, %v", name, text, v, err)
		}
	}
	own := `{"type":"object","properties":{"answer":{"type":"string"}},"required":["answer"],"additionalProperties":false}`
	for _, reply := range []string{`{"answer":"yes"}`, `{"answer":{"answer":"yes"},"evidence":[]}`} {
		l, _ := serve(t, Config{}, say(reply))
		if text, _, err := merge(t, l, asRecord(own), nil); err != nil || text != `{"answer":"yes"}` {
			t.Errorf("%q, %v", text, err)
		}
	}
}

func TestAPartOfTheDataIsNoAnswer(t *testing.T) {
	const tree = `{"type":"object","properties":{"name":{"type":"string"},"kids":{"type":"array","items":{"$ref":"#"}}},"required":["name","kids"],"additionalProperties":false}`
	for _, reply := range []mock.Reply{
		{Text: `{"answer":{"name":"root","kids":[{"name":"leaf","kids":[]},`, Unchecked: true, Finish: "length"},
		say(`{"answer":{"name":"root","kids":[{"name":"leaf","kids":[]},]}}`),
	} {
		l, _ := serve(t, Config{Mends: -1}, reply)
		if text, _, err := merge(t, l, asRecord(tree), found("one")); err == nil || text != "" {
			t.Errorf("%q, %v", text, err)
		}
	}
}

func TestABadSchemaOfTheAnswerIsToldBeforeACall(t *testing.T) {
	for _, schema := range []string{`{"type":"odd"}`, `{"$ref":"#/$defs/none"}`, `{"$ref":"https://example.com/s.json"}`} {
		l, s := serve(t, Config{})
		run := swarm.Swarm{Planner: l, Worker: swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) { return swarm.Say("x"), nil })}
		b := asRecord(schema)
		_, err := run.Run(t.Context(), b.Task)
		if err == nil || !strings.Contains(err.Error(), "Task.Schema: the schema") || len(s.Log()) > 0 {
			t.Errorf("%s: %v, %d calls", schema, err, len(s.Log()))
		}
		if _, _, err := merge(t, l, b, nil); err == nil || len(s.Log()) > 0 {
			t.Errorf("%s: %v, %d calls", schema, err, len(s.Log()))
		}
		b.Task.Schema = json.RawMessage(`{"type":`)
		if _, err := run.Run(t.Context(), b.Task); err == nil || !strings.Contains(err.Error(), "Task.Schema is not JSON") {
			t.Error(err)
		}
	}
}

// What strict mode does not take is told in the prompt, and checked here.
func TestASchemaThatStrictModeDoesNotTakeIsFollowed(t *testing.T) {
	const loose = `{"type":"object","properties":{"day":{"type":"integer"},"note":{"type":"string","maxLength":9}},"required":["day"]}`
	calls := 0
	l, s := serveBrain(t, Config{}, func(_ context.Context, r mock.Request) (mock.Reply, error) {
		if calls++; calls == 1 {
			return mock.Reply{Text: `{"answer":{"day":1,"note":"far too long"}}`, Unchecked: true}, nil
		}
		return mock.Reply{Text: `{"answer":{"day":1}}`, Unchecked: true}, nil
	})
	text, _, err := merge(t, l, asRecord(loose), found("one"))
	if err != nil || text != `{"day":1}` || len(s.Log()) != 3 { // the first is refused
		t.Errorf("%q, %v, %d requests", text, err, len(s.Log()))
	}
}

func TestPartsAreMergedIntoText(t *testing.T) {
	l, s := serve(t, Config{}, say(`{"work":"","answer":"a part [1]","status":"answered","missing":""}`))
	b := asRecord(leaseSchema)
	b.MaxOut = 400
	text, _, err := merge(t, l, b, found("one"))
	if err != nil || text != "a part [1]" || strings.Contains(string(s.Log()[0].Request.Schema), "parties") {
		t.Errorf("%q, %v", text, err)
	}
}

func TestThePlanKnowsWhatTheAnswerWillBe(t *testing.T) {
	if p := DefaultPlanPrompt(asRecord(leaseSchema), 10_000); !strings.Contains(p.User, "The answer will be data of this JSON Schema: "+leaseSchema) {
		t.Error(p.User)
	}
}
