package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
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
			st.Schema = swarm.SchemaList
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
	places := 1 + rng.IntN(8)
	var active, most, parked atomic.Int32
	pick := func(id, what string, n int) int { return fate(int(seed), id, what, n) }
	w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		id := st.ID()
		enter(&active, &most)
		defer active.Add(-1)
		sleep := func(what string) {
			select {
			case <-time.After(time.Duration(pick(id, what, 500)) * time.Millisecond):
			case <-ctx.Done():
			}
		}
		sleep("work")
		for i := range pick(id, "parks", 3) {
			parked.Add(1)
			active.Add(-1)
			unpark := swarm.Park(ctx)
			if ctx.Err() == nil {
				sleep(fmt.Sprint("parked", i))
			}
			unpark()
			if ctx.Err() == nil { // after a cancel all go on, without a place
				enter(&active, &most)
			} else {
				active.Add(1)
			}
			sleep(fmt.Sprint("work", i))
		}
		if ctx.Err() != nil {
			return swarm.Output{}, ctx.Err()
		}
		settle, err := swarm.Reserve(ctx, swarm.Call{Model: "m"})
		if err != nil {
			return swarm.Output{}, err
		}
		settle(swarm.Usage{In: 7}, nil)
		switch pick(id, "end", 12) {
		case 0:
			return swarm.Output{}, errBroken
		case 1:
			panic("kaboom")
		case 2:
			runtime.Goexit()
		case 3, 4:
			return swarm.Output{Abstain: true}, nil
		}
		if st.Step.Schema == swarm.SchemaList {
			return swarm.Output{Text: []string{"x\ny\nz", "[]", "[broken", `["one"]`}[pick(id, "list", 4)]}, nil
		}
		return swarm.Output{Text: "a finding of some length, " + id, Confidence: 0.5}, nil
	}
	var events swarm.Report
	ended, started := map[string]int{}, map[string]int{}
	last := swarm.Event{}
	at := time.Duration(0)
	observe := func(e swarm.Event) {
		if last.Kind == swarm.RunEnded || e.At < at && e.Kind != swarm.CallEnded {
			t.Errorf("%v at %v after %v at %v", e.Kind, e.At, last.Kind, at)
		}
		last, at = e, max(at, e.At)
		events.Add(e)
		switch e.Kind {
		case swarm.SubtaskStarted:
			id := fmt.Sprint(e.Step, "/", e.Index)
			if started[id]++; ended[id] > 0 {
				t.Errorf("%s started after its end", id)
			}
		case swarm.SubtaskEnded:
			for i := e.Index; i < e.To; i++ {
				ended[fmt.Sprint(e.Step, "/", i)]++
			}
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	if rng.IntN(3) == 0 {
		stop := time.AfterFunc(time.Duration(rng.IntN(4000))*time.Millisecond, func() { cancel(errBroken) })
		defer stop.Stop()
	}
	plans := [][]swarm.Step{randomPlan(rng), randomPlan(rng)}
	p := script{plan: func(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error {
		for i, st := range plans[b.Round-1] {
			time.Sleep(time.Duration(pick(fmt.Sprint(i), "gap", 300)) * time.Millisecond)
			_ = add(st) // some repeat an earlier one
		}
		return nil
	}, merge: func(b swarm.Brief, rs []swarm.Result, w io.Writer) (swarm.Verdict, error) {
		return swarm.Verdict{Complete: seed%2 == 0, Missing: "more"}, writeAll(w, rs)
	}}
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(w), Concurrency: places, Observe: observe, Window: 200}
	a, err := s.Run(ctx, swarm.Task{Goal: "g", Sources: []swarm.Source{sourceOf("doc", numbered(9)...)}})
	if got := int(most.Load()); got > places {
		t.Errorf("%d at work with %d places", got, places)
	}
	if n := active.Load(); n != 0 {
		t.Errorf("%d still at work", n)
	}
	if ctx.Err() != nil {
		met["cancelled run"]++
		if err != nil && !errors.Is(err, errBroken) {
			t.Errorf("cancelled: %v", err)
		}
	}
	if last.Kind != swarm.RunEnded || last.Answer != a || !errors.Is(last.Err, err) {
		t.Errorf("last event %v", last.Kind)
	}
	if !reflect.DeepEqual(events, a.Report) {
		t.Errorf("fold of events %+v\nreport %+v", events, a.Report)
	}
	n := 0
	for r := range a.Results() {
		n++
		id := r.ID()
		if r.Outcome == swarm.Pending || ended[id] != 1 || started[id] > 1 {
			t.Errorf("%s: %v, started %d, ended %d", id, r.Outcome, started[id], ended[id])
		}
		if bad := r.Outcome >= swarm.Failed; bad != (r.Err != nil) || r.Outcome == swarm.Skipped && started[id] > 0 {
			t.Errorf("%s: %v %v", id, r.Outcome, r.Err)
		}
		met[r.Outcome.String()]++
		if r.Step.Over == swarm.Reduce {
			met["reduced"]++
		}
	}
	if c := a.Coverage; n != len(ended) || n != c.Subtasks || c.Done+c.Abstained+c.Failed+c.Skipped+c.Cancelled != n {
		t.Errorf("%d results, %d ended, %+v", n, len(ended), c)
	}
	met["parked"] += int(parked.Load())
	if a.Rounds == 2 {
		met["second round"]++
	}
}
