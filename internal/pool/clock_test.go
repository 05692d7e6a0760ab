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

// loads answers in a second once its model is loaded, which begins anew
// whenever nobody waits for it.
func loads(takesSo time.Duration) *script {
	loaded := false
	return &script{do: func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
		if !loaded {
			if reply, err := takes(takesSo)(ctx, n, r); err != nil {
				return reply, err
			}
			loaded = true
		}
		return takes(time.Second)(ctx, n, r)
	}}
}

func TestFirstCallWaitsForAModelThatLoads(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits model.Limits
		load   time.Duration
		stream bool
		calls  int
		words  string // of the error; empty: none
	}{
		{"four minutes", model.Limits{}, 4 * time.Minute, false, 1, ""},
		{"seven minutes, streamed", model.Limits{}, 7 * time.Minute, true, 1, ""},
		{"longer than AttemptTime", model.Limits{AttemptTime: 30 * time.Second}, 50 * time.Second, true, 1, ""},
		{"for ever", model.Limits{}, time.Hour, false, 2, "10m0s (CallTime)"},
		{"for ever, streamed, no second attempt", model.Limits{Attempts: 1}, time.Hour, true, 1, "3m0s (FirstToken)"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := loads(c.load)
			p := poolOf(t, Config{Limits: c.limits, Backends: []model.Backend{{Model: "m", Stream: c.stream}}}, s)
			_, err := p.Do(t.Context(), ask("x"))
			if s.calls != c.calls || (err == nil) != (c.words == "") || err != nil && !strings.Contains(err.Error(), c.words) {
				t.Errorf("%s: %v after %d calls, want %q after %d", c.name, err, s.calls, c.words, c.calls)
			}
		})
	}
}

// Where another backend takes calls nobody waits for a load.
func TestModelThatLoadsIsLeftForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, well := loads(time.Hour), &script{do: takes(time.Second)}
		p := poolOf(t, Config{Limits: model.Limits{Hedge: -1}}, slow, well)
		start := time.Now()
		for range 2 {
			if _, err := p.Do(t.Context(), ask("x")); err != nil || time.Since(start) > 4*time.Minute {
				t.Errorf("%v after %v", err, time.Since(start))
			}
		}
	})
}

// A stream that shows any sign of life goes on: bytes before its text for half
// of the call's time, data as long as it comes.
func TestSignsOfLifeExtendAnAttempt(t *testing.T) {
	data := func(r model.Request) { r.OnData() }
	bytes := func(r model.Request) { r.OnBytes() }
	for _, c := range []struct {
		name   string
		sign   func(model.Request)
		stream bool
		lasts  time.Duration
		calls  int
	}{
		{"thinking", data, true, 8 * time.Minute, 1},
		{"comments", bytes, true, 5 * time.Minute, 1},
		{"blank lines before a reply in one piece", bytes, false, 5 * time.Minute, 1},
		{"comments alone", bytes, true, 9 * time.Minute, 2},
		{"thinking without end", data, true, time.Hour, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{do: func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
				for start := time.Now(); n == 0 && time.Since(start) < c.lasts; c.sign(r) {
					select {
					case <-time.After(15 * time.Second):
					case <-ctx.Done():
						return model.Reply{}, model.NetworkError(ctx, ctx.Err())
					}
				}
				return ok("done")
			}}
			p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", Stream: c.stream}}, Limits: model.Limits{Hedge: -1}}, s)
			p.queue.backends[0].answered = true
			_, err := p.Do(t.Context(), ask("x"))
			if s.calls != c.calls || (err != nil) != (c.lasts == time.Hour) {
				t.Errorf("%s: %v after %d calls, want %d", c.name, err, s.calls, c.calls)
			}
			if err != nil && (classOf(t, err) != swarm.ClassTimeout || !strings.Contains(err.Error(), "(CallTime)")) {
				t.Errorf("%s: %v", c.name, err)
			}
		})
	}
}
