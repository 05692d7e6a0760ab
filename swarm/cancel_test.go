package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

func TestACancelEndsTheRunAtOnceAndKeepsWhatIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 2500*time.Millisecond, errBroken)
		defer cancel()
		begin := time.Now()
		w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			if at, ok := ctx.Deadline(); !ok || at.Sub(begin) != 2500*time.Millisecond || ctx.Value(key{}) != nil {
				t.Errorf("deadline %v", at)
			}
			below, stop := context.WithCancel(ctx) // ends with the subtask's
			defer stop()
			select {
			case <-time.After(time.Second):
				return swarm.Say("known"), nil
			case <-below.Done():
				return swarm.Output{}, context.Cause(below)
			}
		}
		s := swarm.Swarm{Worker: swarm.WorkerFunc(w), Concurrency: 2, Planner: script{steps: []swarm.Step{
			each(numbered(100)...),
			{ID: "e", Do: "each", Over: swarm.Each, Of: "t"},
			{ID: "n", Do: "needs", Needs: []string{"e"}},
			{ID: "l", Do: "list", Form: swarm.FormList, Needs: []string{"n"}},
			{ID: "u", Do: "unfold", Over: swarm.List, Of: "l"},
		}}}
		a, err := s.Run(ctx, task)
		if !errors.Is(err, errBroken) || time.Since(begin) != 2500*time.Millisecond {
			t.Fatal(err, time.Since(begin))
		}
		if c := a.Coverage; c.Done != 4 || c.Cancelled != 199 || c.Subtasks != 203 {
			t.Errorf("%+v", c)
		}
		for r := range a.Results() {
			if r.Outcome == swarm.Cancelled && !errors.Is(r.Err, errBroken) || r.Outcome == swarm.Done && r.Out.Text() != "known" {
				t.Errorf("%s: %v", r.ID(), r.Err)
			}
		}
		if a.Complete || a.Text != "1/e/0 known\n1/e/1 known\n" || a.Coverage.Missing != nil || a.Run == "" {
			t.Errorf("%+v", a)
		}
	})
}

type key struct{}

func TestAContextsValuesReachWorkerAndPlanner(t *testing.T) {
	ctx := context.WithValue(t.Context(), key{}, "v")
	p := script{plan: func(ctx context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
		if ctx.Value(key{}) != "v" {
			t.Error("not in the planner")
		}
		return add(each("a"))
	}}
	w := func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
		if ctx.Value(key{}) != "v" || ctx.Err() != nil {
			t.Error("not in the worker")
		}
		return swarm.Say("x"), nil
	}
	if _, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(w)}).Run(ctx, task); err != nil {
		t.Fatal(err)
	}
}

func TestAWorkerThatIgnoresACancelIsWaitedForAndNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			if st.Item == "deaf" {
				time.Sleep(time.Minute)
				return swarm.Say("heard nothing"), nil
			}
			<-ctx.Done()
			return swarm.Output{}, ctx.Err()
		}
		var l log
		s := swarm.Swarm{Planner: script{steps: []swarm.Step{each("a", "deaf", "c")}}, Worker: swarm.WorkerFunc(w), Observe: l.observe}
		a, err := s.Run(ctx, task)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Minute || a.Coverage.Done != 1 {
			t.Fatal(err, time.Since(begin), a.Coverage)
		}
		st := l.of(swarm.Stalled)
		if len(st) != 1 || !strings.HasSuffix(st[0].Text, "working: 1/t/1") || st[0].At != 2*time.Second {
			t.Errorf("%+v", st)
		}
	})
}

// What a run waited for when its time was over stands in its error: a call that had
// failed before.
func TestTheEndOfTheTimeTellsWhatFailed(t *testing.T) {
	failed := &swarm.CallError{Class: swarm.ClassOverloaded, Status: 503, Model: "m", Err: errors.New("busy")}
	late := func(ctx context.Context) error {
		<-ctx.Done()
		return &swarm.CallError{Class: swarm.ClassCancelled, Model: "m", Err: fmt.Errorf("%w; the last attempt: %w", ctx.Err(), failed)}
	}
	for name, c := range map[string]struct {
		budget swarm.Budget
		work   func(context.Context, swarm.Subtask) (swarm.Output, error)
		merge  bool
		want   string
	}{
		"reading":            {swarm.Budget{}, func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) { return swarm.Output{}, late(ctx) }, false, "1/t/0: call to m"},
		"reading, by budget": {swarm.Budget{Time: time.Minute}, func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) { return swarm.Output{}, late(ctx) }, false, "1/t/0: call to m"},
		"merging":            {swarm.Budget{}, echo, true, "merge: call to m"},
		"merging, for long":  {swarm.Budget{}, echo, false, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			p := script{steps: []swarm.Step{each("a", "b")}, merge: func(swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
				if c.merge {
					return swarm.Verdict{}, late(ctx)
				}
				<-ctx.Done()
				return swarm.Verdict{}, ctx.Err()
			}}
			_, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(c.work), Budget: c.budget}).Run(ctx, task)
			if err == nil || !strings.Contains(err.Error(), c.want) || (c.want != "") != strings.Contains(err.Error(), "503") || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

func TestAPlannerThatIgnoresACancelIsWaitedForAndNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, phase := range []string{"Plan", "Merge"} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			deaf := func(in string) {
				if in == phase {
					time.Sleep(time.Minute)
				}
			}
			p := script{plan: func(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
				defer deaf("Plan")
				return add(each("a"))
			}, merge: func(swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
				deaf("Merge")
				return swarm.Verdict{}, nil
			}}
			var l log
			_, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo), Observe: l.observe, Rounds: 2}).Run(ctx, task)
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", phase, err)
			}
			if st := l.of(swarm.Stalled); len(st) != 1 || !strings.HasSuffix(st[0].Text, "the planner's "+phase) {
				t.Errorf("%s: %+v", phase, st)
			}
		}
	})
}

func TestACancelWhilePlanningAndWhileMerging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wait := func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
		for _, phase := range []string{"plan", "merge"} {
			ctx, cancel := context.WithCancelCause(t.Context())
			var planner context.Context
			p := script{plan: func(ctx context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
				planner = ctx
				_ = add(each("a"))
				if phase == "plan" {
					return wait(ctx)
				}
				return nil
			}, merge: func(_ swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
				_, _ = io.WriteString(w, "begun")
				return swarm.Verdict{}, wait(planner)
			}}
			time.AfterFunc(time.Second, func() { cancel(errBroken) })
			begin := time.Now()
			a, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}).Run(ctx, task)
			if !errors.Is(err, errBroken) || time.Since(begin) != time.Second || a.Coverage.Done != 1 {
				t.Errorf("%s: %v after %v, %+v", phase, err, time.Since(begin), a.Coverage)
			}
			if phase == "merge" && a.Text != "begun" {
				t.Errorf("%q", a.Text)
			}
		}
	})
}

func TestRunRefusesWhatCannotWork(t *testing.T) {
	p, w := script{}, swarm.WorkerFunc(echo)
	for want, c := range map[string]struct {
		s swarm.Swarm
		t swarm.Task
	}{
		"Planner is nil":     {swarm.Swarm{Worker: w}, task},
		"Worker is nil":      {swarm.Swarm{Planner: p}, task},
		"Concurrency is -1":  {swarm.Swarm{Planner: p, Worker: w, Concurrency: -1}, task},
		"Rounds is -2":       {swarm.Swarm{Planner: p, Worker: w, Rounds: -2}, task},
		"Budget.Calls is -1": {swarm.Swarm{Planner: p, Worker: w, Budget: swarm.Budget{Calls: -1}}, task},
		"Budget.Time is -1s": {swarm.Swarm{Planner: p, Worker: w, Budget: swarm.Budget{Time: -time.Second}}, task},
		"Limits.Steps is -1": {swarm.Swarm{Planner: p, Worker: w, Limits: swarm.Limits{Steps: -1}}, task},
		"Limits.Bytes is -9": {swarm.Swarm{Planner: p, Worker: w, Limits: swarm.Limits{Bytes: -9}}, task},
		"Budget.Merge is":    {swarm.Swarm{Planner: p, Worker: w, Budget: swarm.Budget{Cost: 1, Merge: 2}}, task},
		"Goal is empty":      {swarm.Swarm{Planner: p, Worker: w}, swarm.Task{Goal: " "}},
		"Sources[1].Name is": {swarm.Swarm{Planner: p, Worker: w}, swarm.Task{Goal: "g", Sources: []swarm.Source{sourceOf("a"), sourceOf("")}}},
		`"a" occurs twice`:   {swarm.Swarm{Planner: p, Worker: w}, swarm.Task{Goal: "g", Sources: []swarm.Source{sourceOf("a"), sourceOf("a")}}},
	} {
		a, err := c.s.Run(t.Context(), c.t)
		if err == nil || a == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	var none context.Context
	s := swarm.Swarm{Planner: p, Worker: w}
	if a, err := s.Run(none, task); err == nil || a == nil || !strings.Contains(err.Error(), "context is nil") {
		t.Errorf("without a context: %v", err)
	}
}

func TestASwarmRunsSeveralTasksAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := swarm.Swarm{Planner: script{steps: []swarm.Step{each(numbered(20)...)}}, Worker: swarm.WorkerFunc(echo), Concurrency: 2}
		runs := make(chan *swarm.Answer, 8)
		for range 8 {
			go func() {
				a, err := s.Run(t.Context(), task)
				if err != nil {
					t.Error(err)
				}
				runs <- a
			}()
		}
		ids := map[string]bool{}
		for range 8 {
			a := <-runs
			ids[a.Run] = true
			if a.Coverage.Done != 20 {
				t.Error(a.Coverage)
			}
		}
		if len(ids) != 8 {
			t.Errorf("runs %v", ids)
		}
	})
}
