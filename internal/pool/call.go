package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

const (
	// backoffBase and backoffCap bound the pool's own back-off, with the full
	// jitter of Brooker's "Exponential Backoff and Jitter" (AWS, 2015).
	backoffBase = 250 * time.Millisecond
	backoffCap  = 8 * time.Second
	// shortWait is the longest wait a server may ask for that the call spends
	// with it although another backend is of use.
	shortWait  = 5 * time.Second
	maxLearned = 6  // see model.Learned
	mostEmpty  = 1  // empty replies that are asked for again
	minOut     = 64 // see model.Request
)

var (
	errCallTime = errors.New("pool: CallTime is over")
	errBrokeOff = errors.New("the attempt broke off")
	errNoReason = errors.New("no reason was given")
)

// call is a Request on its way.
type call struct {
	model.Request
	swarm.Caller
	pool   *Pool
	weight float64 // of the run
	tokens int     // of the prompt, estimated
	fits   uint64  // the backends that it may go to
	place  uint64  // in the order of arrivals, given by queue.try
	end    time.Time

	held  *swarm.Reservation // for the next attempt
	limit int                // of the reply, where money allows no longer one; 0: as wanted

	sent    int // attempts that were made
	failed  int // those of them that count against Attempts
	learned int
	empty   int      // replies
	crowded int      // refusals for the room of the reply
	at      *backend // of the last attempt
	asked   int      // the most completion tokens of it
	lesson  lesson   // of it
	shown   bool     // OnText has been given text of it
	reply   model.Reply
	err     *swarm.CallError
}

// Do makes the call: it reserves money, waits for a slot, tries, and tries
// again where that can help. The error is a *swarm.CallError; the reply beside
// it holds what the last attempt brought.
//
// An attempt that failed in a way that may pass is repeated up to Attempts
// times, after a back-off or the wait that the server asked for; the call is
// parked (see [swarm.Park]) and holds no slot and no money meanwhile. Failures at
// a backend whose circuit breaker is open are held against no call: it waits
// there, or at other backends, until CallTime is over. A call too long for one
// backend goes to those with a wider context, one that is denied to the next (see
// backend.deny). What cannot succeed unchanged is not sent again.
func (p *Pool) Do(ctx context.Context, r model.Request) (model.Reply, error) {
	return p.do(ctx, r, swarm.CallerOf(ctx))
}

func (p *Pool) do(ctx context.Context, r model.Request, who swarm.Caller) (model.Reply, error) {
	weight, _ := ctx.Value(weightKey{}).(float64)
	c := &call{Request: r, Caller: who, pool: p, weight: cmp.Or(weight, 1), tokens: r.EstimateTokens()}
	if err := c.fit(math.MaxUint64); err != nil {
		return model.Reply{}, err
	}
	k := first
	for {
		fail := c.reserve(ctx)
		if fail == nil {
			s, err := c.slot(ctx, k)
			if err != nil {
				c.held.Release()
				return c.reply, c.unsent(err)
			}
			fail = c.attempt(ctx, s)
		}
		if c.err = fail; fail == nil {
			return c.reply, nil
		}
		again, wait := false, time.Duration(0)
		if fail.Class != swarm.ClassBudget {
			k, again, wait = c.next(ctx)
		}
		if !again {
			c.err.Attempts = c.sent
			return c.reply, c.err
		}
		if wait > 0 {
			unpark := swarm.Park(ctx)
			linger(ctx, wait)
			unpark()
		}
	}
}

// dearest returns the estimate of the dearest attempt that may be made. A
// price that is not known is the dearest.
func (c *call) dearest() (most swarm.Call) {
	q := &c.pool.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, b := range q.backends {
		if c.fits&b.bit == 0 {
			continue
		}
		e := c.estimated(b)
		est := swarm.Usage{In: max(e.Est.In, most.Est.In), Out: max(e.Est.Out, most.Est.Out)}
		if most.Model == "" || most.Price != nil && (b.Price == nil || b.Price.Cost(est) > most.Price.Cost(est)) {
			most = e
		}
		most.Est = est
	}
	return most
}

// reserve sets aside what the next attempt may cost. Where the reply might be
// more than the budget allows, it is asked for less. The wait for money is not
// the call's time.
func (c *call) reserve(ctx context.Context) *swarm.CallError {
	began := time.Now()
	c.limit = 0
	most := c.dearest()
	least := min(cmp.Or(c.MinOut, minOut), most.Est.Out)
	for tries := 0; ; tries++ {
		held, err := swarm.Reserve(ctx, most)
		if err == nil {
			if c.held = held; !c.end.IsZero() {
				c.end = c.end.Add(time.Since(began))
			}
			return nil
		}
		refused, ok := errors.AsType[*swarm.BudgetError](err)
		if !ok {
			if ctx.Err() != nil {
				err = model.Ended(ctx)
			}
			return c.unsent(err)
		}
		if most.Est.Out == least || tries == 8 {
			return &swarm.CallError{Class: swarm.ClassBudget, Model: most.Model, Backend: most.Backend, Err: err}
		}
		c.limit = max(min(most.Est.Out, refused.Out), least) // if it is the least, the refusal says what it would take
		most.Est.Out = c.limit
	}
}

// slot waits for a slot. The first one begins the call's time: a pool smaller
// than its load is no fault of the calls that queue.
func (c *call) slot(ctx context.Context, k kind) (slot, error) {
	if c.end.IsZero() {
		defer func() { c.end = time.Now().Add(c.pool.limits.CallTime) }()
		if s, ok := c.pool.queue.try(c, k); ok {
			return s, nil
		}
		return c.pool.queue.take(ctx, c, k)
	}
	ctx, cancel := context.WithDeadlineCause(ctx, c.end, errCallTime)
	defer cancel()
	return c.pool.queue.take(ctx, c, k)
}

// next decides what follows a failed attempt: whether another is to be made, of
// which kind, and after what wait. Where the answer is no, c.err is the last
// word.
func (c *call) next(ctx context.Context) (k kind, again bool, wait time.Duration) {
	b := c.at
	if b == nil || c.shown && c.OnReset == nil {
		return first, false, 0
	}
	if l, ok := errors.AsType[*model.Learned](c.err); ok && c.learned < maxLearned {
		c.learned++
		if l.What != "" { // else another call has told it
			swarm.Emit(ctx, swarm.Event{Kind: swarm.Learned, Model: b.Model, Text: l.What})
		}
		return first, true, 0
	}
	if denies(c.err.Class) {
		if c.lesson.denied {
			c.fits &^= b.bit
		}
		return first, c.fits != 0, 0 // bounded by the number of backends: take fails once none is left
	}
	if full, ok := errors.AsType[*model.NoRoom](c.err); ok && c.crowded < maxLearned && c.shorten(ctx, b, full) {
		return first, true, 0
	}
	if c.err.Class == swarm.ClassTooLong {
		wider, holds := c.wider(b)
		if wider {
			return first, true, 0
		}
		c.err.Err = fmt.Errorf("prompt and reply of some %d tokens are too long for it, its context is taken for %d, and no other backend has a wider one; %s: %w",
			c.tokens+c.room(b), holds, mendTooLong, c.err.Err)
	}
	if errors.Is(c.err, model.ErrEmpty) {
		c.empty++
	}
	if !c.err.Retryable() || c.empty > mostEmpty {
		return first, false, 0
	}
	switch {
	case c.lesson.open: // the call waits for the breaker, or for another backend, and no attempt is held against it
	case c.lesson.away:
		wait = jitter(backoffBase, c.sent)
	default:
		if c.failed++; c.failed >= c.pool.limits.Attempts {
			return first, false, 0
		}
		wait = jitter(cmp.Or(c.lesson.backoff, backoffBase), c.failed-1)
	}
	switch asked := c.err.RetryAfter; {
	case !c.err.HasRetryAfter || asked <= 0:
	case asked > shortWait && c.pool.queue.useful(c.fits&^b.bit):
		// Another backend takes it; this one is cooling for everybody.
	case asked > c.pool.limits.MaxWait:
		c.err.Err = tooLong(asked, c.pool.limits.MaxWait)
		return first, false, 0
	default:
		wait = asked + jitter(min(max(asked/64, time.Millisecond), backoffBase), 0)
	}
	wait = min(wait, cmp.Or(c.lesson.reach, wait))
	if time.Until(c.end) <= wait {
		c.err.Err = fmt.Errorf("the next attempt would come in %v, after the call's time limit (CallTime): %w",
			wait.Round(time.Millisecond), c.err.Err)
		return first, false, 0
	}
	swarm.Emit(ctx, swarm.Event{Kind: swarm.Retrying, Model: b.Model, Wait: max(wait, c.lesson.wait), Err: c.err})
	return retry, true, wait
}

// unsent returns the error of a call that is not attempted again: err is why
// it got no money or no slot.
func (c *call) unsent(err error) *swarm.CallError {
	var e swarm.CallError
	told, ok := errors.AsType[*swarm.CallError](err)
	switch {
	case ok:
		e = *told // others that wait are told the same
	case errors.Is(err, errCallTime):
		e = swarm.CallError{Class: swarm.ClassTimeout, Err: c.timeOver()}
	default:
		e = swarm.CallError{Class: swarm.ClassCancelled, Err: c.last(err)}
	}
	if e.Model == "" && c.err != nil {
		e.Model, e.Backend = c.err.Model, c.err.Backend
	}
	e.Attempts = c.sent
	return &e
}

// timeOver is the end of the call's time, in words.
func (c *call) timeOver() error {
	return c.last(fmt.Errorf("the call's time limit of %v (CallTime) is over", c.pool.limits.CallTime))
}

// last adds to err, the end of a context, how the call's last whole attempt
// failed; or that of another call, where this one only waited for backends that fail.
func (c *call) last(err error) error {
	failed := c.err
	if failed == nil {
		failed = c.pool.queue.ailing(c.fits)
	}
	if failed == nil {
		return err
	}
	return fmt.Errorf("%w; the last attempt: %w", err, failed)
}

// linger waits, or until ctx ends.
func linger(ctx context.Context, wait time.Duration) {
	select {
	case <-time.After(wait):
	case <-ctx.Done():
	}
}

// jitter returns the back-off after n failures before this one, whose first
// step is base. It is never zero, so that others may go first.
func jitter(base time.Duration, n int) time.Duration {
	return 1 + rand.N(min(backoffCap, base<<min(n, 10)))
}

func tooLong(asked, allowed time.Duration) error {
	return fmt.Errorf("the server asks to wait %v, MaxWait allows %v, and no other backend can take the call",
		asked.Round(time.Millisecond), allowed)
}
