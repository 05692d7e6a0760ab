package pool

import (
	"math/rand/v2"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// vainMost is how many failures without a success make a backend that refuses
// one call at a time be left alone for a while, longer each time.
const vainMost = 4

// backend is a Backend with what is known of it, guarded by queue.mu. All
// calls of all runs that share the pool share it.
type backend struct {
	Backend
	client attempter
	bit    uint64 // its place in a set of backends

	limit    limiter
	rates    rates
	cool     cooling
	breaker  breaker
	estimate estimate
	slowness slowness
	denials  denials
	latency  time.Duration    // of calls that were served, a moving mean
	served   uint64           // calls that were
	vain     int              // failures since the last call that was served
	failed   *swarm.CallError // the last failure that the breaker counted
	stopped  *swarm.CallError // why it is of no more use; nil: it is in use
	since    uint64           // the queue's seq at which it stopped
}

// context returns the most tokens of prompt and reply together that b holds,
// as far as is known.
func (b *backend) context() int {
	if w := b.estimate.window; w > 0 {
		return min(w, b.Context)
	}
	return b.Context
}

// admits says whether a call that needs so much may go to b now. Where only
// time stands in its way, at is when it may; a time further away than most is
// not waited for: the server itself is to say so.
func (b *backend) admits(n need, now time.Time, most time.Duration) (ok bool, at time.Time) {
	switch {
	case b.stopped != nil:
		return false, time.Time{}
	case now.Before(b.cool.until):
		return false, b.cool.until
	case !b.breaker.admits(now):
		return false, b.breaker.opens()
	}
	if b.cool.over(now) {
		part := shortRamp
		if b.cool.asked.RetryAfter > shortWait {
			part = longRamp
		}
		b.limit.reopen(part)
	}
	if b.limit.busy >= b.limit.allowed() {
		return false, time.Time{}
	}
	if at = b.rates.ready(n, now); at.After(now) && at.Sub(now) <= most {
		return false, at
	}
	return true, time.Time{}
}

// doubtful says that others are to be asked first.
func (b *backend) doubtful(now time.Time) bool {
	return b.breaker.suspect() || b.breaker.open || b.vain >= vainMost || b.denials.recent(now)
}

// before says that b takes a call rather than o.
func (b *backend) before(o *backend, now time.Time) bool {
	if s := b.doubtful(now); s != o.doubtful(now) {
		return !s
	}
	return b.limit.busy*o.limit.allowed() < o.limit.busy*b.limit.allowed()
}

// learn ends an attempt for the limits of its backend. It returns the first
// step of a back-off after it. Waits longer than most are not waited for.
func (s slot) learn(e *ending, now time.Time, most time.Duration) (patience time.Duration) {
	b, o := s.backend, e.outcome()
	if o == refused && b.breaker.open {
		o = unsaid // nothing is served at all: that is no question of how many
	}
	b.limit.done(s.ticket, o, now)
	b.rates.settle(s.receipt, e.used, e.rates, now)
	switch {
	case o == served:
		took := now.Sub(s.ticket.sent)
		if b.latency == 0 {
			b.latency = took
		}
		b.latency += (took - b.latency) / 8
		b.cool.serve(s.ticket.seq, now)
	case o == refused && b.vain >= vainMost && b.limit.allowed() == 1:
		// It serves nobody, not even one call at a time: all wait, or go to
		// others, so that no call spends its attempts here.
		b.cool.hold(now.Add(min(backoffBase<<min(b.vain-vainMost, 5), backoffCap, most)), e.err)
	case o == refused && b.latency > 0 && !b.limit.test.rest:
		// The server serves others, and the lower limit is the remedy: the
		// refused call waits no longer than calls take.
		return min(max(b.latency, time.Millisecond), backoffBase)
	case e.err != nil && e.err.Retryable() && e.err.RetryAfter > 0:
		var late time.Duration
		if e.err.RetryAfter <= most {
			late = rand.N(min(e.err.RetryAfter/16, backoffBase) + 1) // other processes wait as long
		}
		b.cool.ask(s.ticket.seq, e.err, now, late)
	}
	return backoffBase
}

// outcome reads what an attempt says of its server's load.
func (e *ending) outcome() outcome {
	switch {
	case e.void || e.early:
		return unsaid
	case e.err == nil:
		return served
	}
	switch e.err.Class {
	case swarm.ClassRateLimited, swarm.ClassOverloaded:
		if e.err.HasRetryAfter {
			return unsaid // cooling sees to it, or the server says that nothing is to be waited for
		}
		for _, t := range e.rates {
			if t.ok && t.left < 1 {
				return unsaid // rates do
			}
		}
		return refused
	case swarm.ClassServer, swarm.ClassNetwork, swarm.ClassTimeout, swarm.ClassBroken, swarm.ClassCancelled, swarm.ClassBudget:
		return unsaid
	}
	return served // the server has judged the request
}
