package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// dear is a price that is easy to reckon with: a dollar a prompt token, two a
// completion token.
var dear = &swarm.Price{In: 1e6 * swarm.Dollar, Out: 2e6 * swarm.Dollar}

// spend makes one call that is expected to use est and uses used.
func spend(ctx context.Context, price *swarm.Price, est, used swarm.Usage, d time.Duration) error {
	reserved, err := swarm.Reserve(ctx, swarm.Call{Backend: "b", Model: "m", Price: price, Est: est})
	if err != nil {
		return err
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
		reserved.Settle(swarm.Usage{In: used.In, AtLeast: true}, ctx.Err())
		return ctx.Err()
	}
	reserved.Settle(used, nil)
	return nil
}

// spender is a worker whose every subtask makes one call.
func spender(price *swarm.Price, est, used swarm.Usage, d time.Duration) swarm.WorkerFunc {
	return func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		if err := spend(ctx, price, est, used, d); err != nil {
			return swarm.Output{}, err
		}
		return swarm.Say(st.Item), nil
	}
}

func items(n int) swarm.Step {
	s := swarm.Step{ID: "t", Do: "work", Over: swarm.Items}
	for i := range n {
		s.Items = append(s.Items, fmt.Sprint("item ", i))
	}
	return s
}

func TestBudgetStopsBeforeItIsExceeded(t *testing.T) {
	for name, b := range map[string]swarm.Budget{
		"cost":   {Cost: 50 * swarm.Dollar},
		"tokens": {Tokens: 44},
		"calls":  {Calls: 13},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := swarm.Swarm{
					Planner: script{steps: []swarm.Step{items(30)}}, Concurrency: 8, Budget: b,
					Worker: spender(dear, swarm.Usage{In: 2, Out: 2}, swarm.Usage{In: 2, Out: 1}, time.Second),
				}
				a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
				if err != nil {
					t.Fatal(err)
				}
				u := a.Report.Usage
				if b.Cost > 0 && u.Cost > b.Cost || b.Tokens > 0 && u.Tokens() > b.Tokens || b.Calls > 0 && u.Calls > b.Calls {
					t.Errorf("used %+v of %+v", u, b)
				}
				if a.Coverage.Done < 8 || a.Coverage.Skipped != 30-a.Coverage.Done || a.Coverage.Failed != 0 {
					t.Errorf("%+v", a.Coverage)
				}
				for r := range a.Results() {
					if r.Outcome == swarm.Skipped {
						be, ok := errors.AsType[*swarm.BudgetError](r.Err)
						if !ok || be.Limit != name || !strings.Contains(be.Error(), name) {
							t.Fatalf("skipped because of %v", r.Err)
						}
					}
				}
			})
		})
	}
}

func TestCallsInFlightAreWaitedForNotRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Each call may come to 10 tokens and uses 1: all together settle at
		// 20, but no more than three may be in flight within 36.
		s := swarm.Swarm{
			Planner: script{steps: []swarm.Step{items(20)}}, Concurrency: 20, Budget: swarm.Budget{Tokens: 48},
			Worker: spender(nil, swarm.Usage{In: 1, Out: 9}, swarm.Usage{In: 1}, time.Second),
		}
		a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
		if err != nil || a.Coverage.Done != 20 {
			t.Errorf("%v %+v", err, a.Coverage)
		}
		if a.Report.Wall < 6*time.Second {
			t.Errorf("took %v: more was reserved than there is", a.Report.Wall)
		}
	})
}

func TestRefusalTellsHowLongAReplyWouldFit(t *testing.T) {
	var got *swarm.BudgetError
	s := swarm.Swarm{
		Planner: script{steps: []swarm.Step{items(1)}}, Budget: swarm.Budget{Cost: 40 * swarm.Dollar},
		Worker: swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
			err := spend(ctx, dear, swarm.Usage{In: 4, Out: 1000}, swarm.Usage{}, 0)
			got, _ = errors.AsType[*swarm.BudgetError](err)
			return swarm.Say("x"), spend(ctx, dear, swarm.Usage{In: 4, Out: got.Out}, swarm.Usage{In: 4, Out: got.Out}, 0)
		}),
	}
	a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
	if err != nil || got.Out != 18 || a.Report.Usage.Cost != 40*swarm.Dollar {
		t.Errorf("%v: %d tokens would fit, %v was spent", err, got.Out, a.Report.Usage.Cost)
	}
}

func TestSubtasksLeaveTheMergeItsShare(t *testing.T) {
	p := script{plan: func(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error {
		if err := spend(ctx, dear, swarm.Usage{In: 4}, swarm.Usage{In: 4}, 0); err != nil {
			return err
		}
		return add(items(40))
	}}
	merged := false
	s := swarm.Swarm{
		Planner: merging{p, func(ctx context.Context) error {
			merged = true
			return spend(ctx, dear, swarm.Usage{In: 20}, swarm.Usage{In: 20}, 0)
		}},
		Budget: swarm.Budget{Cost: 90 * swarm.Dollar, Merge: 30 * swarm.Dollar},
		Worker: spender(dear, swarm.Usage{In: 2}, swarm.Usage{In: 2}, 0),
	}
	a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
	if err != nil || !merged || a.Report.Usage.Cost != 80*swarm.Dollar || a.Coverage.Done != 28 {
		t.Errorf("%v: merged %v, %v spent, %+v", err, merged, a.Report.Usage.Cost, a.Coverage)
	}
}

// A plan that was written by hand makes no call, and its merge does.
func TestSubtasksLeaveAThirdToAPlannerThatHasMadeNoCall(t *testing.T) {
	for window, want := range map[int]swarm.Money{0: 90, 1000: 60} {
		s := swarm.Swarm{
			Planner: script{steps: []swarm.Step{items(60)}, window: window},
			Budget:  swarm.Budget{Cost: 90 * swarm.Dollar},
			Worker:  spender(dear, swarm.Usage{In: 2}, swarm.Usage{In: 2}, 0),
		}
		a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
		if err != nil || a.Report.Usage.Cost != want*swarm.Dollar {
			t.Errorf("window %d: %v, %v spent", window, err, a.Report.Usage.Cost)
		}
	}
}

func TestSubtasksLeaveTheMergeItsShareWhileThePlanIsStillWritten(t *testing.T) {
	for name, b := range map[string]swarm.Budget{"cost": {Cost: 80 * swarm.Dollar, Merge: 26 * swarm.Dollar}, "tokens": {Tokens: 80}, "calls": {Calls: 20}} {
		synctest.Test(t, func(t *testing.T) {
			p := script{plan: func(ctx context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
				r, err := swarm.Reserve(ctx, swarm.Call{Model: "L", Price: dear, Est: swarm.Usage{In: 10}})
				if err != nil {
					return err
				}
				if err := add(items(100)); err != nil {
					return err
				}
				time.Sleep(time.Minute)
				r.Settle(swarm.Usage{In: 10}, nil)
				return nil
			}}
			s := swarm.Swarm{
				Planner: merging{p, func(ctx context.Context) error {
					return spend(ctx, dear, swarm.Usage{In: 20}, swarm.Usage{In: 20}, 0)
				}},
				Budget: b, Rounds: 1, Concurrency: 4,
				Worker: spender(dear, swarm.Usage{In: 2}, swarm.Usage{In: 2}, time.Second),
			}
			a, err := s.Run(t.Context(), task)
			if u := a.Report.Usage; err != nil || a.Coverage.Done < 17 || b.Calls > 0 && u.Calls > b.Calls || u.Tokens() > 80 {
				t.Errorf("%s: %v %+v %+v", name, err, u, a.Coverage)
			}
		})
	}
}

// frugal is a planner whose Merge pays for each result that it is given.
type frugal struct {
	script
	tried *[]int
}

func (m frugal) Merge(ctx context.Context, b swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	*m.tried = append(*m.tried, len(rs))
	io.WriteString(w, "Heading\n")
	need := swarm.Usage{In: 20 * len(rs)}
	if err := spend(ctx, dear, need, need, 0); err != nil {
		return swarm.Verdict{}, err
	}
	return m.script.Merge(ctx, b, rs, w)
}

func TestMergeIsGivenTheResultsThatTheBudgetAllows(t *testing.T) {
	for _, c := range []struct {
		cost  swarm.Money
		tried string
		spent swarm.Money
		fails bool
	}{
		{200, "[8]", 176, false},
		{100, "[8 4]", 96, false},
		{40, "[8 4 2 1]", 36, false},
		{30, "[8 4 2 1]", 16, true}, // not said to be nothing
		{0, "[8]", 16, true},        // no call is left, for few results neither
	} {
		var tried []int
		s := swarm.Swarm{
			Planner: frugal{script{steps: []swarm.Step{items(8)}}, &tried},
			Budget:  swarm.Budget{Cost: c.cost * swarm.Dollar, Merge: min(c.cost, 1)},
			Worker:  spender(dear, swarm.Usage{In: 2}, swarm.Usage{In: 2}, 0),
		}
		if c.cost == 0 {
			s.Budget.Calls = 8
		}
		a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
		if fmt.Sprint(tried) != c.tried || a.Report.Usage.Cost != c.spent*swarm.Dollar || (err != nil) != c.fails {
			t.Errorf("%d: %v, merges of %v, %v spent", c.cost, err, tried, a.Report.Usage.Cost)
		}
		if strings.Count(a.Text, "Heading") != 1 {
			t.Errorf("%d: the text is %q", c.cost, a.Text)
		}
		if left := len(tried) > 1; left != (len(a.Coverage.Missing) > 0) {
			t.Errorf("%d: missing %q", c.cost, a.Coverage.Missing)
		}
	}
}

// merging is a planner whose Merge makes a call first.
type merging struct {
	script
	call func(context.Context) error
}

func (m merging) Merge(ctx context.Context, b swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	if err := m.call(ctx); err != nil {
		return swarm.Verdict{}, err
	}
	return m.script.Merge(ctx, b, rs, w)
}

func TestLimitOnCostRefusesAnUnknownPriceAtOnce(t *testing.T) {
	calls := 0
	s := swarm.Swarm{
		Planner: script{steps: []swarm.Step{items(50)}}, Budget: swarm.Budget{Cost: swarm.Dollar}, Concurrency: 1,
		Worker: swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
			calls++
			return swarm.Say("x"), spend(ctx, nil, swarm.Usage{In: 1}, swarm.Usage{In: 1}, 0)
		}),
	}
	a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
	be, ok := errors.AsType[*swarm.BudgetError](err)
	if !ok || be.Limit != "price" || calls != 1 || a.Report.Usage.Calls != 0 {
		t.Errorf("%v after %d subtasks, used %+v", err, calls, a.Report.Usage)
	}
}

func TestTimeEndsTheWorkAndLeavesAFifthForTheMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := swarm.Swarm{
			Planner: script{steps: []swarm.Step{items(100)}}, Concurrency: 1, Budget: swarm.Budget{Time: 50 * time.Second},
			Worker: spender(nil, swarm.Usage{}, swarm.Usage{}, 3*time.Second),
		}
		a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
		if err != nil || a.Coverage.Done != 13 || a.Coverage.Cancelled != 87 || a.Report.Wall != 40*time.Second || a.Text == "" {
			t.Errorf("%v: %+v in %v: %q", err, a.Coverage, a.Report.Wall, a.Text)
		}
		s.Planner = merging{script{steps: []swarm.Step{items(1)}}, func(ctx context.Context) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}}
		a, err = s.Run(t.Context(), swarm.Task{Goal: "g"})
		be, ok := errors.AsType[*swarm.BudgetError](err)
		if !ok || be.Limit != "time" || a.Report.Wall != 50*time.Second {
			t.Errorf("%v after %v", err, a.Report.Wall)
		}
	})
}

func TestWhatTheTimeLimitCutOffIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			each time.Duration // of one subtask
			fail bool
			done int
		}{
			"some": {3 * time.Second, false, 2}, "all": {9 * time.Second, false, 0}, "all but failures": {3 * time.Second, true, 0},
		} {
			s := swarm.Swarm{
				Planner: script{steps: []swarm.Step{items(40)}}, Concurrency: 1, Budget: swarm.Budget{Time: 10 * time.Second},
				Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
					err := spend(ctx, nil, swarm.Usage{}, swarm.Usage{}, c.each)
					if err == nil && c.fail {
						err = errBroken
					}
					return swarm.Say("x"), err
				}),
			}
			a, err := s.Run(t.Context(), task)
			if a.Complete || a.Coverage.Done != c.done || (a.Text == "") != (c.done == 0) {
				t.Errorf("%s: %+v", name, a)
			}
			if be, ok := errors.AsType[*swarm.BudgetError](err); c.done == 0 && (!ok || be.Limit != "time" || !errors.Is(err, context.DeadlineExceeded)) {
				t.Errorf("%s: %v", name, err)
			}
			if c.done > 0 && (err != nil || fmt.Sprint(a.Coverage.Missing) != "[the time limit cut off 38 subtasks]") {
				t.Errorf("%s: %v, missing %q", name, err, a.Coverage.Missing)
			}
		}
	})
}

func TestOverrunsAreCounted(t *testing.T) {
	s := swarm.Swarm{
		Planner: script{steps: []swarm.Step{items(5)}},
		Worker:  spender(nil, swarm.Usage{In: 5, Out: 5}, swarm.Usage{In: 5, Out: 6}, 0),
	}
	if a, err := s.Run(t.Context(), swarm.Task{Goal: "g"}); err != nil || a.Report.Overruns != 5 {
		t.Errorf("%v: %d overruns", err, a.Report.Overruns)
	}
}

// TestSettledCostNeverExceedsTheBudget plays runs with random prices, limits,
// concurrency, retries, hedges (calls at the same time, of which one is
// cancelled), failures and cancels.
func TestSettledCostNeverExceedsTheBudget(t *testing.T) {
	spentWell := 0
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 7))
			price := &swarm.Price{In: swarm.Money(rng.IntN(5e6)), Cached: swarm.Money(rng.IntN(1e6)), Out: swarm.Money(rng.IntN(2e7))}
			if rng.IntN(2) == 0 {
				price.Written = swarm.Money(rng.IntN(6e6))
			}
			b := swarm.Budget{Cost: swarm.Money(1 + rng.IntN(3e5))}
			if rng.IntN(2) == 0 {
				b.Tokens = 1 + rng.IntN(40000)
			}
			if rng.IntN(2) == 0 {
				b.Calls = 1 + rng.IntN(60)
			}
			var mu sync.Mutex
			draw := func(n int) int {
				mu.Lock()
				defer mu.Unlock()
				return rng.IntN(n)
			}
			call := func(ctx context.Context) error {
				est := swarm.Usage{In: 1 + draw(800), Out: 1 + draw(600)}
				used := swarm.Usage{In: draw(est.In + 1), Out: draw(est.Out + 1)}
				used.Cached = draw(used.In + 1)
				used.Written = draw(used.In - used.Cached + 1)
				for range 8 {
					err := spend(ctx, price, est, used, time.Duration(draw(3000))*time.Millisecond)
					be, refused := errors.AsType[*swarm.BudgetError](err)
					if !refused || be.Out == 0 {
						return err
					}
					est.Out = min(est.Out, be.Out)
					used.Out = min(used.Out, est.Out)
				}
				return errors.New("refused again and again")
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if draw(4) == 0 {
				time.AfterFunc(time.Duration(draw(20))*time.Second, cancel)
			}
			p := merging{script{plan: func(ctx context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
				if err := call(ctx); err != nil {
					return err
				}
				return add(items(1 + draw(60)))
			}}, call}
			w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
				for range 1 + draw(3) { // attempts
					hedge, stop := context.WithCancel(ctx)
					var wg sync.WaitGroup
					if draw(4) == 0 {
						wg.Go(func() { call(hedge) })
					}
					err := call(ctx)
					stop()
					wg.Wait()
					if err == nil {
						return swarm.Say("x"), nil
					}
				}
				return swarm.Output{}, errors.New("no luck")
			}
			s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(w), Concurrency: 1 + draw(20), Rounds: 1, Budget: b}
			a, _ := s.Run(ctx, swarm.Task{Goal: "g"})
			u := a.Report.Usage
			if u.Cost > b.Cost || b.Tokens > 0 && u.Tokens() > b.Tokens || b.Calls > 0 && u.Calls > b.Calls {
				t.Fatalf("seed %d: used %+v of %+v", seed, u, b)
			}
			if u.Cost > b.Cost/2 {
				spentWell++
			}
		})
	}
	t.Logf("%d of 300 runs spent more than half of their money", spentWell)
	if spentWell < 30 {
		t.Errorf("only %d of 300 runs spent more than half of their money: the test does not press", spentWell)
	}
}
