package workers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

// toolRun is what came of a run whose workers have tools.
type toolRun struct {
	*swarm.Answer
	err    error
	log    []mock.Entry // of the calls
	called []swarm.Event
	learnt []string
	took   time.Duration
}

func (r toolRun) results() []*swarm.Result { return slices.Collect(r.Results()) }

// said returns what the nth request ends with: its last message.
func (r toolRun) said(n int) string {
	ms := r.log[n].Request.Messages
	return ms[len(ms)-1].Content
}

// withTools runs steps on a pool with the tools, over a model that the brain thinks for.
func withTools(t *testing.T, c workers.Config, s swarm.Swarm, m mock.Model, steps ...swarm.Step) (r toolRun) {
	t.Helper()
	m.ID, m.Price = "mock-small", &mock.Price{In: 1, Out: 1}
	server := mock.NewHandler(mock.Config{Models: []mock.Model{m}, Keep: -1})
	c.Backends = []model.Backend{{
		BaseURL: "http://mock/v1", Model: m.ID, Client: &http.Client{Transport: server.Transport()},
		Price: &swarm.Price{In: swarm.Dollar, Out: swarm.Dollar},
	}}
	p, err := workers.NewPool(c)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s.Planner, s.Worker, s.Tools = planner.Fixed{Steps: steps}, workers.Check(p, workers.Quotes), c.Tools
	s.Observe = func(e swarm.Event) {
		switch e.Kind {
		case swarm.ToolCalled:
			r.called = append(r.called, e)
		case swarm.Learned:
			r.learnt = append(r.learnt, e.Text)
		}
	}
	start := time.Now()
	r.Answer, r.err = s.Run(t.Context(), swarm.Task{Goal: "What is the rent?"})
	r.took, r.log = time.Since(start), server.Log()
	return r
}

type query struct {
	Q string `json:"q" jsonschema:"what to look for"`
}

const rent = "The rent of 7 Quay Road is 900 euros a month.\nPets are not allowed."

// searching is a tool that finds the rent, after what before does.
func searching(before func(ctx context.Context, q query) error) swarm.Tool {
	return workers.Tool("search", "finds texts", func(ctx context.Context, q query) (string, error) {
		if before != nil {
			if err := before(ctx, q); err != nil {
				return "", err
			}
		}
		return rent, nil
	})
}

func look(items ...string) swarm.Step {
	return swarm.Step{ID: "look", Do: "Find the rent.", Over: swarm.Items, Items: items, Tools: []string{"search"}}
}

func call(name, arguments string) mock.ToolCall {
	return mock.ToolCall{Name: name, Arguments: arguments}
}

func calls(cs ...mock.ToolCall) mock.Reply { return mock.Reply{ToolCalls: cs} }

func finding(answerAndQuotes ...string) mock.Reply {
	list := []any{}
	for i := 0; i < len(answerAndQuotes); i += 2 {
		list = append(list, map[string]any{"answer": answerAndQuotes[i], "quote": answerAndQuotes[i+1], "confidence": .9})
	}
	text, _ := json.Marshal(map[string]any{"findings": list})
	return mock.Reply{Text: string(text)}
}

var paid = finding("900 euros", "The rent of 7 Quay Road is 900 euros a month.")

// turns replies by how many turns with tools the request tells of.
func turns(replies ...mock.Reply) mock.Brain {
	return func(_ context.Context, r mock.Request) (mock.Reply, error) {
		n := 0
		for _, m := range r.Messages[1:] {
			if m.Role == "assistant" {
				n++
			}
		}
		return replies[min(n, len(replies)-1)], nil
	}
}

func TestWhatToolsReturnIsCitedAndVerified(t *testing.T) {
	step := look("7 Quay Road")
	step.Tools = append(step.Tools, "search") // models write such
	said := finding("900 euros", "The rent of 7 Quay Road is 900 euros a month.", "cheap", "It is the cheapest house.")
	r := withTools(t, workers.Config{Tools: []swarm.Tool{searching(nil)}}, swarm.Swarm{},
		mock.Model{Brain: turns(calls(call("search", `{"q":"rent"}`)), said)}, step)
	if r.err != nil {
		t.Fatal(r.err)
	}
	res := r.results()[0]
	want := swarm.Citation{
		Source: "tool:search", Chunk: "tool:search#1", Path: `{"q":"rent"}`, Line: 1,
		End: 45, Quote: "The rent of 7 Quay Road is 900 euros a month.", Verified: true,
	}
	var cites []swarm.Citation
	for c := range res.Out.Evidence() {
		cites = append(cites, *c)
	}
	if len(cites) != 2 || cites[0] != want || cites[1].Verified || len(res.Out.Doubts) == 0 {
		t.Errorf("%+v, doubts %q", cites, res.Out.Doubts)
	}
	if !strings.Contains(r.Text, "900 euros [1]") || r.Citations[0] != want {
		t.Errorf("the answer is %q with %+v", r.Text, r.Citations)
	}
	// What Check asks again shows the result, and the next one has another number.
	if read := res.Out.Read; len(read) < 2 || read[0].Text != rent || read[1].ID != "tool:search#2" {
		t.Errorf("%d texts were read", len(res.Out.Read))
	}
	if again := r.log[2].Request; len(again.Messages) != 2 || !strings.Contains(again.Messages[1].Content, rent) || !strings.Contains(again.Messages[1].Content, "Source: tool:search") {
		t.Errorf("the second time the model was told %q", again.Messages)
	}
	if e := r.called[0]; len(r.called) != 2 || e.Text != "search" || e.Step != "1/look" || e.Err != nil || r.Report.Tools["search"] != 2 {
		t.Errorf("%d events, the first %+v; the report counts %v", len(r.called), e, r.Report.Tools)
	}
	first := r.log[0].Request
	if len(first.Tools) != 1 || first.Tools[0].Description != "finds texts" || first.Schema != nil {
		t.Errorf("sent with %+v and the schema %s", first.Tools, first.Schema)
	}
	if told := r.log[1].Request.Messages[3]; told.Role != "tool" || !strings.HasPrefix(told.Content, "tool:search#1\n<data-") || r.log[1].Request.Messages[2].ToolCalls[0].ID != told.ToolCallID {
		t.Errorf("the result was told as %+v", told)
	}
}

func TestFaultsOfCallsAreToldToTheModel(t *testing.T) {
	tools := []swarm.Tool{
		searching(func(context.Context, query) error { return errors.New("never called") }),
		workers.Tool("fails", "", func(context.Context, struct{}) (string, error) { return "", errors.New("no index") }),
		workers.Tool("panics", "", func(context.Context, struct{}) (string, error) { panic("out of bounds") }),
		workers.Tool("exits", "", func(context.Context, struct{}) (string, error) { runtime.Goexit(); return "", nil }),
		workers.Tool("hangs", "", func(ctx context.Context, _ struct{}) (string, error) { <-ctx.Done(); return "", ctx.Err() }),
		workers.Tool("late", "", func(context.Context, struct{}) (string, error) { time.Sleep(5 * time.Minute); return "late", nil }),
		workers.Tool("nothing", "", func(context.Context, struct{}) (string, error) { return " ", nil }),
	}
	tools[4].Time = time.Second
	step := look("x")
	for _, tool := range tools[1:] {
		step.Tools = append(step.Tools, tool.Name)
	}
	for name, c := range map[string]struct {
		call mock.ToolCall
		told string
		took time.Duration
	}{
		"wrong type":       {call("search", `{"q":7}`), `"q": got number, want string`, 0},
		"missing":          {call("search", ``), `missing property 'q'`, 0},
		"unknown argument": {call("search", `{"q":"a","page":2}`), `additional properties 'page' not allowed`, 0},
		"no JSON":          {call("search", `{"q":`), `unexpected EOF`, 0},
		"no such tool":     {call("find", `{}`), `no such tool: there are search, fails`, 0},
		"fails":            {call("fails", ``), `no index`, 0},
		"panics":           {call("panics", `{}`), `panicked: out of bounds`, 0},
		"exits":            {call("exits", `{}`), `ended its goroutine`, 0},
		"hangs":            {call("hangs", `{}`), `it took longer than 1s`, time.Second},
		"ignores its time": {call("late", `{}`), `it took longer than 1m0s`, 5 * time.Minute},
		"returns nothing":  {call("nothing", `{}`), `tool:nothing: nothing`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := withTools(t, workers.Config{Tools: tools}, swarm.Swarm{}, mock.Model{Brain: turns(calls(c.call), finding("none", ""))}, step)
				if r.err != nil || r.Coverage.Done != 1 || r.took != c.took {
					t.Fatalf("%v after %v: %+v", r.err, r.took, r.Coverage)
				}
				if told := r.said(1); !strings.Contains(told, c.told) || strings.Contains(told, "never called") {
					t.Errorf("told %q", told)
				}
			})
		})
	}
}

func TestEndlessLoopsOfCallsAreBounded(t *testing.T) {
	for bound, want := range map[int]int{0: 8, 3: 3} {
		brain := func(_ context.Context, r mock.Request) (mock.Reply, error) {
			if len(r.Tools) > 0 {
				return calls(call("search", `{"q":"more"}`)), nil
			}
			return paid, nil
		}
		r := withTools(t, workers.Config{Tools: []swarm.Tool{searching(nil)}, ToolTurns: bound}, swarm.Swarm{}, mock.Model{Brain: brain}, look("x"))
		if len(r.called) != want || len(r.log) != want+1 || r.Coverage.Done != 1 || !r.Citations[0].Verified {
			t.Errorf("%d calls of the tool, %d of the model: %v, %+v", len(r.called), len(r.log), r.err, r.Citations)
		}
		last := r.log[want].Request
		if last.SchemaName != "findings" || !strings.Contains(r.said(want), "No tool can be called any more") || !strings.Contains(r.said(want), rent) {
			t.Errorf("the last request has the schema %q and ends %q", last.SchemaName, r.said(want))
		}
	}
	// One that goes on even so fails in the end.
	stubborn := mock.Reply{Text: `{"tool":"search","arguments":{"q":"more"}}`, Unchecked: true}
	r := withTools(t, workers.Config{Tools: []swarm.Tool{searching(nil)}}, swarm.Swarm{}, mock.Model{Brain: turns(stubborn)}, look("x"))
	if res := r.results()[0]; res.Outcome != swarm.Failed || len(r.called) != 8 || len(r.log) != 10 || !strings.Contains(res.Err.Error(), "cannot be read") {
		t.Errorf("%d calls of the tool, %d of the model: %v", len(r.called), len(r.log), res.Err)
	}
}

func TestResultsOfToolsAreCutWhereThereIsNoRoom(t *testing.T) {
	long := workers.Tool("search", "finds texts", func(context.Context, query) (string, error) { return strings.Repeat("word ", 3000), nil })
	brain := turns(calls(call("search", `{"q":"a"}`), call("search", `{"q":"b"}`)), finding("words", "word word"))
	r := withTools(t, workers.Config{Tools: []swarm.Tool{long}, ToolTokens: 500}, swarm.Swarm{}, mock.Model{Brain: brain}, look("x"))
	read := r.results()[0].Out.Read
	if tokens := swarm.EstimateTokens(read[0].Text); len(read) != 1 || tokens > 500 || tokens < 450 {
		t.Errorf("%d texts, the first of %d tokens", len(read), swarm.EstimateTokens(read[0].Text))
	}
	if last := r.log[1].Request; len(last.Tools) > 0 || !strings.Contains(r.said(1), "cut: there is no room") || !strings.Contains(r.said(1), "tool:search: nothing (cut") {
		t.Errorf("the last request offers %d tools, and ends %.300q", len(last.Tools), r.said(1))
	}
}

func TestCallsOfOneTurnRunAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tool := searching(func(context.Context, query) error { time.Sleep(time.Second); return nil })
		var many []mock.ToolCall
		for i := range 18 {
			many = append(many, call("search", fmt.Sprintf(`{"q":"%d"}`, i)))
		}
		r := withTools(t, workers.Config{Tools: []swarm.Tool{tool}}, swarm.Swarm{}, mock.Model{Brain: turns(calls(many...), paid)}, look("x"))
		if r.took != time.Second || len(r.called) != 16 || r.Coverage.Done != 1 {
			t.Errorf("%d calls took %v: %+v", len(r.called), r.took, r.Coverage)
		}
		ms := r.log[1].Request.Messages
		for i, m := range ms[3:19] { // in the order of the calls
			if !strings.HasPrefix(m.Content, fmt.Sprintf("tool:search#%d\n", i+1)) {
				t.Errorf("result %d is %.40q", i, m.Content)
			}
		}
		if !strings.Contains(r.said(1), "at most 16 calls") {
			t.Errorf("told %q", r.said(1))
		}
	})
}

// A server that refuses tools is asked in words from then on, also where it says so
// by an odd status.
func TestServersWithoutToolsAreFoundOut(t *testing.T) {
	by := mock.Reply{Text: "Let me look.\n{\"tool\": \"search\", \"arguments\": {\"q\": \"rent\"}}\n{\"tool\": \"search\", \"arguments\": {\"q\": \"fee\"}}"}
	refuses := func(status int, says string) mock.Model {
		brain := turns(by, paid)
		return mock.Model{Brain: func(ctx context.Context, r mock.Request) (mock.Reply, error) {
			if len(r.Tools) > 0 {
				return mock.Reply{}, &mock.Error{Status: status, Message: says}
			}
			return brain(ctx, r)
		}}
	}
	for name, m := range map[string]mock.Model{
		"Ollama":     {Brain: turns(by, paid), NoTools: true},
		"vLLM":       refuses(400, `"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set`),
		"llama.cpp":  refuses(500, "tools param requires --jinja flag"),
		"OpenRouter": refuses(404, "No endpoints found that support tool use."),
		"OpenAI":     refuses(400, "Function tools with reasoning_effort are not supported for this model."),
	} {
		t.Run(name, func(t *testing.T) {
			r := withTools(t, workers.Config{Tools: []swarm.Tool{searching(nil)}}, swarm.Swarm{Concurrency: 1}, m, look("x", "y"))
			if r.err != nil || r.Coverage.Done != 2 || len(r.log) != 5 || r.Report.Tools["search"] != 4 || len(r.learnt) != 1 {
				t.Fatalf("%d calls, learnt %q: %v, %+v", len(r.log), r.learnt, r.err, r.Coverage)
			}
			if c := r.Citations[0]; !c.Verified || c.Chunk != "tool:search#1" {
				t.Errorf("%+v", c)
			}
			first, second := r.log[1].Request, r.log[2].Request
			if sys := first.Messages[0].Content; len(first.Tools) > 0 || first.JSON || !strings.Contains(sys, `{"tool": "name"`) || !strings.Contains(sys, `"what to look for"`) {
				t.Errorf("the first request: %+v", first)
			}
			if ms := second.Messages; len(ms) != 4 || ms[2].Content != "{\"tool\":\"search\",\"arguments\":{\"q\": \"rent\"}}\n{\"tool\":\"search\",\"arguments\":{\"q\": \"fee\"}}\n" || ms[3].Role != "user" || !strings.Contains(ms[3].Content, "tool:search#2") {
				t.Errorf("the second request: %+v", ms)
			}
		})
	}
}

// A tool that asks a person gives the subtask's place away meanwhile, and hears no.
func TestAToolMayAskAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := make(chan string)
		answer := make(chan bool)
		var mu sync.Mutex
		var diary []string
		note := func(s string) {
			mu.Lock()
			defer mu.Unlock()
			diary = append(diary, s)
		}
		order := workers.Tool("order", "orders a key", func(ctx context.Context, q query) (string, error) {
			unpark := swarm.Park(ctx)
			defer unpark()
			asked <- q.Q
			if !<-answer {
				return "", errors.New("the person says no")
			}
			return "ordered", nil
		})
		order.Time = 24 * time.Hour
		go func() {
			note("asked about " + <-asked)
			time.Sleep(time.Hour)
			note("no")
			answer <- false
		}()
		brain := func(_ context.Context, r mock.Request) (mock.Reply, error) {
			last := r.Messages[len(r.Messages)-1].Content
			switch {
			case strings.Contains(last, "the person says no"):
				note("told")
				return finding("it was not ordered", ""), nil
			case len(r.Tools) > 0:
				return calls(call("order", `{"q":"a key"}`)), nil
			}
			time.Sleep(time.Minute)
			note("the other subtask")
			return yes, nil
		}
		step := look("the key")
		step.Tools = []string{"order"}
		other := swarm.Step{ID: "other", Do: "Say whether it is so.", Over: swarm.Once}
		r := withTools(t, workers.Config{Tools: []swarm.Tool{order}}, swarm.Swarm{Concurrency: 1}, mock.Model{Brain: brain}, step, other)
		if want := []string{"asked about a key", "the other subtask", "no", "told"}; r.err != nil || r.Coverage.Done != 2 || !slices.Equal(diary, want) {
			t.Errorf("%v, %+v, %q", r.err, r.Coverage, diary)
		}
		if e := r.called[0]; e.Wait != time.Hour || e.Err == nil || !strings.Contains(e.Err.Error(), "says no") {
			t.Errorf("%+v", e)
		}
	})
}

func TestABudgetStopsALoop(t *testing.T) {
	r := withTools(t, workers.Config{Tools: []swarm.Tool{searching(nil)}}, swarm.Swarm{Budget: swarm.Budget{Calls: 3}},
		mock.Model{Brain: turns(calls(call("search", `{"q":"more"}`)))}, look("x"))
	res := r.results()[0]
	if _, budget := errors.AsType[*swarm.BudgetError](res.Err); !budget || res.Outcome != swarm.Failed || len(r.log) != 3 || r.Report.Usage.Calls != 3 {
		t.Errorf("%d calls: %v", len(r.log), res.Err)
	}
}

func TestToolsThatCannotWorkAreRefused(t *testing.T) {
	good := searching(nil)
	for want, change := range map[string]func(*swarm.Tool){
		"a name is":     func(t *swarm.Tool) { t.Name = "a b" },
		"has no Call":   func(t *swarm.Tool) { t.Call = nil },
		"the schema":    func(t *swarm.Tool) { t.Schema = json.RawMessage(`{"type":7}`) },
		"stands twice":  func(t *swarm.Tool) {},
		`tool "search"`: func(t *swarm.Tool) { t.Schema = nil },
	} {
		bad := good
		change(&bad)
		if _, err := workers.NewPool(workers.Config{Doer: doer{}, Tools: []swarm.Tool{bad, good}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	p, err := workers.NewPool(workers.Config{Doer: doer{}})
	if err != nil {
		t.Fatal(err)
	}
	step := look("x")
	if _, err := p.Work(t.Context(), swarm.Subtask{Step: &step}); err == nil || !strings.Contains(err.Error(), `names the tool "search", which is not in the Tools`) {
		t.Error(err)
	}
}

func TestAToolIsMadeOfAFunction(t *testing.T) {
	tool := workers.Tool("size", "measures", func(_ context.Context, q query) ([]int, error) { return []int{len(q.Q)}, nil })
	if got, err := tool.Call(t.Context(), json.RawMessage(`{"q":"abc"}`)); err != nil || got != `[3]` {
		t.Errorf("%q, %v", got, err)
	}
	double := workers.Tool("double", "", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	if got, err := double.Call(t.Context(), json.RawMessage(`{"value":4}`)); err != nil || got != "8" {
		t.Errorf("%q, %v", got, err)
	}
	for _, want := range []string{`"required":["q"]`, `"description":"what to look for"`, `"additionalProperties":false`} {
		if !strings.Contains(string(tool.Schema), want) {
			t.Errorf("%s lacks %s", tool.Schema, want)
		}
	}
	defer func() {
		if told := fmt.Sprint(recover()); !strings.Contains(told, "odd") {
			t.Errorf("a tool of a function: %v", told)
		}
	}()
	workers.Tool("odd", "", func(context.Context, func()) (string, error) { return "", nil })
}
