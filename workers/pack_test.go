package workers

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

const (
	colour = `{"type":"object","properties":{"item":{"type":"integer"},"value":{"type":"object","properties":{"colour":{"type":"string","enum":["red","blue"]}},"required":["colour"],"additionalProperties":false}},"required":["item","value"],"additionalProperties":false}`
	of1    = `{"data":{"item":1,"value":{"colour":"red"}},"confidence":0.9}`
)

func packed() swarm.Subtask {
	return swarm.Subtask{
		Step: &swarm.Step{ID: "1/map", Do: "Name the colour.", Over: swarm.Items, Must: true, Schema: json.RawMessage(colour)},
		Item: "1: \"a rose\"\n2: \"the sea\"\n", Pack: 2,
	}
}

func TestWhatCanBeReadOfAPackIsTakenAtOnce(t *testing.T) {
	s := says(`{"findings":[` + of1 + `,{"data":{"item":2,"value":{"colour":"wet"}},"confidence":0.9}]}`)
	out, err := s.pool(t, Config{}).Work(t.Context(), packed())
	if err != nil || len(s.seen) != 1 || len(out.Findings) != 1 || out.Doubts != nil || string(out.Findings[0].Data) != `{"item":1,"value":{"colour":"red"}}` {
		t.Fatalf("%v, %d calls, %+v", err, len(s.seen), out)
	}
	prompt := s.seen[0].prompt()
	for _, part := range []string{"one finding for each of the numbered items", "Items, a numbered line each:", "2: \"the sea\"", "JSON Schema: " + colour} {
		if !strings.Contains(strings.ToLower(prompt), strings.ToLower(part)) {
			t.Errorf("the prompt does not say %q:\n%s", part, prompt)
		}
	}
	if strings.Contains(prompt, oneRule) {
		t.Error("the prompt asks for one finding")
	}
}

func TestAPackOfWhichNothingCanBeReadIsAskedForOnceMore(t *testing.T) {
	s := says(`{"findings":[]}`, `{"findings":[`+of1+`]}`)
	out, err := s.pool(t, Config{}).Work(t.Context(), packed())
	if err != nil || len(s.seen) != 2 || len(out.Findings) != 1 {
		t.Fatalf("%v, %d calls, %+v", err, len(s.seen), out)
	}
}

func TestThatThereIsNothingMayBeTheAnswer(t *testing.T) {
	s := says(`{"findings":[{"data":{"phone":null},"confidence":1}]}`)
	st := swarm.Subtask{Item: `"no number here"`, Step: &swarm.Step{Do: "Find the number.", Over: swarm.Items, Must: true, Schema: json.RawMessage(`{"type":"object","properties":{"phone":{"type":["string","null"]}},"required":["phone"],"additionalProperties":false}`)}}
	out, err := s.pool(t, Config{}).Work(t.Context(), st)
	if err != nil || len(out.Findings) != 1 || string(out.Findings[0].Data) != `{"phone":null}` || len(s.seen) != 1 {
		t.Errorf("%v, %d calls, %+v", err, len(s.seen), out)
	}
}

func TestARecordThatIsNoObjectIsRefusedWithoutACall(t *testing.T) {
	for schema, want := range map[string]string{
		`{"type":"array","items":{"type":"string"}}`: "a record is an object",
		`{"type":"odd"}`: "the schema",
	} {
		s := says(nothing)
		_, err := s.pool(t, Config{}).Work(t.Context(), swarm.Subtask{Step: &swarm.Step{Do: "x", Schema: json.RawMessage(schema)}})
		if err == nil || !strings.Contains(err.Error(), want) || len(s.seen) > 0 {
			t.Errorf("%s: %v, %d calls", schema, err, len(s.seen))
		}
	}
}

// The mock refuses what strict mode does, and checks a brain's reply against the
// schema that it was sent.
func TestSchemasOfRecordsWorkAtAStrictServer(t *testing.T) {
	for name, c := range map[string]struct {
		schema  string
		learned int
	}{
		"with definitions":    {`{"type":"object","properties":{"kind":{"$ref":"#/$defs/kind"},"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["kind","next"],"additionalProperties":false,"$defs":{"kind":{"type":"string","enum":["lease","sale"]}}}`, 0},
		"not for strict mode": {`{"type":"object","properties":{"kind":{"type":"string","minLength":2},"next":{"type":"null"}},"required":["kind"]}`, 1},
	} {
		small := mock.Small()
		small.Brain = func(_ context.Context, r mock.Request) (mock.Reply, error) {
			return mock.Reply{Text: `{"findings":[{"data":{"kind":"lease","next":null},"quote":"tenant pays rent","confidence":1}]}`}, nil
		}
		p, err := NewPool(Config{Backends: []model.Backend{{Model: small.ID, BaseURL: "http://mock/v1", Client: &http.Client{Transport: mock.NewHandler(mock.Config{Models: []mock.Model{small}}).Transport()}}}})
		if err != nil {
			t.Fatal(err)
		}
		learned := 0
		st := overLease()
		st.Step.ID, st.Step.Schema = "find", json.RawMessage(c.schema)
		run := swarm.Swarm{Planner: planOf(*st.Step), Worker: p, Observe: func(e swarm.Event) {
			if e.Kind == swarm.Learned {
				learned++
			}
		}}
		a, err := run.Run(t.Context(), swarm.Task{Goal: "Which kind?", Sources: []swarm.Source{{Name: "lease.txt", Chunks: []swarm.Chunk{*lease()}}}})
		if err != nil || a.Coverage.Done != 1 || learned != c.learned {
			t.Errorf("%s: %v, %+v, %d lessons", name, err, a.Coverage, learned)
		}
	}
}
