package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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

// The rows of the catalogue that no server causes, or whose point is what the
// client does with a server that is well, under their IDs. F34 (dialling, old
// addresses) is in internal/chat.

// some is a plan that reads n items with the pool.
func some(n int, prefix string) planner.Fixed {
	step := swarm.Step{ID: "read", Do: "Find the code.", Over: swarm.Items}
	for i := range n {
		step.Items = append(step.Items, fmt.Sprintf("The code of %s %d is K%d.", prefix, i, i*7919))
	}
	return planner.Fixed{Steps: []swarm.Step{step}}
}

func small(t *testing.T, s *mock.Server, slots int, change ...func(*workers.Config)) *workers.Pool {
	t.Helper()
	c := workers.Config{Backends: []model.Backend{{
		BaseURL: "http://mock/v1", Key: key, Model: "mock-small", Slots: slots, Client: &http.Client{Transport: s.Transport()}, Price: price(mock.Small().Price),
	}}}
	for _, f := range change {
		f(&c)
	}
	p, err := workers.NewPool(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// nested makes a run of n calls the worker of another.
func nested(pool swarm.Worker, n int) swarm.WorkerFunc {
	return func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
		inner := swarm.Swarm{Planner: some(n, "inner"), Worker: pool}
		a, err := inner.Run(ctx, swarm.Task{Goal: "What is the code?"})
		return swarm.Say(a.Text), err
	}
}

func slowServer(rules ...mock.FaultRule) *mock.Server {
	m := mock.Small()
	m.Latency = mock.Latency{First: 200 * time.Millisecond, PerToken: 5 * time.Millisecond, Sigma: 0.3}
	return mock.NewHandler(mock.Config{Models: []mock.Model{m}, Key: key, Keep: -1, Faults: rules})
}

// One limit holds for all runs, and for what is nested in them.
func TestF06OneLimitHoldsForRunsAndWhatTheyNest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowServer()
		pool := small(t, s, 3)
		var runs sync.WaitGroup
		for range 4 {
			runs.Go(func() {
				outer := swarm.Swarm{Planner: some(4, "outer"), Worker: nested(pool, 5)}
				if a, err := outer.Run(t.Context(), swarm.Task{Goal: "What is the code?"}); err != nil || a.Coverage.Failed > 0 {
					t.Errorf("%v, %+v", err, a.Coverage)
				}
			})
		}
		runs.Wait()
		if _, peak := s.InFlight(); peak > 3 {
			t.Errorf("%d calls at once on 3 slots", peak)
		}
	})
}

// Retries are made in one place: a task that never succeeds is sent as often
// as that place's limit says, through a check and a run around it too.
func TestF09RetriesDoNotMultiply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowServer(mock.FaultRule{IDs: []string{"F09"}})
		pool := small(t, s, 4, func(c *workers.Config) { c.Limits.Attempts, c.Limits.Breaker = 3, -1 })
		run := swarm.Swarm{Planner: some(6, "lamp"), Worker: workers.Check(pool, workers.Quotes)}
		a, err := run.Run(t.Context(), swarm.Task{Goal: "What is the code?"})
		if err == nil || a.Coverage.Failed != 6 {
			t.Errorf("%v, %+v", err, a.Coverage)
		}
		if n := len(s.Log()); n != 6*3 {
			t.Errorf("%d calls for 6 tasks of 3 attempts", n)
		}
	})
}

// A call that cannot be made now fails with an error that programs can read:
// class, and how long to stay away.
func TestF11TheErrorHoldsTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowServer(mock.FaultRule{IDs: []string{"F02e"}})
		pool := small(t, s, 4)
		chunk := lamps(0).Chunks[0]
		st := swarm.Subtask{Step: &swarm.Step{ID: "read", Do: "Find the code.", Over: swarm.Chunks}, Goal: goal, Chunk: &chunk}
		for range 5 {
			_, err := pool.Work(t.Context(), st)
			e, ok := errors.AsType[*swarm.CallError](err)
			if !ok || e.Class != swarm.ClassRateLimited || e.RetryAfter < 23*time.Hour {
				t.Fatalf("got %#v", err)
			}
		}
		if n := len(s.Log()); n != 1 {
			t.Errorf("%d calls to a server that asked to be left alone for a day", n)
		}
	})
}

// As many connections as calls at once, or hardly more, serve any number of
// calls. Without hedges: one that is left takes its connection with it.
func TestF28ConnectionsAreUsedAgain(t *testing.T) {
	m := mock.Small()
	m.Latency = mock.Latency{First: 2 * time.Millisecond}
	s := mock.NewServer(mock.Config{Models: []mock.Model{m}})
	defer s.Close()
	pool := small(t, s, 8, func(c *workers.Config) {
		c.Backends[0].BaseURL, c.Backends[0].Client, c.Limits.Hedge = s.URL(), nil, -1
	})
	run := swarm.Swarm{Planner: some(400, "lamp"), Worker: pool}
	if a, err := run.Run(t.Context(), swarm.Task{Goal: "What is the code?"}); err != nil || a.Coverage.Failed > 0 {
		t.Fatalf("%v, %+v", err, a.Coverage)
	}
	if n, _ := s.Connections(); n > 2*8 { // one may be dialled while another falls idle
		t.Errorf("%d connections for 400 calls, 8 at a time", n)
	}
}

// A cancel reaches the server, and what it may have cost is in the account.
func TestF35ACancelIsNotFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowServer()
		pool := small(t, s, 4)
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		defer cancel()
		run := swarm.Swarm{Planner: some(4, "lamp"), Worker: pool}
		a, err := run.Run(ctx, swarm.Task{Goal: "What is the code?"})
		if err == nil || !a.Report.Usage.AtLeast || a.Report.Usage.Cost == 0 || a.Report.Usage.In == 0 {
			t.Errorf("%v, booked %+v", err, a.Report.Usage)
		}
		time.Sleep(time.Minute)
		for _, e := range s.Log() {
			if !e.Cancelled || e.Ended.Sub(e.Arrived) > time.Second {
				t.Errorf("the server worked on: %v, cancelled %v", e.Ended.Sub(e.Arrived), e.Cancelled)
			}
		}
	})
}

// Runs at the same time on the same planner and pool have each their own
// answer.
func TestF38RunsShareNoState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := mock.NewHandler(mock.Config{Key: key})
		llm, err := planner.New(planner.Config{Backends: []model.Backend{{
			BaseURL: "http://mock/v1", Key: key, Model: "mock-large", Client: &http.Client{Transport: s.Transport()},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		defer llm.Close()
		run := swarm.Swarm{Planner: llm, Worker: workers.Check(small(t, s, slots), workers.Quotes)}
		src := lamps(0)
		src.Chunks = src.Chunks[:20]
		var runs sync.WaitGroup
		for i := range 12 {
			runs.Go(func() {
				a, err := run.Run(t.Context(), swarm.Task{Goal: fmt.Sprintf("What is the switch code of lamp %d?", i), Sources: []swarm.Source{src}})
				if err != nil || len(a.Citations) == 0 || !strings.Contains(a.Citations[0].Quote, code(i)) {
					t.Errorf("lamp %d: %v, %+v", i, err, a.Citations)
				}
			})
		}
		runs.Wait()
	})
}

// A swarm that is a worker of another shares its pool: with one slot and one
// place they do not wait for each other.
func TestF43APoolDoesNotWaitForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowServer()
		pool := small(t, s, 1)
		outer := swarm.Swarm{Planner: some(5, "outer"), Worker: nested(pool, 3), Concurrency: 1}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if a, err := outer.Run(ctx, swarm.Task{Goal: "What is the code?"}); err != nil || a.Coverage.Done+a.Coverage.Abstained != 5 {
			t.Errorf("%v, %+v", err, a.Coverage)
		}
	})
}

// A budget ends a run: not a call after it, and the bill is within it.
func TestF57NoCallAfterTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowServer(mock.FaultRule{IDs: []string{"F42"}, Rate: 0.3})
		const most = swarm.Dollar / 200
		run := swarm.Swarm{Planner: some(300, "lamp"), Worker: small(t, s, slots), Budget: swarm.Budget{Cost: most}}
		a, _ := run.Run(t.Context(), swarm.Task{Goal: "What is the code?"})
		ended := time.Now()
		time.Sleep(time.Hour)
		var bill swarm.Money
		for _, e := range s.Log() {
			bill += swarm.Money(e.Cost)
			if e.Arrived.After(ended) {
				t.Error("a call came after the end")
			}
		}
		if bill > most || a.Report.Usage.Cost > most || a.Coverage.Skipped == 0 || a.Coverage.Done == 0 {
			t.Errorf("the bill is %v, the report says %v, of %v; %+v", bill, a.Report.Usage.Cost, most, a.Coverage)
		}
	})
}
