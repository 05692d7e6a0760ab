package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// branch is a worker that only does something.
func branch(f func(context.Context) error) swarm.WorkerFunc {
	return func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) { return swarm.Output{}, f(ctx) }
}

// branches is a worker that makes n calls at the same time, each in a branch, and
// says how many were made.
func branches(n int, each func(ctx context.Context) error, tell func(int, swarm.Usage, error)) swarm.WorkerFunc {
	return func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				_, used, err := swarm.Branch(ctx, branch(each), swarm.Subtask{})
				tell(i, used, err)
			})
		}
		wg.Wait()
		return swarm.Say("done"), nil
	}
}

func TestBranchesWaitForOneAnothersMoneyAndTellTheirOwnUsage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := swarm.Swarm{
			Planner: script{steps: []swarm.Step{items(1)}}, Budget: swarm.Budget{Tokens: 48},
			Worker: branches(20, func(ctx context.Context) error {
				return spend(ctx, nil, swarm.Usage{In: 1, Out: 9}, swarm.Usage{In: 1}, time.Second)
			}, func(i int, used swarm.Usage, err error) {
				if err != nil || used != (swarm.Usage{Calls: 1, In: 1, Unpriced: true}) {
					t.Errorf("branch %d: %v, %+v", i, err, used)
				}
			}),
		}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Report.Usage.Calls != 20 || a.Report.Usage.In != 20 {
			t.Errorf("%v %+v", err, a.Report.Usage)
		}
		for r := range a.Results() {
			if r.Attempts != 20 || r.Usage.In != 20 {
				t.Errorf("%d attempts, %+v", r.Attempts, r.Usage)
			}
		}
	})
}

func TestNestedRunsOfBranchesCountForThemAndHaveNamesOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		seen := map[string]bool{}
		inner := swarm.Swarm{Planner: script{steps: []swarm.Step{items(2)}}, Worker: spender(dear, swarm.Usage{In: 2}, swarm.Usage{In: 2}, time.Second)}
		var total swarm.Usage
		s := swarm.Swarm{Planner: script{steps: []swarm.Step{items(1)}}, Worker: branches(3, func(ctx context.Context) error {
			defer swarm.Park(ctx)()
			a, err := inner.Run(ctx, task)
			mu.Lock()
			defer mu.Unlock()
			seen[a.Run] = true
			return err
		}, func(i int, used swarm.Usage, err error) {
			mu.Lock()
			defer mu.Unlock()
			if total = total.Plus(used); err != nil || used.In != 4 {
				t.Errorf("branch %d: %v, %+v", i, err, used)
			}
		})}
		a, err := s.Run(t.Context(), task)
		if err != nil || len(seen) != 3 || a.Report.Usage != total {
			t.Errorf("%v: %d names, %+v, told %+v", err, len(seen), a.Report.Usage, total)
		}
	})
}

func TestABranchGivesBackWhatItStillHolds(t *testing.T) {
	worker := swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
		var late context.Context
		swarm.Branch(ctx, branch(func(ctx context.Context) error {
			late = ctx
			_, err := swarm.Reserve(ctx, swarm.Call{Est: swarm.Usage{In: 10}})
			return err
		}), swarm.Subtask{})
		if _, err := swarm.Reserve(late, swarm.Call{}); err == nil {
			return swarm.Output{}, fmt.Errorf("a branch that has ended takes a reservation")
		}
		return swarm.Say("x"), spend(ctx, nil, swarm.Usage{In: 10}, swarm.Usage{In: 10}, 0)
	})
	s := swarm.Swarm{Planner: script{steps: []swarm.Step{items(1)}}, Worker: worker, Budget: swarm.Budget{Tokens: 10}}
	if _, err := s.Run(t.Context(), task); err != nil {
		t.Error(err)
	}
	_, used, err := swarm.Branch(t.Context(), branch(func(ctx context.Context) error { return spend(ctx, dear, swarm.Usage{}, swarm.Usage{In: 1}, 0) }), swarm.Subtask{})
	if used != (swarm.Usage{}) || err != nil {
		t.Errorf("outside a run: %v, %+v", err, used)
	}
}

func TestABranchBooksWhatAnotherMachineUsedAndBearsAPanic(t *testing.T) {
	far := swarm.Usage{Calls: 1, In: 5}
	s := swarm.Swarm{Planner: script{steps: []swarm.Step{items(1)}}, Worker: swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
		out, used, err := swarm.Branch(ctx, swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
			return swarm.Output{Usage: &far, Models: map[string]swarm.Usage{"m": far}}, nil
		}), swarm.Subtask{})
		if err != nil || out.Usage != nil || out.Models != nil || used.In != 10 {
			t.Errorf("%v %+v %+v", err, out, used)
		}
		_, _, err = swarm.Branch(ctx, branch(func(context.Context) error { panic("no") }), swarm.Subtask{})
		if p, ok := errors.AsType[*swarm.PanicError](err); !ok || p.Value != "no" {
			t.Error(err)
		}
		return swarm.Say("x"), nil
	})}
	if a, err := s.Run(t.Context(), task); err != nil || a.Report.Usage.In != 10 || a.Report.Models["m"].In != 5 {
		t.Errorf("%v %+v", err, a.Report)
	}
}
