package pool

import "time"

// share is what one of the runs that use a pool has had of its slots. Of runs
// that wait, the one with the least slot time goes first, what its calls under
// way will take included; a run that begins, or comes back, counts as having
// had as much as the one that had least, so that it neither waits for others
// to have their turn nor has to catch up. This is fair queueing by start times
// (Goyal, Vin, Cheng, 1996) for equal weights. Within a run the most urgent
// call goes first: none of another run can starve it.
type share struct {
	run     string
	used    time.Duration
	busy    int // calls under way
	waiting int
}

// shareOf returns the share of a run; "" is one of all callers that name none.
func (q *queue) shareOf(run string) *share {
	if s := q.shares[run]; s != nil {
		return s
	}
	s := &share{run: run}
	first := true
	for _, o := range q.shares {
		if q.forget(o) {
			continue
		}
		if first || o.used < s.used {
			s.used, first = o.used, false
		}
	}
	if q.shares == nil {
		q.shares = map[string]*share{}
	}
	q.shares[run] = s
	return s
}

// cost is what s has had and will have had, where a call takes mean.
func (s *share) cost(mean time.Duration) time.Duration {
	return s.used + time.Duration(s.busy)*mean
}

// release books a slot that s has given back after so long, zero where it was
// not used, and forgets a run that has no calls left.
func (q *queue) release(s *share, took time.Duration) {
	s.busy--
	s.used += took
	switch {
	case q.slotTime == 0:
		q.slotTime = took
	case took > 0:
		q.slotTime += (took - q.slotTime) / 16
	}
	if len(q.shares) > 1 { // a run alone often has no call for a moment
		q.forget(s)
	}
}

// forget drops s, and its lines, if it has no calls left, and says whether.
func (q *queue) forget(s *share) bool {
	if s.busy > 0 || s.waiting > 0 {
		return false
	}
	delete(q.shares, s.run)
	kept := q.lines[:0]
	for _, l := range q.lines {
		if l.share != s {
			kept = append(kept, l)
		}
	}
	clear(q.lines[len(kept):])
	q.lines = kept
	return true
}

// ahead says that the first call of l goes before that of o. A hedge goes
// before all others, whosever it is: it shortens a call that holds a slot.
func (q *queue) ahead(l, o *line) bool {
	if l.share != o.share && l.kind != twin && o.kind != twin {
		if a, b := l.share.cost(q.slotTime), o.share.cost(q.slotTime); a != b {
			return a < b
		}
	}
	return l.byUrgency[0].before(o.byUrgency[0])
}
