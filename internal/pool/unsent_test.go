package pool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// A run without money is over: the retries that wait are told so together, and
// not one by one as the retry budget fills.
func TestRetriesThatMoneyRefusesSpendNoRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const subtasks, calls = 100, 112
		s := &script{do: func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
			takes(10*time.Millisecond)(ctx, n, r)
			return model.Reply{}, refusal(swarm.ClassBroken, 200)
		}}
		p := poolOf(t, Config{Limits: model.Limits{Breaker: -1}}, s)
		w := swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
			_, err := p.Do(ctx, ask("x"))
			return swarm.Output{}, err
		})
		sw := swarm.Swarm{
			Planner: onePlan{swarm.Step{ID: "a", Do: "call", Over: swarm.Items, Items: make([]string, subtasks)}},
			Worker:  w, Concurrency: subtasks, Budget: swarm.Budget{Calls: calls},
		}
		start := time.Now()
		if _, err := sw.Run(t.Context(), swarm.Task{Goal: "g"}); err == nil {
			t.Error("no error, though nothing was answered")
		}
		if took := time.Since(start); s.calls > calls || took > 15*time.Second {
			t.Errorf("%d calls and %v, want at most %d, and some seconds", s.calls, took, calls)
		}
	})
}
