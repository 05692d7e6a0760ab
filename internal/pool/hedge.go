package pool

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

const (
	latencyRing  = 128                    // latencies that are remembered of a backend
	latencyRenew = 16                     // latencies after which their quantile is renewed
	hedgeFloor   = 100 * time.Millisecond // nobody notices a call that is no later
	hedgeBank    = 16.                    // how many hedges can be saved up
)

// latencies knows how long a backend's attempts take. It is a pure machine,
// driven under the queue's lock.
type latencies struct {
	ring [latencyRing]time.Duration
	n    int           // that were added
	slow time.Duration // a tenth more than the quantile; 0: too few are known
}

// add notes an attempt that succeeded. Those are slow that take a tenth more than
// the (1 − share) quantile.
func (l *latencies) add(d time.Duration, share float64) {
	l.ring[l.n%latencyRing] = d
	if l.n++; l.n%latencyRenew != 0 {
		return
	}
	sorted := l.ring
	n := min(l.n, latencyRing)
	slices.Sort(sorted[:n])
	i := int(math.Ceil(float64(n)*(1-min(max(share, 0), .5)))) - 1
	l.slow = max(sorted[i]+sorted[i]/10+1, hedgeFloor)
}

// errHedged ends an attempt whose hedge was answered first.
var errHedged = errors.New("pool: another attempt at the same call was answered first")

// hedge is a second attempt at a call, made when the first is slower than
// nearly all of its backend's, after Dean and Barroso, "The Tail at Scale"
// (CACM 2013). The first good answer is the call's; the other attempt is
// cancelled and booked. It waits for a slot before all other calls, for what it
// shortens holds one as well. Its money is its own and is not waited for. Its
// goroutine is that of the timer; once starts it and waits for it.
type hedge struct {
	c     *call
	ctx   context.Context // its own
	end   context.CancelFunc
	lose  context.CancelCauseFunc // ends the first attempt
	slow  *backend                // that of the first attempt
	began time.Time               // when it was sent
	timer *time.Timer
	done  sync.WaitGroup // of its goroutine
	sent  atomic.Bool

	// Written by its goroutine, and read after done.
	tried tried
	panic any
}

// hedge sets the timer for a second attempt beside the one in s, which is that
// of is, where one may be made; lose ends that one.
func (c *call) hedge(ctx context.Context, lose context.CancelCauseFunc, s slot, is *hedge) *hedge {
	if is != nil {
		is.sent.Store(true)
	}
	if is != nil || s.slow == 0 || c.OnText != nil { // what has been shown cannot be taken back
		return nil
	}
	h := &hedge{c: c, lose: lose, slow: s.backend, began: s.ticket.sent}
	h.ctx, h.end = context.WithCancel(ctx)
	h.done.Add(1)
	h.timer = time.AfterFunc(s.slow, h.run)
	return h
}

// run makes the second attempt.
func (h *hedge) run() {
	defer h.done.Done()
	defer func() { h.panic = recover() }()
	q, ctx := &h.c.pool.queue, h.ctx
	for now, wait := false, time.Duration(0); !now; now, wait = q.mayHedge(h) {
		if linger(ctx, wait); ctx.Err() != nil {
			return
		}
	}
	defer func() {
		if h.tried.sent == 0 {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.hedges++
		}
	}()
	now, over := context.WithCancel(ctx)
	over() // money is not waited for
	held, err := swarm.Reserve(now, h.c.dearest())
	if err != nil {
		return
	}
	s, err := q.hedge(ctx, h.c, h.slow)
	if err != nil {
		held.Release()
		return
	}
	if h.tried = h.c.once(ctx, s, held, h); h.tried.fail == nil {
		h.lose(errHedged)
	}
}

// join ends the hedge, or waits for it where the first attempt has failed and
// it may yet answer, and tells whether its reply, or its failure, is the
// call's: a failure that may not pass is as much of an answer as a reply.
func (h *hedge) join(fail *swarm.CallError) (won bool) {
	defer h.end()
	if h.timer.Stop() {
		return false // never begun
	}
	h.done.Wait()
	if h.panic != nil {
		panic(h.panic)
	}
	own := h.tried.fail
	return h.tried.sent > 0 && fail != nil &&
		(own == nil || fail.Retryable() && !own.Retryable() && own.Class != swarm.ClassCancelled)
}

// decide ends the hedge where the first attempt, which has ended so, leaves
// nothing for it to do. It comes before the slot is given back, for the hedge
// may be the next to get it.
func (h *hedge) decide(fail *swarm.CallError) {
	if h != nil && (fail == nil || !fail.Retryable() || !h.sent.Load()) {
		h.end()
	}
}

// mayHedge takes one hedge of the budget if the first attempt is slow and there
// is one for it; else wait is how long to wait before asking again.
func (q *queue) mayHedge(h *hedge) (now bool, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	took, slow := time.Since(h.began), h.slow.latencies.slow
	switch {
	case slow == 0: // too few are known yet
		return false, max(took, hedgeFloor)
	case took < slow:
		return false, slow - took
	case q.hedges < 1:
		return false, slow / 2
	}
	q.hedges--
	return true, 0
}

// hedge waits for the slot of a hedge, of another backend than the slow one
// where one is free.
func (q *queue) hedge(ctx context.Context, c *call, slow *backend) (slot, error) {
	own := *c
	own.fits = c.fits &^ slow.bit
	if s, ok := q.try(&own, hedged); ok {
		return s, nil
	}
	own.fits, own.Priority = c.fits, math.MaxInt64
	return q.take(ctx, &own, hedged)
}
