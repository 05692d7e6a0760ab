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
		wide := paidPlan(100)
		wide.window = math.MaxInt
		s := swarm.Swarm{
			Planner: wide, Budget: swarm.Budget{Tokens: 40},
			Worker: spender(dear, swarm.Usage{In: 2, Out: 2}, swarm.Usage{In: 2, Out: 1}, time.Second),
		}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Report.Usage.Tokens() > 40 || a.Coverage.Done == 0 || a.Coverage.Skipped == 0 {
			t.Errorf("%v: %d tokens of 40, %+v", err, a.Report.Usage.Tokens(), a.Coverage)
		}
	})
}

func TestCountsThatAreNoCountsTakeNothingFromTheAccount(t *testing.T) {
	t.Run("negative", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := swarm.Swarm{
				Planner: script{steps: []swarm.Step{items(30)}}, Budget: swarm.Budget{Tokens: 40},
				Worker: spender(dear, swarm.Usage{In: -20, Out: 2}, swarm.Usage{In: -20, Cached: -1, Out: 2}, time.Second),
			}
			a, err := s.Run(t.Context(), task)
			if u := a.Report.Usage; err != nil || u.In != 0 || u.Cached != 0 || u.Out != 40 || u.Calls != 20 {
				t.Errorf("%v %+v", err, u)
			}
		})
	})
	t.Run("elsewhere", func(t *testing.T) {
		w := func(context.Context, swarm.Subtask) (swarm.Output, error) {
			return swarm.Output{Findings: swarm.Say("x").Findings, Usage: &swarm.Usage{Calls: -3, In: math.MaxInt, Cost: -5}}, nil
		}
		a := mustRun(t, w, task, items(30))
		if u := a.Report.Usage; u.Calls != 0 || u.In < math.MaxInt32 || u.Cost != 0 {
			t.Errorf("%+v", u)
		}
	})
}
