package swarm_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

var (
	largePrice = &swarm.Price{In: 5 * swarm.Dollar, Cached: swarm.Dollar / 2, Out: 15 * swarm.Dollar}
	smallPrice = &swarm.Price{In: swarm.Dollar / 10, Out: swarm.Dollar / 2}
)

// call makes a call of a model as a worker or planner does.
func call(ctx context.Context, model string, price *swarm.Price, used swarm.Usage, met error) error {
	reserved, err := swarm.Reserve(ctx, swarm.Call{Model: model, Price: price})
	if err != nil {
		return err
	}
	reserved.Settle(used, met)
	reserved.Settle(used, met) // counts once
	return met
}

func TestTheLedgerCountsEveryAttemptOnceByRoleModelAndSubtask(t *testing.T) {
	p := script{
		plan: func(ctx context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
			return errors.Join(add(each("a", "b")), call(ctx, "large", largePrice, swarm.Usage{In: 1000, Cached: 400, Out: 100}, nil))
		},
	}
	w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Item == "a" {
			_ = call(ctx, "small", smallPrice, swarm.Usage{In: 10, AtLeast: true, Calls: 99, Cost: 99}, errBroken)
			_ = call(ctx, "free", &swarm.Price{}, swarm.Usage{In: 10, Out: 1}, nil)
		} else {
			_ = call(ctx, "odd", nil, swarm.Usage{In: 30, Out: 3}, nil)
		}
		return swarm.Say("x"), nil
	}
	var l log
	src := sourceOf("doc", strings.Repeat("word ", 1000), "more")
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(w), Observe: l.observe}
	a, err := s.Run(t.Context(), swarm.Task{Goal: "g", Sources: []swarm.Source{src}})
	if err != nil {
		t.Fatal(err)
	}
	large := swarm.Usage{Calls: 1, In: 1000, Cached: 400, Out: 100, Cost: 600*5000 + 400*500 + 100*15000}
	small := swarm.Usage{Calls: 1, In: 10, Cost: 1000, AtLeast: true}
	free := swarm.Usage{Calls: 1, In: 10, Out: 1}
	odd := swarm.Usage{Calls: 1, In: 30, Out: 3, Unpriced: true}
	workers := small.Plus(free).Plus(odd)
	r := a.Report
	for what, c := range map[string][2]swarm.Usage{
		"all": {r.Usage, large.Plus(workers)}, "planner": {r.Roles[swarm.RolePlanner], large}, "workers": {r.Roles[swarm.RoleWorker], workers},
		"large": {r.Models["large"], large}, "small": {r.Models["small"], small}, "free": {r.Models["free"], free}, "odd": {r.Models["odd"], odd},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: %+v, want %+v", what, c[0], c[1])
		}
	}
	for res := range a.Results() {
		want, attempts := small.Plus(free), 2
		if res.Index == 1 {
			want, attempts = odd, 1
		}
		if *res.Usage != want || res.Attempts != attempts {
			t.Errorf("%s: %+v, %d attempts", res.ID(), *res.Usage, res.Attempts)
		}
	}
	calls := l.of(swarm.CallEnded)
	for _, e := range calls {
		if e.Role == swarm.RoleWorker && (e.Step != "1/t" || e.Usage.Calls != 1) || e.Model == "small" && !errors.Is(e.Err, errBroken) {
			t.Errorf("%+v", e)
		}
	}
	if len(calls) != 4 {
		t.Errorf("%d calls told of", len(calls))
	}
	tokens := swarm.EstimateTokens(src.Chunks[0].Text) + swarm.EstimateTokens("more")
	if r.SourceTokens != tokens || r.Alone == nil || *r.Alone != swarm.Money(tokens*5000+swarm.EstimateTokens(a.Text)*15000) {
		t.Errorf("%d tokens, alone %v", r.SourceTokens, r.Alone)
	}
}

func TestUsageOfAWorkerElsewhereIsCountedOnce(t *testing.T) {
	remote := swarm.Usage{Calls: 3, In: 100, Out: 10, Cost: 777}
	w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Item == "a" {
			return swarm.Output{Findings: swarm.Say("x").Findings, Usage: &remote}, nil
		}
		return swarm.Output{Usage: &remote}, errors.Join(call(ctx, "m", smallPrice, swarm.Usage{In: 10}, errBroken))
	}
	a := mustRun(t, w, task, each("a", "b"))
	local := swarm.Usage{Calls: 1, In: 10, Cost: 1000}
	if want := remote.Plus(remote).Plus(local); a.Report.Usage != want || a.Report.Roles[swarm.RoleWorker] != want {
		t.Errorf("%+v", a.Report.Usage)
	}
	for r := range a.Results() {
		if want := remote.Plus(local); r.Index == 1 && *r.Usage != want || r.Index == 0 && *r.Usage != remote {
			t.Errorf("%s: %+v", r.ID(), r.Usage)
		}
	}
}

func TestAnUnknownPriceOfThePlannerLeavesAloneUnknown(t *testing.T) {
	a := mustRun(t, echo, task, each("a"))
	if a.Report.Alone != nil || a.Report.Usage != (swarm.Usage{}) {
		t.Errorf("%+v", a.Report)
	}
	for r := range a.Results() {
		if r.Usage != nil || r.Attempts != 0 {
			t.Errorf("%+v", r)
		}
	}
}

func TestOverlapsCountOnceInTheSourcesSize(t *testing.T) {
	whole := strings.Repeat("some words of a text. ", 100)
	src := swarm.Source{Name: "doc"}
	for at := 0; at < len(whole); at += 500 {
		end := min(at+700, len(whole))
		src.Chunks = append(src.Chunks, swarm.Chunk{Source: "doc", ID: "c" + whole[:at], Text: whole[at:end], Start: at, End: end})
	}
	a := mustRun(t, echo, swarm.Task{Goal: "g", Sources: []swarm.Source{src}}, each("x"))
	if got, want := a.Report.SourceTokens, swarm.EstimateTokens(whole); got < want || got > want+len(src.Chunks) {
		t.Errorf("%d tokens, want %d", got, want)
	}
}

func TestReserveAndEmitOutsideARunDoNothing(t *testing.T) {
	reserved, err := swarm.Reserve(t.Context(), swarm.Call{Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	reserved.Settle(swarm.Usage{In: 1}, nil)
	swarm.Emit(t.Context(), swarm.Event{Kind: swarm.Learned})
}

func TestALateSettlementLeavesTheReportAlone(t *testing.T) {
	var settles []*swarm.Reservation
	var ctxs []context.Context
	var mu sync.Mutex
	w := func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
		_ = call(ctx, "m", smallPrice, swarm.Usage{In: 1}, nil)
		reserved, err := swarm.Reserve(ctx, swarm.Call{Model: "m"})
		mu.Lock()
		defer mu.Unlock()
		settles, ctxs = append(settles, reserved), append(ctxs, ctx)
		return swarm.Say("x"), err
	}
	var l log
	s := swarm.Swarm{Planner: script{steps: []swarm.Step{each(numbered(4)...)}}, Worker: swarm.WorkerFunc(w), Observe: l.observe}
	a, err := s.Run(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i, reserved := range settles {
		wg.Go(func() {
			reserved.Settle(swarm.Usage{In: 5}, nil)
			swarm.Emit(ctxs[i], swarm.Event{Kind: swarm.Learned, Text: "late"})
		})
	}
	if u := a.Report.Models["m"]; u.In != 4 || len(a.Report.Learned) > 0 { // read while they settle
		t.Errorf("%+v", u)
	}
	wg.Wait()
	if u := a.Report.Models["m"]; u.In != 4 || len(a.Report.Learned) > 0 {
		t.Errorf("%+v", u)
	}
	if last := l.events[len(l.events)-1]; last.Kind != swarm.RunEnded {
		t.Errorf("%v after the end", last.Kind)
	}
}

func TestEmitSaysWhoseTheEventIs(t *testing.T) {
	var l log
	p := script{plan: func(ctx context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
		swarm.Emit(ctx, swarm.Event{Kind: swarm.Learned, Text: "of the planner", Role: "?", Run: "?"})
		return add(each("a", "b"))
	}, merge: func(_ swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
		return swarm.Verdict{}, nil
	}}
	w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		swarm.Emit(ctx, swarm.Event{Kind: swarm.Retrying, Text: st.Item})
		return swarm.Say("x"), nil
	}
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(w), Observe: l.observe}
	a, err := s.Run(t.Context(), task)
	if err != nil || a.Report.Retries != 2 || len(a.Report.Learned) != 1 {
		t.Fatal(err, a.Report)
	}
	if e := l.of(swarm.Learned)[0]; e.Role != swarm.RolePlanner || e.Run != a.Run || e.Round != 1 || e.Step != "" {
		t.Errorf("%+v", e)
	}
	for _, e := range l.of(swarm.Retrying) {
		if e.Role != swarm.RoleWorker || e.Step != "1/t" || numbered(2)[e.Index] == "" || e.Text != []string{"a", "b"}[e.Index] {
			t.Errorf("%+v", e)
		}
	}
}

func TestEmitCannotForgeTheBooks(t *testing.T) {
	var l log
	w := func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
		for _, k := range []swarm.Kind{
			swarm.RunStarted, swarm.StepAdded, swarm.StepUnfolded, swarm.PlanEnded, swarm.SubtaskStarted, swarm.SubtaskEnded,
			swarm.CallEnded, swarm.MergeStarted, swarm.AnswerText, swarm.MergeEnded, swarm.RunEnded,
		} {
			swarm.Emit(ctx, swarm.Event{Kind: k, Text: "forged", To: 1000, Tokens: 1000, Outcome: swarm.Done, Usage: &swarm.Usage{Calls: 1000}, Answer: &swarm.Answer{}})
		}
		return swarm.Say("x"), nil
	}
	s := swarm.Swarm{Planner: script{steps: []swarm.Step{each("a")}}, Worker: swarm.WorkerFunc(w), Observe: l.observe}
	a, err := s.Run(t.Context(), task)
	if err != nil || a.Coverage.Done != 1 || a.Report.Usage.Calls != 0 || a.Report.Steps != 1 || a.Report.SourceTokens != 0 {
		t.Errorf("%v %+v %+v", err, a.Coverage, a.Report)
	}
	for _, e := range l.events {
		if e.Text == "forged" {
			t.Errorf("told of %v", e.Kind)
		}
	}
}

func TestEventsAndReportsAsJSON(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{
			swarm.Event{Kind: swarm.SubtaskEnded, At: 5, Run: "run-1", Step: "1/t", To: 3, Outcome: swarm.Failed, Err: errBroken},
			`{"kind":"subtask-ended","at":5,"run":"run-1","step":"1/t","to":3,"outcome":"failed","error":"broken"}`,
		},
		{
			swarm.Event{Kind: 200, Usage: &swarm.Usage{Calls: 1, In: 2, Unpriced: true}},
			`{"kind":"unknown","at":0,"run":"","usage":{"calls":1,"in":2,"cached":0,"out":0,"cost":0,"unpriced":true}}`,
		},
		{swarm.Tally{0, 4, 3, 2, 1, 0}, `{"abstained":3,"cancelled":0,"done":4,"failed":2,"skipped":1}`},
	} {
		got, err := json.Marshal(c.v)
		if err != nil || string(got) != c.want {
			t.Errorf("%v\ngot  %s\nwant %s", err, got, c.want)
		}
	}
	a := mustRun(t, echo, task, each("a"))
	whole, err := json.Marshal(a)
	if err != nil || !json.Valid(whole) || !strings.Contains(string(whole), `"alone":null`) {
		t.Errorf("%v %s", err, whole)
	}
}

func TestNamesOfKindsOutcomesAndOvers(t *testing.T) {
	for k := swarm.RunStarted; k <= swarm.RunEnded; k++ {
		if k.String() == "unknown" || k.String() == "" {
			t.Errorf("kind %d has no name", k)
		}
	}
	if swarm.Kind(0).String() != "unknown" || swarm.Outcome(9).String() != "unknown" || swarm.Over(9).String() != "unknown" {
		t.Error("what is not known has a name")
	}
	if swarm.Cancelled.String() != "cancelled" || swarm.Reduce.String() != "reduce" || swarm.RunEnded.String() != "run-ended" {
		t.Error("a name is off by one")
	}
	if (swarm.Tally{9, 1, 2, 3, 4, 5}).Total() != 15 {
		t.Error("pending is counted")
	}
}
