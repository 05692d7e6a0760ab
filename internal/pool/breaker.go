package pool

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

const (
	// A shut backend is tried again by one call after leastPause, and after
	// twice as long each time that fails, up to longestPause; up to a quarter
	// is added at random.
	leastPause   = time.Second
	longestPause = 30 * time.Second
	// shutFor is how long after it a backend is one that may be going again.
	shutFor = time.Minute
)

// breaker shuts a backend at which nothing succeeds any more, and lets one
// call at a time find out when it is back. It is a pure machine, driven under
// the queue's lock.
//
// It opens once so many attempts in a row have failed by the server's own
// fault or the network's (see healthOf), which takes a third of those into
// account that are still under way since before the first of them: refusals
// come faster than answers, and a server that turns away what is too much for
// it still works. They must be of two calls at least: one that a server chokes
// on says nothing of the others. Those of one call alone do where they are not
// what a prompt does to a server (see gone), and nothing else was served since
// the call's first. Any answer closes it, that of a call sent before included.
type breaker struct {
	most int // failures in a row that open it; 0 or less: it never opens

	streak int      // failures in a row
	of     *Request // the call of the first of them
	others bool     // they are not all of one call, or are not that call's doing
	mark   uint64   // last call sent when the streak began
	older  int      // of those sent until then, how many are under way
	silent bool     // the last failure was that no answer came in time

	open  bool
	since time.Time     // of the first failure of the streak
	until time.Time     // no call is let through before
	pause time.Duration // the one that until ends
	probe uint64        // the call that finds out; 0: none is under way
	shut  time.Time     // it was last closed to calls; kept when it opens to them again
}

// health is what an attempt says of its backend.
type health int

const (
	healthWell    health = iota // it answered, if only that the request is wrong
	healthSick                  // it failed, or could not be reached
	healthSilent                // it did not answer in time
	healthGarbled               // it answered, but not well
	healthUnknown               // nothing: cancelled, or not sent
)

// healthOf reads an attempt's failure; nil is a success.
func healthOf(e *swarm.CallError) health {
	switch {
	case e == nil:
		return healthWell
	case e.Status >= 400 && e.Status < 500:
		return healthWell
	}
	switch e.Class {
	case swarm.ClassServer, swarm.ClassOverloaded, swarm.ClassNetwork:
		return healthSick
	case swarm.ClassTimeout:
		return healthSilent
	case swarm.ClassBroken:
		return healthGarbled
	case swarm.ClassCancelled, swarm.ClassBudget:
		return healthUnknown
	}
	return healthWell
}

// gone says that a failure is one of a server that is not there, or takes no
// calls, rather than one of what it was asked.
func gone(e *swarm.CallError) bool {
	switch {
	case e == nil:
		return false
	case e.Class == swarm.ClassNetwork, e.Class == swarm.ClassOverloaded:
		return true
	}
	return e.Status == 502 || e.Status == 521 || e.Status == 523 // a gateway's word for it
}

// met is where a call has failed, and how many calls had been served there then.
// It is guarded by queue.mu.
type met struct {
	at     *backend
	served uint64
}

// alone notes that the call has failed at b, and says that no other was served
// there since it first did. A server that nobody has reached may not be there
// at all: a call does not wait for it to come back.
func (m *met) alone(b *backend, e *swarm.CallError) bool {
	if m.at != b {
		m.at, m.served = b, b.served
	}
	return m.served == b.served && (b.served > 0 || reached(e))
}

// reached says that a failure is one of a server that took the connection.
func reached(e *swarm.CallError) bool {
	if e.Class != swarm.ClassNetwork || e.Status != 0 {
		return true
	}
	for _, cut := range []error{syscall.ECONNRESET, syscall.EPIPE, io.ErrUnexpectedEOF, io.EOF, net.ErrClosed} {
		if errors.Is(e.Err, cut) {
			return true
		}
	}
	return false
}

// admits says that a call may go out now.
func (b *breaker) admits(now time.Time) bool {
	return !b.open || b.probe == 0 && !now.Before(b.until)
}

// opens returns when the next call may go out, or zero if no time brings it
// about: it may now, or a call that finds out is under way.
func (b *breaker) opens() time.Time {
	if !b.open || b.probe != 0 {
		return time.Time{}
	}
	return b.until
}

// suspect says that the backend was silent of late: others go first.
func (b *breaker) suspect() bool { return b.streak > 0 && b.silent }

// shared says that other calls fail as well, one after another, or did a
// moment ago: what a call meets there is not its own.
func (b *breaker) shared(now time.Time) bool {
	return b.streak > 1 && b.others || !b.shut.IsZero() && now.Sub(b.shut) < shutFor
}

// lasting says that nothing has succeeded for so long.
func (b *breaker) lasting(d time.Duration, now time.Time) bool {
	return b.open && now.Sub(b.since) >= d
}

// send notes that the call seq goes out; seq grows with each.
func (b *breaker) send(seq uint64) {
	if b.open {
		b.probe = seq
	}
}

// done notes how the attempt seq at a call ended; theirs says that a failure is
// not the call's own doing. sent is the seq of the last attempt sent, busy how
// many are under way now, and draw a random number in [0, 1).
func (b *breaker) done(seq uint64, h health, of *Request, theirs bool, sent uint64, busy int, now time.Time, draw float64) {
	probe := b.open && seq == b.probe
	if probe {
		b.probe = 0
	}
	if b.streak > 0 && seq <= b.mark && b.older > 0 {
		b.older--
	}
	switch h {
	case healthWell:
		*b = breaker{most: b.most, shut: b.shut}
		return
	case healthGarbled:
		if probe { // it is not back
			b.rest(now, draw)
		}
		return
	case healthUnknown:
		if probe && b.until.Before(now) {
			b.until = now // another may find out
		}
		return
	}
	if b.streak == 0 {
		b.mark, b.older, b.since, b.of = sent, busy, now, of
	}
	b.streak++
	b.silent = h == healthSilent
	b.others = b.others || of != b.of || theirs && b.most > 0
	switch {
	case probe:
		b.pause = min(2*b.pause, longestPause)
	case b.open || b.most <= 0 || b.streak < max(b.most, 3*b.older) || !b.others:
		return
	default:
		b.open, b.pause = true, leastPause
	}
	b.rest(now, draw)
}

// rest lets no call through for a pause.
func (b *breaker) rest(now time.Time, draw float64) {
	b.shut = now
	b.until = now.Add(b.pause + time.Duration(draw*float64(b.pause)/4))
}
