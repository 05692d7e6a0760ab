package pool

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// phase is long enough for a hundred generations of the simulated calls.
const phase = 2 * time.Minute

// capable returns the most answers a second of a server that takes so many
// calls at a time.
func (s *sim) capable(n int) float64 {
	var sum time.Duration
	for range 20_000 {
		sum += s.work(s.rng)
	}
	return float64(n) / (sum.Seconds() / 20_000)
}

// servers are doubles that differ in how their answers are spread and in how
// long a refusal takes.
func servers(seed uint64, top int) map[string]*sim {
	all := map[string]*sim{}
	for _, refusal := range []time.Duration{0, 5 * time.Millisecond, 500 * time.Millisecond} {
		for name, work := range spreads {
			s := newSim(seed, top)
			s.work, s.refusal = work, refusal
			all[fmt.Sprintf("%s, refusals after %v, seed %d", name, refusal, seed)] = s
		}
	}
	return all
}

func TestLimitFindsWhatAServerTakes(t *testing.T) {
	for _, takes := range []int{1, 4, 16, 64, 256} {
		for name, s := range servers(uint64(takes), 512) {
			s.cap = takes
			start := s.now
			s.run(max(phase, 10*time.Minute/time.Duration(takes)))
			got, share, limit := s.figures(start)
			if want := s.capable(takes); got < .9*want || share > .08 {
				t.Errorf("%s, %d at a time: %.1f/s of %.1f, %.1f %% refused, mean limit %.1f", name, takes, got, want, 100*share, limit)
			}
		}
	}
}

func TestLimitFollowsAServerThatChanges(t *testing.T) {
	for seed := range uint64(2) {
		for name, s := range servers(seed, 512) {
			start, want := s.now, .0
			changes := []int{4, 64, 16, 256, 4, 16}
			for _, s.cap = range changes {
				s.run(phase)
				want += s.capable(s.cap) / float64(len(changes))
			}
			if got, share, _ := s.figures(start); got < .9*want || share > .08 {
				t.Errorf("%s: %.1f/s of %.1f, %.1f %% refused", name, got, want, 100*share)
			}
		}
	}
}

func TestLimitDoesNotSinkUnderRefusalsThatAreNotOfLoad(t *testing.T) {
	for _, random := range []float64{.01, .1, .3} {
		sum, share := .0, .0
		const seeds = 10
		for seed := range uint64(seeds) {
			s := newSim(seed, 64)
			s.random = random
			s.run(phase / 4) // the limit is found
			s.figures(s.now)
			start := s.now
			s.run(phase)
			_, refusals, limit := s.figures(start)
			sum, share = sum+limit/seeds, share+refusals/seeds
			if limit < 32 {
				t.Errorf("seed %d: %.0f %% refused at random brought a mean limit of %.1f of 64", seed, 100*random, limit)
			}
		}
		if sum < .85*64 {
			t.Errorf("%.0f %% refused at random (%.0f %% were) brought a mean limit of %.1f of 64", 100*random, 100*share, sum)
		}
	}
}

func TestLimitComesBackWhenRandomRefusalsEnd(t *testing.T) {
	s := newSim(3, 64)
	s.random = .3
	s.run(phase)
	s.random = 0
	s.run(phase)
	if s.limit.limit < 60 || s.limit.base > .01 {
		t.Errorf("limit %d, base %.2f", s.limit.limit, s.limit.base)
	}
	s.cap = 8 // and refusals of load count again
	s.run(phase / 4)
	if n := s.limit.allowed(); n > 10 {
		t.Errorf("limit %d at a server that takes 8", n)
	}
}

func TestLimitStaysNearTheKneeOfAServerThatQueues(t *testing.T) {
	for _, takes := range []int{16, 64, 256} {
		for name, work := range spreads {
			s := newSim(uint64(takes), 2048)
			s.queues, s.cap, s.work = true, takes, work
			s.run(phase)
			s.figures(s.now)
			start := s.now
			s.run(2 * phase)
			got, _, limit := s.figures(start)
			if want := s.capable(takes); got < .9*want || limit > 5*float64(takes) {
				t.Errorf("%s, queueing past %d: %.1f/s of %.1f, mean limit %.1f of %d", name, takes, got, want, limit, s.limit.top)
			}
		}
	}
}

func TestLimitOfAServerThatRefusesAllIsOneAndRecovers(t *testing.T) {
	s := newSim(1, 64)
	s.run(phase / 4)
	s.random = 1
	s.sent, s.refusal = 0, 500*time.Millisecond
	s.run(phase / 12)
	if n := s.limit.allowed(); n > 2 {
		t.Errorf("limit %d while all is refused", n)
	}
	s.random = 0
	s.run(phase / 4)
	if n := s.limit.allowed(); n < 60 {
		t.Errorf("limit %d half a minute after the server came back", n)
	}
}

func TestReturnAfterAWaitIsARamp(t *testing.T) {
	l := newLimiter(64)
	l.limit = 64
	l.reopen(false)
	now := time.Unix(0, 0)
	for want := 8; want < 64; want++ {
		if n := l.allowed(); n != want {
			t.Fatalf("%d calls may be in flight after %d answers", n, want-8)
		}
		now = now.Add(time.Second)
		l.done(l.send(now), served, now)
	}
	if l.ramp != 0 && l.allowed() != 64 {
		t.Errorf("the ramp did not end: %d", l.allowed())
	}
}

func TestLimitStaysInBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLimiter(rapid.IntRange(1, 300).Draw(t, "top"))
		now := time.Unix(0, 0)
		var out []ticket
		for range rapid.IntRange(1, 2000).Draw(t, "steps") {
			if rapid.IntRange(0, 99).Draw(t, "ramp") == 0 {
				l.reopen(false)
			}
			for l.busy < l.allowed() {
				out = append(out, l.send(now))
			}
			i := rapid.IntRange(0, len(out)-1).Draw(t, "which")
			now = now.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "ms")) * time.Millisecond)
			l.done(out[i], outcome(rapid.IntRange(0, 2).Draw(t, "outcome")), now)
			out = append(out[:i], out[i+1:]...)
			if n := l.allowed(); n < 1 || n > l.top || l.limit > l.top || l.busy != len(out) || l.base < 0 || l.base > 1 {
				t.Fatalf("allowed %d of %d, limit %d, busy %d of %d, base %v", n, l.top, l.limit, l.busy, len(out), l.base)
			}
		}
	})
}

func BenchmarkLimiter(b *testing.B) {
	l := newLimiter(64)
	now := time.Unix(0, 0)
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Millisecond)
		l.done(l.send(now), served, now)
	}
}
