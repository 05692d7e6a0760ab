package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

func TestEventsTellARunInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kinds []swarm.Kind
		var at []time.Duration
		var end swarm.Event
		observe := func(e swarm.Event) {
			kinds, at, end = append(kinds, e.Kind), append(at, e.At), e
		}
		w := func(context.Context, swarm.Subtask) (swarm.Output, error) {
			time.Sleep(time.Second)
			return swarm.Say("x"), nil
		}
		s := swarm.Swarm{Planner: script{steps: []swarm.Step{each("a", "b")}}, Worker: swarm.WorkerFunc(w), Concurrency: 1, Observe: observe}
		a, err := s.Run(t.Context(), task)
		if err != nil {
			t.Fatal(err)
		}
		// The first subtask may begin before or after the end of the plan.
		for i, k := range kinds {
			if k == swarm.PlanEnded {
				kinds, at = slices.Delete(kinds, i, i+1), slices.Delete(at, i, i+1)
				break
			}
		}
		want := []swarm.Kind{
			swarm.RunStarted, swarm.StepAdded, swarm.SubtaskStarted, swarm.SubtaskEnded, swarm.SubtaskStarted, swarm.SubtaskEnded,
			swarm.MergeStarted, swarm.AnswerText, swarm.AnswerText, swarm.MergeEnded, swarm.RunEnded,
		}
		if !slices.Equal(kinds, want) {
			t.Errorf("%v", kinds)
		}
		if at[3] != time.Second || at[5] != 2*time.Second || end.At != 2*time.Second || a.Report.Wall != 2*time.Second {
			t.Errorf("%v", at)
		}
		if end.Answer != a || end.Run != a.Run {
			t.Errorf("%+v", end)
		}
		if r := a.Report; r.FirstStep != 1 || r.FirstSubtask != 1 || r.FirstAnswer != 2*time.Second {
			t.Errorf("%+v", r)
		}
	})
}

func TestASlowObserverThrottlesTheRunAndMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 5000
		var ended, seen, inside, ahead atomic.Int64
		observe := func(e swarm.Event) {
			if inside.Add(1) != 1 {
				t.Error("two events at once")
			}
			time.Sleep(time.Millisecond)
			ahead.Store(max(ahead.Load(), 2*ended.Load()-seen.Add(1)))
			inside.Add(-1)
		}
		w := func(context.Context, swarm.Subtask) (swarm.Output, error) {
			ended.Add(1)
			return swarm.Say("x"), nil
		}
		begin := time.Now()
		s := swarm.Swarm{Worker: swarm.WorkerFunc(w), Observe: observe}
		s.Planner = script{steps: []swarm.Step{each(numbered(n)...)}, merge: nothing}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Coverage.Done != n {
			t.Fatal(err, a.Coverage)
		}
		if seen.Load() != 2*n+6 || time.Since(begin) < 10*time.Second {
			t.Errorf("%d events in %v", seen.Load(), time.Since(begin))
		}
		if ahead.Load() > 1500 { // two queues of 512 and what was under way
			t.Errorf("the run was %d events ahead", ahead.Load())
		}
	})
}

func nothing(swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
	return swarm.Verdict{}, nil
}

func TestAnObserverMayCancelTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		var last swarm.Kind
		s := swarm.Swarm{Planner: script{steps: []swarm.Step{each(numbered(50)...)}}, Concurrency: 2, Observe: func(e swarm.Event) {
			if last = e.Kind; e.Kind == swarm.SubtaskEnded && e.Index == 3 {
				cancel(errBroken)
			}
		}, Worker: swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
			select {
			case <-time.After(time.Second):
				return swarm.Say("x"), nil
			case <-ctx.Done():
				return swarm.Output{}, ctx.Err()
			}
		})}
		a, err := s.Run(ctx, task)
		if !errors.Is(err, errBroken) || !errors.Is(err, context.Canceled) || err.Error() != errBroken.Error() || last != swarm.RunEnded || a.Coverage.Done < 4 || a.Coverage.Done > 6 || a.Coverage.Cancelled < 44 {
			t.Errorf("%v %v %+v", err, last, a.Coverage)
		}
	})
}

func TestACancelOnceTheWorkIsDoneEndsTheWaitForTheObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, b := range map[string]swarm.Budget{"a cancel": {}, "a time limit": {Time: 10 * time.Second}} {
			ctx, cancel := context.WithCancel(t.Context())
			if b.Time == 0 {
				time.AfterFunc(10*time.Second, cancel)
			}
			var last swarm.Kind
			s := swarm.Swarm{Planner: script{steps: []swarm.Step{items(200)}, merge: nothing}, Worker: swarm.WorkerFunc(echo), Budget: b, Observe: func(e swarm.Event) {
				last = e.Kind
				time.Sleep(8 * time.Second)
			}}
			begin := time.Now()
			a, err := s.Run(ctx, task)
			if took := time.Since(begin); err != nil || !a.Complete || took > 30*time.Second || last != swarm.RunEnded {
				t.Errorf("%s: %v after %v, %v last, %+v", name, err, took, last, a.Coverage)
			}
			cancel()
		}
	})
}

// The second subtask ends only once the observer has the first one's result;
// the third begins after that.
func TestAnObserverGetsEachResultWhileTheRunGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := make(chan string, 1)
		var seen []string
		begun := false
		s := swarm.Swarm{
			Planner: script{steps: []swarm.Step{{ID: "t", Do: "look", Over: swarm.Items, Items: []string{"a", "b", "none", "fail"}}, {ID: "e", Do: "check", Over: swarm.Each, Of: "t"}}},
			Observe: func(e swarm.Event) {
				if e.Kind != swarm.SubtaskEnded {
					if e.Result != nil {
						t.Errorf("%v has a result", e.Kind)
					}
					return
				}
				if e.Result == nil { // the engine's own decision
					seen = append(seen, fmt.Sprint(e.Step, "/", e.Index, " ", e.Outcome))
					return
				}
				r := e.Result
				if r.Outcome != e.Outcome || r.Index != e.Index || r.Step.ID != e.Step || r.Err != e.Err || r.Usage != e.Usage {
					t.Errorf("%+v of %+v", r, e)
				}
				seen = append(seen, fmt.Sprint(r.ID(), " ", r.Outcome, " ", r.Item, " ", r.Out.Text()))
				if len(seen) == 1 {
					if begun {
						t.Error("the last subtask began before the first result was told")
					}
					first <- r.Out.Text()
				}
			},
			Concurrency: 1,
			Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
				time.Sleep(time.Second)
				switch {
				case st.Step.ID == "1/t" && st.Index == 1:
					if got := <-first; got != "a" {
						t.Errorf("the first result says %q", got)
					}
				case st.Item == "fail":
					begun = true
				}
				return echo(ctx, st)
			}),
		}
		a, err := s.Run(t.Context(), task)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(seen)
		want := []string{
			"1/e/0 done a a <a>", "1/e/1 done b b <b>", "1/e/2 abstained", "1/e/3 skipped",
			"1/t/0 done a a", "1/t/1 done b b", "1/t/2 abstained none ", "1/t/3 failed fail ",
		}
		if !slices.Equal(seen, want) || a.Coverage.Subtasks != 8 {
			t.Errorf("%q\nwant %q", seen, want)
		}
	})
}
