package planner

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

func TestMain(m *testing.M) { canary.Main(func() { m.Run() }) }

// serve makes a planner on a model that gives the replies in order, and the
// server, whose log says what was asked.
func serve(t testing.TB, c Config, replies ...mock.Reply) (*LLM, *mock.Server) {
	return serveBrain(t, c, mock.Script(replies...))
}

func serveBrain(t testing.TB, c Config, brain mock.Brain) (*LLM, *mock.Server) {
	t.Helper()
	s := mock.NewHandler(mock.Config{Models: []mock.Model{{ID: "large", Brain: brain}}})
	if c.Backends == nil {
		c.Backends = make([]model.Backend, 1)
	}
	b := &c.Backends[0]
	b.Model, b.BaseURL, b.Key, b.Client = "large", "http://mock/v1", canary.Key, &http.Client{Transport: s.Transport()}
	l, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return l, s
}

// say is a reply that need not follow the schema.
func say(text string) mock.Reply { return mock.Reply{Text: text, Unchecked: true} }

// broken is a stream that says text and then breaks off.
func broken(text string) mock.Reply {
	return mock.Reply{Raw: &mock.Raw{
		Header: http.Header{"Content-Type": {"text/event-stream"}},
		Pieces: mock.Events(fmt.Sprintf(`{"id":"x","object":"chat.completion.chunk","created":1,"model":"large","choices":[{"index":0,"delta":{"role":"assistant","content":%q},"finish_reason":null}]}`, text)),
		End:    mock.EndCut,
	}}
}

// asked returns the messages of the n-th request, joined.
func asked(t testing.TB, s *mock.Server, n int) string {
	t.Helper()
	log := s.Log()
	if n >= len(log) {
		t.Fatalf("%d requests, want more than %d", len(log), n)
	}
	var b strings.Builder
	for _, m := range log[n].Request.Messages {
		b.WriteString(m.Role + ": " + m.Content + "\n")
	}
	return b.String()
}

// adder accepts steps as an engine does, as far as the tests need it.
type adder struct {
	steps []swarm.Step
	limit int // steps after which it is closed; 0: never
}

func (a *adder) add(s swarm.Step) error {
	if a.limit > 0 && len(a.steps) == a.limit {
		return swarm.ErrPlanClosed
	}
	if s.Do == "" {
		return &swarm.PlanError{Step: s.ID, Field: "do", Mend: "is empty: say what a worker must do"}
	}
	for _, old := range a.steps {
		if old.ID == s.ID {
			return &swarm.PlanError{Step: s.ID, Field: "id", Value: s.ID, Mend: "is taken"}
		}
	}
	for _, n := range s.Needs {
		if !strings.Contains(a.ids()+" ", " "+n+" ") {
			return &swarm.PlanError{Step: s.ID, Field: "needs", Value: n, Mend: "is not written yet"}
		}
	}
	a.steps = append(a.steps, s)
	return nil
}

func (a *adder) ids() string {
	ids := ""
	for _, s := range a.steps {
		ids += " " + s.ID
	}
	return ids
}

func plan(t testing.TB, l *LLM, b swarm.Brief) (*adder, error) {
	a := &adder{}
	return a, l.Plan(t.Context(), b, a.add)
}

// lease is a brief about two short texts.
func lease() swarm.Brief {
	return swarm.Brief{Run: "r", Round: 1, Task: swarm.Task{
		Goal: "When is the rent due?",
		Sources: []swarm.Source{
			source("lease.txt", "Lease\n  Rent\n  Repairs", "Rent is payable on the 1st of each month.", "The landlord repairs the roof."),
			source("notes.txt", "Notes", "Call the landlord about the roof."),
		},
	}}
}

func source(name, outline string, texts ...string) swarm.Source {
	s := swarm.Source{Name: name, Outline: outline}
	at := 0
	for i, t := range texts {
		s.Chunks = append(s.Chunks, swarm.Chunk{Source: name, ID: fmt.Sprintf("%s#%d", name, i+1), Text: t, Start: at, End: at + len(t)})
		at += len(t) + 1
	}
	return s
}

// found makes results of a step over chunks, one citation each.
func found(texts ...string) []swarm.Result {
	step := &swarm.Step{ID: "1/find", Do: "find the rent", Over: swarm.Chunks}
	var rs []swarm.Result
	for i, text := range texts {
		rs = append(rs, swarm.Result{Step: step, Index: i, Outcome: swarm.Done, Out: swarm.Output{Findings: []swarm.Finding{{
			Text: text, Confidence: 0.9,
			Evidence: []swarm.Citation{{Source: "lease.txt", Chunk: fmt.Sprintf("lease.txt#%d", i+1), Start: 10 * i, End: 10*i + 5, Quote: text, Verified: true}},
		}}}})
	}
	return rs
}

// once is a step as a model writes it.
func once(id, do string, needs ...string) string {
	n := ""
	if len(needs) > 0 {
		n = `"` + strings.Join(needs, `","`) + `"`
	}
	return fmt.Sprintf(`{"id":%q,"over":"once","do":%q,"lookup":0,"select":[],"needs":[%s],"output":"findings","fields":[],"note":""}`, id, do, n)
}

func steps(s ...string) string { return `{"steps":[` + strings.Join(s, ",") + `]}` }
