package pool

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// errTwin ends an attempt whose twin has answered first.
var errTwin = errors.New("pool: another attempt at the same call was answered first")

// mostHedges is how many attempts at a call may be made beside its first at a
// time: one, and one where that is late as well.
const mostHedges = 2

// hedge is a second attempt at a call, made when the first is slower than
// nearly all of its backend's, after Dean and Barroso, "The Tail at Scale"
// (CACM 2013). The first good answer is the call's; the other attempt is
// cancelled and booked. It waits for a slot before all other calls: it is one
// of a few, and what it shortens holds a slot as well. Its money is its own,
// and where the run's budget has no room for it, it is not made.
//
// Its goroutine is that of the timer. once starts it and waits for it.
type hedge struct {
	c     *call
	nth   int                     // from 1
	outer context.Context         // of both attempts
	lose  context.CancelCauseFunc // ends the first attempt
	first slot
	timer *time.Timer
	done  sync.WaitGroup // of its goroutine

	flying atomic.Bool // it has been sent

	mu   sync.Mutex
	over bool               // it is to end, or not to begin
	stop context.CancelFunc // ends it; nil: it has not begun

	// Written by its goroutine, and read after done.
	tried tried
	panic any
}

// hedge sets the timer for a second attempt beside the one in s, which is of
// is, where one may be made, and returns the context of that one.
func (c *call) hedge(ctx context.Context, s slot, is *hedge) (context.Context, *hedge) {
	nth := 1
	if is != nil {
		nth = is.nth + 1
	}
	if s.look == 0 || c.OnText != nil || nth > mostHedges {
		return ctx, nil // what has been shown cannot be taken back
	}
	h := &hedge{c: c, nth: nth, outer: ctx, first: s}
	h.done.Add(1)
	ctx, h.lose = context.WithCancelCause(ctx)
	h.timer = time.AfterFunc(s.look, h.run)
	return ctx, h
}

// money is the context for reserving: a hedge does not wait for money.
func (h *hedge) money(ctx context.Context) context.Context {
	if h == nil {
		return ctx
	}
	ctx, over := context.WithCancel(ctx)
	over()
	return ctx
}

// run makes the second attempt.
func (h *hedge) run() {
	defer h.done.Done()
	defer func() { h.panic = recover() }()
	ctx, ok := h.begin()
	if !ok {
		return
	}
	q := &h.c.pool.queue
	for {
		now, wait := q.mayHedge(h.first)
		if now {
			break
		}
		if !linger(ctx, wait) {
			return
		}
	}
	defer func() {
		if h.tried.sent == 0 {
			q.unhedge()
		}
	}()
	var place uint64
	s, ok := q.try(&h.c.Request, h.c.fits&^h.first.bit, twin, &place)
	if !ok {
		var err error
		if s, err = q.take(ctx, &h.c.Request, h.c.fits, math.MaxInt64, twin, &place); err != nil {
			return
		}
	}
	if h.tried = h.c.once(ctx, s, h); h.tried.fail == nil {
		h.lose(errTwin)
	}
}

// join ends the hedge, or waits for it where the first attempt has failed and
// it may yet answer, and tells whether its reply, or its failure, is the
// call's: a failure that may not pass is as much of an answer as a reply.
func (h *hedge) join(fail *swarm.CallError) (won bool) {
	defer h.lose(nil)
	defer h.end()
	if h.timer.Stop() {
		return false // never begun
	}
	h.decide(fail)
	h.done.Wait()
	if h.panic != nil {
		panic(h.panic)
	}
	switch own := h.tried.fail; {
	case h.tried.sent == 0, fail == nil:
		return false
	case own == nil:
		return true
	default:
		return fail.Retryable() && !own.Retryable() && own.Class != swarm.ClassCancelled
	}
}

// decide ends the hedge where the first attempt, which has ended so, leaves
// nothing for it to do. It comes before the slot is given back, for the hedge
// may be the next to get it.
func (h *hedge) decide(fail *swarm.CallError) {
	if h != nil && (fail == nil || !fail.Retryable() || !h.flying.Load()) {
		h.end()
	}
}

// begin makes the hedge's context, unless it is to end already.
func (h *hedge) begin() (ctx context.Context, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return nil, false
	}
	ctx, h.stop = context.WithCancel(h.outer)
	return ctx, true
}

// end ends the hedge, wherever it is.
func (h *hedge) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over = true
	if h.stop != nil {
		h.stop()
	}
}

// linger waits; ok says that ctx has not ended meanwhile.
func linger(ctx context.Context, d time.Duration) (ok bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// mayHedge takes one hedge of the budget if the attempt in s is late and there
// is one for it; else wait is how long to wait before asking again.
func (q *queue) mayHedge(s slot) (now bool, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	took := time.Since(s.ticket.sent)
	late, ok := s.slowness.after(q.hedges.share)
	switch {
	case !ok:
		return false, max(took, hedgeFloor)
	case took < late:
		return false, late - took
	}
	return q.hedges.spend(int(2 * (took - late) / late)), late / 2
}

// unhedge gives a hedge back that was not made.
func (q *queue) unhedge() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hedges.tokens++
}
