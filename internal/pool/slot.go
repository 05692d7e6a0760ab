package pool

import (
	"math/rand/v2"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// slot is a place at a backend, held by one attempt from queue.admit to
// queue.end, and what the backend is taken for meanwhile.
type slot struct {
	*backend
	share   *share
	ticket  ticket
	kind    kind
	receipt receipt
	ratio   float64       // of its tokens to estimated ones; 0: not known
	look    time.Duration // after which to look whether the attempt is late; 0: never
}

// ending is how an attempt ended, as far as it matters to its backend.
type ending struct {
	void  bool             // nothing was sent, or it is not known how it ended
	err   *swarm.CallError // nil: a success
	of    *Request         // the call
	met   *met             // where it has failed before
	early bool             // it was ended by a clock that is not the attempt's own, or for its twin's sake

	est, told int // prompt tokens as estimated, and as the server told them; 0: not told

	used  need            // of the rate limits
	rates [counts]telling // what the reply's headers say of them
}

// cut says that a reply shows for certain that its prompt was cut.
func (e *ending) cut() bool {
	return e.err != nil && e.err.Class == swarm.ClassTooLong && e.err.Status < 400 && e.told > 0
}

// health is what e says of its backend.
func (e *ending) health() health {
	if e.void || e.early {
		return healthUnknown
	}
	return healthOf(e.err)
}

// lesson is what an ending taught.
type lesson struct {
	patience time.Duration // the first step of a back-off; 0: the usual one

	cut    bool          // the server has read only a part of the prompt
	window int           // tokens of a prompt that it reads, where that has just been found out
	shut   bool          // nothing succeeds there: its breaker is open
	wait   time.Duration // until it lets a call through, at the least
	shared bool          // other calls fail there as well, one after another
	denied bool          // it refuses this call as if its account, key or model were at fault, and is in use nevertheless
}

// kind is what a waiting call is to the pool's budgets.
type kind uint8

const (
	anew  kind = iota // a first attempt, or one that nothing is held against
	retry             // a further attempt after a failure: within the retry budget
	twin              // a hedge
)

// admit takes a slot of b. It is the one place where an attempt begins.
func (q *queue) admit(b *backend, r *Request, k kind, now time.Time) slot {
	s := slot{backend: b, share: q.shareOf(r), ticket: b.limit.send(now), kind: k, receipt: b.rates.take(r.need(b), now), ratio: b.estimate.ratio}
	s.share.busy++
	b.breaker.send(s.ticket.seq)
	b.denials.send(s.ticket.seq)
	switch k {
	case retry:
		q.retries.spend()
		q.hedges.earn()
	case anew:
		q.hedges.earn()
	}
	if q.hedges.share > 0 {
		s.look, _ = b.slowness.after(q.hedges.share)
		s.look = max(s.look, hedgeFloor)
	}
	return s
}

// end gives the slot back and learns from how the attempt ended.
func (q *queue) end(s slot, e ending) lesson {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	b := s.backend
	l := lesson{patience: s.learn(&e, now, q.maxWait)}
	l.patience = b.easy(&e, l.patience)
	b.denials.over(s.ticket.seq)
	h, shut := e.health(), b.breaker.open
	theirs := (h == healthSick || h == healthSilent) && gone(e.err) && e.met.alone(b, e.err)
	b.breaker.done(s.ticket.seq, h, e.of, theirs, b.limit.seq, b.limit.busy, now, rand.Float64())
	if shut && !b.breaker.open {
		b.limit.recover()
	}
	switch h {
	case healthSick, healthSilent:
		b.failed = e.err
		fallthrough
	case healthGarbled:
		l.shut = b.breaker.open
		l.shared = b.breaker.shared(now)
		l.wait = max(0, b.breaker.until.Sub(now))
	}
	switch {
	case e.void:
		q.unspend(s)
	case e.err == nil:
		b.served++
		b.denials.serve()
		q.retries.earn(q.waiting == q.again)
		b.slowness.add(now.Sub(s.ticket.sent))
		cut, doubt, found := b.estimate.learn(e.est, e.told)
		// A prompt that fills the context leaves no room for the reply it got.
		l.cut = cut || doubt && e.of.Parts || e.told == b.Context && 2*e.est > e.told
		if found {
			l.window = b.estimate.window
		}
	case e.early:
		if took := now.Sub(s.ticket.sent); s.look > 0 && took >= s.look {
			b.slowness.add(took) // it would have taken that at least
		}
	default:
		if e.cut() && b.estimate.cut(e.told) {
			l.window = e.told
		}
		if q.learn(s, e.err, now) {
			q.sweep(now)
		}
		l.denied = denies(e.err.Class) && b.stopped == nil
	}
	q.release(s.share, now.Sub(s.ticket.sent))
	q.dispatch(now)
	return l
}

// easy shortens the first step of a back-off where the backend serves others:
// what broke is this attempt, and no load is to be taken off. After vainMost
// failures without a success it grows back with each.
func (b *backend) easy(e *ending, patience time.Duration) time.Duration {
	switch {
	case e.void || e.early:
		return patience
	case e.err == nil:
		b.vain = 0
		return patience
	case !e.err.Retryable():
		return patience
	}
	b.vain++
	switch e.err.Class {
	case swarm.ClassServer, swarm.ClassNetwork, swarm.ClassBroken:
		if b.latency > 0 {
			return min(patience, max(time.Millisecond, b.latency/8)<<min(2*max(0, b.vain-vainMost), 10))
		}
	}
	return patience
}

// giveBack takes back a slot that was not used.
func (q *queue) giveBack(s slot, now time.Time) {
	b := s.backend
	s.learn(&ending{void: true}, now, q.maxWait)
	b.denials.over(s.ticket.seq)
	b.breaker.done(s.ticket.seq, healthUnknown, nil, false, b.limit.seq, b.limit.busy, now, 0)
	q.unspend(s)
	q.release(s.share, 0)
	q.dispatch(now)
}

// unspend gives a retry back to the budget that was not sent: what a run's
// money refuses costs the server nothing, and others are not to wait for it.
func (q *queue) unspend(s slot) {
	if s.kind == retry {
		q.retries.unspend()
	}
}
