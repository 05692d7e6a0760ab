package pool

import (
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// cooling is the wait that a server asked for, kept by every call to it. It is
// a pure machine, driven under the queue's lock.
//
// Mostly a wait is meant for all calls, but some servers, and gateways before
// several of them, ask it of single ones. A call that was sent after the refused
// one and is served shows that, and ends the wait for the others, unless it is
// longer than shortWait.
type cooling struct {
	until  time.Time
	asked  *swarm.CallError // the reply that asked for it
	lasted bool             // it has ended by time, and calls are to return slowly
	first  uint64           // the earliest call, by number, that was refused in this wait
}

// ask notes that the reply to call number seq asked for a wait. The longest
// one counts, and late is added to it.
func (c *cooling) ask(seq uint64, err *swarm.CallError, now time.Time, late time.Duration) {
	if !now.Before(c.until) || seq < c.first {
		c.first = seq
	}
	if until := now.Add(err.RetryAfter + late); until.After(c.until) {
		c.until, c.asked, c.lasted = until, err, true
	}
}

// serve notes that call number seq was served, which ends the wait if it was
// sent after one that was refused.
func (c *cooling) serve(seq uint64, now time.Time) {
	if now.Before(c.until) && seq > c.first && c.asked.RetryAfter <= shortWait {
		c.until, c.asked, c.lasted = time.Time{}, nil, false
	}
}

// over says, once, that a wait has ended by its time.
func (c *cooling) over(now time.Time) bool {
	over := c.lasted && !now.Before(c.until)
	c.lasted = c.lasted && !over
	return over
}
