package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/db31e724/go-swarm/internal/chat"
	"github.com/db31e724/go-swarm/swarm"
)

// attempt makes one attempt in a slot that the caller has taken, and others
// beside it where it is late (see hedge).
func (c *call) attempt(ctx context.Context, s slot) *swarm.CallError {
	t := c.once(ctx, s, nil)
	c.lesson, c.at = t.lesson, cmp.Or(t.at, s.backend)
	if t.sent > 0 {
		c.sent += t.sent
		c.reply = t.reply
	}
	return t.fail
}

// tried is what came of an attempt and its hedges.
type tried struct {
	sent   int      // attempts that were made
	at     *backend // of the one that counts
	reply  chat.Reply
	fail   *swarm.CallError
	lesson lesson
}

// once makes an attempt, which is of is: nil stands for the call's first. The
// slot is given back and the usage booked in every case, a panic in OnText
// included.
func (c *call) once(ctx context.Context, s slot, is *hedge) (t tried) {
	end, ended := ending{void: true, est: c.Tokens}, false
	defer func() {
		if !ended { // nothing was sent, or a panic or Goexit is under way
			c.pool.queue.end(s, end)
		}
	}()
	ctx, cancel := c.clock(ctx)
	defer cancel()
	if ctx.Err() != nil {
		// The slot came in the moment of the cancel: nothing is sent.
		return tried{fail: c.unsent(context.Cause(ctx))}
	}
	out, settle, fail := c.reserve(is.money(ctx), s)
	if fail != nil {
		return tried{fail: fail}
	}
	t.sent, t.at = 1, s.backend
	used, why := swarm.Usage{In: c.Tokens, AtLeast: true}, errBrokeOff
	defer func() { settle(used, why) }()

	base, h := c.hedge(ctx, s, is)
	onText := c.OnText
	if is != nil {
		is.flying.Store(true)
		onText = nil
	}
	reply, err := s.client.Do(base, c.wire(s.backend, out, onText))
	fail = c.classify(base, s.backend, err)
	used, why = c.usage(reply, fail), nil
	if fail != nil {
		why = fail
	}
	end = ending{err: fail, of: &c.Request, met: &c.met, early: early(base, fail), est: c.Tokens, told: counted(reply)}
	end.limits(s, used, reply.Header)
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

// clock bounds an attempt by its own time and by the call's.
func (c *call) clock(ctx context.Context) (context.Context, context.CancelFunc) {
	until, why := time.Now().Add(c.pool.cfg.AttemptTime), errAttemptTime
	if c.Clock.end.Before(until) {
		until, why = c.Clock.end, errCallTime
	}
	return context.WithDeadlineCause(ctx, until, why)
}

// early says that an attempt under ctx failed because it was ended, though not
// by its own clock.
func early(ctx context.Context, fail *swarm.CallError) bool {
	if fail == nil || fail.Status >= 400 {
		return false
	}
	why := context.Cause(ctx)
	return why != nil && !errors.Is(why, errAttemptTime)
}

// limits notes what an attempt used of its backend's rate limits, and what its
// reply told of them.
func (e *ending) limits(s slot, used swarm.Usage, h http.Header) {
	if len(h) > 0 {
		e.rates = readRates(h, time.Now())
	}
	e.used = s.receipt.need // where more may have been used than came
	if !used.AtLeast {
		e.used = needOf(used.In, used.Out)
	}
}

// need returns what the rate limits of b are asked for.
func (r *Request) need(b *backend) need { return needOf(b.estimate.tokens(r.Tokens), r.room(b)) }

// counted returns the prompt tokens that the server told, or 0.
func counted(r chat.Reply) int {
	if !r.UsageKnown || r.Usage.AtLeast {
		return 0
	}
	return r.Usage.In
}

// leastReply is the shortest limit of a reply, in tokens, that a call is worth
// making with where the run's budget allows no longer one, and the caller names
// no other.
const leastReply = 64

// reserve announces the attempt to the run's ledger. Where the reply might be
// more than the budget allows, it is asked for less, so that a worst case that
// does not come about refuses nothing.
func (c *call) reserve(ctx context.Context, s slot) (out int, settle func(swarm.Usage, error), fail *swarm.CallError) {
	b := s.backend
	out = c.room(b)
	least := min(cmp.Or(c.LeastOut, leastReply), out)
	in := (&estimate{ratio: s.ratio}).upper(c.Tokens)
	for tries := 0; ; tries++ {
		est := swarm.Usage{In: in, Out: out}
		reserved, err := swarm.Reserve(ctx, swarm.Call{Backend: b.Name, Model: b.Model, Price: b.Price, Est: est})
		if err == nil {
			return out, reserved.Settle, nil
		}
		refused, ok := errors.AsType[*swarm.BudgetError](err)
		if !ok {
			return 0, nil, c.unsent(err)
		}
		if out == least || tries == 8 {
			return 0, nil, &swarm.CallError{Class: swarm.ClassBudget, Model: b.Model, Backend: b.Name, Err: err}
		}
		out = max(min(out, refused.Out), least) // if it is the least, the refusal says what it would take
	}
}

// upper is what a prompt of so many estimated tokens may come to.
func upper(tokens int) int { return tokens + tokens/3 + 50 }

// wire returns the request as it goes to b.
func (c *call) wire(b *backend, out int, onText func(string)) chat.Request {
	r := c.Request.Request
	r.MaxTokens = out
	r.Stream = r.Stream || b.Stream
	r.Idle = cmp.Or(r.Idle, c.pool.cfg.Idle)
	r.First = cmp.Or(r.First, c.pool.cfg.FirstToken)
	r.OnText = nil
	if onText == nil {
		return r
	}
	if c.shown {
		c.shown = false
		c.Again()
	}
	r.OnText = func(s string) {
		c.shown = true
		onText(s)
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
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	for _, b := range p.queue.backends {
		if b.estimate.tokens(r.Tokens)+r.room(b) <= b.context() {
			fits |= b.bit
		}
		if widest == nil || b.context()-r.room(b) > widest.context()-r.room(widest) {
			widest = b
		}
	}
	if fits == 0 {
		return 0, &swarm.CallError{Class: swarm.ClassTooLong, Model: widest.Model, Backend: widest.Name, Err: fmt.Errorf(
			"the prompt has some %d tokens and the reply may have %d: together more than the %d of the widest backend's context; %s",
			widest.estimate.tokens(r.Tokens), r.room(widest), widest.context(), mendTooLong)}
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
