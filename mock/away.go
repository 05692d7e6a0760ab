package mock

import (
	"maps"
	"net"
	"slices"
	"sync"
	"time"
)

// absence is when the server is not there. While it is away connections are
// refused; going away resets those that are open.
type absence struct {
	mu    sync.Mutex
	until time.Time
	calm  time.Time        // when a flapping ends
	next  *time.Timer      // when a flapping server goes again; nil: it does not flap
	open  map[*socket]bool // of the listener and of Transport
}

// A flapping server is away for half of each period.
const (
	flapPeriod = 4 * time.Second
	flapSpan   = time.Minute
)

// GoAway lets the server vanish for d, as one that crashes and is started
// again: its port refuses connections, and what is open is reset. Requests
// that reach a Server as an http.Handler meanwhile are cut.
func (s *Server) GoAway(d time.Duration) {
	a := &s.away
	a.mu.Lock()
	if until := time.Now().Add(d); until.After(a.until) {
		a.until = until
	}
	a.mu.Unlock()
	s.mu.Lock()
	l := s.port
	s.mu.Unlock()
	if l != nil {
		l.stop()
	}
	a.mu.Lock()
	open := slices.Collect(maps.Keys(a.open))
	a.mu.Unlock()
	for _, c := range open {
		c.reset()
	}
}

// flap lets the server go and come, unless it does already.
func (s *Server) flap() {
	s.away.mu.Lock()
	on := time.Now().Before(s.away.calm)
	if !on {
		s.away.calm = time.Now().Add(flapSpan)
	}
	s.away.mu.Unlock()
	if !on {
		s.flapOn()
	}
}

func (s *Server) flapOn() {
	s.away.mu.Lock()
	on := time.Now().Before(s.away.calm)
	if on {
		s.away.next = time.AfterFunc(flapPeriod, s.flapOn)
	}
	s.away.mu.Unlock()
	if on {
		s.GoAway(flapPeriod / 2)
	}
}

// close ends a flapping.
func (a *absence) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.calm = time.Now(); a.next != nil {
		a.next.Stop()
	}
}

// awayUntil is when the server is back; a time that has passed: it is here.
func (a *absence) awayUntil() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.until
}

func (a *absence) isAway() bool { return time.Now().Before(a.awayUntil()) }

// enter notes a connection until it is closed.
func (a *absence) enter(c net.Conn) *socket {
	s := &socket{Conn: c, from: a}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == nil {
		a.open = map[*socket]bool{}
	}
	a.open[s] = true
	return s
}

func (a *absence) leave(c *socket) {
	a.mu.Lock()
	delete(a.open, c)
	a.mu.Unlock()
}
