package pool

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// leastReply is how many tokens of a reply make a prompt worth sending where a
// context has no room for more.
const leastReply = 256

// fit finds the backends whose context holds prompt and reply, or where there
// are none, those that have room for a shorter reply, among those that the call
// may go to; but for those that the caller avoids, if there are others in use.
func (c *call) fit(among uint64) error {
	q := &c.pool.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	var whole, shorter, wanted uint64
	var widest *backend
	for _, b := range q.backends {
		if among&b.bit == 0 {
			continue
		}
		if b.stopped == nil && !slices.Contains(c.Avoid, b.Name) {
			wanted |= b.bit
		}
		in := b.estimate.tokens(c.tokens)
		switch {
		case in+c.room(b) <= b.holds():
			whole |= b.bit
		case in+c.least(b) <= b.context():
			shorter |= b.bit
		}
		if widest == nil || b.context()-c.room(b) > widest.context()-c.room(widest) {
			widest = b
		}
	}
	c.fits = cmp.Or(whole, shorter)
	if c.fits == 0 {
		return &swarm.CallError{Class: swarm.ClassTooLong, Model: widest.Model, Backend: widest.Name, Err: fmt.Errorf(
			"the prompt has some %d tokens and the reply needs at least %d: together more than the %d of the widest backend's context; %s",
			widest.estimate.tokens(c.tokens), c.least(widest), widest.context(), mendTooLong)}
	}
	if len(c.Avoid) > 0 {
		c.fits = cmp.Or(c.fits&wanted, c.fits)
	}
	return nil
}

// room returns the most completion tokens that b is asked for, money and its
// context aside.
func (c *call) room(b *backend) int { return cmp.Or(c.MaxOut, b.MaxOut, c.DefaultOut) }

// least returns the fewest completion tokens that b is asked for where its
// context has no room for more: a shorter prompt is worth more than a cut reply.
func (c *call) least(b *backend) int { return min(max(c.MinOut, leastReply), c.room(b)) }

// estimated returns what an attempt at b may come to at the most. The reply
// gets what the prompt leaves of the context, a little less at first, for the
// prompt is estimated, and half as much each time that this was refused. The
// queue's lock is held.
func (c *call) estimated(b *backend) swarm.Call {
	out, in, upper := c.room(b), b.estimate.tokens(c.tokens), b.estimate.upper(c.tokens)
	if out > 0 {
		left := b.holds() - in
		left -= min(upper-in, left/4)
		out = min(out, max(left>>max(0, c.crowded-1), c.least(b)))
	}
	if c.limit > 0 && (out == 0 || out > c.limit) {
		out = c.limit
	}
	return swarm.Call{Backend: b.Name, Model: b.Model, Price: b.Price, Est: swarm.Usage{In: upper, Out: out}}
}

// shorten learns from b's refusal how much it takes, and says whether the call
// can be made with a shorter reply, or at another backend.
func (c *call) shorten(ctx context.Context, b *backend, full *model.NoRoom) bool {
	q := &c.pool.queue
	q.mu.Lock()
	news := b.room == 0 || full.Limit < b.room
	if news {
		b.room = full.Limit
	}
	if full.Prompt > 0 {
		b.estimate.sample(c.tokens, full.Prompt)
	}
	c.crowded++
	less := c.estimated(b).Est.Out < c.asked
	q.mu.Unlock()
	if news {
		swarm.Emit(ctx, swarm.Event{Kind: swarm.Learned, Model: b.Model, Text: fmt.Sprintf(
			"takes %d tokens of prompt and reply together: replies are given what the prompt leaves", full.Limit)})
	}
	return less && c.fit(c.fits) == nil
}

// wider leaves to the call only backends with a wider context than b's, to
// which it was too long, or one that nobody has told, and says whether there
// are any, and how much b holds.
func (c *call) wider(b *backend) (ok bool, holds int) {
	q := &c.pool.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range q.backends {
		untold := o.untold && o.estimate.window == 0 && o.Model != b.Model
		if o == b || o.holds() <= b.holds() && !untold {
			c.fits &^= o.bit
		}
	}
	return c.fits != 0, b.holds()
}

// mendTooLong says what can be done about a prompt that is too long.
const mendTooLong = "shorten the chunks, items or results that the call is given, or add a backend with a wider Context"
