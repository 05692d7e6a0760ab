package pool

import (
	"cmp"
	"math"
	"time"
)

const (
	firstLimit = 8  // calls in flight at a server that nothing is known of
	leastEpoch = 16 // answers that an epoch has at least
	testHold   = 48 // answers without growth after an experiment
	lostStreak = 4  // refusals in a row, each sent after the one before was known
)

// limiter is adaptive concurrency: it finds how many calls a server takes at a
// time, between 1 and top. It is a pure machine, driven under the queue's lock.
//
// It counts in epochs, each of the answers to as many calls as may be in
// flight. From firstLimit it grows by one with each answer (Jacobson's slow
// start) until something speaks against more:
//
//   - A refusal takes one off at once: what is left is what the server has
//     taken. When refusals go on although each lowered the limit, it is halved.
//     The next epoch is an experiment: if the share of refusals falls with the
//     limit they come of load, and the lower limit stands; if not, the limit is
//     restored, and that share, the base, is no longer counted. Additive
//     increase and multiplicative decrease would sink to the bottom there.
//   - Where more calls in flight brought longer latency and no more answers a
//     second, the server queues: the limit goes back to what Little's law
//     gives for the latency without a queue (as in TCP Vegas).
//
// From then on one call more is tried after each epoch, and growth doubles again
// once such an epoch went well.
type limiter struct {
	top   int
	limit int
	debit int     // taken off the limit by refusals of this epoch
	ramp  int     // most in flight while the server is met again after a wait; 0: no ramp
	grow  bool    // double until something speaks against it
	tried bool    // the limit was raised by one for this epoch
	base  float64 // share of refusals that no limit lowers

	seq    uint64 // of the last call sent
	known  uint64 // last call sent before the last refusal was known
	streak int
	fresh  uint64 // first call sent since the ramp began

	busy int
	at   time.Time // of the last change of busy
	ep   epoch
	test experiment
	flow flow
}

// epoch counts what came of the calls sent since it began.
type epoch struct {
	from     uint64 // its first call
	need     int    // answers that end it
	answered int    // of its own calls
	refused  int    // of these
	upTo     int    // its calls up to the last that was refused
	full     bool   // the limit was reached

	began time.Time
	area  float64 // calls in flight × seconds

	// Of whichever calls were served in it:
	served int
}

// judged returns of how many calls of the epoch it is known whether they were
// refused. Those sent before a refused one count as taken: refusals are quicker.
func (e *epoch) judged() float64 { return float64(max(e.answered, e.upTo)) }

// experiment is a lower limit on trial.
type experiment struct {
	high  int     // the limit before; 0: none is on trial
	share float64 // of refusals before
	rest  bool    // all was refused: start again from below
}

// ticket is a call in flight, as the limiter knows it.
type ticket struct {
	seq  uint64
	sent time.Time
}

// outcome is what an attempt says of its server's load.
type outcome int

const (
	served  outcome = iota // the server did the work, or judged the request
	refused                // too busy: no wait asked for
	unsaid                 // nothing: cancelled, broken, cooling
)

func newLimiter(top int) limiter {
	l := limiter{top: top, limit: min(firstLimit, top), grow: true}
	l.next()
	return l
}

func (l *limiter) allowed() int {
	return max(1, min(l.limit-l.debit, cmp.Or(l.ramp, l.limit)))
}

func (l *limiter) send(now time.Time) ticket {
	l.advance(now)
	l.busy++
	l.ep.full = l.ep.full || l.busy >= l.allowed()
	l.seq++
	return ticket{seq: l.seq, sent: now}
}

func (l *limiter) done(t ticket, o outcome, now time.Time) {
	l.advance(now)
	full := l.busy >= l.allowed()
	l.busy--
	if o == unsaid {
		return
	}
	if t.seq >= l.ep.from {
		l.ep.answered++
	}
	if o == refused {
		l.refuse(t.seq)
	} else {
		l.serve(t, full, now)
	}
	if l.ep.answered >= l.ep.need {
		l.judge()
	}
}

func (l *limiter) serve(t ticket, full bool, now time.Time) {
	l.ep.served++
	if t.seq > l.known {
		l.streak = 0
	}
	if l.ramp > 0 && t.seq >= l.fresh {
		if l.ramp++; l.ramp >= l.limit {
			l.ramp = 0
		}
	}
	if l.grow && full && l.ramp == 0 && l.debit == 0 && l.test.high == 0 && l.limit < l.top && l.flow.flat == 0 {
		l.limit++
	}
}

func (l *limiter) refuse(seq uint64) {
	if seq >= l.ep.from {
		l.ep.refused++
		l.ep.upTo = max(l.ep.upTo, int(seq-l.ep.from)+1)
		n := l.ep.judged()
		if l.base > 0 && float64(l.ep.refused) <= l.base*n+2*math.Sqrt(l.base*n)+1 {
			return
		}
	}
	if 2*(l.limit-l.debit) > l.limit+1 { // a generation doubles at most
		l.debit++
	}
	switch {
	case seq == l.known+1:
		l.streak++
	case seq > l.known:
		l.streak = 1
	}
	l.known = l.seq
	if l.streak >= lostStreak { // one call less each time did not end them
		l.streak = 0
		l.begin(1)
		l.limit, l.test.rest = max(1, l.limit/2), true
		l.next()
	}
}

// begin puts the limit that refusals have left on trial.
func (l *limiter) begin(share float64) {
	if l.test.high == 0 {
		l.test.high = l.limit
	}
	l.test.share = max(l.test.share, share, .01) // 0: all were refused before this epoch
	l.limit, l.debit = max(1, l.limit-l.debit), 0
}

func (l *limiter) judge() {
	share := float64(l.ep.refused) / l.ep.judged()
	switch {
	case l.test.high > 0:
		l.verdict(share)
	case l.debit > 0:
		l.begin(share)
	default:
		if l.base = min(l.base, (3*l.base+share)/4); l.base < .005 {
			l.base = 0
		}
		l.flowed()
	}
	l.next()
}

// verdict decides, by the share of refusals at the lower limit, what they
// came of.
func (l *limiter) verdict(share float64) {
	// At a server that takes as many calls as before, byLoad would be refused.
	low := max(1, l.limit-l.debit)
	byLoad := max(0, 1-(1-l.test.share)*float64(l.test.high)/float64(low))
	switch {
	case share >= .9: // nothing is won by more, nor lost by less
		if low > 1 {
			l.limit, l.debit, l.test.rest = low/2, 0, true
		}
		return
	case share <= (byLoad+l.test.share)/2 || l.test.rest:
		l.limit, l.grow, l.tried, l.flow.hold = low, false, false, 0
		if !l.test.rest {
			l.flow.hold = testHold
		}
	default:
		l.limit, l.base = l.test.high, max(l.base, (share+l.test.share)/2)
	}
	l.debit, l.test = 0, experiment{}
	l.flow.level, l.flow.flat = 0, 0 // what was measured under other conditions
}

func (l *limiter) next() {
	l.ep = epoch{from: l.seq + 1, need: max(leastEpoch, l.limit), began: l.at}
}

// reopen begins a ramp: after a wait that all calls kept, or an outage, they
// return slowly, after a long wait half of the limit at first, for another wait
// would cost more than a few refusals.
func (l *limiter) reopen(long bool) {
	l.ramp, l.fresh = max(1, l.limit/8), l.seq+1
	if long {
		l.ramp = max(1, l.limit/2)
	}
	if l.ramp >= l.limit {
		l.ramp = 0
	}
}

// advance accounts for the time since the last change.
func (l *limiter) advance(now time.Time) {
	if l.at.IsZero() {
		l.at, l.ep.began = now, now
	}
	if d := now.Sub(l.at).Seconds(); d > 0 {
		l.ep.area += float64(l.busy) * d
		l.at = now
	}
}
