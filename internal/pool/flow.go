package pool

const (
	// A verdict on more calls in flight needs so many times as many as before.
	flowStep = 1.5
	// Gain is the growth of answers a second over the growth of calls in
	// flight: 1 at a server with room, 0 at one that queues.
	flowNone, flowGood = .25, .5
)

// flow is what the limiter knows of a server that refuses nothing: the answers
// a second that a number of calls in flight brought.
type flow struct {
	level float64 // mean calls in flight; 0: nothing is known
	rate  float64 // answers a second
	hold  int     // answers for which the limit does not grow
	flat  int     // epochs in a row that brought no more answers a second
}

// flowed ends an epoch in which no refusal counted: it grows the limit, or
// steps back where growth brings no more answers a second.
func (l *limiter) flowed() {
	f := &l.flow
	if !l.ep.full {
		l.tried = false
		return // fewer calls than the limit: it has not been tried
	}
	if took := l.at.Sub(l.ep.began).Seconds(); took > 0 && l.ep.area > 0 && l.ep.served >= leastEpoch {
		if l.queues(l.ep.area/took, float64(l.ep.served)/took) {
			return
		}
	} else {
		f.flat = 0
	}
	switch {
	case f.flat > 0: // if that is no chance, more calls only make a longer queue
	case f.hold >= l.ep.need:
		f.hold -= l.ep.need
	default:
		f.hold = 0
		if l.grow || l.limit >= l.top {
			return
		}
		if l.tried, l.grow = !l.tried, l.tried; l.tried {
			l.limit++
		}
	}
}

// queues compares an epoch with the one that growth began from, and says
// whether it stepped back. While the limit grows answers lag behind by a
// generation: one epoch is not enough.
func (l *limiter) queues(level, rate float64) bool {
	f := &l.flow
	more := level / f.level
	gain := (rate/f.rate - 1) / (more - 1)
	switch {
	case f.level == 0:
		f.level, f.rate = level, rate // here it will grow from
	case more >= flowStep && gain < flowNone:
		if f.flat++; f.flat < 2 {
			return false
		}
		f.flat = 0
		l.limit = min(l.limit, max(int(f.level), int(rate*f.level/f.rate))+1)
		l.grow, l.tried = false, false
		return true
	case more >= flowStep && gain > flowGood:
		f.level, f.rate = level, rate
	}
	f.flat = 0
	return false
}
