package mock

import (
	"sync"
	"syscall"
	"time"
)

// absence is when the server is not there. While it is away connections are
// refused; going away resets those that are open.
type absence struct {
	mu     sync.Mutex
	until  time.Time
	timers []*time.Timer
	open   map[*memoryReply]bool // requests that came by Transport
	closed bool
}

// GoAway lets the server vanish for d, as one that crashes and is started
// again: its port refuses connections, and what is open is reset. Requests
// that reach a Server as an http.Handler meanwhile are cut.
func (s *Server) GoAway(d time.Duration) {
	a := &s.away
	a.mu.Lock()
	if until := time.Now().Add(d); until.After(a.until) {
		a.until = until
	}
	open := a.open
	a.open = nil
	a.mu.Unlock()
	for w := range open {
		w.breakOff(netError("read", syscall.ECONNRESET))
		w.leave()
	}
	s.mu.Lock()
	l := s.port
	s.mu.Unlock()
	if l != nil {
		l.goAway()
	}
}

// flap lets the server go and come, for d from now on: away for half of each
// period.
func (s *Server) flap(d, period time.Duration) {
	s.away.mu.Lock()
	if len(s.away.timers) == 0 && !s.away.closed {
		for at := period; at < d; at += period {
			s.away.timers = append(s.away.timers, time.AfterFunc(at, func() { s.GoAway(period / 2) }))
		}
		last := time.AfterFunc(d, s.away.calm)
		s.away.timers = append(s.away.timers, last)
	}
	s.away.mu.Unlock()
	s.GoAway(period / 2)
}

// calm ends a flapping.
func (a *absence) calm() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.timers {
		t.Stop()
	}
	a.timers = nil
}

func (a *absence) close() {
	a.calm()
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
}

func (s *Server) awayUntil() time.Time {
	s.away.mu.Lock()
	defer s.away.mu.Unlock()
	return s.away.until
}

func (s *Server) isAway() bool { return time.Now().Before(s.awayUntil()) }

// enter notes a request in memory, unless the server is away.
func (a *absence) enter(w *memoryReply) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Now().Before(a.until) {
		return false
	}
	if a.open == nil {
		a.open = map[*memoryReply]bool{}
	}
	a.open[w] = true
	return true
}

func (a *absence) leave(w *memoryReply) {
	a.mu.Lock()
	delete(a.open, w)
	a.mu.Unlock()
}
