package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

func TestWhatASubtaskHoldsIsGivenBackWhenItEnds(t *testing.T) {
	ends := map[string]func(context.Context){
		"panic":    func(context.Context) { panic("a bug in a stranger's client") },
		"Goexit":   func(context.Context) { runtime.Goexit() },
		"return":   func(context.Context) {},
		"a nested": func(ctx context.Context) { hold(ctx) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := swarm.Swarm{
					Planner: script{steps: []swarm.Step{items(8)}}, Concurrency: 1, Budget: swarm.Budget{Calls: 5},
					Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
						if st.Index < 4 {
							if _, err := swarm.Reserve(ctx, swarm.Call{Model: "m"}); err != nil {
								t.Error(err)
							}
							end(ctx)
							return swarm.Output{}, errBroken
						}
						return swarm.Say("y"), spend(ctx, dear, swarm.Usage{}, swarm.Usage{}, time.Second)
					}),
				}
				a, err := s.Run(t.Context(), task)
				if err != nil || a.Coverage.Done != 4 || a.Coverage.Failed != 4 || a.Report.Usage.Calls != 4 || a.Report.Wall != 4*time.Second {
					t.Errorf("%v %+v, %d calls in %v", err, a.Coverage, a.Report.Usage.Calls, a.Report.Wall)
				}
			})
		})
	}
}

// hold reserves in a nested run that ends without settling.
func hold(ctx context.Context) {
	s := swarm.Swarm{
		Planner: script{steps: []swarm.Step{items(1)}},
		Worker: swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
			_, err := swarm.Reserve(ctx, swarm.Call{Model: "m"})
			return swarm.Say("held"), err
		}),
	}
	_, _ = s.Run(ctx, task)
}

func TestWhatPlanAndMergeHoldIsGivenBackWhenTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reserve := func(ctx context.Context) error {
			_, err := swarm.Reserve(ctx, swarm.Call{Model: "m", Est: swarm.Usage{In: 10}})
			return err
		}
		p := merging{script{plan: func(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error {
			if err := reserve(ctx); err != nil {
				return err
			}
			return add(swarm.Step{ID: fmt.Sprint("t", b.Round), Do: fmt.Sprint("round ", b.Round)})
		}, merge: func(b swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			return swarm.Verdict{Missing: "more"}, nil
		}}, reserve}
		s := swarm.Swarm{Planner: p, Rounds: 3, Budget: swarm.Budget{Tokens: 30}, Worker: swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
			return swarm.Say("x"), reserve(ctx)
		})}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Rounds != 3 || a.Coverage.Done != 3 {
			t.Errorf("%v: %+v in %d rounds", err, a.Coverage, a.Rounds)
		}
	})
}

func TestALateSettleBooksAndGivesNothingBackTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var late *swarm.Reservation
		s := swarm.Swarm{
			Planner: script{steps: []swarm.Step{items(4)}}, Concurrency: 1, Budget: swarm.Budget{Tokens: 30},
			Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
				switch st.Index {
				case 0:
					late, _ = swarm.Reserve(ctx, swarm.Call{Model: "m", Est: swarm.Usage{In: 10}})
					return swarm.Say("x"), nil
				case 1: // holds 10 of the 30, and the other call's end must not free them
					own, err := swarm.Reserve(ctx, swarm.Call{Model: "m", Est: swarm.Usage{In: 10}})
					if err != nil {
						t.Error(err)
					}
					late.Settle(swarm.Usage{In: 10}, nil)
					late.Settle(swarm.Usage{In: 10}, nil)
					late.Release()
					over, stop := context.WithCancel(ctx)
					stop() // what does not fit at once is not waited for
					if _, err := swarm.Reserve(over, swarm.Call{Model: "m", Est: swarm.Usage{In: 11}}); err == nil {
						t.Error("more than is left was reserved")
					}
					if r, err := swarm.Reserve(over, swarm.Call{Model: "m", Est: swarm.Usage{In: 10}}); err != nil {
						t.Error(err)
					} else {
						r.Release()
					}
					own.Settle(swarm.Usage{In: 10}, nil)
				case 2:
					return swarm.Say("x"), spend(ctx, dear, swarm.Usage{In: 10}, swarm.Usage{In: 10}, 0)
				case 3:
					return swarm.Say("x"), spend(ctx, dear, swarm.Usage{In: 1}, swarm.Usage{In: 1}, 0)
				}
				return swarm.Say("x"), nil
			}),
		}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Coverage.Done != 3 || a.Coverage.Skipped != 1 || a.Report.Usage.In != 30 || a.Report.Usage.Calls != 3 {
			t.Errorf("%v %+v %+v", err, a.Coverage, a.Report.Usage)
		}
	})
}

func TestASubtaskThatHasEndedReservesNothing(t *testing.T) {
	var kept context.Context
	mustRun(t, func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Index == 1 {
			if _, err := swarm.Reserve(kept, swarm.Call{Model: "m"}); err == nil {
				t.Error("a call was reserved for a subtask that has ended")
			}
			return swarm.Say("x"), nil
		}
		kept = ctx
		return swarm.Say("x"), nil
	}, task, swarm.Step{ID: "a", Do: "x"}, swarm.Step{ID: "t", Do: "y", Over: swarm.Items, Items: []string{"", "1"}, Needs: []string{"a"}})
}

func TestAWaitForMoneyEndsUnservedWhenItsSubtaskHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stray := make(chan error, 1)
		s := swarm.Swarm{
			Planner: script{steps: []swarm.Step{items(3)}}, Budget: swarm.Budget{Calls: 1},
			Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
				switch st.Index {
				case 0: // takes the only call, and gives it back
					r, err := swarm.Reserve(ctx, swarm.Call{Model: "m"})
					time.Sleep(2 * time.Second)
					r.Release()
					return swarm.Say("x"), err
				case 1: // leaves a goroutine behind that waits for it
					go func() {
						time.Sleep(500 * time.Millisecond)
						_, err := swarm.Reserve(ctx, swarm.Call{Model: "m"})
						stray <- err
					}()
					time.Sleep(time.Second)
					return swarm.Say("x"), nil
				}
				time.Sleep(1500 * time.Millisecond)
				return swarm.Say("x"), spend(ctx, dear, swarm.Usage{}, swarm.Usage{}, 0)
			}),
		}
		if a, err := s.Run(t.Context(), task); err != nil || a.Coverage.Done != 3 || a.Report.Usage.Calls != 1 {
			t.Errorf("%v %+v", err, a.Coverage)
		}
		if err := <-stray; err == nil {
			t.Error("a call was reserved for a subtask that has ended")
		}
	})
}

func TestAttemptsAreSettledCallsOnly(t *testing.T) {
	a := mustRun(t, func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
		for i := range 3 {
			r, err := swarm.Reserve(ctx, swarm.Call{Model: "m"})
			if err != nil {
				return swarm.Output{}, err
			}
			if r.By(swarm.Call{Model: "other"}); i == 2 {
				r.Settle(swarm.Usage{In: 1}, nil)
			} else {
				r.Release()
			}
		}
		return swarm.Say("x"), nil
	}, task, items(1))
	for r := range a.Results() {
		if r.Attempts != 1 || a.Report.Models["other"].Calls != 1 {
			t.Errorf("%d attempts, %+v", r.Attempts, a.Report.Models)
		}
	}
}

// A call of half the budget comes when calls of a quarter have taken three
// quarters, and more of them keep coming: it gets its turn once two have ended.
func TestALargeCallIsNotStarvedBySmallOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at time.Duration
		begin := time.Now()
		s := swarm.Swarm{
			Planner: script{steps: []swarm.Step{items(400)}}, Concurrency: 5, Budget: swarm.Budget{Tokens: 1450},
			Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
				est := swarm.Usage{In: 300}
				if st.Index == 0 {
					est.In = 900
					time.Sleep(100 * time.Millisecond)
				}
				r, err := swarm.Reserve(ctx, swarm.Call{Model: "m", Est: est})
				if err != nil {
					return swarm.Output{}, err
				}
				if st.Index == 0 {
					at = time.Since(begin)
				}
				time.Sleep(time.Second + time.Duration(st.Index%4)*250*time.Millisecond)
				r.Settle(swarm.Usage{In: 1}, nil)
				return swarm.Say("y"), nil
			}),
		}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Coverage.Done != 400 || at > 2*time.Second {
			t.Errorf("%v %+v: the large call waited until %v of %v", err, a.Coverage, at, a.Report.Wall)
		}
	})
}

func TestCallsThatWaitForMoneyGoByPriorityThenArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		reserve := func(ctx context.Context, name string, after time.Duration) error {
			time.Sleep(after)
			r, err := swarm.Reserve(ctx, swarm.Call{Model: "m", Est: swarm.Usage{In: 10}})
			if err != nil {
				return err
			}
			order = append(order, name)
			time.Sleep(time.Second)
			r.Settle(swarm.Usage{}, nil)
			return nil
		}
		p := script{plan: func(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error {
			for _, st := range []swarm.Step{
				{ID: "low", Do: "low", Over: swarm.Items, Items: []string{"low 0", "low 1", "low 2"}, Est: 1},
				{ID: "high", Do: "high", Over: swarm.Items, Items: []string{"high 0", "high 1"}, Est: 1000},
			} {
				if err := add(st); err != nil {
					return err
				}
			}
			return reserve(ctx, "plan", 500*time.Millisecond)
		}}
		s := swarm.Swarm{Planner: p, Budget: swarm.Budget{Tokens: 19}, Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			after := time.Duration(st.Index) * 10 * time.Millisecond
			if st.Step.ID == "1/high" {
				after += 100 * time.Millisecond // behind all low ones
			}
			return swarm.Say("x"), reserve(ctx, st.Item, after)
		})}
		if a, err := s.Run(t.Context(), task); err != nil || a.Coverage.Done != 5 {
			t.Errorf("%v %+v", err, a.Coverage)
		}
		if want := []string{"low 0", "plan", "high 0", "high 1", "low 1", "low 2"}; !slices.Equal(order, want) {
			t.Errorf("%q, want %q", order, want)
		}
	})
}

func TestWhoHoldsMoneyDoesNotWaitForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := 0
		second := func(ctx context.Context) {
			err := spend(ctx, dear, swarm.Usage{}, swarm.Usage{}, 0)
			if over, ok := errors.AsType[*swarm.BudgetError](err); !ok || over.Held != "1" || !strings.Contains(err.Error(), "1 is reserved by the caller itself") {
				t.Errorf("%+v", err)
			}
			refused++
		}
		inner := swarm.Swarm{Planner: script{steps: []swarm.Step{items(1)}}, Worker: swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
			second(ctx)
			return swarm.Say("x"), nil
		})}
		s := swarm.Swarm{Planner: script{steps: []swarm.Step{items(4)}}, Budget: swarm.Budget{Calls: 1}, Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			r, err := swarm.Reserve(ctx, swarm.Call{Model: "m"}) // waits for another's
			if err != nil {
				return swarm.Output{}, err
			}
			defer r.Release()
			time.Sleep(time.Second)
			if st.Index%2 > 0 {
				_, err = inner.Run(ctx, task)
				return swarm.Say("x"), err
			}
			second(ctx)
			return swarm.Say("x"), nil
		})}
		if a, err := s.Run(t.Context(), task); err != nil || a.Coverage.Done != 4 || refused != 4 || a.Report.Wall != 4*time.Second {
			t.Errorf("%v %+v, %d refused, %v", err, a.Coverage, refused, a.Report.Wall)
		}
	})
}

// The first in the queue waits for what a subtask holds whose next call would
// stand behind it.
func TestTheFirstInTheQueueDoesNotHoldUpWhomItWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := swarm.Swarm{Planner: script{steps: []swarm.Step{items(2)}}, Budget: swarm.Budget{Tokens: 10}, Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			if st.Index == 1 {
				time.Sleep(time.Second)
				return swarm.Say("x"), spend(ctx, nil, swarm.Usage{In: 8}, swarm.Usage{}, 0)
			}
			r, err := swarm.Reserve(ctx, swarm.Call{Model: "m", Est: swarm.Usage{In: 4}})
			if err != nil {
				return swarm.Output{}, err
			}
			defer r.Release()
			time.Sleep(2 * time.Second)
			return swarm.Say("x"), spend(ctx, nil, swarm.Usage{In: 4}, swarm.Usage{}, 0)
		})}
		if a, err := s.Run(t.Context(), task); err != nil || a.Coverage.Done != 2 || a.Report.Wall != 2*time.Second {
			t.Errorf("%v %+v in %v", err, a.Coverage, a.Report.Wall)
		}
	})
}

func TestUsageOfWorkersElsewhereCountsAgainstTheBudget(t *testing.T) {
	for limit, c := range map[string]struct {
		budget swarm.Budget
		calls  int
	}{
		"cost":   {swarm.Budget{Cost: swarm.Dollar / 20}, 5},
		"calls":  {swarm.Budget{Calls: 8}, 8},
		"tokens": {swarm.Budget{Tokens: 250}, 3},
	} {
		s := swarm.Swarm{
			Planner: script{steps: []swarm.Step{items(100)}}, Concurrency: 1, Budget: c.budget,
			Worker: swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
				half := swarm.Usage{Calls: 1, In: 100, Cost: swarm.Dollar / 100}
				return swarm.Output{Findings: []swarm.Finding{{Text: "x"}}, Models: map[string]swarm.Usage{"far": half}}, nil
			}),
		}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Report.Usage.Calls != c.calls || a.Report.Models["far"].Calls != c.calls || a.Coverage.Skipped != 100-c.calls {
			t.Errorf("%s: %v, %+v, %+v", limit, err, a.Report.Usage, a.Coverage)
		}
		for r := range a.Results() {
			if over, ok := errors.AsType[*swarm.BudgetError](r.Err); r.Outcome == swarm.Skipped && (!ok || over.Limit != limit || strings.Contains(over.Error(), "$0.00 of")) {
				t.Errorf("%s: %v", limit, r.Err)
			}
		}
	}
}
