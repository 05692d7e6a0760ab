package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

func TestTheMergeGetsWhatAStepReadThatGaveNothing(t *testing.T) {
	facts := swarm.Step{ID: "facts", Do: "find", Over: swarm.Items, Items: []string{"Acme", "Globex"}}
	for name, c := range map[string]struct {
		steps   []swarm.Step
		want    string // what is merged
		missing string // part of what is said to be missing; empty: nothing is
	}{
		"a memo that failed": {
			[]swarm.Step{facts, {ID: "memo", Do: "fail", Needs: []string{"facts"}}},
			"1/facts/0 1/facts/1", "step 1/memo: 1 of 1 failed: subtask 1/memo/0: broken",
		},
		"a memo that abstained": {[]swarm.Step{facts, {ID: "memo", Do: "none", Needs: []string{"facts"}}}, "1/facts/0 1/facts/1", ""},
		"a memo that is done":   {[]swarm.Step{facts, {ID: "memo", Do: "write", Needs: []string{"facts"}}}, "1/memo/0", ""},
		"facts to keep": {
			[]swarm.Step{{ID: "facts", Do: "find", Over: swarm.Items, Items: []string{"Acme", "fail"}, Keep: true}, {ID: "memo", Do: "write", Needs: []string{"facts"}}},
			"1/facts/0 1/memo/0", "step 1/facts: 1 of 2 failed",
		},
		"two steps that failed, one after the other": {
			[]swarm.Step{facts, {ID: "a", Do: "fail", Needs: []string{"facts"}}, {ID: "b", Do: "write", Needs: []string{"a"}}},
			"1/facts/0 1/facts/1", "1/b: 1 of 1 failed: subtask 1/b: what it needs failed",
		},
		"a chain of which some failed": {
			[]swarm.Step{facts, {ID: "a", Do: "fail Acme", Over: swarm.Each, Of: "facts"}, {ID: "b", Do: "write", Over: swarm.Each, Of: "a"}},
			"1/facts/0 1/b/1", "step 1/b: 1 of 2 failed",
		},
		"a filter": {[]swarm.Step{facts, {ID: "a", Do: "none Acme", Over: swarm.Each, Of: "facts"}}, "1/a/1", ""},
		"a list whose items failed": {
			[]swarm.Step{{ID: "l", Do: "list", Form: swarm.FormList}, {ID: "i", Do: "fail", Over: swarm.List, Of: "l"}},
			"1/l/0", "step 1/i: 2 of 2 failed",
		},
		"one that failed beside one that is done": {
			[]swarm.Step{facts, {ID: "memo", Do: "fail", Needs: []string{"facts"}}, {ID: "table", Do: "write", Needs: []string{"facts"}}},
			"1/facts/0 1/facts/1 1/table/0", "step 1/memo",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var merged []string
			p := script{steps: c.steps, merge: func(_ swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
				for i := range rs {
					merged = append(merged, rs[i].ID())
				}
				return swarm.Verdict{}, nil
			}}
			s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
				do, only, some := strings.Cut(st.Step.Do, " ")
				hit := !some || st.Item == only
				switch {
				case do == "fail" && hit, st.Item == "fail":
					return swarm.Output{}, errBroken
				case do == "none" && hit:
					return swarm.Output{}, nil
				}
				return swarm.Say("a", "b"), nil
			})}
			a, err := s.Run(t.Context(), task)
			if got := strings.Join(merged, " "); err != nil || got != c.want {
				t.Errorf("%v: merged %q, want %q", err, got, c.want)
			}
			missing := strings.Join(a.Coverage.Missing, "\n")
			if !strings.Contains(missing, c.missing) || c.missing == "" && missing != "" {
				t.Errorf("missing %q, want %q", missing, c.missing)
			}
		})
	}
}

func TestWhatFailedIsNamedOnce(t *testing.T) {
	p := script{plan: func(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
		return errors.Join(add(swarm.Step{ID: "a", Do: fmt.Sprint("round ", b.Round)}), add(swarm.Step{ID: "b", Do: fmt.Sprint("fail ", b.Round), Needs: []string{"a"}}))
	}, merge: func(swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
		return swarm.Verdict{Missing: "more"}, nil
	}}
	long := errors.New(strings.Repeat("field is wrong; ", 4<<10))
	a, err := (&swarm.Swarm{Planner: p, Rounds: 3, Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		if strings.HasPrefix(st.Step.Do, "fail") {
			return swarm.Output{}, long
		}
		return swarm.Say("y"), nil
	})}).Run(t.Context(), task)
	if err != nil || len(a.Coverage.Missing) != 3 {
		t.Fatalf("%v %q", err, a.Coverage.Missing)
	}
	for i, what := range a.Coverage.Missing {
		if !strings.HasPrefix(what, fmt.Sprintf("step %d/b: ", i+1)) || len(what) > 1000 {
			t.Errorf("%d bytes: %.100q", len(what), what)
		}
	}
}

func TestWhatAFailedStepReadIsFoundInTimeThatGrowsWithThePlan(t *testing.T) {
	steps := []swarm.Step{{ID: "root", Do: "find"}, {ID: "a0", Do: "fail", Needs: []string{"root"}}, {ID: "b0", Do: "fail b", Needs: []string{"root"}}}
	for i := range 40 { // 2⁴⁰ ways from the last to the first
		needs := []string{fmt.Sprint("a", i), fmt.Sprint("b", i)}
		steps = append(steps, swarm.Step{ID: fmt.Sprint("a", i+1), Do: fmt.Sprint("a", i), Needs: needs}, swarm.Step{ID: fmt.Sprint("b", i+1), Do: fmt.Sprint("b", i), Needs: needs})
	}
	a := mustRun(t, func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		if strings.HasPrefix(st.Step.Do, "fail") {
			return swarm.Output{}, errBroken
		}
		return swarm.Say("found"), nil
	}, task, steps...)
	if a.Text != "1/root/0 found\n" || len(a.Coverage.Missing) != 82 {
		t.Errorf("%q, %d missing", a.Text, len(a.Coverage.Missing))
	}
}

func TestTheZeroVerdictIsACompleteAnswer(t *testing.T) {
	p := everyRound(func(int, *swarm.AnswerWriter) (swarm.Verdict, error) { return swarm.Verdict{}, nil })
	a, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}).Run(t.Context(), task)
	if err != nil || !a.Complete || a.Rounds != 1 || a.Coverage.Missing != nil {
		t.Errorf("%v %+v", err, a)
	}
}

func TestACancelWithACauseIsACancel(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	a, err := (&swarm.Swarm{Planner: script{steps: []swarm.Step{items(3)}}, Worker: swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
		cancel(errBroken)
		<-ctx.Done()
		return swarm.Output{}, context.Cause(ctx)
	}), Concurrency: 1}).Run(ctx, task)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, errBroken) || err.Error() != "broken" {
		t.Error(err)
	}
	for r := range a.Results() {
		if r.Outcome != swarm.Cancelled || !errors.Is(r.Err, errBroken) || !errors.Is(r.Err, context.Canceled) {
			t.Errorf("%s: %v", r.ID(), r.Err)
		}
	}
}

func TestAMergeThatMakesNoCallIsMadeAfterACancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			window int
			budget swarm.Budget
			text   string
		}{
			"a cancel":              {0, swarm.Budget{}, "1/t/0 item 0\n1/t/1 item 1\n"},
			"a time limit":          {0, swarm.Budget{Time: 2500 * time.Millisecond}, "1/t/0 item 0\n1/t/1 item 1\n"},
			"a planner that pays":   {1000, swarm.Budget{}, ""},
			"nothing is known, yet": {0, swarm.Budget{Time: time.Millisecond}, ""},
		} {
			ctx, cancel := context.WithCancelCause(t.Context())
			if c.budget.Time == 0 {
				time.AfterFunc(2500*time.Millisecond, func() { cancel(errBroken) })
			}
			p := script{window: c.window, plan: func(ctx context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
				if err := add(items(9)); err != nil {
					return err
				}
				<-ctx.Done() // still planning
				return nil
			}}
			a, err := (&swarm.Swarm{Planner: p, Concurrency: 1, Budget: c.budget, Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
				select {
				case <-time.After(time.Second):
					return echo(ctx, st)
				case <-ctx.Done():
					return swarm.Output{}, ctx.Err()
				}
			})}).Run(ctx, task)
			stopped := errors.Is(err, errBroken)
			if c.budget.Time > 0 {
				stopped = err == nil || c.text == "" // its last fifth is the merge's
			}
			if !stopped || a.Text != c.text {
				t.Errorf("%s: %v, %q", name, err, a.Text)
			}
			cancel(nil)
		}
	})
}

func TestAPlanCannotNameAReducingStep(t *testing.T) {
	var errs []error
	p := script{window: 200, plan: func(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
		if b.Round == 1 {
			return add(items(50))
		}
		for _, id := range []string{"1/reduce-1", "reduce-1"} {
			errs = append(errs, add(swarm.Step{ID: "b", Do: "y", Over: swarm.Each, Of: id}), add(swarm.Step{ID: "c", Do: "y", Needs: []string{id}}))
		}
		return nil
	}, merge: func(b swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
		return swarm.Verdict{Missing: "more"}, writeAll(w, rs)
	}}
	a, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}).Run(t.Context(), task)
	reduced := outcomes(a)["1/reduce-1/0"]
	if err != nil || len(errs) != 4 || reduced != swarm.Done {
		t.Fatal(err, errs, reduced)
	}
	for _, err := range errs {
		if _, ok := errors.AsType[*swarm.PlanError](err); !ok {
			t.Errorf("%v", err)
		}
	}
}

func TestWithoutAReducerThePlannerMergesGroupByGroup(t *testing.T) {
	var mu sync.Mutex
	merges := 0
	p := script{window: 300, steps: []swarm.Step{each(numbered(60)...)}, merge: func(b swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
		mu.Lock()
		defer mu.Unlock()
		merges++
		if n := tokensOf(rs); n > 300 {
			t.Errorf("%d tokens in one merge", n)
		}
		var v swarm.Verdict
		for i := range rs {
			for c := range rs[i].Out.Evidence() {
				v.Citations = append(v.Citations, *c)
				fmt.Fprintf(w, "%s [%d] ", c.Source, len(v.Citations))
			}
		}
		return v, nil
	}}
	var l log
	s := swarm.Swarm{Planner: p, Observe: l.observe, Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Step.Over == swarm.Reduce {
			t.Error("the worker was given a reducing step")
		}
		return finding(fmt.Sprintf("f%03d", st.Index), 20), nil
	})}
	a, err := s.Run(t.Context(), task)
	if err != nil || merges < 3 || len(a.Citations) == 0 || !strings.HasPrefix(a.Text, "f000 [1] ") {
		t.Errorf("%v: %d merges, %q", err, merges, a.Text)
	}
	if starts := l.of(swarm.MergeStarted); len(starts) != 1 || len(l.of(swarm.Narrowed)) == 0 {
		t.Errorf("%d merges told", len(starts))
	}
}

func TestPartialMergesAreThePlannersCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := merging{script{window: 100, steps: []swarm.Step{each(numbered(20)...)}}, func(ctx context.Context) error {
			return spend(ctx, dear, swarm.Usage{In: 2}, swarm.Usage{In: 1}, time.Second)
		}}
		a, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}).Run(t.Context(), task)
		if u := a.Report.Roles; err != nil || u[swarm.RolePlanner].Calls < 3 || len(u) != 1 {
			t.Errorf("%v %+v", err, u)
		}
	})
}

func TestGroupsThatDoNotFitTheReducersContextAreHalved(t *testing.T) {
	var sizes []int
	p := script{window: 400, steps: []swarm.Step{each(numbered(24)...)}}
	s := swarm.Swarm{Planner: p, Concurrency: 1, Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		return finding(fmt.Sprintf("f%03d", st.Index), 40), nil
	}), Reducer: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		n := tokensOf(st.From)
		if sizes = append(sizes, n); n > 150 {
			return swarm.Output{}, fmt.Errorf("reducing: %w", &swarm.CallError{Class: swarm.ClassTooLong})
		}
		return swarm.Say(fmt.Sprintf("%d in short", len(st.From))), nil
	})}
	a, err := s.Run(t.Context(), task)
	if err != nil || a.Coverage.Missing != nil || !strings.Contains(a.Text, "in short") {
		t.Errorf("%v %q %q, groups of %v tokens", err, a.Text, a.Coverage.Missing, sizes)
	}
}

// While an event is in hand Run waits, as it waits for a worker. The rest is
// told for a second after the end of a cancelled run, then dropped but for the
// last.
func TestACancelledRunWaitsForTheEventInHandAndDropsABacklog(t *testing.T) {
	for _, slow := range []time.Duration{2 * time.Hour, 10 * time.Second, time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			seen, last := 0, swarm.Kind(0)
			s := swarm.Swarm{
				Planner: script{steps: []swarm.Step{items(5000)}}, Concurrency: 4,
				Observe: func(e swarm.Event) {
					seen, last = seen+1, e.Kind
					time.Sleep(slow)
				},
				Worker: swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
					select {
					case <-time.After(time.Second):
						return swarm.Say("x"), nil
					case <-ctx.Done():
						return swarm.Output{}, ctx.Err()
					}
				}),
			}
			begin := time.Now()
			a, err := s.Run(ctx, task)
			most := time.Minute + 2*slow + time.Second // the event in hand, a second, the last
			if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took > most || took < time.Minute || last != swarm.RunEnded {
				t.Errorf("%v a event: %v after %v, at most %v; the last was %v", slow, err, took, most, last)
			}
			if all := 2*(a.Report.Subtasks[swarm.Done]+4) + 4; slow < time.Second && seen < all {
				t.Errorf("%d events of about %d were told, though there was time", seen, all)
			}
		})
	}
}

// Subtasks with several branches that park at the same time, and a cancel
// amid: every subtask ends once, and the places add up.
func TestParkedBranchesUnderACancelEndOnce(t *testing.T) {
	for round := range 30 {
		ctx, cancel := context.WithCancel(t.Context())
		var active, most atomic.Int32
		var l log
		s := swarm.Swarm{
			Planner:     script{steps: []swarm.Step{each(numbered(300)...), {ID: "b", Do: "y", Over: swarm.Each, Of: "t"}}},
			Concurrency: 3, Observe: l.observe,
			Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
				enter(&active, &most)
				active.Add(-1)
				var wg sync.WaitGroup
				for range 3 {
					wg.Go(func() {
						unpark := swarm.Park(ctx)
						time.Sleep(time.Duration(st.Index%7) * 50 * time.Microsecond)
						unpark()
						unpark()
					})
				}
				wg.Wait()
				if st.Index%11 == 0 {
					return swarm.Output{}, errBroken
				}
				return swarm.Say("y"), nil
			}),
		}
		if round%3 > 0 {
			time.AfterFunc(time.Duration(round%5)*time.Millisecond, cancel)
		}
		a, err := s.Run(ctx, task)
		cancel()
		ended := map[string]int{}
		for _, e := range l.of(swarm.SubtaskEnded) {
			for i := e.Index; i < e.To; i++ {
				ended[fmt.Sprint(e.Step, "/", i)]++
			}
		}
		c := a.Coverage
		if c.Subtasks > 0 && len(ended) != c.Subtasks || c.Done+c.Failed+c.Skipped+c.Cancelled != c.Subtasks {
			t.Fatalf("%v: %d ended of %+v", err, len(ended), c)
		}
		for id, n := range ended {
			if n != 1 {
				t.Errorf("%s ended %d times", id, n)
			}
		}
		if round%3 == 0 && (err != nil || c.Done != 600-2*28) {
			t.Errorf("%v %+v", err, c)
		}
		for r := range a.Results() {
			if r.Outcome == swarm.Pending {
				t.Errorf("%s has not ended", r.ID())
			}
		}
	}
}
