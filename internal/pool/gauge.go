package pool

import (
	"math"
	"time"
)

// gauge keeps count of one rate limit that a server tells in its headers.
//
// Servers keep their limits in a window, all of which comes back at its end, or
// in a token bucket. Headers do not say which: in the first the time of the
// reset stands while more is used, in the second it moves, which tells them
// apart after a few replies. Until then it is taken for a window. The
// count is kept here, and corrected by replies only where it cannot be so.
type gauge struct {
	limit float64 // 0: nothing is known
	left  float64
	at    time.Time     // of left
	full  time.Time     // when all is back, as told; zero: not known
	since time.Time     // the window's begin: replies to older calls say nothing of it
	width time.Duration // of the window: the longest reset told

	sent   float64 // all that was ever sent
	open   float64 // of it, by calls that have no reply yet
	before float64 // sent, when the call was made whose reply told full

	bucket bool    // not a window
	rate   float64 // of the bucket, a second
	most   float64 // that was ever left
	last   telling
	when   time.Time // of last
}

// note takes what a reply says; after is what was sent after its call, beside
// what was under way when it was made, at the time begun.
func (g *gauge) note(t telling, after, beside float64, begun, now time.Time) {
	if !t.ok {
		return
	}
	g.refill(now)
	if begun.Before(g.since) {
		return
	}
	g.since = begun
	// Calls may reach the server in another order than they were made.
	low := t.left - after - beside
	if g.limit != t.limit {
		left := low
		if own := t.limit - g.sent; g.limit == 0 && own >= 0 && t.left >= own {
			left = own // these are the first calls, and nobody else has used any
		}
		*g = gauge{limit: t.limit, left: left, sent: g.sent, open: g.open, since: begun}
	}
	g.left, g.at = min(max(g.left, low), t.left), now
	if t.reset > 0 {
		g.tell(t, now)
		g.full, g.before = now.Add(t.reset), g.sent-after
		g.width = max(g.width, t.reset)
	}
}

// tell compares what two replies tell of the reset, once so much more, or less,
// is left that it shows. In a bucket the reset tells how much is to be filled,
// whatever its size: some servers keep less at once than the limit they tell.
func (g *gauge) tell(t telling, now time.Time) {
	p, when := g.last, g.when
	more := p.left - t.left // was used
	g.most = max(g.most, t.left)
	if p.ok && math.Abs(more) < max(2, (g.most-p.left)/4) {
		return
	}
	if g.last, g.when = t, now; !p.ok {
		return
	}
	later := (t.reset - p.reset).Seconds()
	moved := now.Add(t.reset).Sub(when.Add(p.reset)).Abs()
	rate := more / later
	if moved <= max(min(t.reset, p.reset)/10, 2*time.Millisecond) {
		g.bucket = false
	} else if math.Abs(later) > .002 && rate > 0 && t.left+rate*t.reset.Seconds() < 1.1*t.limit {
		g.bucket, g.rate = true, .98*rate // clocks differ
	}
}

func (g *gauge) refill(now time.Time) {
	switch {
	case g.limit == 0:
	case g.bucket:
		g.left = min(g.limit, g.left+g.rate*max(0, now.Sub(g.at).Seconds()))
		g.at = now
	case !g.full.IsZero() && !now.Before(g.full):
		// What is under way, and was sent since the last reply's call, may count
		// already.
		g.left = g.limit - min(g.open, g.sent-g.before)
		g.last = telling{}
		if g.full = g.full.Add(g.width); !now.Before(g.full) {
			g.full = now.Add(g.width)
		}
	}
}

// ready returns when so much may be sent; the zero time: now. More than the
// limit may be sent when nothing is used of it.
func (g *gauge) ready(need float64, now time.Time) time.Time {
	if g.limit == 0 || need <= 0 {
		return time.Time{}
	}
	g.refill(now)
	need = min(need, g.limit)
	switch {
	case g.left >= need:
		return time.Time{}
	case g.bucket:
		return now.Add(time.Duration((need-g.left)/g.rate*float64(time.Second)) + 1)
	}
	return g.full
}

func (g *gauge) take(need float64) {
	g.left -= need
	g.sent += need
	g.open += need
}

// settle ends a call, and gives back what it reserved and did not use.
func (g *gauge) settle(reserved, used float64) {
	g.open -= reserved
	g.left = min(g.limit, g.left+reserved-used)
}
