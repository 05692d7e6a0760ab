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
// apart after a few replies. Until then a gauge is careful in both ways. The
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

	votes int     // for a bucket; negative: for a window
	rate  float64 // of the bucket, a second
	size  float64 // of the bucket
	by    float64 // difference of what was left that rate was found by
	most  float64 // that was ever left
	last  telling
	when  time.Time // of last
}

const sureVotes = 2

func (g *gauge) bucket() bool { return g.votes >= sureVotes && g.rate > 0 }

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
	if t.limit == 0 {
		t.limit = max(g.limit, t.left)
	}
	// Calls may reach the server in another order than they were made.
	low, high := t.left-after-beside, t.left
	if g.bucket() {
		high = min(t.limit, high+g.rate*now.Sub(begun).Seconds())
	}
	if g.limit != t.limit {
		left := low
		if own := t.limit - g.sent; g.limit == 0 && own >= 0 && t.left >= own {
			left = own // these are the first calls, and nobody else has used any
		}
		*g = gauge{limit: t.limit, left: left, sent: g.sent, open: g.open, since: begun}
	}
	g.left, g.at = min(max(g.left, low), high), now
	if t.reset > 0 {
		g.vote(t, now)
		g.full, g.before = now.Add(t.reset), g.sent-after
		g.width = max(g.width, t.reset)
	}
}

// vote compares what two replies tell of the reset, once so much more, or less,
// is left that it shows. In a bucket the reset tells how much is to be filled,
// whatever its size: some servers keep less at once than the limit they tell.
func (g *gauge) vote(t telling, now time.Time) {
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
		g.votes = max(g.votes-1, -2*sureVotes)
	} else if math.Abs(later) > .002 && rate > 0 && t.left+rate*t.reset.Seconds() < 1.1*t.limit {
		g.votes = min(g.votes+1, 2*sureVotes)
		if g.rate == 0 || math.Abs(more) >= g.by/2 {
			g.rate, g.by = .98*rate, math.Abs(more) // clocks differ
			g.size = min(t.limit, t.left+rate*t.reset.Seconds())
		}
	}
}

func (g *gauge) refill(now time.Time) {
	switch {
	case g.limit == 0:
	case g.bucket():
		g.left = min(g.size, g.left+g.rate*max(0, now.Sub(g.at).Seconds()))
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
	if need = min(need, g.limit); g.bucket() {
		need = min(need, g.size)
	}
	switch {
	case g.left >= need:
		return time.Time{}
	case g.bucket():
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
