package swarm_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// each runs one subtask per item.
func each(items ...string) swarm.Step {
	return swarm.Step{ID: "t", Do: "work", Over: swarm.Items, Items: items}
}

// diary notes what happens in a worker, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(s string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, s)
}

func (d *diary) is(t *testing.T, want ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.lines, want) {
		t.Errorf("got  %q\nwant %q", d.lines, want)
	}
}

func TestParkGivesThePlaceToAnotherAndReturningGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			d.note(st.Item + " starts")
			if st.Item == "a" {
				unpark := swarm.Park(ctx)
				time.Sleep(time.Second) // b has the place by now, until second 2
				unpark()
				d.note("a is back")
				time.Sleep(10 * time.Second)
				d.note("a ends")
				return swarm.Say("x"), nil
			}
			time.Sleep(2 * time.Second)
			d.note(st.Item + " ends")
			return swarm.Say("x"), nil
		}
		s := swarm.Swarm{Planner: script{steps: []swarm.Step{each("a", "b", "c")}}, Worker: swarm.WorkerFunc(w), Concurrency: 1}
		if _, err := s.Run(t.Context(), task); err != nil {
			t.Fatal(err)
		}
		d.is(t, "a starts", "b starts", "b ends", "a is back", "a ends", "c starts", "c ends")
	})
}

func TestACancelWakesWhoWaitsForItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		begin := time.Now()
		w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			if st.Item == "a" {
				unpark := swarm.Park(ctx)
				time.Sleep(time.Second)
				unpark() // b keeps the place; the cancel comes first
				if ctx.Err() == nil {
					t.Error("a came back beside b")
				}
				return swarm.Output{}, ctx.Err()
			}
			time.AfterFunc(5*time.Second, func() { cancel(errBroken) })
			time.Sleep(20 * time.Second) // ignores ctx
			return swarm.Say("late"), nil
		}
		s := swarm.Swarm{Planner: script{steps: []swarm.Step{each("a", "b", "c")}}, Worker: swarm.WorkerFunc(w), Concurrency: 1}
		a, err := s.Run(ctx, task)
		if !errors.Is(err, errBroken) || time.Since(begin) != 20*time.Second {
			t.Fatal(err, time.Since(begin))
		}
		got := outcomes(a)
		if got["1/t/0"] != swarm.Cancelled || got["1/t/1"] != swarm.Done || got["1/t/2"] != swarm.Cancelled {
			t.Error(got)
		}
	})
}

func TestUnparkTwiceAndParkTwiceCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var active, most atomic.Int32
		w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			enter(&active, &most)
			for range 3 {
				active.Add(-1)
				outer := swarm.Park(ctx)
				inner := swarm.Park(ctx) // parked already: does nothing
				inner()
				time.Sleep(time.Second)
				var wg sync.WaitGroup
				for range 3 {
					wg.Go(outer)
				}
				wg.Wait()
				outer()
				enter(&active, &most)
				time.Sleep(time.Second)
			}
			active.Add(-1)
			return swarm.Say("x"), nil
		}
		s := swarm.Swarm{Planner: script{steps: []swarm.Step{each(numbered(20)...)}}, Worker: swarm.WorkerFunc(w), Concurrency: 3}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Coverage.Done != 20 || most.Load() > 3 {
			t.Error(err, a.Coverage, most.Load())
		}
	})
}

func enter(active, most *atomic.Int32) {
	n := active.Add(1)
	for {
		m := most.Load()
		if n <= m || most.CompareAndSwap(m, n) {
			return
		}
	}
}

func TestParkOutsideASubtaskDoesNothing(t *testing.T) {
	swarm.Park(t.Context())()
	p := script{plan: func(ctx context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
		swarm.Park(ctx)()
		return add(swarm.Step{ID: "a", Do: "x"})
	}}
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo), Rounds: 1}
	if _, err := s.Run(t.Context(), task); err != nil {
		t.Fatal(err)
	}
}

func TestAtMost64ParkedAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun atomic.Int32
		free := make(chan struct{})
		w := func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
			begun.Add(1)
			unpark := swarm.Park(ctx)
			<-free
			unpark()
			return swarm.Say("x"), nil
		}
		s := swarm.Swarm{Planner: script{steps: []swarm.Step{each(numbered(300)...)}}, Worker: swarm.WorkerFunc(w), Concurrency: 2}
		go func() {
			synctest.Wait()
			if n := begun.Load(); n != 2*64+2 { // the last two keep their places
				t.Errorf("%d began", n)
			}
			close(free)
		}()
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Coverage.Done != 300 {
			t.Error(err, a.Coverage)
		}
	})
}

func TestAWorkerMayReturnWhileItIsParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var active, most atomic.Int32
		var late []func()
		var mu sync.Mutex
		w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			if st.Index%3 == 0 {
				unpark := swarm.Park(ctx)
				mu.Lock()
				late = append(late, unpark, func() { swarm.Park(ctx)() }) // also a late Park
				mu.Unlock()
				return swarm.Say("x"), nil
			}
			enter(&active, &most)
			time.Sleep(time.Second)
			mu.Lock()
			todo := late
			late = nil
			mu.Unlock()
			for _, f := range todo {
				f() // of subtasks that have ended: changes nothing
			}
			active.Add(-1)
			return swarm.Say("x"), nil
		}
		s := swarm.Swarm{Planner: script{steps: []swarm.Step{each(numbered(60)...)}}, Worker: swarm.WorkerFunc(w), Concurrency: 2}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Coverage.Done != 60 || most.Load() > 2 {
			t.Error(err, a.Coverage, most.Load())
		}
		for _, f := range late {
			f()
		}
	})
}

func TestAGoroutineLeftWaitingForItsPlaceIsWokenWhenItsSubtaskEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			if st.Item == "a" {
				unpark := swarm.Park(ctx)
				time.Sleep(time.Second)
				go unpark() // a leak in this test if nobody wakes it
				time.Sleep(time.Second)
				return swarm.Say("x"), nil
			}
			time.Sleep(10 * time.Second)
			return swarm.Say("x"), nil
		}
		s := swarm.Swarm{Planner: script{steps: []swarm.Step{each("a", "b")}}, Worker: swarm.WorkerFunc(w), Concurrency: 1}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Coverage.Done != 2 {
			t.Error(err, a.Coverage)
		}
	})
}

func TestGoroutinesOfOneSubtaskMayParkInTurn(t *testing.T) {
	w := func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 50 {
					swarm.Park(ctx)()
				}
			})
		}
		wg.Wait()
		return swarm.Say("x"), nil
	}
	s := swarm.Swarm{Planner: script{steps: []swarm.Step{each(numbered(40)...)}}, Worker: swarm.WorkerFunc(w), Concurrency: 2}
	a, err := s.Run(t.Context(), task)
	if err != nil || a.Coverage.Done != 40 {
		t.Error(err, a.Coverage)
	}
}
