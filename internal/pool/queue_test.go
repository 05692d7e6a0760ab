package pool

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

func TestCallsGoOutByPriorityThenByArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{do: takes(time.Second)}
		p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", Slots: 1}}}, s)
		var wg sync.WaitGroup
		for _, c := range []struct {
			name     string
			priority int64
		}{{"first", 0}, {"low", -1}, {"mid 1", 5}, {"mid 2", 5}, {"high", 9}} {
			wg.Go(func() {
				if _, err := p.do(t.Context(), ask(c.name), swarm.Caller{Priority: c.priority}); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		if want := []string{"first", "high", "mid 1", "mid 2", "low"}; !slices.Equal(s.prompts, want) {
			t.Errorf("order %q, want %q", s.prompts, want)
		}
	})
}

func TestSlotsAreTakenOfTheLeastLoadedBackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		small, large := &script{do: takes(time.Second)}, &script{do: takes(time.Second)}
		p := poolOf(t, Config{Backends: []model.Backend{{Model: "a", Slots: 2}, {Model: "b", Slots: 6}}}, small, large)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() { p.Do(t.Context(), ask("x")) })
			synctest.Wait()
			if i == 3 && (small.inFlight != 1 || large.inFlight != 3) {
				t.Errorf("four calls are spread %d and %d over 2 and 6 slots, want 1 and 3", small.inFlight, large.inFlight)
			}
		}
		wg.Wait()
		if small.peak != 2 || large.peak != 6 || small.calls != 2 {
			t.Errorf("peaks %d, %d; %d calls at the small one", small.peak, large.peak, small.calls)
		}
	})
}

func TestCallThatFitsNoBackendIsNotSent(t *testing.T) {
	a, b := &script{do: takes(0)}, &script{do: takes(0)}
	p := poolOf(t, Config{Backends: []model.Backend{{Model: "a", Context: 300}, {Model: "b", Context: 1000}}}, a, b)
	if p.Context() != 300 {
		t.Errorf("context %d, want the smallest", p.Context())
	}
	_, err := p.Do(t.Context(), ask(strings.Repeat("word ", 2000)))
	if classOf(t, err) != swarm.ClassTooLong || !strings.Contains(err.Error(), "1000") || !strings.Contains(err.Error(), "at least 100:") {
		t.Errorf("error %v, want the sizes of prompt, reply and context", err)
	}
	if _, err = p.Do(t.Context(), ask(strings.Repeat("word ", 400))); err != nil {
		t.Error(err)
	}
	if a.calls != 0 || b.calls != 1 {
		t.Errorf("%d and %d calls, want the wide backend alone asked", a.calls, b.calls)
	}
	r := ask("short")
	r.MaxOut = 1000 // the prompt alone would fit
	if _, err = p.Do(t.Context(), r); err != nil || a.calls+b.calls != 2 {
		t.Errorf("a reply that would be longer than its room: %v", err)
	}
}

func TestSlotThatComesWithTheCancelGoesToTheNext(t *testing.T) {
	p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", Slots: 1}}}, &script{})
	q := &p.queue
	fresh := func(place int) *call {
		return &call{Request: ask("x"), pool: p, fits: 1, weight: 1, place: uint64(place)}
	}
	for range 50 {
		held, _ := q.try(fresh(0), first)
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan slot, 2)
		for i, c := range []context.Context{ctx, t.Context()} {
			go func() {
				s, _ := q.take(c, fresh(i+1), first)
				got <- s
			}()
			for waits := -1; waits <= i; {
				q.mu.Lock()
				waits = len(q.waiting)
				q.mu.Unlock()
			}
		}
		q.mu.Lock()
		cancel()
		held.limit.busy--
		q.dispatch(time.Now())
		q.mu.Unlock()
		if s := <-got; s.backend != nil {
			q.end(s, ending{})
			if s = <-got; s.backend != nil {
				q.end(s, ending{})
			}
		} else {
			q.end(<-got, ending{})
		}
		if held.limit.busy != 0 || len(q.waiting) != 0 {
			t.Fatalf("%d slots out, %d waiting", held.limit.busy, len(q.waiting))
		}
	}
}

func TestCallThatWaitsForAnotherBackendHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		narrow, wide := &script{do: takes(time.Second)}, &script{do: takes(time.Hour / 10)}
		p := poolOf(t, Config{Backends: []model.Backend{{Model: "a", Slots: 1, Context: 200}, {Model: "b", Slots: 1, Context: 5000}}, Limits: model.Limits{AttemptTime: time.Hour}}, narrow, wide)
		var wg sync.WaitGroup
		long := strings.Repeat("word ", 600)
		wg.Go(func() { p.Do(t.Context(), ask(long)) })
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() { p.do(ctx, ask(long), swarm.Caller{Priority: 99}) })
		synctest.Wait()
		start := time.Now()
		for range 3 {
			wg.Go(func() { p.Do(t.Context(), ask("short")) })
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if narrow.calls != 3 {
			t.Errorf("%d short calls in %v behind a long one, want 3", narrow.calls, time.Since(start))
		}
		cancel()
		wg.Wait()
	})
}

func TestCancelledCallLeavesTheQueueUnsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{do: takes(time.Minute)}
		p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", Slots: 1}}}, s)
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("enough")
		errs := make(chan error, 5)
		for range 5 {
			go func() { _, err := p.Do(ctx, ask("x")); errs <- err }()
		}
		synctest.Wait()
		cancel(why)
		for range 5 {
			if err := <-errs; classOf(t, err) != swarm.ClassCancelled || !errors.Is(err, why) {
				t.Errorf("error %v, want the cause", err)
			}
		}
		if s.calls != 1 {
			t.Errorf("%d calls were sent, want the one before the cancel", s.calls)
		}
		if _, err := p.Do(ctx, ask("x")); classOf(t, err) != swarm.ClassCancelled || s.calls != 1 {
			t.Errorf("a call after the cancel: %v, %d sent", err, s.calls)
		}
		if _, err := p.Do(t.Context(), ask("x")); err != nil {
			t.Errorf("the slot did not come back: %v", err)
		}
	})
}

func TestStoppedBackendLeavesItsCallsToOthers(t *testing.T) {
	for _, class := range []swarm.Class{swarm.ClassQuota, swarm.ClassAuth, swarm.ClassNotFound} {
		bad := &script{do: fails(refusal(class, 401), refusal(class, 401))}
		good := &script{do: takes(0)}
		p := poolOf(t, Config{}, bad, good)
		for range 3 {
			if _, err := p.Do(t.Context(), ask("x")); err != nil {
				t.Error(class, err)
			}
		}
		if bad.calls != 1 || good.calls != 3 {
			t.Errorf("%s: %d and %d calls, want the bad backend asked once", class, bad.calls, good.calls)
		}
	}
}

func TestNoBackendLeftNamesTheFirstCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &script{do: fails(refusal(swarm.ClassQuota, 429))}
		b := &script{do: fails(refusal(swarm.ClassAuth, 401))}
		p := poolOf(t, Config{Backends: []model.Backend{{Name: "one", Model: "m", Slots: 1}, {Name: "two", Model: "m", Slots: 1}}}, a, b)
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				_, err := p.Do(t.Context(), ask("x"))
				if c := classOf(t, err); c != swarm.ClassQuota || !strings.Contains(err.Error(), "none of 2 backends is left") || !strings.Contains(err.Error(), "at one") {
					t.Errorf("error %v, want the quota of the first", err)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		if a.calls+b.calls != 2 {
			t.Errorf("%d calls were sent, want one to each", a.calls+b.calls)
		}
	})
}
