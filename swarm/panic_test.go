package swarm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// blows are ways in which somebody's code does not return.
var blows = map[string]struct {
	blow func()
	text string
}{
	"panic":  {func() { panic("kaboom") }, "panicked: kaboom"},
	"error":  {func() { panic(errBroken) }, "panicked: broken"},
	"nil":    {func() { panic(nil) }, "panicked: panic called with nil"},
	"index":  {func() { _ = numbered(1)[len(numbered(2))] }, "index out of range"},
	"goexit": {runtime.Goexit, "called runtime.Goexit"},
}

func checkPanic(t *testing.T, err error, in, text string) {
	t.Helper()
	e, ok := errors.AsType[*swarm.PanicError](err)
	if !ok {
		t.Fatalf("no PanicError: %v", err)
	}
	if !strings.Contains(e.Error(), in) || !strings.Contains(e.Error(), text) {
		t.Errorf("%q", e.Error())
	}
	if !strings.Contains(string(e.Stack), "panic_test.go") {
		t.Errorf("the stack does not show who blew:\n%s", e.Stack)
	}
	if e.Value == error(errBroken) && !errors.Is(err, errBroken) {
		t.Error("the panic's error is not wrapped")
	}
}

func TestAWorkerThatBlowsFailsItsSubtaskAlone(t *testing.T) {
	for name, c := range blows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
					if st.Index%2 == 1 {
						if st.Index%4 == 1 {
							swarm.Park(ctx) // without its place
						}
						c.blow()
					}
					return swarm.Say(st.Item), nil
				}
				s := swarm.Swarm{Planner: script{steps: []swarm.Step{each(numbered(50)...)}}, Worker: swarm.WorkerFunc(w), Concurrency: 3}
				a, err := s.Run(t.Context(), task)
				if err != nil || a.Coverage.Done != 25 || a.Coverage.Failed != 25 {
					t.Fatal(err, a.Coverage)
				}
				for r := range a.Results() {
					if r.Index%2 == 1 {
						checkPanic(t, r.Err, "the worker", c.text)
					}
				}
			})
		})
	}
}

func TestAPlannerThatBlowsIsTheRunsError(t *testing.T) {
	for name, c := range blows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, accepted := range []bool{false, true} {
					p := script{plan: func(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
						if accepted {
							_ = add(swarm.Step{ID: "a", Do: "x"})
						}
						c.blow()
						return nil
					}}
					var l log
					s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo), Rounds: 1, Observe: l.observe}
					a, err := s.Run(t.Context(), task)
					if accepted {
						if err != nil || !strings.Contains(a.Coverage.PlanCut, c.text) {
							t.Errorf("%v %+v", err, a.Coverage)
						}
						err = l.of(swarm.PlanEnded)[0].Err
					}
					checkPanic(t, err, "the planner's Plan", c.text)
				}
			})
		})
	}
}

func TestAMergeThatBlowsIsTheRunsError(t *testing.T) {
	for name, c := range blows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := script{steps: []swarm.Step{each("x")}, merge: func(_ swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
					fmt.Fprint(w, "half an ")
					c.blow()
					return swarm.Verdict{}, nil
				}}
				s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}
				a, err := s.Run(t.Context(), task)
				checkPanic(t, err, "the planner's Merge", c.text)
				if a.Text != "half an " || a.Complete || a.Coverage.Done != 1 {
					t.Errorf("%+v", a)
				}
			})
		})
	}
}

func TestAnObserverThatBlowsIsNotCalledAgainAndTheRunGoesOn(t *testing.T) {
	for name, c := range blows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				observe := func(e swarm.Event) {
					if calls++; e.Kind == swarm.SubtaskEnded {
						c.blow()
					}
				}
				s := swarm.Swarm{Planner: script{steps: []swarm.Step{each(numbered(2000)...)}}, Worker: swarm.WorkerFunc(echo), Observe: observe}
				a, err := s.Run(t.Context(), task)
				checkPanic(t, err, "the observer", c.text)
				if a.Coverage.Done != 2000 || !a.Complete || strings.Count(a.Text, "\n") != 2000 {
					t.Errorf("%+v", a.Coverage)
				}
				if calls > 2000 {
					t.Errorf("called %d times", calls)
				}
			})
		})
	}
}

// shy is a planner that is asked for its window once too often.
type shy struct {
	script
	asked *int
}

func (s shy) Window() int {
	if *s.asked++; *s.asked > 1 {
		panic("again?")
	}
	return 0
}

func TestAWindowThatBlowsInALaterRoundKeepsTheAnswer(t *testing.T) {
	p := everyRound(func(_ int, w *swarm.AnswerWriter) (swarm.Verdict, error) {
		_, err := io.WriteString(w, "answer")
		return swarm.Verdict{Missing: "more"}, err
	})
	a, err := (&swarm.Swarm{Planner: shy{p, new(int)}, Worker: swarm.WorkerFunc(echo)}).Run(t.Context(), task)
	if err != nil || a.Text != "answer" || a.Complete || !strings.Contains(fmt.Sprint(a.Coverage.Missing), "Window panicked: again?") {
		t.Errorf("%v %+v", err, a)
	}
}

// nasty is an error whose text cannot be had from a nil pointer, which is what
// a function with a named result of the type hands back by mistake.
type nasty struct{ text string }

func (n *nasty) Error() string { return n.text }

func TestAnErrorThatBlowsWhenItIsReadEndsNoRun(t *testing.T) {
	var bad *nasty
	for name, p := range map[string]script{
		"the first plan": {plan: func(context.Context, swarm.Brief, func(swarm.Step) error) error { return bad }},
		"a later plan": {
			plan: func(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
				if b.Round > 1 {
					return bad
				}
				return add(each("a"))
			},
			merge: func(swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
				return swarm.Verdict{Missing: "more"}, nil
			},
		},
		"a merge": {
			steps: []swarm.Step{each("a")},
			merge: func(swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
				return swarm.Verdict{}, bad
			},
		},
	} {
		s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo), Observe: func(swarm.Event) {}}
		if a, _ := s.Run(t.Context(), task); a == nil || a.Run == "" {
			t.Errorf("%s: %+v", name, a)
		}
	}
	w := func(context.Context, swarm.Subtask) (swarm.Output, error) { return swarm.Output{}, bad }
	s := swarm.Swarm{Planner: script{steps: []swarm.Step{each("a")}}, Worker: swarm.WorkerFunc(w)}
	if _, err := s.Run(t.Context(), task); err == nil || !strings.HasPrefix(err.Error(), "subtask 1/t/0: ") {
		t.Errorf("%v", err)
	}
}

// sour is an error that blows when it is unwrapped.
type sour struct{}

func (sour) Error() string { return "sour" }
func (sour) Unwrap() error { panic("sour") }

func TestAnErrorThatBlowsWhenItIsUnwrappedEndsNoRun(t *testing.T) {
	for name, bad := range map[string]error{
		"CallError": (*swarm.CallError)(nil), "SubtaskError": (*swarm.SubtaskError)(nil), "PanicError": (*swarm.PanicError)(nil),
		"BudgetError": (*swarm.BudgetError)(nil), "PlanError": (*swarm.PlanError)(nil), "a stranger's": sour{}, "a panic's": &swarm.PanicError{Value: sour{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seen := 0
				s := swarm.Swarm{Planner: script{steps: []swarm.Step{each("a", "b")}}, Observe: func(e swarm.Event) {
					if _, err := json.Marshal(e); err != nil {
						t.Error(err)
					}
					seen++
				}, Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
					if st.Index == 0 {
						return swarm.Output{}, bad
					}
					return swarm.Say("y"), nil
				})}
				a, err := s.Run(t.Context(), task)
				if err != nil || a.Coverage.Done != 1 || a.Coverage.Failed+a.Coverage.Skipped != 1 || seen < 8 {
					t.Errorf("a worker's: %v %+v, %d events", err, a.Coverage, seen)
				}

				s.Worker = swarm.WorkerFunc(echo)
				s.Planner = script{steps: []swarm.Step{each("a", "b")}, merge: func(swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
					return swarm.Verdict{}, bad
				}}
				if a, err := s.Run(t.Context(), task); err == nil || a.Coverage.Done != 2 {
					t.Errorf("a merge's: %v %+v", err, a.Coverage)
				}

				ctx, cancel := context.WithCancelCause(t.Context())
				s.Planner = script{steps: []swarm.Step{items(2)}}
				s.Budget.Calls = 1
				s.Worker = swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
					if st.Index == 0 {
						return swarm.Say("y"), spend(ctx, dear, swarm.Usage{}, swarm.Usage{}, time.Minute)
					}
					time.Sleep(time.Second)
					own, stop := context.WithCancelCause(ctx)
					time.AfterFunc(time.Second, func() { stop(bad) })
					_, err := swarm.Reserve(own, swarm.Call{Model: "m"}) // waits for the other's
					cancel(bad)
					return swarm.Say("x"), err
				})
				begin := time.Now()
				if a, err := s.Run(ctx, task); err == nil || a.Coverage.Cancelled != 2 || time.Since(begin) != 2*time.Second {
					t.Errorf("a cause: %v %+v after %v", err, a.Coverage, time.Since(begin))
				}
			})
		})
	}
}
