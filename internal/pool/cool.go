package pool

import (
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// doubted is how many replies in a row must ask for a wait, once a server has
// shown that it asks so of single calls, until all calls wait again.
const doubted = 6

// cooling is the wait that a server asked for, kept by every call to it. It is
// a pure machine, driven under the queue's lock.
//
// Mostly a wait is meant for all calls, but some servers, and gateways before
// several of them, ask it of single ones. A call that was sent after the refused
// one and is served shows that: the wait then holds for the refused call alone,
// and so do those that follow, until calls are refused one after the other. Waits
// longer than shortWait all calls keep.
type cooling struct {
	until  time.Time
	asked  *swarm.CallError // the reply that asked for it
	lasted bool             // it has ended by time, and calls are to return slowly

	first  uint64 // the earliest call, by number, that was refused in this wait
	single bool   // the server asks waits of single calls
	row    int    // replies that asked for a wait, none served in between
}

// ask notes that the reply to call number seq asked for a wait. The longest
// one counts, and late is added to it.
func (c *cooling) ask(seq uint64, err *swarm.CallError, now time.Time, late time.Duration) {
	c.row++
	if c.single && c.row < doubted && err.RetryAfter <= shortWait {
		return
	}
	if c.row >= doubted {
		c.single = false
	}
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
	if seq > c.first {
		c.row = 0
	}
	if now.Before(c.until) && seq > c.first && c.asked.RetryAfter <= shortWait {
		c.until, c.asked, c.lasted, c.single = time.Time{}, nil, false, true
	}
}

// over says, once, that a wait has ended by its time.
func (c *cooling) over(now time.Time) bool {
	over := c.lasted && !now.Before(c.until)
	c.lasted = c.lasted && !over
	return over
}
