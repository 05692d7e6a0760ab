package typed_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/swarm/typed"
	"github.com/db31e724/go-swarm/workers"
)

type base struct {
	ID uint `json:"id"`
}

type money string

func (m *money) UnmarshalText(text []byte) error { *m = money(text); return nil }

type person struct {
	base
	Name  string     `json:"name" jsonschema:"as it is written"`
	Kind  string     `json:"kind" enum:"tenant, landlord"`
	Phone *string    `json:"phone"`
	Rank  *string    `json:"rank" enum:"high,low"`
	Tags  []string   `json:"tags" enum:"new,old"`
	Note  string     `json:"note,omitempty"`
	Since time.Time  `json:"since"`
	Sum   money      `json:"sum"`
	Home  *place     `json:"home"`
	Past  []place    `json:"past"`
	Left  *time.Time `json:"-"`
}

type place struct {
	Town string
	At   [2]float64 `json:"at"`
}

const personSchema = `{"type":"object","properties":{
"id":{"type":"integer"},
"name":{"type":"string","description":"as it is written"},
"kind":{"type":"string","enum":["tenant","landlord"]},
"phone":{"type":["null","string"]},
"rank":{"type":["null","string"],"enum":["high","low",null]},
"tags":{"type":"array","items":{"type":"string","enum":["new","old"]}},
"note":{"type":["string","null"]},
"since":{"type":"string"},
"sum":{"type":"string"},
"home":{"type":["null","object"],"properties":{"Town":{"type":"string"},"at":{"type":"array","items":{"type":"number"},"minItems":2,"maxItems":2}},"required":["Town","at"],"additionalProperties":false},
"past":{"type":"array","items":{"type":"object","properties":{"Town":{"type":"string"},"at":{"type":"array","items":{"type":"number"},"minItems":2,"maxItems":2}},"required":["Town","at"],"additionalProperties":false}}},
"required":["id","name","kind","phone","rank","tags","note","since","sum","home","past"],"additionalProperties":false}`

// same compares JSON but for white space: the order of keys counts.
func same(t *testing.T, got json.RawMessage, err error, want string) {
	t.Helper()
	if want = strings.ReplaceAll(want, "\n", ""); err != nil || string(got) != want {
		t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
	}
}

func TestSchemaIsStrictAndKeepsTheOrderOfFields(t *testing.T) {
	got, err := typed.Schema[person]()
	same(t, got, err, personSchema)
	got, err = typed.Schema[*base]()
	same(t, got, err, `{"type":"object","properties":{"id":{"type":"integer"}},"required":["id"],"additionalProperties":false}`)
	type kind struct {
		Of string `json:"of" enum:"a,b"`
	}
	got, err = typed.Schema[struct{ A, B kind }]()
	if n := strings.Count(string(got), `{"of":{"type":"string","enum":["a","b"]}}`); err != nil || n != 2 {
		t.Errorf("%v %s", err, got)
	}
	got, err = typed.Schema[[]string]()
	same(t, got, err, `{"type":"object","properties":{"value":{"type":"array","items":{"type":"string"}}},"required":["value"],"additionalProperties":false}`)
}

type tree struct {
	Kids []tree `json:"kids"`
}

type own struct{}

func (*own) UnmarshalJSON([]byte) error { return nil }

func TestWhatNoStrictSchemaCanSayIsTold(t *testing.T) {
	for want, schema := range map[string]func() (json.RawMessage, error){
		"struct { A []map[string]int }.A is a map": typed.Schema[struct{ A []map[string]int }],
		`.b is of bytes`: typed.Schema[struct {
			B []byte `json:"b"`
		}],
		"B.C is of type interface {}":             typed.Schema[struct{ B struct{ C any } }],
		"cycle detected for type typed_test.tree": typed.Schema[tree],
		"typed_test.own, whose JSON is not known": typed.Schema[[]own],
		"L is of bytes":                           typed.Schema[struct{ L json.RawMessage }],
		"chan":                                    typed.Schema[chan int],
	} {
		if _, err := schema(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// The mock refuses what strict mode refuses, and its plain brain fills any schema.
func TestSchemasPassAStrictServer(t *testing.T) {
	s := mock.NewHandler(mock.Config{})
	p, err := workers.NewPool(workers.Config{Backends: []model.Backend{{Model: "mock-small", BaseURL: "http://mock/v1", Client: &http.Client{Transport: s.Transport()}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	type flat struct {
		Depth int    `json:"depth"`
		Kind  string `json:"kind" enum:"lake,river"`
		Home  *place `json:"home"`
	}
	const item = "How deep is Lake Orn? Lake Orn lies at the foot of the hills. It is 41 metres deep."
	learned := ""
	for r, err := range typed.Map[string, flat](t.Context(), p, func(yield func(string) bool) { yield(item) }, "How deep is Lake Orn?",
		typed.WithObserve(func(e swarm.Event) {
			if e.Kind == swarm.Learned {
				learned += e.Text
			}
		})) {
		if err != nil || r.Err != nil || r.Out.Kind != "lake" || learned != "" {
			t.Errorf("%v %+v %s", err, r, learned)
		}
	}
	for r, err := range typed.Map[string, []string](t.Context(), p, func(yield func(string) bool) { yield(item) }, "How deep is Lake Orn?") {
		if err != nil || r.Err != nil || len(r.Out) == 0 {
			t.Errorf("%v %+v", err, r)
		}
	}
}

func TestDecodeReadsFindingsResultsAndAnswers(t *testing.T) {
	f := swarm.Finding{Text: "id: 7", Data: json.RawMessage(`{"id":7}`)}
	r := &swarm.Result{Out: swarm.Output{Findings: []swarm.Finding{f}}}
	a := &swarm.Answer{Text: `{"id":7}`}
	for _, decode := range []func() (base, error){
		func() (base, error) { return typed.Decode[base](f) },
		func() (base, error) { return typed.Decode[base](&f) },
		func() (base, error) { return typed.Decode[base](r) },
		func() (base, error) { return typed.Decode[base](a) },
		func() (base, error) { return typed.Decode[base](swarm.Finding{Text: a.Text}) },
	} {
		if got, err := decode(); err != nil || got.ID != 7 {
			t.Error(got, err)
		}
	}
	if got, err := typed.Decode[[]int](&swarm.Answer{Text: `{"value":[1,2]}`}); err != nil || len(got) != 2 {
		t.Error(got, err)
	}
	broken := errors.New("broken")
	for want, decode := range map[string]func() (base, error){
		"there is no record": func() (base, error) { return typed.Decode[base](&swarm.Result{}) },
		"broken":             func() (base, error) { return typed.Decode[base](&swarm.Result{Err: broken}) },
		"2 findings":         func() (base, error) { return typed.Decode[base](&swarm.Result{Out: swarm.Say("a", "b")}) },
		`"prose" is no such record: invalid character`: func() (base, error) { return typed.Decode[base](&swarm.Answer{Text: "prose", Complete: true}) },
		"not complete: round 1: x; step a failed": func() (base, error) {
			return typed.Decode[base](&swarm.Answer{Text: "prose", Coverage: swarm.Coverage{PlanCut: "round 1: x", Missing: []string{"step a failed"}}})
		},
		"not complete: step b failed": func() (base, error) {
			return typed.Decode[base](&swarm.Answer{Text: "prose", Coverage: swarm.Coverage{Missing: []string{"step b failed"}}})
		},
		`no "value"`: func() (base, error) {
			_, err := typed.Decode[int](a)
			return base{}, err
		},
	} {
		if _, err := decode(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestASwarmMayBeTheWorker(t *testing.T) {
	inner := &swarm.Swarm{Planner: answering(`{"id":3}`), Worker: swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) { return swarm.Say("x"), nil })}
	rs, err := all(t, typed.Map[in, base](t.Context(), inner, ins(2), "Find the number."))
	if err != nil || len(rs) != 2 || rs[1].Err != nil || rs[1].Out.ID != 3 {
		t.Errorf("%v %+v", err, rs)
	}
}

// answering is a planner of one step that answers with a text.
type answering string

func (answering) Plan(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error {
	return once{}.Plan(ctx, b, add)
}
func (answering) Window() int { return 0 }
func (a answering) Merge(_ context.Context, _ swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	_, err := w.Write([]byte(a))
	return swarm.Verdict{}, err
}
