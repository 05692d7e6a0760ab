package pool

import (
	"container/heap"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// queue is the pool's one waiting line, with the slots that it leads to and
// what is known of each backend.
//
// A free slot goes to the run that has had the least (see share), and there to
// the call with the largest priority among those that fit its backend; among
// equals to the one that came first. A call that fits no free backend does not
// hold up those behind it. Urgent calls may thus starve others of their run for
// as long as they keep coming; priorities are lengths of remaining paths,
// which shrink, so they do not.
//
// Calls wait on a channel each and slots are handed over under the lock:
// nobody polls, and no goroutine runs on the queue's behalf. A timer is set
// only while calls wait for nothing but time.
type queue struct {
	maxWait time.Duration // longest cooldown that is waited for
	outage  time.Duration // longest time without any success that is waited for

	mu       sync.Mutex
	backends []*backend
	lines    []*line // one for each run, kind, and set of backends that some call fitted
	shares   map[string]*share
	slotTime time.Duration // that a call takes, a moving mean
	seq      uint64        // of arrivals and stops
	waiting  int
	again    int // of those, retries
	retries  retryBudget
	hedges   hedgeBudget
	timer    *time.Timer
}

func (q *queue) add(i int, b Backend, c attempter, most int) {
	q.backends = append(q.backends, &backend{
		Backend: b, client: c, bit: 1 << i, breaker: breaker{most: most},
		limit: newLimiter(b.Slots), rates: newRates(b.RPM, b.TPM),
	})
}

// try takes a slot for a first attempt, or a twin, if one is free and nobody
// waits for it; ok says whether.
func (q *queue) try(r *Request, fits uint64, k kind, place *uint64) (s slot, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	*place = q.arrive()
	if q.waiting > q.again { // retries that wait have no slot to wait for, or their budget
		return slot{}, false
	}
	now := time.Now()
	b, _ := q.pick(r, fits, now)
	if b == nil {
		return slot{}, false
	}
	return q.admit(b, r, k, now), true
}

// take waits for a slot of one of the backends in fits, and for the budget of
// its kind. It fails when ctx ends, and when none of them will be of use
// within maxWait. place is the call's in the order of arrivals, which it keeps
// when it comes again; 0: it comes for the first time.
func (q *queue) take(ctx context.Context, r *Request, fits uint64, priority int64, k kind, place *uint64) (slot, error) {
	if ctx.Err() != nil {
		return slot{}, context.Cause(ctx)
	}
	q.mu.Lock()
	now := time.Now()
	if err := q.hopeless(fits, now); err != nil {
		q.mu.Unlock()
		return slot{}, err
	}
	if *place == 0 {
		*place = q.arrive()
	}
	w := &waiter{r: r, priority: priority, seq: *place, ready: make(chan struct{})}
	l := q.line(q.shareOf(r), fits, k)
	heap.Push(&l.byUrgency, w)
	q.tally(l, 1)
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
			q.giveBack(w.slot, time.Now())
		}
	default:
		heap.Remove(&l.byUrgency, w.place)
		q.tally(l, -1)
		q.forget(l.share)
		q.dispatch(time.Now())
	}
	return slot{}, context.Cause(ctx)
}

// arrive returns the next place in the order of arrivals.
func (q *queue) arrive() uint64 {
	q.seq++
	return q.seq
}

// tally keeps the number of calls that wait.
func (q *queue) tally(l *line, n int) {
	q.waiting += n
	l.share.waiting += n
	if l.kind == retry {
		q.again += n
	}
}

// learn notes what a failure says of the whole backend, and tells whether
// calls that wait for it may now be without hope.
func (q *queue) learn(s slot, err *swarm.CallError, now time.Time) bool {
	b := s.backend
	if denies(err.Class) && b.denials.deny(err, s.ticket.seq, now) && b.stopped == nil {
		q.seq++
		b.stopped, b.since = err, q.seq
	}
	return b.stopped != nil || b.cool.until.Sub(now) > q.maxWait || b.breaker.lasting(q.outage, now)
}

// pick returns the backend of fits that would take r now and is least loaded
// for what it takes; among equals the first of the configuration. One that was
// silent of late, or is to be found out about, comes after the others. Where
// there is none, at is the earliest time that may bring one.
func (q *queue) pick(r *Request, fits uint64, now time.Time) (best *backend, at time.Time) {
	for _, b := range q.backends {
		if fits&b.bit == 0 {
			continue
		}
		ok, then := b.admits(r.need(b), now, q.maxWait)
		switch {
		case ok && (best == nil || b.before(best, now)):
			best = b
		case !ok && !then.IsZero() && (at.IsZero() || then.Before(at)):
			at = then
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

// dispatch hands free slots to waiting calls, the most urgent first.
func (q *queue) dispatch(now time.Time) {
	var next time.Time // the earliest at which time alone lets a call go
	for q.waiting > 0 {
		var first *line
		var to *backend
		next = time.Time{}
		for _, l := range q.lines {
			if l.Len() == 0 || first != nil && !q.ahead(l, first) {
				continue
			}
			if l.kind == retry && !q.retries.allows(now) {
				next = sooner(next, q.retries.next(now))
				continue
			}
			b, at := q.pick(l.byUrgency[0].r, l.fits, now)
			if b != nil {
				first, to = l, b
			}
			next = sooner(next, at)
		}
		if first == nil {
			break
		}
		w := heap.Pop(&first.byUrgency).(*waiter)
		q.tally(first, -1)
		w.slot = q.admit(to, w.r, first.kind, now)
		close(w.ready)
	}
	q.arm(next, now)
}

// sooner returns the earlier of two times, of which zero is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// arm sets the timer for next, or stops it where there is no such time.
func (q *queue) arm(next, now time.Time) {
	switch {
	case q.waiting == 0 || next.IsZero():
		if q.timer != nil {
			q.timer.Stop()
		}
	case q.timer == nil:
		q.timer = time.AfterFunc(next.Sub(now), q.tick)
	default:
		q.timer.Reset(next.Sub(now))
	}
}

// tick runs when the timer's time has come.
func (q *queue) tick() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dispatch(time.Now())
}

// sweep fails the waiting calls that no backend will serve any more.
func (q *queue) sweep(now time.Time) {
	for _, l := range q.lines {
		if l.Len() == 0 {
			continue
		}
		if err := q.hopeless(l.fits, now); err != nil {
			for _, w := range l.byUrgency {
				w.err = err
				close(w.ready)
			}
			q.tally(l, -l.Len())
			l.byUrgency = nil
		}
	}
	for _, s := range q.shares {
		q.forget(s)
	}
}

// hopeless returns an error if none of the backends in fits will admit a call
// within maxWait.
func (q *queue) hopeless(fits uint64, now time.Time) error {
	var dead, cold, sick *backend
	n := 0
	for _, b := range q.backends {
		switch {
		case fits&b.bit == 0:
			continue
		case b.stopped != nil:
			if dead == nil || b.since < dead.since {
				dead = b
			}
		case b.cool.until.Sub(now) > q.maxWait:
			if cold == nil || b.cool.until.Before(cold.cool.until) {
				cold = b
			}
		case b.breaker.lasting(q.outage, now) && !b.breaker.admits(now):
			if sick == nil || b.breaker.since.Before(sick.breaker.since) {
				sick = b
			}
		default:
			return nil
		}
		n++
	}
	if sick != nil {
		e := *sick.failed
		e.Err = fmt.Errorf("nothing has succeeded there for %v; the last attempt: %w", now.Sub(sick.breaker.since).Round(time.Second), orUnknown(e.Err))
		return &e
	}
	if cold != nil {
		e := *cold.cool.asked
		e.RetryAfter = cold.cool.until.Sub(now)
		e.Err = tooLong(e.RetryAfter, q.maxWait)
		return &e
	}
	e := *dead.stopped
	if row := dead.denials.row; row > 1 {
		e.Err = fmt.Errorf("%d calls in a row were told so: %w", row, orUnknown(e.Err))
	}
	if n > 1 {
		e.Err = fmt.Errorf("none of %d backends is left, and this was the first to stop: %w", n, e.Err)
	} else if e.Err == nil {
		e.Err = fmt.Errorf("the backend is no longer asked")
	} else {
		e.Err = fmt.Errorf("the backend is no longer asked: %w", e.Err)
	}
	return &e
}

func tooLong(asked, allowed time.Duration) error {
	return fmt.Errorf("the server asks to wait %v, MaxWait allows %v, and no other backend can take the call",
		asked.Round(time.Millisecond), allowed)
}

// line returns the waiting line of a run's calls of this kind that fit these
// backends. They are few, since calls differ by their size alone.
func (q *queue) line(s *share, fits uint64, k kind) *line {
	for _, l := range q.lines {
		if l.share == s && l.fits == fits && l.kind == k {
			return l
		}
	}
	l := &line{share: s, fits: fits, kind: k}
	q.lines = append(q.lines, l)
	return l
}
