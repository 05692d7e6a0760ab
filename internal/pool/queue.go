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
// A free slot goes to the call with the largest priority among those that fit
// its backend; among equals to the one that came first. A call that fits no
// free backend does not hold up those behind it. Urgent calls may thus starve
// others for as long as they keep coming; within a run priorities are lengths
// of remaining paths, which shrink, so they do not.
//
// Calls wait on a channel each and slots are handed over under the lock:
// nobody polls, and no goroutine runs on the queue's behalf. A timer is set
// only while calls wait and a backend is cooling.
type queue struct {
	maxWait time.Duration // longest cooldown that is waited for

	mu       sync.Mutex
	backends []*backend
	lines    []*line // one for each set of backends that some call fitted
	seq      uint64  // of arrivals and stops
	waiting  int
	timer    *time.Timer
}

// backend is a Backend with its state, guarded by queue.mu.
type backend struct {
	Backend
	client attempter
	bit    uint64 // its place in a set of backends

	busy    int
	until   time.Time        // cooling: no call is admitted before
	asked   *swarm.CallError // the reply that asked for it
	stopped *swarm.CallError // why it is of no more use; nil: it is in use
	since   uint64           // seq at which it stopped
}

func (q *queue) add(i int, b Backend, c attempter) {
	q.backends = append(q.backends, &backend{Backend: b, client: c, bit: 1 << i})
}

// try takes a slot if one is free and nobody waits, else it returns nil.
func (q *queue) try(fits uint64) *backend {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting > 0 {
		return nil
	}
	b := q.pick(fits, time.Now())
	if b != nil {
		b.busy++
	}
	return b
}

// take waits for a slot of one of the backends in fits. It fails when ctx
// ends, and when none of them will be of use within maxWait.
func (q *queue) take(ctx context.Context, fits uint64, priority int64) (*backend, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	q.mu.Lock()
	now := time.Now()
	if err := q.hopeless(fits, now); err != nil {
		q.mu.Unlock()
		return nil, err
	}
	q.seq++
	w := &waiter{priority: priority, seq: q.seq, ready: make(chan struct{})}
	l := q.line(fits)
	heap.Push(&l.byUrgency, w)
	q.waiting++
	q.dispatch(now)
	q.mu.Unlock()

	select {
	case <-w.ready:
		return w.b, w.err
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-w.ready: // in the same moment: the slot goes to the next
		if w.b != nil {
			w.b.busy--
			q.dispatch(time.Now())
		}
	default:
		heap.Remove(&l.byUrgency, w.place)
		q.waiting--
		q.arm(time.Now())
	}
	return nil, context.Cause(ctx)
}

// end gives b's slot back and learns from how the attempt ended; err is nil
// for a success.
func (q *queue) end(b *backend, err *swarm.CallError) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	b.busy--
	if err != nil && q.learn(b, err, now) {
		q.sweep(now)
	}
	q.dispatch(now)
}

// learn notes what a failure says of the whole backend, and tells whether
// calls that wait for it may now be without hope.
func (q *queue) learn(b *backend, err *swarm.CallError, now time.Time) bool {
	switch {
	case stops(err.Class):
		if b.stopped == nil {
			q.seq++
			b.stopped, b.since = err, q.seq
		}
		return true
	case err.Retryable() && err.HasRetryAfter && err.RetryAfter > 0:
		if until := now.Add(err.RetryAfter); until.After(b.until) {
			b.until, b.asked = until, err
		}
		return err.RetryAfter > q.maxWait
	}
	return false
}

// stops says that a failure of this class ends the use of its backend.
func stops(c swarm.Class) bool {
	return c == swarm.ClassQuota || c == swarm.ClassAuth || c == swarm.ClassNotFound
}

// pick returns the backend of fits that would take a call now and is least
// loaded for its slots; among equals the first of the configuration. It is
// the one place where an attempt is admitted.
func (q *queue) pick(fits uint64, now time.Time) *backend {
	var best *backend
	for _, b := range q.backends {
		if fits&b.bit == 0 || b.stopped != nil || b.busy >= b.Slots || now.Before(b.until) {
			continue
		}
		if best == nil || b.busy*best.Slots < best.busy*b.Slots {
			best = b
		}
	}
	return best
}

// useful says that one of the backends takes calls now, as it has slots.
func (q *queue) useful(fits uint64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	return slices.ContainsFunc(q.backends, func(b *backend) bool {
		return fits&b.bit != 0 && b.stopped == nil && !now.Before(b.until)
	})
}

// dispatch hands free slots to waiting calls, the most urgent first.
func (q *queue) dispatch(now time.Time) {
	for q.waiting > 0 {
		var first *line
		var to *backend
		for _, l := range q.lines {
			if l.Len() == 0 || first != nil && !l.byUrgency[0].before(first.byUrgency[0]) {
				continue
			}
			if b := q.pick(l.fits, now); b != nil {
				first, to = l, b
			}
		}
		if first == nil {
			break
		}
		w := heap.Pop(&first.byUrgency).(*waiter)
		q.waiting--
		to.busy++
		w.b = to
		close(w.ready)
	}
	q.arm(now)
}

// arm sets the timer for the end of the earliest cooldown, while calls wait.
func (q *queue) arm(now time.Time) {
	var next time.Time
	for _, b := range q.backends {
		if b.stopped == nil && now.Before(b.until) && (next.IsZero() || b.until.Before(next)) {
			next = b.until
		}
	}
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

// tick runs when a cooldown has ended.
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
			q.waiting -= l.Len()
			l.byUrgency = nil
		}
	}
}

// hopeless returns an error if none of the backends in fits will admit a call
// within maxWait.
func (q *queue) hopeless(fits uint64, now time.Time) error {
	var dead, cold *backend
	n := 0
	for _, b := range q.backends {
		switch {
		case fits&b.bit == 0:
			continue
		case b.stopped != nil:
			if dead == nil || b.since < dead.since {
				dead = b
			}
		case b.until.Sub(now) > q.maxWait:
			if cold == nil || b.until.Before(cold.until) {
				cold = b
			}
		default:
			return nil
		}
		n++
	}
	if cold != nil {
		e := *cold.asked
		e.RetryAfter = cold.until.Sub(now)
		e.Err = tooLong(e.RetryAfter, q.maxWait)
		return &e
	}
	e := *dead.stopped
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

// line returns the waiting line of calls that fit these backends. There are at
// most two for each backend, since calls differ by their size alone.
func (q *queue) line(fits uint64) *line {
	for _, l := range q.lines {
		if l.fits == fits {
			return l
		}
	}
	l := &line{fits: fits}
	q.lines = append(q.lines, l)
	return l
}
