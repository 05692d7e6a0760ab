package pool

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// queue is the pool's one waiting line, with the slots that it leads to and
// what is known of each backend.
//
// A free slot goes to the run that has had the least (see share), and there to
// the call with the largest priority among those that fit its backend; among
// equals to the one that came first. A call that fits no free backend does not
// hold up those behind it. Calls wait on a channel each and slots are handed
// over under the lock: nobody polls, and no goroutine runs on the queue's
// behalf. A timer is set only while calls wait for nothing but time.
type queue struct {
	limits model.Limits

	mu       sync.Mutex
	backends []*backend
	shares   map[string]*share
	slotTime time.Duration // that a call takes, a moving mean
	seq      uint64        // of arrivals and stops
	waiting  []*waiter     // the most urgent first
	again    int           // of those, retries
	retries  retryBudget
	hedges   float64 // that may be made: a token bucket, which each other attempt adds limits.Hedge to
	timer    *time.Timer
}

// kind is what a waiting call is to the pool's budgets.
type kind uint8

const (
	first  kind = iota // a first attempt, or one that nothing is held against
	retry              // a further attempt after a failure: within the retry budget
	hedged             // a hedge
)

func (q *queue) add(b model.Backend) {
	own := &backend{
		Backend: b, bit: 1 << len(q.backends), breaker: breaker{most: q.limits.Breaker},
		limit: newLimiter(b.Slots), rates: newRates(b.RPM, b.TPM), untold: b.Context == 0,
	}
	own.Context = cmp.Or(b.Context, defaultContext)
	q.backends = append(q.backends, own)
}

// try takes a slot, for a call that comes for the first time, if one is free
// and nobody waits for it; ok says whether.
func (q *queue) try(c *call, k kind) (s slot, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.seq++
	c.place = q.seq
	if len(q.waiting) > q.again { // retries that wait have no slot to wait for, or their budget
		return slot{}, false
	}
	now := time.Now()
	b, _ := q.pick(c, now)
	if b == nil {
		return slot{}, false
	}
	return q.admit(b, c, k, now), true
}

// take waits for a slot of one of the backends that c fits, and for the budget
// of its kind. It fails when ctx ends, and when none of them will be of use
// within MaxWait. A call that comes again keeps its place in the order of
// arrivals.
func (q *queue) take(ctx context.Context, c *call, k kind) (slot, error) {
	if ctx.Err() != nil {
		return slot{}, model.Ended(ctx)
	}
	q.mu.Lock()
	now := time.Now()
	if err := q.hopeless(c.fits, now); err != nil {
		q.mu.Unlock()
		return slot{}, err
	}
	w := &waiter{call: c, kind: k, share: q.shareOf(c), ready: make(chan struct{})}
	q.push(w)
	q.dispatch(now)
	q.mu.Unlock()

	select {
	case <-w.ready:
		return w.slot, w.err
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-w.ready: // in the same moment: the slot goes to the next
		if w.err == nil {
			q.over(w.slot, &ending{void: true}, time.Now())
		}
	default:
		q.remove(w)
		q.forget(w.share)
		q.dispatch(time.Now())
	}
	return slot{}, model.Ended(ctx)
}

// admit takes a slot of b. It is the one place where an attempt begins.
func (q *queue) admit(b *backend, c *call, k kind, now time.Time) slot {
	s := slot{
		backend: b, share: q.shareOf(c), kind: k, est: c.estimated(b), ticket: b.limit.send(now), receipt: b.rates.take(c.need(b), now),
	}
	if q.limits.Hedge > 0 {
		s.slow = max(b.latencies.slow, hedgeFloor)
	}
	s.share.busy++
	b.breaker.send(s.ticket.seq)
	if k == retry {
		q.retries.add(-1)
	}
	if k != hedged {
		q.hedges = min(q.hedges+max(q.limits.Hedge, 0), hedgeBank)
	}
	return s
}

func (c *call) need(b *backend) need {
	return needOf(b.estimate.tokens(c.tokens), c.estimated(b).Est.Out)
}

// end gives the slot back and learns from how the attempt ended. It is the one
// place where an attempt ends.
func (q *queue) end(s slot, e ending) lesson {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.over(s, &e, time.Now())
}

func (q *queue) over(s slot, e *ending, now time.Time) lesson {
	if e.void && s.kind == retry { // it was not sent, which costs the server nothing
		q.retries.add(1)
	}
	l := q.learn(s, e, now)
	q.release(s.share, now.Sub(s.ticket.sent))
	q.dispatch(now)
	return l
}

// pick returns the backend that would take c now and is least loaded for what it
// takes; one that fails comes after the others. Where there is none, at is the
// earliest time that may bring one.
func (q *queue) pick(c *call, now time.Time) (best *backend, at time.Time) {
	for _, b := range q.backends {
		if c.fits&b.bit == 0 {
			continue
		}
		switch ok, then := b.admits(c.need(b), now, q.limits.MaxWait); {
		case !ok:
			at = sooner(at, then)
		case best == nil || b.before(best, now):
			best = b
		}
	}
	return best, at
}

// useful says that one of the backends takes calls now, as it has slots.
func (q *queue) useful(fits uint64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	return slices.ContainsFunc(q.backends, func(b *backend) bool {
		return fits&b.bit != 0 && b.stopped == nil && !now.Before(b.cool.until) && b.breaker.admits(now)
	})
}

// ailing returns the last failure of a backend if the circuit breakers of all of
// them are open; else nil.
func (q *queue) ailing(fits uint64) (last *swarm.CallError) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, b := range q.backends {
		switch {
		case fits&b.bit == 0:
		case !b.breaker.open:
			return nil
		default:
			last = b.failed
		}
	}
	return last
}

// dispatch hands free slots to waiting calls, the most urgent first.
func (q *queue) dispatch(now time.Time) {
	type line struct { // of calls that are alike to their backends: the first speaks for all
		share *share
		kind  kind
		fits  uint64
	}
	var seen []line
	for {
		var next time.Time // the earliest at which time alone lets a call go
		var lead *waiter
		var to *backend
		seen = seen[:0]
		for _, w := range q.waiting {
			l := line{w.share, w.kind, w.fits}
			if slices.Contains(seen, l) || lead != nil && !q.ahead(w, lead) {
				continue
			}
			seen = append(seen, l)
			if w.kind == retry {
				if at := q.retries.next(now); !at.IsZero() {
					next = sooner(next, at)
					continue
				}
			}
			b, at := q.pick(w.call, now)
			if b != nil {
				lead, to = w, b
			}
			next = sooner(next, at)
		}
		if lead == nil {
			q.arm(next, now)
			return
		}
		q.remove(lead)
		lead.slot = q.admit(to, lead.call, lead.kind, now)
		close(lead.ready)
	}
}

// sooner returns the earlier of two times, of which zero is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// arm sets the timer for next, or for the end of the time in which a backend is
// to be reached.
func (q *queue) arm(next, now time.Time) {
	for _, b := range q.backends {
		if left := q.unreached(b, now); left > 1 {
			next = sooner(next, now.Add(left))
		}
	}
	if q.timer != nil {
		q.timer.Stop()
	}
	switch {
	case len(q.waiting) == 0 || next.IsZero():
	case q.timer == nil:
		q.timer = time.AfterFunc(next.Sub(now), q.tick)
	default:
		q.timer.Reset(next.Sub(now))
	}
}

func (q *queue) tick() {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.sweep(now)
	q.dispatch(now)
}

// sweep fails the waiting calls that no backend will serve any more.
func (q *queue) sweep(now time.Time) {
	q.waiting = slices.DeleteFunc(q.waiting, func(w *waiter) bool {
		if w.err = q.hopeless(w.fits, now); w.err != nil {
			q.count(w, -1)
			q.forget(w.share)
			close(w.ready)
		}
		return w.err != nil
	})
}

// hopeless returns an error if none of the backends in fits will admit a call
// within MaxWait: that of the one which is most likely to come back.
func (q *queue) hopeless(fits uint64, now time.Time) error {
	var best *swarm.CallError
	n, rank := 0, 0
	for _, b := range q.backends {
		if fits&b.bit == 0 {
			continue
		}
		e, r := q.useless(b, now)
		if e == nil {
			return nil
		}
		if n++; best == nil || r > rank {
			best, rank = e, r
		}
	}
	if n > 1 && rank == 0 {
		best.Err = fmt.Errorf("none of %d backends is left: %w", n, best.Err)
	}
	return best
}

// useless returns an error if b will not admit a call within MaxWait, and a
// higher rank the likelier it is to come back.
func (q *queue) useless(b *backend, now time.Time) (*swarm.CallError, int) {
	told := func(e *swarm.CallError, words string, args ...any) *swarm.CallError {
		own := *e
		own.Err = fmt.Errorf(words+": %w", append(args, e.Err)...)
		return &own
	}
	wait, sick := b.cool.until.Sub(now), now.Sub(b.breaker.since)
	switch {
	case b.stopped != nil && b.denials > 1:
		return told(b.stopped, "the backend is no longer asked, %d calls in a row were told so", b.denials), 0
	case b.stopped != nil:
		return told(b.stopped, "the backend is no longer asked"), 0
	case wait > q.limits.MaxWait:
		e := *b.cool.asked
		e.RetryAfter, e.Err = wait, tooLong(wait, q.limits.MaxWait)
		return &e, 1
	case b.breaker.admits(now):
	case q.unreached(b, now) == 1:
		return told(b.failed, "nobody has reached the server%s in %v (ReachTime; is it running, and the base URL right?)", b.host(), sick.Round(time.Second)), 2
	case sick >= q.limits.CallTime:
		return told(b.failed, "nothing has succeeded there for %v (CallTime); the last attempt", sick.Round(time.Second)), 2
	}
	return nil, 0
}

// waiter is one waiting call. ready is closed once slot or err is set.
type waiter struct {
	*call
	kind  kind
	share *share
	ready chan struct{}
	slot  slot
	err   error
}

// less orders waiters by urgency, and then by arrival.
func less(a, b *waiter) int {
	return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.place, b.place))
}

func (q *queue) push(w *waiter) {
	i, _ := slices.BinarySearchFunc(q.waiting, w, less)
	q.waiting = slices.Insert(q.waiting, i, w)
	q.count(w, 1)
}

func (q *queue) remove(w *waiter) {
	i, _ := slices.BinarySearchFunc(q.waiting, w, less)
	q.waiting = slices.Delete(q.waiting, i, i+1)
	q.count(w, -1)
}

func (q *queue) count(w *waiter, n int) {
	w.share.waiting += n
	if w.kind == retry {
		q.again += n
	}
}
