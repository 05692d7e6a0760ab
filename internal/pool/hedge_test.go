package pool

import (
	"testing"
	"time"
)

func TestLateIsWhatFewTake(t *testing.T) {
	var l slowness
	for i := range hedgeLeast - 1 {
		l.add(time.Duration(i+1) * time.Millisecond)
	}
	if _, ok := l.after(.05); ok {
		t.Errorf("an idea of the slowest from %d attempts", hedgeLeast-1)
	}
	for i := range 81 {
		l.add(time.Duration(i+20) * time.Millisecond)
	}
	for share, want := range map[float64]time.Duration{.05: 95, .2: 80, .5: 50} {
		l.late = 0
		got, ok := l.after(share)
		if want *= time.Millisecond; !ok || got < want || got > want+want/8 {
			t.Errorf("the slowest %v take over %v, want %v and a tenth", share, got, want)
		}
	}
	if _, ok := l.after(-1); ok {
		t.Error("hedging that is off")
	}
	for range 2 * hedgeRing {
		l.add(time.Second)
	}
	if got, _ := l.after(.05); got < time.Second {
		t.Errorf("%v: old latencies are not forgotten", got)
	}
}

func TestHedgesAreAShareOfCalls(t *testing.T) {
	for _, share := range []float64{-1, .01, .05, .5} {
		h, hedges := hedgeBudget{share: share}, 0
		for range 10_000 {
			h.earn()
			if h.spend(hedgeKept) {
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
		for h.spend(hedgeKept) {
			burst++
		}
		if burst > hedgeBank {
			t.Errorf("%v: %d hedges at once", share, burst)
		}
	}
}
