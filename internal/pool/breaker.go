package pool

import (
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

const (
	// An open breaker lets a probe through after leastPause, and after twice as
	// long each time that fails, up to longestPause; up to a quarter is added at
	// random.
	leastPause   = time.Second
	longestPause = 30 * time.Second
	// flapping is how long after it a server that goes away again holds nothing
	// against a call.
	flapping = time.Minute
)

// breaker is a circuit breaker. It is a pure machine, driven under the queue's
// lock.
//
// It opens after so many consecutive failures by the server's own fault or the
// network's (see healthOf), but not before a third of the calls that were under
// way at the first of them has ended: refusals come faster than answers. They
// must be of two calls, or of a kind that no prompt brings about (see gone): a
// call that a server chokes on says nothing of others. Any answer closes it.
type breaker struct {
	most int // consecutive failures that open it; 0 or less: it never opens

	streak int   // consecutive failures
	of     *call // that met the first of them
	others bool  // they are not all of one call, or of a kind that is no call's doing
	mark   uint64
	older  int  // of the calls sent until mark, when the streak began, how many are under way
	silent bool // the last failure was that no answer came in time

	open  bool
	since time.Time     // of the first failure of the streak
	until time.Time     // no probe is let through before
	pause time.Duration // the one that until ends
	probe uint64        // the call that is the probe; 0: none is under way
	shut  time.Time     // when it was last closed to calls; kept when it closes
}

// health is what an attempt says of its backend.
type health int

const (
	healthWell    health = iota // it answered, if only that the request is wrong
	healthSick                  // it failed, or could not be reached
	healthBusy                  // it refuses calls for their number; twice as many of these open the breaker
	healthSilent                // it did not answer in time
	healthGarbled               // it answered, but not well
	healthUnknown               // nothing: cancelled, or not sent
)

// healths are what failures say; those of other classes judge the request.
var healths = map[swarm.Class]health{
	swarm.ClassServer: healthSick, swarm.ClassOverloaded: healthSick, swarm.ClassNetwork: healthSick,
	swarm.ClassRateLimited: healthBusy, swarm.ClassTimeout: healthSilent, swarm.ClassBroken: healthGarbled,
	swarm.ClassCancelled: healthUnknown, swarm.ClassBudget: healthUnknown,
}

// healthOf reads an attempt's failure; nil is a success.
func healthOf(e *swarm.CallError) health {
	if e == nil || e.Status >= 400 && e.Status < 500 && e.Class != swarm.ClassRateLimited {
		return healthWell
	}
	return healths[e.Class]
}

// gone says that a failure is one of a server that is not there, or takes no
// calls, rather than one of what it was asked. Gateways tell that by any status
// from 500 on.
func gone(e *swarm.CallError) bool {
	return e != nil && (e.Class == swarm.ClassNetwork || e.Class == swarm.ClassOverloaded || e.Class == swarm.ClassRateLimited ||
		e.Class == swarm.ClassServer && e.Status >= 500)
}

func (b *breaker) admits(now time.Time) bool {
	return !b.open || b.probe == 0 && !now.Before(b.until)
}

// opens returns when the next probe may go out, or zero if no time brings it
// about: calls may go out now, or a probe is under way.
func (b *breaker) opens() time.Time {
	if !b.open || b.probe != 0 {
		return time.Time{}
	}
	return b.until
}

// send notes that the call seq goes out; seq grows with each.
func (b *breaker) send(seq uint64) {
	if b.open {
		b.probe = seq
	}
}

// done notes how the attempt seq at a call ended; gone says that a failure is
// no call's doing. sent is the seq of the last attempt sent, busy how many are
// under way now, and draw a random number in [0, 1).
func (b *breaker) done(seq uint64, h health, of *call, gone bool, sent uint64, busy int, now time.Time, draw float64) {
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
			b.until = now // another may be the probe
		}
		return
	}
	if b.streak == 0 {
		b.mark, b.older, b.since, b.of = sent, busy, now, of
	}
	b.streak++
	b.silent = h == healthSilent
	b.others = b.others || of != b.of || gone
	most := b.most
	if h == healthBusy {
		most *= 2
	}
	switch {
	case probe:
		b.pause = min(2*b.pause, longestPause)
	case b.open || b.most <= 0 || b.streak < max(most, 3*b.older) || !b.others:
		return
	default:
		b.open, b.pause = true, leastPause
	}
	b.rest(now, draw)
}

func (b *breaker) rest(now time.Time, draw float64) {
	b.shut = now
	b.until = now.Add(b.pause + time.Duration(draw*float64(b.pause)/4))
}
