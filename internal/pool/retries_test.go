package pool

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// firstFails fails the first attempt at each prompt with e, after so long (and a
// microsecond more than the attempt before, so that no two end at once), and
// answers the next. It counts retries that left while first attempts waited.
type firstFails struct {
	script
	mu     sync.Mutex
	seen   map[string]bool
	total  int // prompts that will come
	during int // retries before the last first attempt
}

func newFirstFails(total int, d time.Duration, which func(i int) bool, e *swarm.CallError) *firstFails {
	f := &firstFails{seen: map[string]bool{}, total: total}
	f.do = func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
		f.mu.Lock()
		prompt := r.Messages[0].Content
		again := f.seen[prompt]
		bad := !again && which(len(f.seen))
		f.seen[prompt] = true
		if again && len(f.seen) < f.total {
			f.during++
		}
		f.mu.Unlock()
		if _, err := takes(d+time.Duration(n)*time.Microsecond)(ctx, n, r); err != nil {
			return model.Reply{}, err
		}
		if bad {
			return model.Reply{}, e
		}
		return ok("done")
	}
	return f
}

func TestRetriesAreAShareOfSuccessesWhileFirstAttemptsWait(t *testing.T) {
	for share, want := range map[float64][2]int{0: {55, 110}, .05: {20, 40}, -1: {180, 250}} {
		synctest.Test(t, func(t *testing.T) {
			const prompts = 500
			f := newFirstFails(prompts, 100*time.Millisecond, func(i int) bool { return i%2 == 0 }, refusal(swarm.ClassServer, 500))
			p := poolOf(t, Config{Limits: model.Limits{Retries: share}}, &f.script)
			var wg sync.WaitGroup
			var lost atomic.Int32
			for i := range prompts {
				wg.Go(func() {
					// A retry would go before the first attempts that still wait.
					if _, err := p.do(t.Context(), ask(string(rune('a'+i))), swarm.Caller{Priority: int64(-i)}); err != nil {
						lost.Add(1)
					}
				})
			}
			wg.Wait()
			if f.during < want[0] || f.during > want[1] {
				t.Errorf("Retries %v: %d of 250 left while first attempts waited, want %d to %d", share, f.during, want[0], want[1])
			}
			if lost.Load() > 0 {
				t.Errorf("Retries %v: %d prompts lost", share, lost.Load())
			}
		})
	}
}

// What the budget puts off is not lost: it follows as fast as the server
// shows itself able.
func TestRetriesThatWaitFollowSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const prompts = 200
		f := newFirstFails(prompts, 100*time.Millisecond, func(i int) bool { return i >= 100 }, refusal(swarm.ClassServer, 500))
		p := poolOf(t, Config{Limits: model.Limits{Breaker: -1}, Backends: []model.Backend{{Model: "m", Slots: 64}}}, &f.script)
		var wg sync.WaitGroup
		start := time.Now()
		for i := range prompts {
			wg.Go(func() {
				if _, err := p.Do(t.Context(), ask(string(rune('a'+i)))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
