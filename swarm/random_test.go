package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// randomPlan writes a plan of up to a dozen steps of every kind.
func randomPlan(rng *rand.Rand) []swarm.Step {
	var steps []swarm.Step
	var lists []string
	n := 1 + rng.IntN(12)
	for i := range n {
		st := swarm.Step{ID: fmt.Sprint("t", i), Do: fmt.Sprint("do ", i), Est: rng.IntN(1000)}
		earlier := func() string { return steps[rng.IntN(len(steps))].ID }
		switch k := rng.IntN(6); {
		case k == 0:
			st.Over = swarm.Chunks
		case k == 1:
			st.Over, st.Items = swarm.Items, numbered(1+rng.IntN(40))
		case k == 2 && len(steps) > 0:
			st.Over, st.Of = swarm.Each, earlier()
		case k == 3 && len(lists) > 0:
			st.Over, st.Of = swarm.List, lists[rng.IntN(len(lists))]
		case k == 4:
			st.Form = swarm.FormList
			lists = append(lists, st.ID)
		}
		for len(steps) > 0 && rng.IntN(3) == 0 {
			st.Needs = append(st.Needs, earlier())
		}
		steps = append(steps, st)
	}
	return steps
}

// TestRandomRuns plays random plans with random failures, delays, parks,
// cancels, panics and exits in virtual time. A deadlock, or a goroutine that
// is left, fails the bubble.
func TestRandomRuns(t *testing.T) {
	met := map[string]int{}
	for seed := range uint64(400) {
		synctest.Test(t, func(t *testing.T) { randomRun(t, seed, met) })
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	for _, what := range []string{"done", "abstained", "failed", "skipped", "cancelled", "parked", "cancelled run", "second round", "reduced"} {
		if met[what] == 0 {
			t.Errorf("never met: %s", what)
		}
	}
	t.Log(met)
}

func randomRun(t *testing.T, seed uint64, met map[string]int) {
	rng := rand.New(rand.NewPCG(seed, 2))
	w := &fateful{seed: int(seed)}
	h := &heard{ended: map[string]int{}, started: map[string]int{}}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	places := 1 + rng.IntN(8)
	if rng.IntN(3) == 0 {
		stop := time.AfterFunc(time.Duration(rng.IntN(4000))*time.Millisecond, func() { cancel(errBroken) })
		defer stop.Stop()
	}
	plans := [][]swarm.Step{randomPlan(rng), randomPlan(rng)}
	p := script{plan: func(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error {
		for i, st := range plans[b.Round-1] {
			time.Sleep(time.Duration(w.pick(fmt.Sprint(i), "gap", 300)) * time.Millisecond)
			_ = add(st) // some repeat an earlier one
		}
		return nil
	}, merge: func(b swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
		return swarm.Verdict{Missing: []string{"", "more"}[seed%2]}, writeAll(w, rs)
	}, window: 200}
	s := swarm.Swarm{
		Planner: p, Worker: w, Reducer: w, Concurrency: places,
		Observe: func(e swarm.Event) { h.observe(t, e) },
	}
	a, err := s.Run(ctx, swarm.Task{Goal: "g", Sources: []swarm.Source{sourceOf("doc", numbered(9)...)}})
	if got := int(w.most.Load()); got > places {
		t.Errorf("%d at work with %d places", got, places)
	}
	if n := w.active.Load(); n != 0 {
		t.Errorf("%d still at work", n)
	}
	if ctx.Err() != nil {
		met["cancelled run"]++
		if err != nil && !errors.Is(err, errBroken) {
			t.Errorf("cancelled: %v", err)
		}
	}
	h.judge(t, a, err, met)
	met["parked"] += int(w.parked.Load())
	if a.Rounds == 2 {
		met["second round"]++
	}
}

// fateful is a worker to whose subtasks anything may happen.
type fateful struct {
	seed                 int
	active, most, parked atomic.Int32
}

func (w *fateful) pick(id, what string, n int) int { return fate(w.seed, id, what, n) }

func (w *fateful) sleep(ctx context.Context, id, what string) {
	select {
	case <-time.After(time.Duration(w.pick(id, what, 500)) * time.Millisecond):
	case <-ctx.Done():
	}
}

func (w *fateful) Work(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
	id := st.ID()
	enter(&w.active, &w.most)
	defer w.active.Add(-1)
	w.sleep(ctx, id, "work")
	for i := range w.pick(id, "parks", 3) {
		w.parked.Add(1)
		w.active.Add(-1)
		unpark := swarm.Park(ctx)
		if ctx.Err() == nil {
			w.sleep(ctx, id, fmt.Sprint("parked", i))
		}
		unpark()
		if ctx.Err() == nil { // after a cancel all go on, without a place
			enter(&w.active, &w.most)
		} else {
			w.active.Add(1)
		}
		w.sleep(ctx, id, fmt.Sprint("work", i))
	}
	if ctx.Err() != nil {
		return swarm.Output{}, ctx.Err()
	}
	reserved, err := swarm.Reserve(ctx, swarm.Call{Model: "m"})
	if err != nil {
		return swarm.Output{}, err
	}
	reserved.Settle(swarm.Usage{In: 7}, nil)
	switch w.pick(id, "end", 12) {
	case 0:
		return swarm.Output{}, errBroken
	case 1:
		panic("kaboom")
	case 2:
		runtime.Goexit()
	case 3, 4:
		return swarm.Output{}, nil
	}
	if st.Step.Form == swarm.FormList {
		switch w.pick(id, "list", 4) {
		case 0:
			return swarm.Say("x", "y", "z"), nil
		case 1:
			return swarm.Output{}, nil
		case 2:
			return swarm.Output{}, errBroken
		}
		return swarm.Say("one"), nil
	}
	return swarm.Output{Findings: []swarm.Finding{{Text: "a finding of some length, " + id, Confidence: 0.5}}}, nil
}

// heard is what the observer of a run was told.
type heard struct {
	events         swarm.Report
	ended, started map[string]int
	last           swarm.Event
	at             time.Duration
}

func (h *heard) observe(t *testing.T, e swarm.Event) {
	if h.last.Kind == swarm.RunEnded || e.At < h.at && e.Kind != swarm.CallEnded {
		t.Errorf("%v at %v after %v at %v", e.Kind, e.At, h.last.Kind, h.at)
	}
	h.last, h.at = e, max(h.at, e.At)
	h.events.Add(e)
	switch e.Kind {
	case swarm.SubtaskStarted:
		id := fmt.Sprint(e.Step, "/", e.Index)
		if h.started[id]++; h.ended[id] > 0 {
			t.Errorf("%s started after its end", id)
		}
	case swarm.SubtaskEnded:
		for i := e.Index; i < e.To; i++ {
			h.ended[fmt.Sprint(e.Step, "/", i)]++
		}
	}
}

// judge compares what was told with what the run says of itself.
func (h *heard) judge(t *testing.T, a *swarm.Answer, err error, met map[string]int) {
	if h.last.Kind != swarm.RunEnded || h.last.Answer != a || !errors.Is(h.last.Err, err) {
		t.Errorf("last event %v", h.last.Kind)
	}
	if !reflect.DeepEqual(h.events, a.Report) {
		t.Errorf("fold of events %+v\nreport %+v", h.events, a.Report)
	}
	n, reduced := 0, 0
	for r := range a.Results() {
		n++
		id := r.ID()
		if r.Outcome == swarm.Pending || h.ended[id] != 1 || h.started[id] > 1 {
			t.Errorf("%s: %v, started %d, ended %d", id, r.Outcome, h.started[id], h.ended[id])
		}
		if bad := r.Outcome >= swarm.Failed; bad != (r.Err != nil) || r.Outcome == swarm.Skipped && h.started[id] > 0 {
			t.Errorf("%s: %v %v", id, r.Outcome, r.Err)
		}
		met[r.Outcome.String()]++
		if r.Step.Over == swarm.Reduce {
			met["reduced"]++
			reduced++
		}
	}
	if c := a.Coverage; n != len(h.ended) || n-reduced != c.Subtasks || c.Done+c.Abstained+c.Failed+c.Skipped+c.Cancelled != c.Subtasks {
		t.Errorf("%d results, %d ended, %+v", n, len(h.ended), c)
	}
}
