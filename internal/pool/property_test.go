package pool

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// play is one random history of a pool: what each attempt meets, and when its
// callers lose patience.
type play struct {
	slots   []int
	ends    []*swarm.CallError // of attempts, round and round; nil: a success
	lasts   []time.Duration
	callers []caller
}

type caller struct {
	starts, patience time.Duration
	priority         int64
}

var drawPlay = rapid.Custom(func(t *rapid.T) play {
	ms := rapid.IntRange(0, 3000)
	p := play{slots: rapid.SliceOfN(rapid.IntRange(1, 4), 1, 3).Draw(t, "slots")}
	classes := []swarm.Class{
		"", "", "", swarm.ClassRateLimited, swarm.ClassServer, swarm.ClassNetwork, swarm.ClassBroken,
		swarm.ClassInvalid, swarm.ClassCut, swarm.ClassQuota,
	}
	for range rapid.IntRange(1, 20).Draw(t, "ends") {
		var e *swarm.CallError
		if class := rapid.SampledFrom(classes).Draw(t, "class"); class != "" {
			e = refusal(class, 0)
			if e.Retryable() && rapid.Bool().Draw(t, "says when") {
				e.HasRetryAfter, e.RetryAfter = true, time.Duration(rapid.IntRange(0, 200).Draw(t, "after"))*time.Second
			}
		}
		p.ends = append(p.ends, e)
		p.lasts = append(p.lasts, time.Duration(ms.Draw(t, "lasts"))*time.Millisecond)
	}
	for range rapid.IntRange(1, 30).Draw(t, "callers") {
		p.callers = append(p.callers, caller{
			starts:   time.Duration(ms.Draw(t, "starts")) * time.Millisecond,
			patience: time.Duration(rapid.IntRange(1, 300_000).Draw(t, "patience")) * time.Millisecond,
			priority: rapid.Int64Range(-2, 2).Draw(t, "priority"),
		})
	}
	return p
})

func TestRandomPlayKeepsTheSlots(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := drawPlay.Draw(rt, "play")
		synctest.Test(t, func(t *testing.T) { c.run(t) })
	})
}

// run plays the history and checks that no backend has more calls in flight
// than slots, that each caller gets an answer or a *CallError within its
// patience, that no call leaves after its cancel, and that all slots are back
// in the end.
func (c play) run(t *testing.T) {
	var mu sync.Mutex
	n := 0
	var scripts []*script
	var backends []model.Backend
	for _, slots := range c.slots {
		backends = append(backends, model.Backend{Model: "m", Slots: slots})
		scripts = append(scripts, &script{do: func(ctx context.Context, _ int, _ model.Request) (model.Reply, error) {
			mu.Lock()
			k := n % len(c.ends)
			n++
			mu.Unlock()
			if end, ok := ctx.Deadline(); !ok || time.Now().After(end) {
				t.Error("a call left after its time")
			}
			select {
			case <-time.After(c.lasts[k]):
			case <-ctx.Done():
				return model.Reply{}, &swarm.CallError{Class: swarm.ClassCancelled, Err: ctx.Err()}
			}
			if e := c.ends[k]; e != nil {
				return model.Reply{}, e
			}
			return ok("done")
		}})
	}
	p := poolOf(t, Config{Backends: backends}, scripts...)
	var wg sync.WaitGroup
	for _, who := range c.callers {
		wg.Go(func() {
			time.Sleep(who.starts)
			ctx, cancel := context.WithTimeout(t.Context(), who.patience)
			defer cancel()
			start := time.Now()
			if _, err := p.do(ctx, ask("x"), swarm.Caller{Priority: who.priority}); err != nil {
				if _, ok := errors.AsType[*swarm.CallError](err); !ok {
					t.Errorf("error %v (%T)", err, err)
				}
			}
			if took := time.Since(start); took > who.patience {
				t.Errorf("answered after %v of %v", took, who.patience)
			}
		})
	}
	wg.Wait()
	for i, s := range scripts {
		if s.peak > c.slots[i] || s.inFlight != 0 || p.queue.backends[i].limit.busy != 0 {
			t.Errorf("backend %d: peak %d of %d slots, %d in flight, %d slots out", i, s.peak, c.slots[i], s.inFlight, p.queue.backends[i].limit.busy)
		}
	}
	if len(p.queue.waiting) != 0 {
		t.Errorf("%d calls still in the queue", len(p.queue.waiting))
	}
}
