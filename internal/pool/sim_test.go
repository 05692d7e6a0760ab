package pool

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"time"
)

// sim drives a limiter against a server's double, in time that only the
// events of the simulation move: thousands of calls in a millisecond.
type sim struct {
	rng     *rand.Rand
	limit   limiter
	work    func(*rand.Rand) time.Duration // of a call that the server takes
	refusal time.Duration                  // a refusal's answer takes so long
	queues  bool                           // what is over the server's limit waits, instead of being refused
	random  float64                        // share of calls refused whatever the load

	now    time.Time
	cap    int // the server's limit; 0: none
	taken  int // in the server
	line   []ticket
	events simEvents

	sent, refused, served int
	latency               time.Duration // sum
	area                  float64       // of the limit over time, in seconds
}

type simEvent struct {
	at    time.Time
	t     ticket
	o     outcome
	begun time.Time
}

type simEvents []simEvent

func (h simEvents) Len() int           { return len(h) }
func (h simEvents) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h simEvents) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *simEvents) Push(x any)        { *h = append(*h, x.(simEvent)) }
func (h *simEvents) Pop() any {
	old := *h
	e := old[len(old)-1]
	*h = old[:len(old)-1]
	return e
}

func newSim(seed uint64, top int) *sim {
	return &sim{
		rng:     rand.New(rand.NewPCG(seed, 0)),
		limit:   newLimiter(top),
		work:    lognormal(500*time.Millisecond, .5),
		refusal: 5 * time.Millisecond,
		now:     time.Unix(1_800_000_000, 0),
	}
}

// lognormal draws around a median.
func lognormal(median time.Duration, sigma float64) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration {
		return time.Duration(float64(median) * math.Exp(sigma*r.NormFloat64()))
	}
}

// always takes the same time, so that answers come together.
func always(d time.Duration) func(*rand.Rand) time.Duration {
	return func(*rand.Rand) time.Duration { return d }
}

// run lets calls without end go out for so long.
func (s *sim) run(d time.Duration) {
	end := s.now.Add(d)
	for {
		for s.limit.busy < s.limit.allowed() {
			s.arrive(s.limit.send(s.now))
		}
		next := s.events[0]
		if next.at.After(end) {
			s.pass(end)
			return
		}
		heap.Pop(&s.events)
		s.pass(next.at)
		if next.o == served {
			s.served++
			s.latency += s.now.Sub(next.begun)
			s.taken--
			if len(s.line) > 0 && (s.cap == 0 || s.taken < s.cap) {
				s.start(s.line[0])
				s.line = s.line[1:]
			}
		} else {
			s.refused++
		}
		s.limit.done(next.t, next.o, s.now)
	}
}

func (s *sim) pass(to time.Time) {
	s.area += float64(s.limit.allowed()) * to.Sub(s.now).Seconds()
	s.now = to
}

func (s *sim) arrive(t ticket) {
	s.sent++
	switch {
	case s.rng.Float64() < s.random:
		heap.Push(&s.events, simEvent{at: s.now.Add(s.refusal), t: t, o: refused})
	case s.cap == 0 || s.taken < s.cap:
		s.start(t)
	case s.queues:
		s.line = append(s.line, t)
	default:
		heap.Push(&s.events, simEvent{at: s.now.Add(s.refusal), t: t, o: refused})
	}
}

func (s *sim) start(t ticket) {
	s.taken++
	heap.Push(&s.events, simEvent{at: s.now.Add(s.work(s.rng)), t: t, o: served, begun: s.now})
}

// figures of a phase, and a new one begins.
func (s *sim) figures(since time.Time) (perSecond, refusals, limit float64) {
	took := s.now.Sub(since).Seconds()
	perSecond, refusals, limit = float64(s.served)/took, float64(s.refused)/float64(s.sent), s.area/took
	s.sent, s.refused, s.served, s.area = 0, 0, 0, 0
	return perSecond, refusals, limit
}

// spreads are ways in which a server's answers are spread.
var spreads = map[string]func(*rand.Rand) time.Duration{
	"all alike":     always(500 * time.Millisecond),
	"lognormal(.5)": lognormal(500*time.Millisecond, .5),
	"lognormal(1)":  lognormal(500*time.Millisecond, 1),
}
