package pool

import (
	"cmp"
	"math/rand/v2"
	"net/url"
	"slices"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

const (
	// mostDenials consecutive denials disable a backend.
	mostDenials = 3
	// denialsKept is how long after a denial other backends are asked first.
	denialsKept = time.Minute
	// slowBackoff consecutive failures without a success make back-offs grow
	// at a backend that serves others.
	slowBackoff = 4
)

// backend is a Backend with what is known of it, guarded by queue.mu. All
// calls of all runs that share the pool share it.
type backend struct {
	model.Backend
	bit    uint64 // its place in a set of backends
	untold bool   // Context is the default
	room   int    // tokens of prompt and reply together that it has named as its most; 0: none

	limit     limiter
	rates     rates
	cool      cooling
	breaker   breaker
	estimate  estimate
	latencies latencies
	latency   time.Duration // of calls that were served, a moving mean

	answered bool // it has served a call
	denials  int  // consecutive ones
	denied   time.Time
	failures int // consecutive ones that may pass

	reached bool             // a connection to it has stood
	failed  *swarm.CallError // the last failure that the breaker counted
	stopped *swarm.CallError // why it is of no more use; nil: it is in use
}

// context returns the most tokens of prompt and reply together that b holds,
// as far as is known.
func (b *backend) context() int {
	return min(cmp.Or(b.estimate.window, b.Context), b.Context)
}

// holds is context, or what b has named in a refusal, if that is less. Words may
// be misread: it bounds replies, and no prompt is too long by it unsent.
func (b *backend) holds() int { return min(b.context(), cmp.Or(b.room, b.context())) }

// host says where b is, host and port alone; "" where its API knows.
func (b *backend) host() string {
	if u, err := url.Parse(b.BaseURL); err == nil && u.Host != "" {
		return " at " + u.Host
	}
	return ""
}

// admits says whether a call that needs so much may go to b now. Where only
// time stands in its way, at is when it may; one further away than most is not
// waited for: the server itself is to say so.
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
		b.limit.reopen(b.cool.asked.RetryAfter > shortWait)
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
	return b.breaker.open || b.breaker.silent || b.failures >= slowBackoff || b.denials > 0 && now.Sub(b.denied) < denialsKept
}

// before says that b takes a call rather than o.
func (b *backend) before(o *backend, now time.Time) bool {
	if s := b.doubtful(now); s != o.doubtful(now) {
		return !s
	}
	return b.limit.busy*o.limit.allowed() < o.limit.busy*b.limit.allowed()
}

// slot is a place at a backend, held by one attempt from queue.admit to
// queue.end, and what the backend is taken for meanwhile.
type slot struct {
	*backend
	share   *share
	ticket  ticket
	kind    kind
	receipt receipt
	est     swarm.Call    // an upper estimate
	slow    time.Duration // after which the attempt is slow; 0: never
}

// ending is how an attempt ended, as far as it matters to its backend.
type ending struct {
	void   bool             // nothing was sent, or it was ended from this side, though not by its own clocks
	err    *swarm.CallError // nil: a success
	of     *call
	unsent bool // no connection stood

	est, told int // prompt tokens as estimated, and as the server told them; 0: not told

	used  need            // of the rate limits
	rates [counts]telling // what the reply's headers say of them
}

// lesson is what an ending taught.
type lesson struct {
	backoff time.Duration // its first step; 0: the usual one
	open    bool          // the breaker is open: nothing succeeds there
	away    bool          // the server comes and goes: what fails there is no call's doing
	wait    time.Duration // until it lets a call through, at the least
	reach   time.Duration // for which it is still tried to be reached; 0: it was reached
	denied  bool          // it denies this call, and is in use nevertheless
	cut     bool          // the server has read only a part of the prompt
	window  int           // tokens of a prompt that it reads, where that has just been found out
}

// outcome reads what an attempt says of its server's load.
func (e *ending) outcome() outcome {
	switch {
	case e.void:
		return unsaid
	case e.err == nil || healths[e.err.Class] == healthWell:
		return served
	case e.err.Class != swarm.ClassRateLimited && e.err.Class != swarm.ClassOverloaded,
		e.err.HasRetryAfter, slices.ContainsFunc(e.rates[:], func(t telling) bool { return t.ok && t.left < 1 }):
		return unsaid // cooling or rates see to it
	}
	return refused
}

// learn takes how an attempt ended into everything that is known of its
// backend. The queue's lock is held.
func (q *queue) learn(s slot, e *ending, now time.Time) (l lesson) {
	b, o, h := s.backend, e.outcome(), healthUnknown
	if !e.void {
		h = healthOf(e.err)
	}
	open := b.breaker.open
	if o == refused && open {
		o = unsaid // nothing is served at all: that is no question of how many
	}
	b.limit.done(s.ticket, o, now)
	b.rates.settle(s.receipt, e.used, e.rates, now)
	b.breaker.done(s.ticket.seq, h, e.of, gone(e.err), b.limit.seq, b.limit.busy, now, rand.Float64())
	if open && !b.breaker.open {
		b.limit.reopen(false)
	}
	took := now.Sub(s.ticket.sent)
	if e.void {
		return l
	}
	if o == served {
		b.latency = cmp.Or(b.latency, took)
		b.latency += (took - b.latency) / 8
		b.cool.serve(s.ticket.seq, now)
	}
	b.reached = b.reached || !e.unsent || e.err == nil || e.err.Class != swarm.ClassNetwork
	l.reach = q.unreached(b, now)
	if e.err == nil {
		b.answered, b.denials, b.failures = true, 0, 0
		q.retries.earn(len(q.waiting) == q.again)
		b.latencies.add(took, q.limits.Hedge)
		l.cut, l.window = b.estimate.learn(e.est, e.told)
		l.cut = l.cut || e.told == b.Context && 2*e.est > e.told // no room was left for the reply
		return l
	}
	if h == healthSick || h == healthBusy || h == healthSilent {
		b.failed = e.err
	}
	l.open, l.wait = b.breaker.open && h != healthWell, max(0, b.breaker.until.Sub(now))
	l.away = gone(e.err) && !b.breaker.shut.IsZero() && now.Sub(b.breaker.shut) < flapping
	switch {
	case denies(e.err.Class):
		if b.deny(e.err, now) && b.stopped == nil {
			b.stopped = e.err
		}
		l.denied = b.stopped == nil
	case e.err.Retryable():
		b.failures++
		l.backoff = b.backoff(e.err, o)
		if w := e.err.RetryAfter; w > 0 {
			var late time.Duration
			if w <= q.limits.MaxWait {
				late = rand.N(min(w/16, backoffBase) + 1) // other processes wait as long
			}
			b.cool.ask(s.ticket.seq, e.err, now, late)
		}
	}
	if useless, _ := q.useless(b, now); useless != nil {
		q.sweep(now)
	}
	return l
}

// unreached returns for how long it is still tried to reach b, to which calls
// have never got a connection, at least 1; else 0.
func (q *queue) unreached(b *backend, now time.Time) time.Duration {
	if b.reached || b.breaker.streak == 0 {
		return 0
	}
	return max(q.limits.ReachTime-now.Sub(b.breaker.since), 1)
}

// backoff returns the first step of a back-off. It is short where the backend
// serves others: what broke is this attempt, or the lower limit is the remedy.
func (b *backend) backoff(err *swarm.CallError, o outcome) time.Duration {
	if b.latency > 0 && (o == refused && !b.limit.test.rest || err.Class == swarm.ClassServer || err.Class == swarm.ClassNetwork || err.Class == swarm.ClassBroken) {
		return min(backoffBase, max(time.Millisecond, b.latency/8)<<min(2*max(0, b.failures-slowBackoff), 10))
	}
	return backoffBase
}

// denies says that a failure of this class is a matter of its backend, whatever
// is asked.
func denies(c swarm.Class) bool {
	return c == swarm.ClassQuota || c == swarm.ClassAuth || c == swarm.ClassNotFound
}

// deny notes a denial, and says whether the backend is of no more use: at once
// where the account is empty, or a key is not taken that never was; else after
// three consecutive denials, for gateways and servers behind a balancer deny
// single calls.
func (b *backend) deny(e *swarm.CallError, now time.Time) bool {
	b.denials++
	b.denied = now
	return e.Class == swarm.ClassQuota || e.Class == swarm.ClassAuth && e.Status != 403 && !b.answered || b.denials >= mostDenials
}
