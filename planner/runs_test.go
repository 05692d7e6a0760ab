package planner

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
)

// A run that asks for many plans at once does not hold up another's first one.
func TestRunsShareThePlannersModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := say(`{"steps":[{"id":"a","do":"Find the rent.","over":"once"}]}`)
		l, _ := serveBrain(t, Config{Backend: Backend{Slots: 1}}, func(context.Context, mock.Request) (mock.Reply, error) {
			time.Sleep(time.Second)
			return plan, nil
		})
		defer l.Close()
		start := time.Now()
		var wg sync.WaitGroup
		ask := func(run string, took *time.Duration) {
			wg.Go(func() {
				err := l.Plan(t.Context(), swarm.Brief{Run: run, Round: 1, Task: swarm.Task{Goal: "g"}}, func(swarm.Step) error { return nil })
				if err != nil {
					t.Error(err)
				}
				*took = time.Since(start)
			})
		}
		var many [20]time.Duration
		for i := range many {
			ask("many", &many[i])
		}
		synctest.Wait()
		var other time.Duration
		ask("other", &other)
		wg.Wait()
		if other > 3*time.Second {
			t.Errorf("the other run's plan came after %v, behind those of the first", other)
		}
	})
}
