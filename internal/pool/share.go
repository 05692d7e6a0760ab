package pool

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"
)

// share is what one of the runs that use a pool has had of its slots. Of runs
// that wait, the one with the least slot time over its weight goes first, calls
// under way included; a run that begins counts as having had as much as the one
// that had least. This is fair queueing by start times (Goyal, Vin, Cheng, 1996).
type share struct {
	run     string
	weight  float64
	used    time.Duration // slot time over weight
	busy    int           // calls under way
	waiting int
}

// weightKey is that of a run's weight in a context.
type weightKey struct{}

// WithWeight returns a context whose calls have slots by weight w, against
// those of other runs. See workers.WithWeight.
func WithWeight(ctx context.Context, w float64) context.Context {
	if !(w > 0) { // NaN too
		w = 1
	}
	return context.WithValue(ctx, weightKey{}, min(max(w, .01), 100))
}

// shareOf returns the share of a call's run; "" is one of all callers that name
// none. Of several weights of one run the last counts.
func (q *queue) shareOf(c *call) *share {
	s := q.shares[c.Run]
	if s == nil {
		s = &share{run: c.Run}
		if others := slices.Collect(maps.Values(q.shares)); len(others) > 0 {
			s.used = slices.MinFunc(others, func(a, b *share) int { return cmp.Compare(a.used, b.used) }).used
		}
		q.shares[c.Run] = s
	}
	s.weight = c.weight
	return s
}

// cost is what s has had and will have had, where a call takes mean.
func (s *share) cost(mean time.Duration) time.Duration {
	return s.used + time.Duration(float64(s.busy)*float64(max(mean, time.Microsecond))/s.weight)
}

// release books a slot that s has given back after so long.
func (q *queue) release(s *share, took time.Duration) {
	s.busy--
	s.used += time.Duration(float64(took) / s.weight)
	q.slotTime = cmp.Or(q.slotTime, took)
	q.slotTime += (took - q.slotTime) / 16
	q.forget(s)
}

// forget drops s if it has no calls left.
func (q *queue) forget(s *share) {
	if s.busy == 0 && s.waiting == 0 {
		delete(q.shares, s.run)
	}
}

// ahead says that w goes before o. A hedge goes before all others, whosever it
// is: it shortens a call that holds a slot.
func (q *queue) ahead(w, o *waiter) bool {
	if w.share != o.share && w.kind != hedged && o.kind != hedged {
		if a, b := w.share.cost(q.slotTime), o.share.cost(q.slotTime); a != b {
			return a < b
		}
	}
	return less(w, o) < 0
}
