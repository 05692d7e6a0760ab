package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

func TestRunStartsAStepWhileThePlanIsBeingWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := make(chan string, 1)
		p := script{plan: func(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
			if err := add(swarm.Step{ID: "t1", Do: "first"}); err != nil {
				return err
			}
			// Step 2 is not written until the subtask of step 1 has begun.
			if id := <-started; id != "1/t1/0" {
				t.Errorf("started %s", id)
			}
			return add(swarm.Step{ID: "t2", Do: "second", Needs: []string{"t1"}})
		}}
		w := func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			if st.Step.ID == "1/t1" {
				started <- st.ID()
			}
			return swarm.Say(st.ID()), nil
		}
		s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(w)}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Text != "1/t2/0 1/t2/0\n" {
			t.Fatal(err, a.Text)
		}
		if a.Coverage.Done != 2 || a.Coverage.Subtasks != 2 {
			t.Error(a.Coverage)
		}
	})
}

func TestRunClaimsNothingAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var order []string
		go1 := make(chan struct{})
		w := func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			mu.Lock()
			order = append(order, st.ID())
			mu.Unlock()
			<-go1
			return swarm.Say("x"), nil
		}
		p := script{plan: func(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
			if err := add(swarm.Step{ID: "slow", Do: "many", Over: swarm.Items, Items: numbered(100), Est: 10}); err != nil {
				return err
			}
			synctest.Wait()
			mu.Lock()
			if len(order) != 2 {
				t.Errorf("started %v with two places", order)
			}
			mu.Unlock()
			if err := add(swarm.Step{ID: "urgent", Do: "now", Est: 100_000}); err != nil {
				return err
			}
			go1 <- struct{}{} // one ends: its place goes to the urgent step
			synctest.Wait()
			mu.Lock()
			if got := order[2:]; !slices.Equal(got, []string{"1/urgent/0"}) {
				t.Errorf("after the urgent step was added: %v", got)
			}
			mu.Unlock()
			close(go1)
			return nil
		}}
		s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(w), Concurrency: 2}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Coverage.Done != 101 {
			t.Fatal(err, a.Coverage)
		}
	})
}

func TestStepsAcceptedStandAfterABadOne(t *testing.T) {
	var refused *swarm.PlanError
	p := script{plan: func(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
		if err := add(swarm.Step{ID: "a", Do: "first"}); err != nil {
			return err
		}
		err := add(swarm.Step{ID: "b", Do: "second", Needs: []string{"zz"}})
		var ok bool
		if refused, ok = errors.AsType[*swarm.PlanError](err); !ok {
			t.Errorf("add: %v", err)
		}
		return add(swarm.Step{ID: "b", Do: "second", Needs: []string{"a"}}) // mended
	}}
	var l log
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo), Observe: l.observe}
	a, err := s.Run(t.Context(), task)
	if err != nil || a.Coverage.Done != 2 || a.Coverage.PlanCut != "" {
		t.Fatal(err, a.Coverage)
	}
	if refused.Step != "b" || refused.Field != "needs" || refused.Value != "zz" {
		t.Errorf("%+v", refused)
	}
	if r := l.of(swarm.StepRefused); len(r) != 1 || r[0].Step != "b" || !errors.Is(r[0].Err, refused) || a.Report.Refused != 1 {
		t.Error(r, a.Report.Refused)
	}
}

func TestAPlanThatBreaksOffLeavesARunThatGoesOn(t *testing.T) {
	p := script{plan: func(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
		_ = add(swarm.Step{ID: "a", Do: "first", Over: swarm.Items, Items: []string{"x"}})
		return errBroken
	}}
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}
	a, err := s.Run(t.Context(), task)
	if err != nil || a.Text != "1/a/0 x\n" {
		t.Fatal(err, a.Text)
	}
	if !strings.Contains(a.Coverage.PlanCut, "broken") {
		t.Errorf("PlanCut %q", a.Coverage.PlanCut)
	}
}

func TestAPlanWithoutAStepIsAnError(t *testing.T) {
	for _, c := range []struct {
		plan error
		want string
	}{
		{nil, "plan: it holds no step"},
		{errBroken, "plan: broken"},
		{&swarm.PlanError{Step: "a", Mend: "is odd"}, `plan: step "a": is odd`},
	} {
		p := script{plan: func(context.Context, swarm.Brief, func(swarm.Step) error) error { return c.plan }}
		s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}
		a, err := s.Run(t.Context(), task)
		if err == nil || err.Error() != c.want || a == nil {
			t.Errorf("%v: %v", c.plan, err)
		}
		if c.plan != nil && !errors.Is(err, c.plan) {
			t.Errorf("%v does not wrap %v", err, c.plan)
		}
	}
}

func TestAddAfterPlanReturnedIsClosed(t *testing.T) {
	var late func(swarm.Step) error
	var closed []error
	p := script{
		plan: func(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
			if b.Round == 2 { // the first round's add does not reach into the second
				closed = append(closed, late(swarm.Step{ID: "late", Do: "late"}))
				return nil
			}
			late = add
			return add(swarm.Step{ID: "a", Do: "first"})
		},
		merge: func(swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
			closed = append(closed, late(swarm.Step{ID: "late", Do: "late"}))
			return swarm.Verdict{Missing: "more"}, nil
		},
	}
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}
	a, err := s.Run(t.Context(), task)
	if err != nil || a.Coverage.Subtasks != 1 {
		t.Fatal(err, a.Coverage)
	}
	closed = append(closed, late(swarm.Step{ID: "late", Do: "late"}))
	for i, err := range closed {
		if !errors.Is(err, swarm.ErrPlanClosed) {
			t.Errorf("late add %d: %v", i, err)
		}
	}
}

func TestALateAddFromAnotherGoroutineDoesNotRace(t *testing.T) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	p := script{
		plan: func(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
			wg.Go(func() { // it goes on after Plan has returned, through all rounds
				for {
					select {
					case <-stop:
						return
					default:
						_ = add(swarm.Step{})
					}
				}
			})
			return add(swarm.Step{ID: "a", Do: fmt.Sprint("round ", b.Round)})
		},
		merge: func(swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
			return swarm.Verdict{Missing: "more"}, nil
		},
	}
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo), Rounds: 5}
	a, err := s.Run(t.Context(), task)
	close(stop)
	wg.Wait()
	if err != nil || a.Rounds != 5 {
		t.Fatal(err, a.Rounds)
	}
}

func TestAddAfterACancelReturnsTheCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		var got error
		p := script{plan: func(ctx context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
			_ = add(swarm.Step{ID: "a", Do: "first"})
			cancel(errBroken)
			got = add(swarm.Step{ID: "b", Do: "second"})
			return ctx.Err()
		}}
		s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}
		_, err := s.Run(ctx, task)
		if !errors.Is(got, errBroken) || !errors.Is(err, errBroken) {
			t.Error(got, err)
		}
	})
}

func TestAddIsSafeForConcurrentUse(t *testing.T) {
	const n = 200
	p := script{plan: func(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				if err := add(swarm.Step{ID: fmt.Sprint("t", i), Do: fmt.Sprint("do ", i)}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		return nil
	}}
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo), Concurrency: 4}
	a, err := s.Run(t.Context(), task)
	if err != nil || a.Coverage.Done != n || a.Report.Steps != n {
		t.Fatal(err, a.Coverage)
	}
}

func TestLongestRemainingPathGoesFirst(t *testing.T) {
	longestFirst(t, 5, 50)
}

func TestAnEstimateBeyondAnyUseIsUrgent(t *testing.T) {
	longestFirst(t, math.MaxInt, math.MaxInt)
}

// longestFirst has a step with a tail after it go before one of 10.
func longestFirst(t *testing.T, long, tail int) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		w := func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			order = append(order, st.Step.ID) // one place: no race
			time.Sleep(time.Second)
			return swarm.Say("x"), nil
		}
		s := swarm.Swarm{Worker: swarm.WorkerFunc(w), Concurrency: 1, Planner: script{plan: func(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
			err := add(swarm.Step{ID: "first", Do: "1", Est: 1})
			synctest.Wait() // it has the place
			return errors.Join(err,
				add(swarm.Step{ID: "short", Do: "2", Est: 10}),
				add(swarm.Step{ID: "long", Do: "3", Est: long}),
				add(swarm.Step{ID: "tail", Do: "4", Est: tail, Needs: []string{"long"}}))
		}}}
		if _, err := s.Run(t.Context(), task); err != nil {
			t.Fatal(err)
		}
		if want := []string{"1/first", "1/long", "1/tail", "1/short"}; !slices.Equal(order, want) {
			t.Errorf("%v, want %v", order, want)
		}
	})
}
