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
	calm  time.Time     // when a flapping ends
	goes  []*time.Timer // until then

	port     net.Listener     // nil: there is none
	open     map[*socket]bool // of the listener and of Transport
	accepted int              // those that were closed included
}

// A flapping server is away for half of each period.
const (
	flapPeriod = 4 * time.Second
	flapSpan   = time.Minute
)

// GoAway simulates a crash and restart after d: until then the port refuses
// connections, and open connections are reset. Requests that reach the Server as an
// http.Handler meanwhile are cut.
func (s *Server) GoAway(d time.Duration) {
	a := &s.away
	a.mu.Lock()
	if until := time.Now().Add(d); until.After(a.until) {
		a.until = until
	}
	if a.port != nil {
		_ = a.port.Close()
	}
	open := slices.Collect(maps.Keys(a.open))
	a.mu.Unlock()
	for _, c := range open {
		c.reset()
	}
}

// flap lets the server go and come, unless it does already.
func (s *Server) flap() {
	a := &s.away
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Now().Before(a.calm) {
		return
	}
	a.calm = time.Now().Add(flapSpan)
	for at := time.Duration(0); at < flapSpan; at += flapPeriod {
		a.goes = append(a.goes, time.AfterFunc(at, func() { s.GoAway(flapPeriod / 2) }))
	}
}

// close ends a flapping.
func (a *absence) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.goes {
		t.Stop()
	}
}

// left is how long the server stays away; not above 0: it is here.
func (a *absence) left() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Until(a.until)
}

// listen opens a port, and notes it.
func (a *absence) listen(addr string) (net.Listener, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l, err := net.Listen("tcp", addr)
	a.port = l
	return l, err
}

// enter notes a connection until it is closed.
func (a *absence) enter(c net.Conn) *socket {
	s := &socket{Conn: c, from: a}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.accepted++
	a.open[s] = true
	return s
}

func (a *absence) leave(c *socket) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, c)
}
