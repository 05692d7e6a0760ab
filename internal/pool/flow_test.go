package pool

import (
	"testing"
	"time"
)

// A machine under load, or a model that many use, queues for minutes and is
// quick again. How long that took, and how small the limit had become, is no
// measure of how long it takes to come back.
func TestLimitComesBackSoonAfterALongQueue(t *testing.T) {
	const call = 500 * time.Millisecond // all spreads are around it
	for _, top := range []int{16, 64} {
		for _, low := range []int{1, 2, 4} {
			for name, work := range spreads {
				for seed := range uint64(2) {
					s := newSim(seed, top)
					s.queues, s.cap, s.work = true, top, work
					s.run(phase)
					s.cap = low
					s.run(5 * phase)
					was := s.limit.allowed()
					s.cap = top
					generations := 0
					for s.limit.allowed() < top*8/10 && generations < 1000 {
						s.run(call)
						generations++
					}
					if generations > 200 {
						t.Errorf("%s, seed %d: from %d to %d of %d took %d generations, after the server had taken %d at a time",
							name, seed, was, s.limit.allowed(), top, generations, low)
					}
				}
			}
		}
	}
}

// Where a queue was found before, the limit is raised with care: a server that
// answers one call at a time is not given dozens to find out that it still does.
func TestLimitProbesAQueueWithFewCalls(t *testing.T) {
	for name, work := range spreads {
		for seed := range uint64(3) {
			s := newSim(seed, 64)
			s.queues, s.cap, s.work = true, 16, work
			s.run(phase)
			s.cap = 1
			s.run(20 * phase)
			if low := s.limit.allowed(); low > 4 {
				continue // it was not found in this time, and nothing is probed from below
			}
			most := 0
			for range 10 * phase / (2 * time.Second) {
				s.run(2 * time.Second)
				most = max(most, s.limit.allowed())
			}
			if most > 16 {
				t.Errorf("%s, seed %d: %d calls at a time at a server that answers one", name, seed, most)
			}
		}
	}
}
