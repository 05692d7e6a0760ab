package pool

import (
	"testing"
	"time"
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
	for _, share := range []float64{-1, .01, .05, .5} {
		h, hedges := hedgeBudget{share: share}, 0
		for range 10_000 {
			h.earn()
			if h.spend() {
				hedges++
			}
		}
		if most := int(10_000 * max(share, 0)); hedges > most || hedges < most-1 {
			t.Errorf("%v: %d hedges of 10000 calls", share, hedges)
		}
		for range 10_000 {
			h.earn()
		}
		burst := 0
		for h.spend() {
			burst++
		}
		if burst > hedgeBank {
			t.Errorf("%v: %d hedges at once", share, burst)
		}
	}
}
