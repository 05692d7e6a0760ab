package pool

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestLimitsThatHeadersTellAreKept(t *testing.T) {
	for seed := range uint64(4) {
		for _, kind := range []meter{{}, {bucket: true}, {bucket: true, tells: 15_000}} {
			bucket := kind.bucket
			for _, width := range []time.Duration{time.Second, time.Minute} {
				for _, early := range []bool{false, true} {
					for _, work := range []time.Duration{20 * time.Millisecond, time.Second} {
						s := &rateSim{
							rng:      rand.New(rand.NewPCG(seed, 1)),
							requests: meter{limit: 250, width: width, bucket: bucket, tells: kind.tells},
							slots:    32,
							size:     func() (int, int) { return 10, 10 },
							way:      time.Millisecond,
							work:     lognormal(work, .3),
							early:    early,
						}
						took := s.run(1000)
						bound := 3 * width // 250 at once, and three times 250
						if byWork := time.Duration(1000/32) * work; bound < byWork {
							bound = byWork
						}
						name := fmt.Sprintf("seed %d, bucket %v of %v, %v, early %v, work %v", seed, bucket, kind.tells, width, early, work)
						if s.refused > 0 || float64(took) > 1.1*float64(bound) {
							t.Errorf("%s: %d refused, %v of at least %v", name, s.refused, took, bound)
						}
					}
				}
			}
		}
	}
}

func TestTokensThatHeadersTellAreKept(t *testing.T) {
	for seed := range uint64(8) {
		for _, bucket := range []bool{false, true} {
			rng := rand.New(rand.NewPCG(seed, 2))
			s := &rateSim{
				rng:    rng,
				tokens: meter{limit: 60_000, width: time.Minute, bucket: bucket},
				slots:  32,
				size:   func() (int, int) { n := 200 + rng.IntN(2000); return n, n },
				way:    10 * time.Millisecond,
				work:   lognormal(time.Second, .5),
			}
			took := s.run(400) // 480 000 tokens
			if s.refused > 0 || took > 9*time.Minute {
				t.Errorf("seed %d, bucket %v: %d refused, %v", seed, bucket, s.refused, took)
			}
		}
	}
}

func TestPaceKeepsEveryMinute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rpm := rapid.IntRange(1, 2000).Draw(t, "rpm")
		p := newPacer(rpm)
		now := time.Unix(1000, 0)
		var at []time.Time
		for len(at) < 2*rpm+10 {
			if next := p.ready(now); next.After(now) {
				now = next
			}
			p.take(now)
			at = append(at, now)
			if rapid.IntRange(0, 9).Draw(t, "pause") == 0 {
				now = now.Add(time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "for")))
			}
		}
		for i := rpm; i < len(at); i++ {
			if gap := at[i].Sub(at[i-rpm]); gap < time.Minute {
				t.Fatalf("%d requests in %v at %d a minute", rpm+1, gap, rpm)
			}
		}
	})
}

func TestMinuteKeepsEverySixtySeconds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := minute{limit: float64(rapid.IntRange(1, 1000).Draw(t, "tpm"))}
		now := time.Unix(1000, 0)
		type sent struct {
			at time.Time
			n  float64
		}
		var all []sent
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			n := float64(rapid.IntRange(1, 1200).Draw(t, "tokens"))
			if next := m.ready(n, now); next.After(now) {
				if m.ready(n, next.Add(-2*time.Second)).IsZero() {
					t.Fatalf("a call could have gone two seconds before")
				}
				now = next
				if later := m.ready(n, now); !later.IsZero() {
					t.Fatalf("at %v it is to go at %v", next, later)
				}
			}
			m.add(n, now, now)
			used := float64(rapid.IntRange(0, int(n)).Draw(t, "used"))
			m.add(used-n, now, now)
			all = append(all, sent{now, used})
			now = now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "ms")) * time.Millisecond)
		}
		for i := range all {
			sum, largest := 0., 0.
			for _, s := range all[i:] {
				if s.at.Sub(all[i].at) < time.Minute {
					sum, largest = sum+s.n, max(largest, s.n)
				}
			}
			if sum > m.limit && largest <= m.limit {
				t.Fatalf("%v tokens of %v in a minute", sum, m.limit)
			}
		}
	})
}

func TestCallsTogetherCannotPassATokenLimit(t *testing.T) {
	r := newRates(0, 1000)
	now := time.Unix(1000, 0)
	n := needOf(300, 100)
	for i := range 2 {
		if at := r.ready(n, now); !at.IsZero() {
			t.Fatalf("call %d waits until %v", i, at)
		}
		r.take(n, now)
	}
	if at := r.ready(n, now); at.Sub(now) < time.Minute {
		t.Errorf("a third call of 400 of 1000 tokens may go at %v", at)
	}
	r = newRates(0, 1000)
	c := r.take(n, now)
	r.settle(c, needOf(100, 10), [counts]telling{}, now.Add(time.Second))
	r.take(n, now)
	if at := r.ready(n, now); !at.IsZero() {
		t.Error("what a call did not use was not given back")
	}
}

func TestCallLargerThanTheBucketGoesWhenItIsFull(t *testing.T) {
	now := time.Unix(1000, 0)
	large := needOf(5000, 0)
	for name, r := range map[string]rates{
		"configured": newRates(0, 1000),
		"told":       {told: [counts]gauge{ofTokens: {limit: 1000, left: 1000, full: now.Add(time.Minute), width: time.Minute, at: now}}},
	} {
		if at := r.ready(large, now); !at.IsZero() {
			t.Errorf("%s: it waits until %v", name, at)
		}
		r.take(needOf(1, 0), now)
		if at := r.ready(large, now); at.IsZero() {
			t.Errorf("%s: it goes although something is used", name)
		}
	}
}

func TestRequestsPerDayAreNotSpread(t *testing.T) {
	r := newRates(0, 0)
	now := time.Unix(1000, 0)
	c := r.take(needOf(10, 0), now)
	r.settle(c, needOf(10, 0), [counts]telling{ofRequests: {ok: true, limit: 14400, left: 14370, reset: 180 * time.Second}}, now)
	for range 1000 {
		if at := r.ready(needOf(10, 0), now); !at.IsZero() {
			t.Fatalf("a call waits until %v", at)
		}
		r.take(needOf(10, 0), now)
	}
}

func TestLimitThatIsToldOnceHoldsNobodyForEver(t *testing.T) {
	r := newRates(0, 0)
	now := time.Unix(1000, 0)
	n := needOf(400, 100)
	c := r.take(n, now)
	r.settle(c, n, [counts]telling{ofTokens: {ok: true, limit: 1000, left: 400, reset: 58 * time.Second}}, now)
	for i := range 100 {
		at := r.ready(n, now)
		if at.Sub(now) > time.Minute {
			t.Fatalf("call %d is held for %v", i, at.Sub(now))
		}
		now = later(now, at)
		c = r.take(n, now)
		now = now.Add(time.Second)
		r.settle(c, n, [counts]telling{}, now) // no headers any more
	}
}
