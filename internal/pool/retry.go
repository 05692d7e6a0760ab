package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/internal/chat"
	"github.com/db31e724/go-swarm/swarm"
)

const (
	// backoffBase and backoffCap bound the pool's own back-off: attempt n is
	// followed by a wait of 0 to min(cap, base·2ⁿ), the full jitter of Marc
	// Brooker's "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015).
	backoffBase = 250 * time.Millisecond
	backoffCap  = 8 * time.Second
	// shortWait is the longest wait a server may ask for that the call spends
	// with it although another backend is of use.
	shortWait = 5 * time.Second
	// maxLessons bounds how often one call is repeated because its backend
	// taught something about what it takes.
	maxLessons = 6
	// outageAttempts is how many times as often as Attempts a call is sent
	// that finds the server away while no breaker is open.
	outageAttempts = 4
)

var (
	errCallTime    = errors.New("pool: CallTime is over")
	errAttemptTime = errors.New("pool: AttemptTime is over")
	errBrokeOff    = errors.New("the attempt broke off")
)

// Do makes the call: it waits for a slot, tries, and tries again where that
// can help. The error is a *swarm.CallError; the reply beside it holds what
// the last attempt brought.
//
// An attempt that failed in a way that may pass is repeated up to Attempts
// times, after a back-off with full jitter or after the wait that the server
// asked for, never less; the call is parked (see [swarm.Park]) and holds no
// slot meanwhile. A retry over the retry budget waits in the queue for its
// turn. Failures at a backend whose breaker is open are held against no call:
// it waits there, or at other backends, until CallTime is over. A call too long
// for one backend goes to those with a wider context. An exhausted account, a refused key or an unknown model (see
// denials) ends the use of the backend, and the call goes to the next; one that
// is told so where others are served goes to another backend as well. Everything
// else goes back to the caller: what cannot succeed unchanged is not sent again.
func (p *Pool) Do(ctx context.Context, r Request) (chat.Reply, error) {
	if r.Tokens <= 0 {
		r.Tokens = EstimatePrompt(r.Request)
	}
	r.Run, _, _ = strings.Cut(r.Run, ".") // the ID of a nested run is a path
	r.weight = weightOf(ctx)
	fits, err := p.fitting(r)
	if err != nil {
		return chat.Reply{}, err
	}
	c := call{pool: p, Request: r, fits: fits}
	if c.Clock == nil {
		c.Clock = &c.own
	}
	s, ok := p.queue.try(&c.Request, fits, anew, &c.place)
	if !ok && c.Clock.end.IsZero() {
		if s, err = p.queue.take(ctx, &c.Request, fits, r.Priority, anew, &c.place); err != nil {
			return chat.Reply{}, c.unsent(err)
		}
	}
	if s.backend != nil {
		if c.Clock.end.IsZero() {
			c.Clock.end = time.Now().Add(p.cfg.CallTime)
		}
		if c.err = c.attempt(ctx, s); c.err == nil {
			return c.reply, nil
		}
	}
	return c.goOn(ctx)
}

// goOn is the retry loop. It begins with a call that failed at c.at, or, where
// that is nil, with one that has found no slot and whose clock runs.
func (c *call) goOn(ctx context.Context) (chat.Reply, error) {
	ctx, cancel := context.WithDeadlineCause(ctx, c.Clock.end, errCallTime)
	defer cancel()
	for {
		k := anew
		if b := c.at; b != nil {
			var again bool
			var wait time.Duration
			k, again, wait = c.next(ctx, b)
			if !again {
				c.err.Attempts = c.sent
				return c.reply, c.err
			}
			if wait > 0 {
				pause(ctx, wait)
			}
		}
		s, err := c.pool.queue.take(ctx, &c.Request, c.fits, c.Priority, k, &c.place)
		if err != nil {
			return c.reply, c.unsent(err)
		}
		if c.err = c.attempt(ctx, s); c.err == nil {
			return c.reply, nil
		}
	}
}

// call is a Request on its way.
type call struct {
	Request
	pool  *Pool
	fits  uint64 // the backends that it fits
	own   Clock
	place uint64 // in the order of arrivals

	sent    int // attempts that were made
	failed  int // those of them that count against Attempts
	lessons int
	met     met
	at      *backend // of the last attempt
	lesson  lesson   // of it
	shown   bool     // OnText has been given text of it
	reply   chat.Reply
	err     *swarm.CallError
	denied  *swarm.CallError // what the first backend said that refused the call as denials are; nil: none did
}

// next decides what follows a failed attempt at b: whether another is to be
// made, of which kind, and after what wait. Where the answer is no, c.err is
// the last word.
func (c *call) next(ctx context.Context, b *backend) (k kind, again bool, wait time.Duration) {
	if c.shown && c.Again == nil {
		return anew, false, 0
	}
	if lesson, ok := c.pool.learnt(c.err); ok && c.lessons < maxLessons {
		c.lessons++
		if lesson != "" { // else another call has told it
			swarm.Emit(ctx, swarm.Event{Kind: swarm.Learned, Model: b.Model, Text: lesson})
		}
		return anew, true, 0
	}
	if denies(c.err.Class) {
		if c.lesson.denied {
			c.fits &^= b.bit
			if c.fits == 0 {
				c.err = c.recall(c.err)
				return anew, false, 0
			}
			c.denied = cmp.Or(c.denied, c.err)
		}
		return anew, true, 0 // bounded by the number of backends: take fails once none is left
	}
	if c.err.Class == swarm.ClassTooLong {
		if c.wider(b) {
			return anew, true, 0
		}
		c.err.Err = fmt.Errorf("prompt and reply of some %d tokens are too long for it, its context is taken for %d, and no other backend has a wider one; %s: %w",
			c.Tokens+c.room(b), b.Context, mendTooLong, orUnknown(c.err.Err))
	}
	if c.err.Class == swarm.ClassCut && c.Elsewhere && c.leave(b) {
		c.Elsewhere = false
		return anew, true, 0
	}
	if !c.err.Retryable() {
		return anew, false, 0
	}
	ordered := c.err.HasRetryAfter && c.err.RetryAfter > 0
	if c.lesson.shut && !ordered {
		// Nobody gets anything there: the call waits for the breaker, or for
		// another backend, and no attempt is held against it.
		swarm.Emit(ctx, swarm.Event{Kind: swarm.Retrying, Model: b.Model, Wait: c.lesson.wait, Err: c.err})
		return retry, true, 0
	}
	// A server that is away, as other calls find too, or did a moment ago, or as
	// this one finds where no other is served, says nothing of the call. That is
	// not held against it either, for a while.
	if !c.lesson.shut && (!c.lesson.shared || !gone(c.err) || c.sent >= outageAttempts*c.pool.cfg.Attempts) {
		c.failed++
	}
	if c.failed >= c.pool.cfg.Attempts {
		return anew, false, 0
	}

	wait = jitter(cmp.Or(c.lesson.patience, backoffBase), max(c.failed-1, 0))
	if asked := c.err.RetryAfter; ordered {
		switch {
		case asked > shortWait && c.pool.queue.useful(c.fits&^b.bit):
			// Another backend takes it, at once or when it has a slot; this one
			// is cooling for everybody.
		case asked > c.pool.cfg.MaxWait:
			c.err.Err = tooLong(asked, c.pool.cfg.MaxWait)
			return anew, false, 0
		default:
			// Calls that were refused together are spread a little; a wait that all
			// keep ends later by more than that (see slot.learn).
			wait = asked + jitter(min(max(asked/64, time.Millisecond), backoffBase), 0)
		}
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= wait {
		c.err.Err = fmt.Errorf("the next attempt would come in %v, after the call's time limit: %w",
			wait.Round(time.Millisecond), orUnknown(c.err.Err))
		return anew, false, 0
	}
	swarm.Emit(ctx, swarm.Event{Kind: swarm.Retrying, Model: b.Model, Wait: wait, Err: c.err})
	return retry, true, wait
}

// leave leaves to the call only backends of other models than b's, or where
// there are none of use, other backends, and says whether there are any.
func (c *call) leave(b *backend) bool {
	others := c.fits &^ b.bit
	models := others
	for _, o := range c.pool.queue.backends {
		if o.Model == b.Model {
			models &^= o.bit
		}
	}
	for _, fits := range []uint64{models, others} {
		if c.pool.queue.useful(fits) {
			c.fits = fits
			return true
		}
	}
	return false
}

// wider leaves to the call only backends with a wider context than b's, to
// which it was too long, or one that nobody has told, and says whether there
// are any.
func (c *call) wider(b *backend) bool {
	q := &c.pool.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range q.backends {
		untold := o.untold && o.estimate.window == 0 && o.Model != b.Model
		if o == b || o.context() <= b.context() && !untold {
			c.fits &^= o.bit
		}
	}
	return c.fits != 0
}

// unsent returns the error of a call that got no slot: err is why.
func (c *call) unsent(err error) *swarm.CallError {
	var e swarm.CallError
	told, ok := errors.AsType[*swarm.CallError](err)
	switch {
	case ok:
		e = *told // others that wait are told the same
		e = *c.recall(&e)
	case errors.Is(err, errCallTime):
		e = swarm.CallError{Class: swarm.ClassTimeout, Err: fmt.Errorf("no slot was free within the call's time limit of %v", c.pool.cfg.CallTime)}
		if c.err != nil {
			e.Err = fmt.Errorf("the call's time limit of %v is over; the last attempt: %w", c.pool.cfg.CallTime, c.err)
		}
	default:
		e = swarm.CallError{Class: swarm.ClassCancelled, Err: err}
	}
	if e.Model == "" && c.err != nil {
		e.Model, e.Backend = c.err.Model, c.err.Backend
	}
	e.Attempts = c.sent
	return &e
}

// recall adds to a call's last word what another backend denied it with.
func (c *call) recall(e *swarm.CallError) *swarm.CallError {
	if c.denied == nil || c.denied.Backend == e.Backend {
		return e
	}
	told := *e
	told.Err = fmt.Errorf("%w (before that: %w)", orUnknown(e.Err), c.denied)
	return &told
}

// pause waits, parked, or until ctx ends.
func pause(ctx context.Context, wait time.Duration) {
	unpark := swarm.Park(ctx)
	defer unpark()
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// jitter returns the back-off after n failures before this one, whose first
// step is base. It is never zero, so that even a short one lets others go
// first.
func jitter(base time.Duration, n int) time.Duration {
	step := min(backoffCap, base<<min(n, 10))
	return 1 + rand.N(step)
}

// mendTooLong says what can be done about a prompt that is too long.
const mendTooLong = "shorten the chunks, items or results that the call is given, or add a backend with a wider Context"

func orUnknown(err error) error {
	if err == nil {
		return errors.New("no reason was given")
	}
	return err
}
