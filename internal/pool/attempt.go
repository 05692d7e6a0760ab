package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/db31e724/go-swarm/internal/chat"
	"github.com/db31e724/go-swarm/swarm"
)

// attempt makes one attempt at b, whose slot the caller has taken; the slot is
// given back and the usage booked in every case, a panic in OnText included.
func (c *call) attempt(ctx context.Context, b *backend) (fail *swarm.CallError) {
	ended := false
	defer func() {
		if !ended { // a panic or Goexit is under way
			c.pool.queue.end(b, nil)
		}
	}()
	until, why := time.Now().Add(c.pool.cfg.AttemptTime), errAttemptTime
	if c.Clock.end.Before(until) {
		until, why = c.Clock.end, errCallTime
	}
	ctx, cancel := context.WithDeadlineCause(ctx, until, why)
	defer cancel()
	if ctx.Err() != nil {
		// The slot came in the moment of the cancel: nothing is sent.
		return c.unsent(context.Cause(ctx))
	}
	settle, fail := c.reserve(ctx, b)
	if fail != nil {
		return fail
	}
	c.sent++
	used, end := swarm.Usage{In: c.Tokens, AtLeast: true}, errors.New("the attempt broke off")
	defer func() { settle(used, end) }()

	reply, err := b.client.Do(ctx, c.wire(b))
	fail = c.classify(ctx, b, err)
	c.reply, used, end = reply, c.usage(reply, fail), nil
	if fail != nil {
		end = fail
	}
	ended = true
	c.pool.queue.end(b, fail)
	if fail == nil {
		return nil
	}
	own := *fail // the queue and the ledger keep theirs
	return &own
}

// leastReply is the shortest limit of a reply, in tokens, that a call is worth
// making with where the run's budget allows no longer one.
const leastReply = 64

// reserve announces the attempt to the run's ledger. Where the reply might be
// more than the budget allows, it is asked for less, so that a worst case that
// does not come about refuses nothing.
func (c *call) reserve(ctx context.Context, b *backend) (settle func(swarm.Usage, error), fail *swarm.CallError) {
	c.out = c.room(b)
	for tries := 0; ; tries++ {
		est := swarm.Usage{In: upper(c.Tokens), Out: c.out}
		settle, err := swarm.Reserve(ctx, swarm.Call{Backend: b.Name, Model: b.Model, Price: b.Price, Est: est})
		if err == nil {
			return settle, nil
		}
		refused, ok := errors.AsType[*swarm.BudgetError](err)
		if !ok {
			return nil, c.unsent(err)
		}
		if refused.Out < min(leastReply, c.room(b)) || tries == 8 {
			return nil, &swarm.CallError{Class: swarm.ClassBudget, Model: b.Model, Backend: b.Name, Err: err}
		}
		c.out = min(c.out, refused.Out)
	}
}

// upper is what a prompt of so many estimated tokens may come to.
func upper(tokens int) int { return tokens + tokens/3 + 50 }

// wire returns the request as it goes to b.
func (c *call) wire(b *backend) chat.Request {
	r := c.Request.Request
	r.MaxTokens = c.out
	r.Stream = r.Stream || b.Stream
	r.Idle = cmp.Or(r.Idle, c.pool.cfg.AttemptTime/4)
	if c.shown {
		c.shown = false
		c.Again()
	}
	if onText := r.OnText; onText != nil {
		r.OnText = func(s string) {
			c.shown = true
			onText(s)
		}
	}
	return r
}

// room returns the most completion tokens that b is asked for.
func (r *Request) room(b *backend) int {
	switch {
	case r.MaxTokens > 0:
		return r.MaxTokens
	case b.MaxOut > 0:
		return b.MaxOut
	}
	return r.DefaultOut
}

// fitting returns the backends whose context holds prompt and reply.
func (p *Pool) fitting(r Request) (uint64, error) {
	var fits uint64
	var widest *backend
	for _, b := range p.queue.backends {
		if r.Tokens+r.room(b) <= b.Context {
			fits |= b.bit
		}
		if widest == nil || b.Context-r.room(b) > widest.Context-r.room(widest) {
			widest = b
		}
	}
	if fits == 0 {
		return 0, &swarm.CallError{Class: swarm.ClassTooLong, Model: widest.Model, Backend: widest.Name, Err: fmt.Errorf(
			"the prompt has some %d tokens and the reply may have %d: together more than the %d of the widest backend's context; cut the text into smaller chunks",
			r.Tokens, r.room(widest), widest.Context)}
	}
	return fits, nil
}

// classify turns what an attempt under ctx returned into the error of the
// call. Whose clock ended it is known here alone: the client saw only a
// context.
func (c *call) classify(ctx context.Context, b *backend, err error) *swarm.CallError {
	if err == nil {
		return nil
	}
	var e swarm.CallError
	if ce, ok := errors.AsType[*swarm.CallError](err); ok {
		e = *ce
	} else {
		e = swarm.CallError{Class: swarm.ClassBroken, Err: err}
	}
	if e.Model == "" {
		e.Model = b.Model
	}
	if e.Backend == "" {
		e.Backend = b.Name
	}
	if e.Status >= 400 {
		return &e // the server's own word, whatever the clocks say
	}
	switch e.Class {
	case swarm.ClassCancelled, swarm.ClassTimeout, swarm.ClassNetwork, swarm.ClassBroken:
		switch why := context.Cause(ctx); {
		case errors.Is(why, errCallTime):
			e.Class, e.Err = swarm.ClassTimeout, fmt.Errorf("no whole reply came within the call's time limit of %v", c.pool.cfg.CallTime)
		case errors.Is(why, errAttemptTime):
			e.Class, e.Err = swarm.ClassTimeout, fmt.Errorf("no whole reply came within %v", c.pool.cfg.AttemptTime)
		case why != nil:
			e.Class, e.Err = swarm.ClassCancelled, why
		}
	}
	return &e
}

// usage returns what an attempt used: as the server told it, or at least the
// prompt by our estimate and the text that came. A refusal by status costs
// nothing, nor does a call that met no server.
func (c *call) usage(r chat.Reply, fail *swarm.CallError) swarm.Usage {
	switch {
	case r.UsageKnown:
		return r.Usage
	case r.Unsent, fail != nil && fail.Status >= 400 && r.Text == "":
		return swarm.Usage{}
	}
	return swarm.Usage{In: c.Tokens, Out: swarm.EstimateTokens(r.Text), AtLeast: true}
}

// EstimatePrompt guesses the prompt tokens of r: its texts, its schema, and a
// few tokens a message for what frames them.
func EstimatePrompt(r chat.Request) int {
	n := 3
	for _, m := range r.Messages {
		n += 4 + swarm.EstimateTokens(m.Content)
	}
	if r.Schema != nil {
		n += swarm.EstimateTokens(string(r.Schema.JSON))
	}
	return n
}
