package pool

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// meter is a server's double that keeps a rate limit: in a window, or in a
// bucket.
type meter struct {
	limit  float64
	width  time.Duration // of the window, or until an empty bucket is full
	bucket bool
	tells  float64 // the limit that it tells, where that is not what it keeps at once

	left  float64
	at    time.Time
	begun bool
}

// take says whether a call of this size may pass.
func (m *meter) take(n float64, now time.Time) bool {
	m.fill(now)
	if m.left < min(n, m.limit) {
		return false
	}
	m.left -= n
	return true
}

func (m *meter) fill(now time.Time) {
	switch {
	case !m.begun:
		m.begun, m.left, m.at = true, m.limit, now
	case m.bucket:
		m.left = min(m.limit, m.left+m.limit*now.Sub(m.at).Seconds()/m.width.Seconds())
		m.at = now
	default:
		for !now.Before(m.at.Add(m.width)) {
			m.left, m.at = m.limit, m.at.Add(m.width)
		}
	}
}

func (m *meter) tell(now time.Time) telling {
	m.fill(now)
	t := telling{ok: true, limit: max(m.limit, m.tells), left: max(0, float64(int(m.left)))}
	if m.bucket {
		t.reset = time.Duration((m.limit - m.left) / m.limit * float64(m.width)).Round(time.Millisecond)
	} else {
		t.reset = m.at.Add(m.width).Sub(now)
	}
	return t
}

// rateSim drives rates against meters of requests and tokens.
type rateSim struct {
	rng      *rand.Rand
	rates    rates
	requests meter
	tokens   meter
	slots    int
	size     func() (reserve, used int) // of a call, in tokens
	way      time.Duration              // to the server, and back
	work     func(*rand.Rand) time.Duration
	early    bool // headers are of the call's arrival, not of its reply

	now     time.Time
	events  rateEvents
	refused int // after the first answer
}

type rateEvent struct {
	at   time.Time
	then func()
}

type rateEvents []rateEvent

func (h rateEvents) Len() int           { return len(h) }
func (h rateEvents) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h rateEvents) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *rateEvents) Push(x any)        { *h = append(*h, x.(rateEvent)) }
func (h *rateEvents) Pop() any {
	old := *h
	e := old[len(old)-1]
	*h = old[:len(old)-1]
	return e
}

func (s *rateSim) in(d time.Duration, then func()) {
	heap.Push(&s.events, rateEvent{s.now.Add(d), then})
}

// run makes so many calls, refused ones again, and returns how long it took.
func (s *rateSim) run(calls int) time.Duration {
	start := time.Unix(1_800_000_000, 0).Add(time.Duration(s.rng.IntN(1e9)))
	s.now = start
	busy, answered := 0, false
	reserve, used := s.size()
	var pump func()
	pump = func() {
		for calls > 0 && busy < s.slots {
			n := needOf(reserve, 0)
			if at := s.rates.ready(n, s.now); !at.IsZero() {
				if len(s.events) == 0 || s.events[0].at.After(at) {
					s.in(at.Sub(s.now), pump)
				}
				return
			}
			c, cost := s.rates.take(n, s.now), used
			calls--
			busy++
			reserve, used = s.size()
			s.in(s.way, func() {
				ok := s.requests.limit == 0 || s.requests.take(1, s.now)
				if ok && s.tokens.limit > 0 {
					ok = s.tokens.take(n[ofTokens], s.now)
				}
				var head [counts]telling
				tell := func() {
					if s.requests.limit > 0 {
						head[ofRequests] = s.requests.tell(s.now)
					}
					if s.tokens.limit > 0 {
						head[ofTokens] = s.tokens.tell(s.now)
					}
				}
				tell()
				work := s.work(s.rng)
				if !ok {
					work, cost = 0, 0
				}
				s.in(work, func() {
					if !s.early {
						tell()
					}
					s.in(s.way, func() {
						busy--
						if !ok {
							calls++
							if answered {
								s.refused++
							}
						}
						answered = true
						s.rates.settle(c, needOf(cost, 0), head, s.now)
						pump()
					})
				})
			})
		}
	}
	pump()
	for len(s.events) > 0 {
		e := heap.Pop(&s.events).(rateEvent)
		s.now = e.at
		e.then()
	}
	if calls > 0 || busy > 0 {
		panic("the simulation stopped")
	}
	return s.now.Sub(start)
}
