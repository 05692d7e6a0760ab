package pool

import "time"

// rates are the limits of one backend over time: those that it was configured
// with, and those that its server tells. A call reserves before it is sent
// and settles after, so that calls in flight together cannot pass a limit
// that each alone would keep. It is a pure machine, driven under the queue's
// lock.
type rates struct {
	told   [counts]gauge
	pace   pacer
	minute minute
}

// need is what a call takes of each limit: one request, and tokens.
type need [counts]float64

func needOf(in, out int) need {
	return need{ofRequests: 1, ofTokens: float64(in + out), ofIn: float64(in), ofOut: float64(out)}
}

// receipt is what a call reserved.
type receipt struct {
	need need
	sent need // of all calls, this one included, when it was made
	open need // of those under way then
	at   time.Time
}

func newRates(rpm, tpm int) rates {
	return rates{pace: newPacer(rpm), minute: minute{limit: float64(tpm)}}
}

// ready returns the earliest time at which a call may go; the zero time: now.
func (r *rates) ready(n need, now time.Time) time.Time {
	at := later(r.pace.ready(now), r.minute.ready(n[ofTokens], now))
	for k := range r.told {
		at = later(at, r.told[k].ready(n[k], now))
	}
	return at
}

func (r *rates) take(n need, now time.Time) receipt {
	r.pace.take(now)
	r.minute.add(n[ofTokens], now, now)
	c := receipt{need: n, at: now}
	for k := range r.told {
		c.open[k] = r.told[k].open
		r.told[k].take(n[k])
		c.sent[k] = r.told[k].sent
	}
	return c
}

// settle takes what the call's reply told, and gives back what it reserved
// and did not use. A request that failed is used, too.
func (r *rates) settle(c receipt, used need, head [counts]telling, now time.Time) {
	for k := range r.told {
		g := &r.told[k]
		g.settle(c.need[k], used[k])
		g.note(head[k], g.sent-c.sent[k], c.open[k], c.at, now)
	}
	r.minute.add(used[ofTokens]-c.need[ofTokens], c.at, now)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// pacer spaces requests evenly over a minute, after the generic cell rate
// algorithm: a second's worth may go at once, since some servers judge a limit
// per minute over each second, and no minute holds more than the limit.
type pacer struct {
	every time.Duration // 0: no limit
	burst time.Duration // how far ahead of an even pace calls may be
	next  time.Time     // of an even pace
}

func newPacer(perMinute int) pacer {
	if perMinute <= 0 {
		return pacer{}
	}
	burst := max(1, perMinute/60)
	every := (time.Minute + time.Duration(perMinute-burst)) / time.Duration(perMinute-burst+1) // rounded up
	return pacer{every: every, burst: time.Duration(burst-1) * every}
}

func (p *pacer) ready(now time.Time) time.Time {
	if at := p.next.Add(-p.burst); p.every > 0 && now.Before(at) {
		return at
	}
	return time.Time{}
}

func (p *pacer) take(now time.Time) {
	if p.every > 0 {
		p.next = later(p.next, now).Add(p.every)
	}
}

// minute keeps the tokens of any sixty seconds under a limit, as a sliding
// window. It counts by seconds, so a token counts for up to sixty-one.
type minute struct {
	limit float64     // 0: none
	used  [61]float64 // by the calls of each second until last
	last  int64
	sum   float64
}

// at returns what was used in one of the seconds that count.
func (m *minute) at(second int64) *float64 { return &m.used[(second+61)%61] }

func (m *minute) forget(now time.Time) {
	for m.last = max(m.last, now.Unix()-61); m.last < now.Unix(); {
		m.last++
		m.sum -= *m.at(m.last)
		*m.at(m.last) = 0
	}
}

// ready returns when so many tokens may be sent; the zero time: now. A call
// that is larger than the limit goes when nothing else was sent in a minute.
func (m *minute) ready(n float64, now time.Time) time.Time {
	if m.limit == 0 || n <= 0 {
		return time.Time{}
	}
	m.forget(now)
	over := m.sum + min(n, m.limit) - m.limit
	for s := m.last - 60; over > 0 && s <= m.last; s++ {
		if over -= *m.at(s); over <= 0 {
			return time.Unix(s+61, 0)
		}
	}
	return time.Time{}
}

// add counts n more tokens, or fewer, for the calls made at a time.
func (m *minute) add(n float64, at, now time.Time) {
	if m.forget(now); m.limit > 0 && at.Unix() > m.last-61 {
		*m.at(at.Unix()) += n
		m.sum += n
	}
}
