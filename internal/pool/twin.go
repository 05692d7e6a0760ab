package pool

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"time"

	"github.com/db31e724/go-swarm/internal/chat"
	"github.com/db31e724/go-swarm/swarm"
)

// errTwin ends an attempt whose twin has answered first.
var errTwin = errors.New("pool: another attempt at the same call was answered first")

// hedge is a second attempt at a call, made when the first is slower than
// nearly all of its backend's, after Dean and Barroso, "The Tail at Scale"
// (CACM 2013). The first good answer is the call's; the other attempt is
// cancelled and booked. It waits for a slot before all other calls: it is one
// of a few, and what it shortens holds a slot as well. Its money is its own,
// and where the run's budget has no room for it, it is not made.
//
// Its goroutine is that of the timer. attempt starts it and waits for it.
type hedge struct {
	c     *call
	ctx   context.Context
	stop  context.CancelFunc      // ends the hedge
	lose  context.CancelCauseFunc // ends the first attempt
	first slot
	timer *time.Timer
	done  chan struct{}

	flying atomic.Bool // it has been sent

	// Written by its goroutine, and read after done.
	sent  bool
	won   bool
	reply chat.Reply
	fail  *swarm.CallError
	panic any
}

// hedge sets the timer for a second attempt, where one may be made, and
// returns the context of the first.
func (c *call) hedge(ctx context.Context, s slot) (context.Context, *hedge) {
	if s.late == 0 || c.OnText != nil {
		return ctx, nil // what has been shown cannot be taken back
	}
	h := &hedge{c: c, first: s, done: make(chan struct{})}
	h.ctx, h.stop = context.WithCancel(ctx)
	ctx, h.lose = context.WithCancelCause(ctx)
	h.timer = time.AfterFunc(s.late, h.run)
	return ctx, h
}

// run makes the second attempt.
func (h *hedge) run() {
	defer close(h.done)
	defer func() { h.panic = recover() }()
	q := &h.c.pool.queue
	for n := 1; !q.mayHedge(n); n++ {
		if !h.wait(h.first.late / 2) {
			return
		}
	}
	defer func() {
		if !h.sent {
			q.unhedge()
		}
	}()
	s, ok := q.try(&h.c.Request, h.c.fits&^h.first.bit, twin)
	if !ok {
		var err error
		if s, err = q.take(h.ctx, &h.c.Request, h.c.fits, math.MaxInt64, twin); err != nil {
			return
		}
	}
	h.attempt(s)
}

// attempt makes the second attempt in a slot.
func (h *hedge) attempt(s slot) {
	c := h.c
	end := ending{void: true, est: c.Tokens}
	ended := false
	defer func() {
		if !ended {
			c.pool.queue.end(s, end)
		}
	}()
	if h.ctx.Err() != nil {
		return
	}
	ctx, cancel := c.clock(h.ctx)
	defer cancel()
	now, refused := context.WithCancel(ctx) // a hedge does not wait for money
	refused()
	out, settle, fail := c.reserve(now, s)
	if fail != nil {
		return
	}
	h.sent = true
	h.flying.Store(true)
	used, why := swarm.Usage{In: c.Tokens, AtLeast: true}, errors.New("the attempt broke off")
	defer func() { settle(used, why) }()

	reply, err := s.client.Do(ctx, c.wire(s.backend, out, nil))
	fail = c.classify(ctx, s.backend, err)
	used, why = c.usage(reply, fail), nil
	if fail != nil {
		why = fail
	}
	end = ending{err: fail, early: early(ctx, fail), est: c.Tokens, told: counted(reply)}
	end.limits(s, used, reply.Header)
	ended = true
	l := c.pool.queue.end(s, end)
	h.reply, h.fail = reply, fail
	if h.won = fail == nil && !l.cut; h.won {
		h.lose(errTwin)
	}
}

// join ends the hedge, or waits for it where the first attempt has failed and
// it may yet answer, and tells whether its reply, or its failure, is the
// call's: a failure that may not pass is as much of an answer as a reply.
func (h *hedge) join(fail *swarm.CallError) (won bool) {
	defer h.lose(nil)
	defer h.stop()
	if h.timer.Stop() {
		return false // never begun
	}
	if fail == nil || !fail.Retryable() || !h.flying.Load() {
		h.stop()
	}
	<-h.done
	if h.panic != nil {
		panic(h.panic)
	}
	if !h.sent {
		return false
	}
	h.c.sent++
	switch {
	case fail == nil:
		return false
	case h.won:
		return true
	case h.fail == nil || h.fail.Class == swarm.ClassCancelled:
		return false
	}
	return fail.Retryable() && !h.fail.Retryable()
}

// wait waits, or until the first attempt has ended; ok says that it has not.
func (h *hedge) wait(d time.Duration) (ok bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-h.ctx.Done():
		return false
	}
}

// mayHedge takes one hedge of the budget, if there is one for an attempt that
// is late for the nth time.
func (q *queue) mayHedge(n int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.hedges.spend(n)
}

// unhedge gives a hedge back that was not made.
func (q *queue) unhedge() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hedges.tokens++
}
