package pool

import (
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm/model"
)

func TestLateIsWhatFewTake(t *testing.T) {
	var l latencies
	for i := range latencyLeast - 1 {
		l.add(time.Duration(i+1) * 10 * time.Millisecond)
	}
	if l.after(.05) != 0 {
		t.Errorf("an idea of the slowest from %d attempts", latencyLeast-1)
	}
	for i := range 81 {
		l.add(time.Duration(i+20) * 10 * time.Millisecond)
	}
	for share, want := range map[float64]time.Duration{.05: 950, .2: 800, .5: 500} {
		l.slow = 0
		got := l.after(share)
		if want *= time.Millisecond; got < want || got > want+want/8 {
			t.Errorf("the slowest %v take over %v, want %v and a tenth", share, got, want)
		}
	}
	if l.after(-1) != 0 {
		t.Error("hedging that is off")
	}
	for range 2 * latencyRing {
		l.add(2 * time.Second)
	}
	if got := l.after(.05); got < 2*time.Second {
		t.Errorf("%v: old latencies are not forgotten", got)
	}
}

func TestHedgesAreAShareOfCalls(t *testing.T) {
	for _, part := range []float64{-1, .01, .05, .5} {
		q := queue{limits: model.Limits{Hedge: part}, shares: map[string]*share{}}
		q.add(model.Backend{Slots: 1})
		b, c, late := q.backends[0], &call{weight: 1}, time.Now().Add(-time.Hour)
		for range latencyLeast {
			b.latencies.add(time.Second)
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
