package workers_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

// served is a backend whose model answers by brain, and its server.
func served(brain mock.Brain) (model.Backend, *mock.Server) {
	m := mock.Small()
	m.Brain = brain
	s := mock.NewHandler(mock.Config{Models: []mock.Model{m}, Keep: -1})
	return model.Backend{
		BaseURL: "http://mock/v1", Model: m.ID, Client: &http.Client{Transport: s.Transport()},
		Price: &swarm.Price{In: swarm.Dollar, Out: swarm.Dollar},
	}, s
}

func newPool(t *testing.T, c workers.Config) *workers.Pool {
	t.Helper()
	p, err := workers.NewPool(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// overItems is a run of n subtasks on p.
func overItems(p swarm.Worker, n, atOnce int, budget swarm.Budget) swarm.Swarm {
	step := swarm.Step{ID: "a", Do: "Say yes.", Over: swarm.Items}
	for i := range n {
		step.Items = append(step.Items, fmt.Sprint("item ", i))
	}
	return swarm.Swarm{Planner: planner.Fixed{Steps: []swarm.Step{step}}, Worker: p, Concurrency: atOnce, Budget: budget}
}

var salad = mock.Reply{Text: "word salad, and nothing else", Unchecked: true}

func TestSixteenBadInputsLoseNoOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := served(func(_ context.Context, r mock.Request) (mock.Reply, error) {
			time.Sleep(100 * time.Millisecond)
			for i := range 16 {
				for _, m := range r.Messages {
					if strings.Contains(m.Content, fmt.Sprintf("item %d\n", i)) {
						return salad, nil
					}
				}
			}
			return yes, nil
		})
		b.Slots = 8
		s := overItems(newPool(t, workers.Config{Backends: []model.Backend{b}}), 200, 8, swarm.Budget{})
		a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
		if a.Coverage.Failed != 16 || a.Coverage.Done < 184 {
			t.Errorf("16 of 200 inputs were bad: %v, %+v", err, a.Coverage)
		}
	})
}

// saladFor writes what cannot be read in runs of this goal.
func saladFor(goal string, calls *atomic.Int32) mock.Brain {
	return func(_ context.Context, r mock.Request) (mock.Reply, error) {
		calls.Add(1)
		time.Sleep(time.Second)
		if strings.Contains(r.Messages[0].Content, goal) {
			return salad, nil
		}
		return yes, nil
	}
}

func TestUnreadableRepliesOfOneRunDoNotStopAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := served(saladFor("a bad prompt", new(atomic.Int32)))
		p := newPool(t, workers.Config{Backends: []model.Backend{b}})
		bad := overItems(p, 60, 4, swarm.Budget{})
		if a, _ := bad.Run(t.Context(), swarm.Task{Goal: "a bad prompt"}); a.Coverage.Done != 0 {
			t.Errorf("the bad run: %+v", a.Coverage)
		}
		good := overItems(p, 20, 4, swarm.Budget{})
		if a, err := good.Run(t.Context(), swarm.Task{Goal: "good"}); err != nil || a.Coverage.Failed > 0 {
			t.Errorf("one run's bad prompt stopped another's on the shared pool: %v, %+v", err, a.Coverage)
		}
	})
}

func TestModelThatCannotWriteTheShapeIsFoundOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		b, _ := served(saladFor("g", &calls))
		b.Name = "cellar"
		s := overItems(newPool(t, workers.Config{Backends: []model.Backend{b}}), 500, 4, swarm.Budget{})
		a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
		if err == nil || a.Coverage.Done > 0 || calls.Load() < 40 || calls.Load() > 48 {
			t.Errorf("%d calls for 500 subtasks, want some 40: %v", calls.Load(), err)
		}
		for r := range a.Results() {
			err = r.Err
		}
		for _, want := range []string{b.Model, "cellar", "40 of its 40", `"word salad, and nothing else"`} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the error does not say %q: %v", want, err)
			}
		}
	})
}

func TestModelThatCannotWriteTheShapeLeavesTheRunToAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bad, good atomic.Int32
		b, _ := served(saladFor("g", &bad))
		b.Name = "bad"
		g, _ := served(saladFor("no such goal", &good))
		g.Name = "good"
		s := overItems(newPool(t, workers.Config{Backends: []model.Backend{b, g}}), 500, 8, swarm.Budget{})
		a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
		if err != nil || bad.Load() > 60 || a.Coverage.Done < 460 {
			t.Errorf("%v: %+v, %d calls at the bad model", err, a.Coverage, bad.Load())
		}
	})
}
