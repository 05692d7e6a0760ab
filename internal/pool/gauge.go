package pool

import "time"

// gauge keeps one rate limit that a server tells in its headers; what is left
// is counted here between replies.
//
// Servers keep their limits in a window, all of which comes back at the told
// reset, or in a token bucket that fills evenly. Headers do not say which: it is
// taken for a window until the reset moves while more is used.
//
// A reply tells what was left when the server looked at its call, or when it
// answered: what was sent since may or may not be in it, and calls may reach
// the server in another order than they were made.
type gauge struct {
	limit float64 // 0: nothing is known
	left  float64
	full  time.Time     // when all is back, as told; zero: not known
	since time.Time     // the window's begin: replies to older calls say nothing of it
	width time.Duration // of the window: the longest reset told
	at    time.Time     // of left

	rate float64 // of the bucket, a second; 0: it is a window
	size float64 // of the bucket: some servers keep less at once than the limit that they tell
	by   float64 // of it, as much as was used when rate was found
	last telling // the first since more was left
	when time.Time

	sent   float64 // all that was ever sent
	open   float64 // of it, by calls that have no reply yet
	before float64 // sent, when the call was made whose reply told full
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
	if t.limit == 0 {
		t.limit = max(g.limit, t.left)
	}
	low, high := t.left-after-beside, t.left+g.rate*now.Sub(begun).Seconds()
	if g.limit != t.limit {
		left := low
		if own := t.limit - g.sent; g.limit == 0 && own >= 0 && t.left >= own {
			left = own // these are the first calls, and nobody else has used any
		}
		*g = gauge{limit: t.limit, left: left, sent: g.sent, open: g.open, since: begun}
	}
	g.left, g.at = min(max(g.left, low), high), now
	if t.reset > 0 {
		g.compare(t, now)
		g.full, g.before = now.Add(t.reset), g.sent-after
		g.width = max(g.width, t.reset)
	}
}

// compare looks at two tellings between which something was used: whether the
// reset has moved.
func (g *gauge) compare(t telling, now time.Time) {
	used := g.last.left - t.left
	if !g.last.ok || used <= 0 {
		g.last, g.when = t, now
		return
	}
	later := (t.reset - g.last.reset).Seconds()
	moved := now.Add(t.reset).Sub(g.when.Add(g.last.reset))
	if used < 2 || used < g.by/2 || later < .002 || moved < max(g.last.reset/10, 2*time.Millisecond) {
		return
	}
	g.rate, g.by = .98*used/later, used // clocks differ
	g.size = min(t.limit, t.left+g.rate*t.reset.Seconds())
}

// refill takes all as back once its time has come. What is under way, and was
// sent since the last reply's call, may count already.
func (g *gauge) refill(now time.Time) {
	switch {
	case g.rate > 0:
		g.left = min(g.size, g.left+g.rate*now.Sub(g.at).Seconds())
		g.at = now
		return
	case g.limit == 0 || g.full.IsZero() || now.Before(g.full):
		return
	}
	g.left = g.limit - min(g.open, g.sent-g.before)
	if g.full = g.full.Add(g.width); !now.Before(g.full) {
		g.full = now.Add(g.width)
	}
}

// ready returns when so much may be sent; the zero time: now. More than the
// limit may be sent when nothing is used of it.
func (g *gauge) ready(need float64, now time.Time) time.Time {
	if g.limit == 0 || need <= 0 {
		return time.Time{}
	}
	g.refill(now)
	if need = min(need, g.limit); g.rate > 0 {
		need = min(need, g.size)
	}
	switch {
	case g.left >= need:
		return time.Time{}
	case g.rate > 0:
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
