package pool

import (
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm/model"
)

func TestLateIsWhatFewTake(t *testing.T) {
	for share, want := range map[float64]time.Duration{.05: 910, .2: 770, .5: 480} {
		var l latencies
		for i := range latencyRenew - 1 {
			l.add(time.Duration(i+1)*10*time.Millisecond, share)
		}
		if l.slow != 0 {
			t.Errorf("an idea of the slowest from %d attempts", latencyRenew-1)
		}
		for i := range 5*latencyRenew + 1 {
			l.add(time.Duration(i+latencyRenew)*10*time.Millisecond, share)
		}
		if want *= time.Millisecond; l.slow < want || l.slow > want+want/8 {
			t.Errorf("the slowest %v take over %v, want %v and a tenth", share, l.slow, want)
		}
		for range 2 * latencyRing {
			l.add(2*time.Second, share)
		}
		if l.slow < 2*time.Second {
			t.Errorf("%v: old latencies are not forgotten", l.slow)
		}
	}
}

func TestHedgesAreAShareOfCalls(t *testing.T) {
	for _, part := range []float64{-1, .01, .05, .5} {
		q := queue{limits: model.Limits{Hedge: part}, shares: map[string]*share{}}
		q.add(model.Backend{Slots: 1})
		b, c, late := q.backends[0], &call{weight: 1}, time.Now().Add(-time.Hour)
		for range latencyRenew {
			b.latencies.add(time.Second, part)
		}
		send := func() {
			now := time.Now()
			q.over(q.admit(b, c, first, now), &ending{void: true}, now)
		}
		hedged := func() bool {
			now, _ := q.mayHedge(&hedge{slow: b, began: late})
			return now
		}
		hedges := 0
		for range 10_000 {
			if send(); hedged() {
				hedges++
			}
		}
		if most := int(10_000 * max(part, 0)); hedges > most || hedges < most-1 {
			t.Errorf("%v: %d hedges of 10000 calls", part, hedges)
		}
		for range 10_000 {
			send()
		}
		burst := 0
		for hedged() {
			burst++
		}
		if burst > hedgeBank {
			t.Errorf("%v: %d hedges at once", part, burst)
		}
	}
}
