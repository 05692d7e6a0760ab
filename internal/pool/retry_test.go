package pool

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

func TestPassingFailuresAreRepeatedWithBackoff(t *testing.T) {
	for _, class := range []swarm.Class{swarm.ClassRateLimited, swarm.ClassOverloaded, swarm.ClassServer, swarm.ClassNetwork, swarm.ClassTimeout, swarm.ClassBroken} {
		synctest.Test(t, func(t *testing.T) {
			e := refusal(class, 0)
			s := &script{do: fails(e, e, e, e)}
			if _, err := poolOf(t, Config{}, s).Do(t.Context(), ask("x")); err != nil || s.calls != 5 {
				t.Errorf("%s: %v after %d calls, want success at the fifth", class, err, s.calls)
			}
			for i := 1; i < len(s.at); i++ {
				if gap := s.at[i].Sub(s.at[i-1]); gap <= 0 || gap > backoffBase<<(i-1) {
					t.Errorf("%s: gap %d is %v, want it within 0 and %v", class, i, gap, backoffBase<<(i-1))
				}
			}
		})
	}
}

func TestAttemptsAreBoundedAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := refusal(swarm.ClassServer, 500)
		s := &script{do: fails(e, e, e, e)}
		_, err := poolOf(t, Config{Limits: model.Limits{Attempts: 3}}, s).Do(t.Context(), ask("x"))
		ce, _ := errors.AsType[*swarm.CallError](err)
		if s.calls != 3 || ce == nil || ce.Attempts != 3 || ce.Class != swarm.ClassServer || ce.Model != "m" {
			t.Errorf("error %+v after %d calls, want 3 attempts at m", ce, s.calls)
		}
	})
}

func TestWhatCannotSucceedUnchangedIsNotSentAgain(t *testing.T) {
	for _, class := range []swarm.Class{swarm.ClassInvalid, swarm.ClassTooLong, swarm.ClassCut, swarm.ClassRefused, swarm.ClassFiltered} {
		s := &script{do: fails(refusal(class, 400))}
		_, err := poolOf(t, Config{}, s).Do(t.Context(), ask("x"))
		if classOf(t, err) != class || s.calls != 1 {
			t.Errorf("%s: %v after %d calls", class, err, s.calls)
		}
	}
}

func TestOrderedWaitIsKept(t *testing.T) {
	for _, wait := range []time.Duration{time.Nanosecond, 20 * time.Millisecond, 3 * time.Second, 90 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{do: fails(after(wait))}
			if _, err := poolOf(t, Config{}, s).Do(t.Context(), ask("x")); err != nil {
				t.Fatal(err)
			}
			if gap := s.at[1].Sub(s.at[0]); gap < wait || gap > wait+backoffBase {
				t.Errorf("gap %v after an ordered wait of %v", gap, wait)
			}
		})
	}
}

func TestOrderedWaitHoldsForTheWholeBackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := fails(after(3*time.Second), after(time.Second))
		s := &script{do: func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
			if n < 2 { // both are under way, and the shorter wait is told last
				time.Sleep(time.Duration(1+n) * time.Millisecond)
			}
			return told(ctx, n, r)
		}}
		p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", Slots: 2}}}, s)
		start := time.Now()
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if _, err := p.Do(t.Context(), ask("x")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, at := range s.at[2:] {
			if at.Sub(start) < 3*time.Second { // the later of the two deadlines
				t.Errorf("a call left %v after the server asked for 3s", at.Sub(start))
			}
		}
		if s.calls != 8 {
			t.Errorf("%d calls", s.calls)
		}
	})
}

func TestWaitGoesByTheEarliestOfCoolingBackends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &script{do: fails(after(100*time.Second), after(100*time.Second))}, &script{do: fails(after(4 * time.Second))}
		p := poolOf(t, Config{Backends: []model.Backend{{Model: "a", Slots: 1}, {Model: "b", Slots: 1}}}, a, b)
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() { p.Do(t.Context(), ask("x")) })
		wg.Go(func() { p.Do(t.Context(), ask("x")) })
		synctest.Wait()
		if _, err := p.Do(t.Context(), ask("third")); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took < 4*time.Second || took > 5*time.Second {
			t.Errorf("the third call took %v, want what the earlier backend asked for", took)
		}
		wg.Wait()
	})
}

func TestQueueWakesWhenACooldownEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{do: fails(after(4 * time.Second))}
		p := poolOf(t, Config{Limits: model.Limits{Attempts: 1}}, s)
		if _, err := p.Do(t.Context(), ask("x")); classOf(t, err) != swarm.ClassRateLimited {
			t.Error(err)
		}
		start := time.Now()
		if _, err := p.Do(t.Context(), ask("y")); err != nil || time.Since(start) < 4*time.Second || time.Since(start) > 4*time.Second+backoffBase {
			t.Errorf("%v after %v, want the end of the cooldown, with nobody else about", err, time.Since(start))
		}
	})
}

func TestLongWaitGoesToAnotherBackendOrNamesBoth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &script{do: fails(after(time.Hour))}, &script{do: takes(0)}
		start := time.Now()
		if _, err := poolOf(t, Config{}, a, b).Do(t.Context(), ask("x")); err != nil || b.calls != 1 || time.Since(start) > time.Second {
			t.Errorf("%v, %d calls at the other backend after %v", err, b.calls, time.Since(start))
		}

		a = &script{do: fails(after(time.Hour))}
		p := poolOf(t, Config{Limits: model.Limits{MaxWait: 90 * time.Second}}, a)
		for range 2 { // the second is refused without being sent
			_, err := p.Do(t.Context(), ask("x"))
			if classOf(t, err) != swarm.ClassRateLimited || !strings.Contains(err.Error(), "1h0m0s") || !strings.Contains(err.Error(), "1m30s") {
				t.Errorf("error %v, want both waits named", err)
			}
		}
		if a.calls != 1 {
			t.Errorf("%d calls, want 1", a.calls)
		}
		time.Sleep(time.Hour)
		if _, err := p.Do(t.Context(), ask("x")); err != nil {
			t.Errorf("after the hour: %v", err)
		}
	})
}

func TestLongWaitFailsTheCallsThatQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{do: func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
			time.Sleep(time.Second)
			return model.Reply{}, after(time.Hour)
		}}
		p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", Slots: 1}}}, s)
		start := time.Now()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := p.Do(t.Context(), ask("x")); classOf(t, err) != swarm.ClassRateLimited {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if s.calls != 1 || time.Since(start) != time.Second {
			t.Errorf("%d calls in %v, want the queue told with the first", s.calls, time.Since(start))
		}
	})
}

func TestWaitPastTheTimeLimitEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{do: fails(after(30 * time.Second))}
		start := time.Now()
		_, err := poolOf(t, Config{Limits: model.Limits{CallTime: 10 * time.Second}}, s).Do(t.Context(), ask("x"))
		if classOf(t, err) != swarm.ClassRateLimited || time.Since(start) > time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestTimeLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{do: takes(time.Hour)}
		p := poolOf(t, Config{Limits: model.Limits{Attempts: 2, AttemptTime: 5 * time.Second}}, s)
		p.queue.backends[0].answered = true
		start := time.Now()
		_, err := p.Do(t.Context(), ask("x"))
		if classOf(t, err) != swarm.ClassTimeout || s.calls != 2 || time.Since(start) < 10*time.Second || time.Since(start) > 11*time.Second {
			t.Errorf("%v after %d calls and %v", err, s.calls, time.Since(start))
		}

		p = poolOf(t, Config{Limits: model.Limits{CallTime: 12 * time.Second, AttemptTime: 5 * time.Second}}, s)
		start = time.Now()
		_, err = p.Do(t.Context(), ask("x"))
		if classOf(t, err) != swarm.ClassTimeout || time.Since(start) > 12*time.Second {
			t.Errorf("%v after %v, want a timeout within CallTime", err, time.Since(start))
		}

		// The wait for a slot is not the attempt's time.
		s = &script{do: takes(4 * time.Second)}
		p = poolOf(t, Config{Backends: []model.Backend{{Model: "m", Slots: 1}}, Limits: model.Limits{AttemptTime: 5 * time.Second}}, s)
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if _, err := p.Do(t.Context(), ask("x")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if s.calls != 5 {
			t.Errorf("%d calls, want 5", s.calls)
		}

		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if _, err := p.Do(ctx, ask("x")); classOf(t, err) != swarm.ClassCancelled || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller's deadline: %v", err)
		}
	})
}

func TestLessonIsFollowedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lesson := &swarm.CallError{Class: swarm.ClassInvalid, Status: 400, Err: &model.Learned{What: "no schemas", Err: errors.New("taught")}}
		s := &script{do: fails(lesson, lesson)}
		p := poolOf(t, Config{Limits: model.Limits{Attempts: 1}}, s)
		start := time.Now()
		if _, err := p.Do(t.Context(), ask("x")); err != nil || s.calls != 3 || time.Since(start) > 0 {
			t.Errorf("%v after %d calls and %v", err, s.calls, time.Since(start))
		}
		s.do = func(context.Context, int, model.Request) (model.Reply, error) { return model.Reply{}, lesson }
		s.calls = 0
		if _, err := p.Do(t.Context(), ask("x")); classOf(t, err) != swarm.ClassInvalid || s.calls != maxLearned+1 {
			t.Errorf("%v after %d calls, want an end", err, s.calls)
		}
	})
}

func TestStreamThatWasReadIsNotRepeatedUnasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{}
		s.do = func(_ context.Context, n int, r model.Request) (model.Reply, error) {
			r.OnText("half ")
			if n == 0 {
				return model.Reply{Text: "half "}, refusal(swarm.ClassNetwork, 0)
			}
			return ok("half whole")
		}
		p := poolOf(t, Config{}, s)
		r := ask("x")
		r.OnText = func(string) {}
		reply, err := p.Do(t.Context(), r)
		if classOf(t, err) != swarm.ClassNetwork || reply.Text != "half " || s.calls != 1 {
			t.Errorf("%q, %v after %d calls", reply.Text, err, s.calls)
		}
		again := 0
		r.OnReset = func() { again++ }
		s.calls = 0
		if _, err := p.Do(t.Context(), r); err != nil || again != 1 || s.calls != 2 {
			t.Errorf("%v, told %d times, %d calls", err, again, s.calls)
		}
	})
}
