package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// attempt makes one attempt in a slot that the call has taken, with the money
// that it holds, and a second one beside it where it is slow (see hedge).
func (c *call) attempt(ctx context.Context, s slot) *swarm.CallError {
	t := c.once(ctx, s, c.held, nil)
	c.asked = s.est.Est.Out
	if c.lesson, c.at = t.lesson, cmp.Or(t.at, s.backend); t.sent > 0 {
		c.sent, c.reply = c.sent+t.sent, t.reply
	}
	return t.fail
}

// tried is what came of an attempt and its hedge.
type tried struct {
	sent   int      // attempts that were made
	at     *backend // of the one that counts
	reply  model.Reply
	fail   *swarm.CallError
	lesson lesson
}

// once makes an attempt, which is that of is: nil stands for the call's own.
// The slot and the money are given back and the usage booked in every case, a
// panic in OnText included.
func (c *call) once(ctx context.Context, s slot, held *swarm.Reservation, is *hedge) (t tried) {
	end, ended := ending{void: true}, false
	defer func() {
		if !ended { // nothing was sent, or a panic or Goexit is under way
			c.pool.queue.end(s, end)
		}
	}()
	left, late := time.Until(c.end), errCallTime
	if ctx.Err() != nil {
		left, late = 0, model.Ended(ctx)
	}
	if left <= 0 { // in the moment that the slot came: nothing is sent
		held.Release()
		return tried{fail: c.unsent(late)}
	}
	base, give := context.WithCancelCause(ctx)
	defer give(nil)
	held.By(s.est)
	t.sent, t.at = 1, s.backend
	used, why := swarm.Usage{In: c.tokens, AtLeast: true}, errBrokeOff
	defer func() { held.Settle(used, why) }()

	h := c.hedge(ctx, give, s, is)
	r, clock := c.watch(give, s, left, is != nil)
	defer clock.stop()
	reply, err := s.API.Attempt(base, r)
	clock.stop()
	reply.Backend = s.Name
	fail, early := c.classify(base, s.backend, err)
	used, why = c.usage(reply, s.backend, fail), nil
	if fail != nil {
		why = fail
	}
	end = ending{void: early, err: fail, of: c, unsent: reply.Unsent, est: c.tokens, used: s.receipt.need}
	if !used.AtLeast {
		end.told, end.used = reply.Usage.In, needOf(used.In, used.Out)
	}
	if len(reply.Header) > 0 {
		end.rates = readRates(reply.Header, time.Now())
	}
	h.decide(fail)
	ended = true
	t.lesson = c.pool.queue.end(s, end)
	if t.lesson.window > 0 {
		swarm.Emit(ctx, swarm.Event{Kind: swarm.Learned, Model: s.Model, Text: fmt.Sprintf(
			"reads only %d tokens of a prompt, and says nothing of the rest", t.lesson.window)})
	}
	t.reply = reply
	if h != nil {
		won := h.join(fail)
		t.sent += h.tried.sent
		if won {
			if used.AtLeast { // the loser would have written about as much
				used.Out = max(used.Out, h.tried.reply.Usage.Out)
			}
			h.tried.sent = t.sent
			return h.tried
		}
	}
	switch {
	case fail != nil:
		own := *fail // the queue and the ledger keep theirs
		t.fail = &own
	case t.lesson.cut:
		t.fail = &swarm.CallError{Class: swarm.ClassTooLong, Status: 200, Model: s.Model, Backend: s.Name, Err: fmt.Errorf(
			"the server has read only %d tokens of the prompt, or so it seems", reply.Usage.In)}
	}
	return t
}

// classify turns what an attempt under ctx returned into the error of the
// call. Whose clock ended it is known here alone: the API saw only a context.
// early says that it was ended, though not by its own clocks.
func (c *call) classify(ctx context.Context, b *backend, err error) (fail *swarm.CallError, early bool) {
	if err == nil {
		return nil, false
	}
	e := swarm.CallError{Class: swarm.ClassBroken, Err: err}
	if ce, ok := errors.AsType[*swarm.CallError](err); ok {
		e = *ce
	}
	e.Model, e.Backend = cmp.Or(e.Model, b.Model), cmp.Or(e.Backend, b.Name)
	e.Err = cmp.Or(e.Err, errNoReason)
	why := context.Cause(ctx)
	own, clock := why.(timeout)
	ended := e.Class == swarm.ClassCancelled || e.Class == swarm.ClassTimeout
	switch {
	case ended && e.Status >= 400: // its text was cut off: the status says enough
		e.Class = model.HTTPError(c.Request, e.Status, nil, nil).Class
	case why == nil, e.Status >= 400, !ended && e.Class != swarm.ClassNetwork && e.Class != swarm.ClassBroken:
		// the server's own word, whatever the clocks say
	case clock:
		e.Class, e.Err = swarm.ClassTimeout, own.error
	case why == errCallTime:
		e.Class, e.Err = swarm.ClassTimeout, c.timeOver()
	default:
		e.Class, e.Err = swarm.ClassCancelled, c.last(model.Ended(ctx))
	}
	return &e, why != nil && !clock && e.Status < 400
}

// refusals are the classes of what a server told in place of a reply.
var refusals = []swarm.Class{
	swarm.ClassRateLimited, swarm.ClassOverloaded, swarm.ClassServer, swarm.ClassQuota,
	swarm.ClassAuth, swarm.ClassNotFound, swarm.ClassInvalid, swarm.ClassTooLong,
}

// usage returns what an attempt used: as the server told it, or at least the
// prompt by our estimate and the text that came. A refusal costs nothing, by its
// status or in a reply of success, nor does a call that met no server.
func (c *call) usage(r model.Reply, b *backend, fail *swarm.CallError) swarm.Usage {
	learned, _ := errors.AsType[*model.Learned](fail) // also of a stream that was not asked for, which is work
	switch {
	case r.Usage.Tokens() > 0:
		r.Usage.In = cmp.Or(r.Usage.In, c.tokens)
		return r.Usage
	case r.Unsent, fail != nil && r.Text == "" && (fail.Status >= 400 || learned == nil && slices.Contains(refusals, fail.Class)):
		return swarm.Usage{}
	}
	q := &c.pool.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	return swarm.Usage{In: b.estimate.least(c.tokens), Out: swarm.EstimateTokens(r.Text), AtLeast: true}
}
