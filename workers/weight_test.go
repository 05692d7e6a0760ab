package workers_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

// Of two runs on one pool the heavier one is done sooner, and the other goes on
// all the while.
func TestRunsOnOnePoolShareItByWeight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := mock.Small()
		m.Brain = func(context.Context, mock.Request) (mock.Reply, error) {
			time.Sleep(time.Second)
			return mock.Reply{Text: `{"findings":[{"answer":"yes","quote":"","confidence":0.5}]}`}, nil
		}
		s := mock.NewHandler(mock.Config{Models: []mock.Model{m}, Keep: -1})
		p, err := workers.NewPool(workers.Config{Limits: model.Limits{Hedge: -1}, Backends: []model.Backend{{
			Model: m.ID, Slots: 8, BaseURL: "http://mock/v1", Client: &http.Client{Transport: s.Transport()},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		var mu sync.Mutex
		var done [2]int // subtasks of each run
		var others int  // of the light one, when the heavy one was done
		var wg sync.WaitGroup
		for i, ctx := range []context.Context{workers.WithWeight(t.Context(), 3), t.Context()} {
			wg.Go(func() {
				run := swarm.Swarm{Planner: asking("Is it so?"), Worker: p, Concurrency: 16, Observe: func(e swarm.Event) {
					mu.Lock()
					defer mu.Unlock()
					if e.Kind == swarm.SubtaskEnded {
						if done[i]++; i == 0 {
							others = done[1]
						}
					}
				}}
				answer, err := run.Run(ctx, swarm.Task{Goal: "Is it so?", Sources: []swarm.Source{leases(300)}})
				if err != nil || answer.Coverage.Done != 300 {
					t.Errorf("run %d: %v, %+v", i, err, answer.Coverage)
				}
			})
		}
		wg.Wait()
		if others < 90 || others > 115 {
			t.Errorf("%d subtasks of the light run were done when the 300 of the heavy one were, want a third", others)
		}
	})
}
