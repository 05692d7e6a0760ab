package swarm_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// paidPlan is a planner whose plan costs a call and has the step of items(n).
func paidPlan(n int) script {
	return script{plan: func(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error {
		if b.Round > 1 {
			return nil
		}
		if err := spend(ctx, dear, swarm.Usage{In: 1, Out: 1}, swarm.Usage{In: 1}, time.Second); err != nil {
			return err
		}
		return add(items(n))
	}}
}

func TestLimitsBeyondAnyUseLimitNothing(t *testing.T) {
	for name, s := range map[string]swarm.Swarm{
		"time":   {Budget: swarm.Budget{Time: math.MaxInt64}},
		"tokens": {Budget: swarm.Budget{Tokens: math.MaxInt / 2}},
		"cost":   {Budget: swarm.Budget{Cost: math.MaxInt64}},
		"window": {Window: math.MaxInt},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s.Planner, s.Worker = paidPlan(3), swarm.WorkerFunc(echo)
				a, err := s.Run(t.Context(), task)
				if err != nil || a.Coverage.Done != 3 || a.Text == "" || a.Coverage.Missing != nil {
					t.Errorf("%v %q %+v", err, a.Text, a.Coverage)
				}
			})
		})
	}
}

func TestABudgetHoldsUnderAWindowBeyondAnyUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := swarm.Swarm{
			Planner: paidPlan(100), Window: math.MaxInt, Budget: swarm.Budget{Tokens: 40},
			Worker: spender(dear, swarm.Usage{In: 2, Out: 2}, swarm.Usage{In: 2, Out: 1}, time.Second),
		}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Report.Usage.Tokens() > 40 || a.Coverage.Done == 0 || a.Coverage.Skipped == 0 {
			t.Errorf("%v: %d tokens of 40, %+v", err, a.Report.Usage.Tokens(), a.Coverage)
		}
	})
}
