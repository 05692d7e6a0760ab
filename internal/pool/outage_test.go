package pool

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// away fails all attempts until then, after so long, and then takes calls.
func away(until time.Time, fails, works time.Duration, e *swarm.CallError) *script {
	s := &script{}
	s.do = func(ctx context.Context, _ int, r model.Request) (model.Reply, error) {
		if time.Now().Before(until) {
			if _, err := takes(fails)(ctx, 0, r); err != nil {
				return model.Reply{}, err
			}
			return model.Reply{}, e
		}
		return takes(works)(ctx, 0, r)
	}
	return s
}

// crowd makes n calls at once, and returns how many failed and after what time
// the last came back.
func crowd(t *testing.T, p *Pool, n int) (lost int, took time.Duration) {
	t.Helper()
	start := time.Now()
	var wg sync.WaitGroup
	var bad atomic.Int32
	for range n {
		wg.Go(func() {
			if _, err := p.Do(t.Context(), ask("x")); err != nil {
				bad.Add(1)
				classOf(t, err)
			}
		})
	}
	wg.Wait()
	return int(bad.Load()), time.Since(start)
}

// A call that only waits, for a backend that fails, tells at its end how.
func TestACallThatOnlyWaitedTellsWhatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := away(time.Now().Add(time.Hour), time.Millisecond, time.Second, refusal(swarm.ClassOverloaded, 503))
		p := poolOf(t, Config{}, s)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		go p.Do(ctx, ask("x"))
		time.Sleep(time.Minute)
		late, end := context.WithTimeout(ctx, time.Millisecond)
		defer end()
		if _, err := p.Do(late, ask("y")); classOf(t, err) != swarm.ClassCancelled || !strings.Contains(err.Error(), "the last attempt: call to") || !strings.Contains(err.Error(), "503") {
			t.Error(err)
		}
	})
}

// F14: overload for two minutes, told in a body, lost 43 of 43 calls.
func TestOutageLosesNoCall(t *testing.T) {
	for _, e := range []*swarm.CallError{
		refusal(swarm.ClassOverloaded, 200), refusal(swarm.ClassServer, 500), refusal(swarm.ClassOverloaded, 529), refusal(swarm.ClassNetwork, 0),
	} {
		synctest.Test(t, func(t *testing.T) {
			const outage = 2 * time.Minute
			s := away(time.Now().Add(outage), 10*time.Millisecond, time.Second, e)
			p := poolOf(t, Config{}, s)
			start := time.Now()
			lost, took := crowd(t, p, 43)
			if lost > 0 || took > outage+longestPause*5/4+20*time.Second {
				t.Errorf("%s: %d of 43 calls lost, %v taken", e.Class, lost, took)
			}
			vain := 0
			for _, at := range s.at {
				if at.Sub(start) < outage {
					vain++
				}
			}
			if vain > 43+8 {
				t.Errorf("%s: %d calls in vain", e.Class, vain)
			}
		})
	}
}

func TestOutageIsProbedByOneCallAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := away(time.Now().Add(time.Hour), 3*time.Second, time.Second, refusal(swarm.ClassServer, 500))
		p := poolOf(t, Config{Limits: model.Limits{CallTime: 4 * time.Minute}}, s)
		first := true
		time.AfterFunc(30*time.Second, func() {
			for range 100 {
				time.Sleep(time.Second)
				s.mu.Lock()
				if s.inFlight > 1 && first {
					first = false
					t.Errorf("%d calls in flight at a backend that is away", s.inFlight)
				}
				s.mu.Unlock()
			}
		})
		crowd(t, p, 30)
	})
}

func TestOutageWithoutEndFailsWhatWaits(t *testing.T) {
	for _, most := range []time.Duration{2 * time.Minute, 5 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			back := time.Now().Add(time.Hour)
			s := away(back, time.Second, time.Second, refusal(swarm.ClassServer, 500))
			p := poolOf(t, Config{Limits: model.Limits{CallTime: most}}, s)
			lost, took := crowd(t, p, 500)
			if lost != 500 || took < most-longestPause || took > most+2*longestPause {
				t.Errorf("%d of 500 calls lost after %v, want all after some %v", lost, took, most)
			}
			sent := s.calls
			_, err := p.Do(t.Context(), ask("x"))
			if classOf(t, err) != swarm.ClassServer || !strings.Contains(err.Error(), "nothing has succeeded") {
				t.Errorf("error %v, want it to say for how long", err)
			}
			if s.calls > sent+1 {
				t.Errorf("%d calls were sent for one", s.calls-sent)
			}
			time.Sleep(time.Until(back))
			if _, err := p.Do(t.Context(), ask("x")); err != nil {
				t.Errorf("when the backend is back: %v", err)
			}
			if lost, _ := crowd(t, p, 50); lost > 0 {
				t.Errorf("%d of 50 calls lost after that", lost)
			}
		})
	}
}

func TestOutageAtOneBackendLeavesItsCallsToTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := away(time.Now().Add(time.Hour), 10*time.Millisecond, 0, refusal(swarm.ClassServer, 500))
		good := &script{do: takes(time.Second)}
		p := poolOf(t, Config{}, bad, good)
		lost, took := crowd(t, p, 200)
		if lost > 0 || took > 40*time.Second {
			t.Errorf("%d of 200 calls lost after %v", lost, took)
		}
		if bad.calls > 40 {
			t.Errorf("%d calls at the backend that is away", bad.calls)
		}
	})
}

func TestBreakerSettingSaysHowManyFailuresShut(t *testing.T) {
	for most, want := range map[int][2]int{3: {3, 12}, 12: {12, 21}, -1: {60, 60}} {
		synctest.Test(t, func(t *testing.T) {
			s := away(time.Now().Add(time.Hour), time.Millisecond, 0, refusal(swarm.ClassServer, 500))
			p := poolOf(t, Config{Limits: model.Limits{Breaker: most, Attempts: 3, CallTime: time.Minute}}, s)
			// One after the other, so that no call is under way when the limit is met.
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() { p.Do(t.Context(), ask("x")) })
				time.Sleep(20 * time.Millisecond)
			}
			wg.Wait()
			if s.calls < want[0] || s.calls > want[1] {
				t.Errorf("Breaker %d: %d calls at a backend that is away, want %d to %d", most, s.calls, want[0], want[1])
			}
		})
	}
}

// F12: a healthy server was shut out by bad requests and by Stop.
func TestBadRequestsAndCancelsShutNothing(t *testing.T) {
	for name, do := range map[string]func(context.Context, int, model.Request) (model.Reply, error){
		"bad requests": func(context.Context, int, model.Request) (model.Reply, error) {
			return model.Reply{}, refusal(swarm.ClassInvalid, 400)
		},
		"refusals": func(context.Context, int, model.Request) (model.Reply, error) {
			return model.Reply{}, refusal(swarm.ClassRefused, 200)
		},
		"cuts": func(context.Context, int, model.Request) (model.Reply, error) {
			return model.Reply{}, refusal(swarm.ClassCut, 200)
		},
		"cancels": takes(time.Hour),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{do: do}
			p := poolOf(t, Config{}, s)
			var wg sync.WaitGroup
			for range 100 {
				wg.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					p.Do(ctx, ask("x"))
				})
			}
			wg.Wait()
			s.do = takes(0)
			start := time.Now()
			if _, err := p.Do(t.Context(), ask("x")); err != nil || time.Since(start) > 0 {
				t.Errorf("after %s: %v, %v", name, err, time.Since(start))
			}
		})
	}
}

func TestSilentBackendIsNotTheFirstToBeTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent, good := &script{do: takes(time.Hour)}, &script{do: takes(time.Second)}
		p := poolOf(t, Config{Limits: model.Limits{AttemptTime: 10 * time.Second}}, silent, good)
		for range 5 {
			if _, err := p.Do(t.Context(), ask("x")); err != nil {
				t.Error(err)
			}
		}
		if silent.calls != 1 || good.calls != 5 {
			t.Errorf("%d calls at the silent backend and %d at the other, want 1 and 5", silent.calls, good.calls)
		}
	})
}

func TestProviderThatIsUsedUpEndsTheBackendAndThenTheCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := away(time.Now().Add(time.Hour), time.Millisecond, 0, refusal(swarm.ClassServer, 500))
		quota := &script{do: func(context.Context, int, model.Request) (model.Reply, error) {
			return model.Reply{}, refusal(swarm.ClassQuota, 429)
		}}
		p := poolOf(t, Config{Limits: model.Limits{CallTime: 2 * time.Minute}}, quota, away)
		if lost, took := crowd(t, p, 20); lost != 20 || took > 4*time.Minute {
			t.Errorf("%d lost after %v", lost, took)
		}
		_, err := p.Do(t.Context(), ask("x"))
		if err == nil || !strings.Contains(err.Error(), "m#2") || !strings.Contains(err.Error(), "nothing has succeeded") {
			t.Errorf("%v, want the backend that might still come back named", err)
		}
	})
}
