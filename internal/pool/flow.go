package pool

const (
	// A verdict on more calls in flight needs so many times as many as before.
	flowStep = 1.5
	// Gain is the growth of answers a second over the growth of calls in
	// flight: 1 at a server with room, 0 at one that queues.
	flowNone, flowGood = .25, .5
	flowHold           = 4 // generations without growth once a queue was found; doubles up to flowHoldMost
	flowHoldMost       = 64
)

// flow is what the limiter knows of a server that refuses nothing: the answers
// a second and the mean latency that a number of calls in flight brought.
type flow struct {
	level float64 // mean calls in flight; 0: nothing is known
	rate  float64 // answers a second
	took  float64 // mean latency of calls answered, in seconds
	hold  int     // answers for which the limit does not grow
	next  int     // the hold after this one, in generations; 0: no queue was found
	flat  int     // epochs in a row that brought no more answers a second
}

// forget drops what was measured under other conditions.
func (f *flow) forget() { f.level, f.flat = 0, 0 }

// flowed ends an epoch in which no refusal counted: it grows the limit, or
// steps back where growth brings no more answers a second.
func (l *limiter) flowed() {
	f := &l.flow
	if !l.ep.full {
		l.tried = false
		return // fewer calls than the limit: it has not been tried
	}
	if took := l.at.Sub(l.ep.began).Seconds(); took > 0 && l.ep.area > 0 && l.ep.served >= leastEpoch {
		n := float64(l.ep.served)
		now := flow{level: l.ep.area / took, rate: n / took, took: l.ep.took.Seconds() / n}
		if l.queues(now) {
			return
		}
	} else {
		f.flat = 0
	}
	switch {
	case f.flat > 0: // if that is no chance, more calls only make a longer queue
		return
	case f.hold >= l.ep.need:
		f.hold -= l.ep.need
		return
	}
	f.hold = 0
	switch {
	case l.grow || l.limit >= l.top:
	case l.tried:
		l.tried, l.grow = false, true
	default:
		l.tried = true
		l.limit++
	}
}

// queues compares an epoch with the one that growth began from, and says
// whether it stepped back.
func (l *limiter) queues(now flow) bool {
	f := &l.flow
	if f.level == 0 {
		f.measured(now)
		return false
	}
	latency, before := now.level/now.rate, f.level/f.rate // Little's law
	more := now.level / f.level
	// While the limit grows, answers a second lag behind by a generation, and
	// the latencies of those that are back are too short: neither alone is
	// enough.
	gain, other := (now.rate/f.rate-1)/(more-1), (more*f.took/now.took-1)/(more-1)
	switch {
	case f.hold > 0 && more >= flowStep && now.level < 1.2*float64(l.limit):
		f.measured(now) // here it will grow from
	case more >= flowStep && max(gain, other) < flowNone:
		if f.flat++; f.flat >= 2 {
			f.flat = 0
			l.limit = min(l.limit, max(int(f.level), int(now.rate*before))+1)
			f.wait(l.limit)
			l.grow, l.tried = false, false
			return true
		}
		return false
	case more >= flowStep && min(gain, other) > flowGood:
		f.measured(now)
		f.next = 0
	case more < 1.1:
		f.rate = f.level / (.8*before + .2*latency)
		f.took += .2 * (now.took - f.took)
	}
	f.flat = 0
	return false
}

func (f *flow) measured(now flow) { f.level, f.rate, f.took = now.level, now.rate, now.took }

// wait begins a time without growth, longer each time.
func (f *flow) wait(limit int) {
	f.next = min(max(2*f.next, flowHold), flowHoldMost)
	f.hold = f.next * limit
}
