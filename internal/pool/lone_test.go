package pool

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

var goneErrors = []*swarm.CallError{
	refusal(swarm.ClassNetwork, 0), refusal(swarm.ClassOverloaded, 503), refusal(swarm.ClassOverloaded, 200), refusal(swarm.ClassServer, 502), refusal(swarm.ClassServer, 500),
}

// known is a pool at a server that has served a call before.
func known(t *testing.T, c Config, s *script) *Pool {
	p := poolOf(t, c, s)
	p.queue.backends[0].reached = true
	return p
}

func TestLoneCallOutlivesAnOutage(t *testing.T) {
	for _, e := range goneErrors {
		for _, outage := range []time.Duration{30 * time.Second, 5 * time.Minute} {
			synctest.Test(t, func(t *testing.T) {
				s := away(time.Now().Add(outage), time.Millisecond, time.Second, e)
				start := time.Now()
				_, err := known(t, Config{}, s).Do(t.Context(), ask("x"))
				if took := time.Since(start); err != nil || took > outage+longestPause*5/4+time.Second || s.calls > 30 {
					t.Errorf("%s %d for %v: %v after %d calls and %v", e.Class, e.Status, outage, err, s.calls, took)
				}
			})
		}
	}
}

// X17: for a minute the server is away two seconds of four, and cuts what is
// under way when it goes.
func TestLoneCallOutlivesAFlappingServer(t *testing.T) {
	for _, e := range goneErrors {
		for range 10 {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				up := func() bool {
					since := time.Since(start)
					return since > time.Minute || since/time.Second%4 >= 2
				}
				s := &script{do: func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
					for range 30 { // a call of three seconds never fits while it flaps
						if !up() {
							return model.Reply{}, e
						}
						time.Sleep(100 * time.Millisecond)
					}
					return ok("done")
				}}
				if _, err := known(t, Config{}, s).Do(t.Context(), ask("x")); err != nil || time.Since(start) > 2*time.Minute || s.calls > 30 {
					t.Errorf("%s %d: %v after %d calls and %v", e.Class, e.Status, err, s.calls, time.Since(start))
				}
			})
		}
	}
}

func TestLoneCallGivesUpWhenItsTimeIsOver(t *testing.T) {
	for _, e := range goneErrors {
		synctest.Test(t, func(t *testing.T) {
			s := away(time.Now().Add(time.Hour), time.Millisecond, 0, e)
			start := time.Now()
			_, err := known(t, Config{Limits: model.Limits{CallTime: 3 * time.Minute}}, s).Do(t.Context(), ask("x"))
			if took := time.Since(start); err == nil || took > 3*time.Minute || took < 2*time.Minute || !strings.Contains(err.Error(), "3m0s") && !strings.Contains(err.Error(), "nothing has succeeded there") {
				t.Errorf("%s %d: %v after %d calls and %v", e.Class, e.Status, err, s.calls, took)
			}
			if s.calls > 25 {
				t.Errorf("%s %d: %d calls at a server that is away", e.Class, e.Status, s.calls)
			}
		})
	}
}

// A prompt that the server breaks the connection over, while it serves others,
// has no more than its attempts.
func TestCallThatAloneFailsHasItsAttempts(t *testing.T) {
	for _, e := range goneErrors {
		synctest.Test(t, func(t *testing.T) {
			poison := 0
			s := &script{do: func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
				if r.Messages[0].Content == "poison" {
					poison++
					return model.Reply{}, e
				}
				return takes(time.Millisecond)(ctx, n, r) // far less than a back-off
			}}
			p := poolOf(t, Config{}, s)
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				for ctx.Err() == nil {
					p.Do(ctx, ask("well"))
				}
			}()
			_, err := p.Do(t.Context(), ask("poison"))
			cancel()
			// One more where it failed twice before another was served.
			if classOf(t, err) != e.Class || poison > 10 {
				t.Errorf("%s %d: %v after %d attempts", e.Class, e.Status, err, poison)
			}
		})
	}
}

func TestLoneCallHasItsAttemptsWhereNoBreakerIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := away(time.Now().Add(time.Hour), time.Millisecond, 0, refusal(swarm.ClassNetwork, 0))
		if _, err := known(t, Config{Limits: model.Limits{Breaker: -1, Attempts: 3}}, s).Do(t.Context(), ask("x")); classOf(t, err) != swarm.ClassNetwork || s.calls != 3 {
			t.Errorf("%v after %d calls, want 3", err, s.calls)
		}
	})
}

// A wait that a server orders holds for the call that it was told also where
// the refusal opens the breaker, and another call then closes it.
func TestOrderedWaitHoldsWhereTheBreakerOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const asked = 4 * time.Second
		var refused time.Time
		s := &script{do: func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
			switch {
			case r.Messages[0].Content == "other":
				time.Sleep(time.Second)
			case refused.IsZero():
				time.Sleep(100 * time.Millisecond)
				refused = time.Now()
				e := refusal(swarm.ClassOverloaded, 503)
				e.RetryAfter, e.HasRetryAfter = asked, true
				return model.Reply{}, e
			case time.Since(refused) < asked:
				t.Errorf("again after %v, asked to wait %v", time.Since(refused), asked)
			}
			return ok("done")
		}}
		p := known(t, Config{Limits: model.Limits{Breaker: 1, Hedge: -1}}, s)
		done := make(chan error)
		go func() {
			_, err := p.Do(t.Context(), ask("other"))
			done <- err
		}()
		if _, err := p.Do(t.Context(), ask("x")); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
