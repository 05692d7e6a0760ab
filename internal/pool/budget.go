package pool

import "time"

const (
	// retryFloor is how many retries a pool may make before anything has
	// succeeded; it comes back at one a second. retryBank is the most that can
	// be saved up, so that good hours do not pay for a storm.
	retryFloor, retryBank = 10., 100.
	// retryIdle is what a success earns while no first attempt waits: nothing is
	// displaced by a retry then. Above one, so that retries of which half
	// succeed do not die out.
	retryIdle = 2.
)

// retryBudget keeps retries to a share of what succeeds, so that a server in
// trouble is not given more to do by its own failures. It is the token bucket
// of Finagle's RetryBudget and of gRPC's retry throttling (gRFC A6), but that
// nothing is lost by it: a retry that it does not allow waits in the queue
// until it does. A pure machine, driven under the queue's lock.
type retryBudget struct {
	share  float64 // of successes; negative: no limit
	tokens float64
	at     time.Time // of the last refill
}

func newRetryBudget(share float64) retryBudget {
	return retryBudget{share: share, tokens: retryFloor}
}

// next returns when a retry may go out, if nothing succeeds until then; the
// zero time: now.
func (r *retryBudget) next(now time.Time) time.Time {
	if d := now.Sub(r.at).Seconds(); !r.at.IsZero() && d > 0 && r.tokens < retryFloor {
		r.tokens = min(r.tokens+d, retryFloor)
	}
	r.at = now
	if r.share < 0 || r.tokens >= 1 {
		return time.Time{}
	}
	// Rounded up: a timer that fires early would be set again for no time.
	return now.Add(time.Duration((1-r.tokens)*float64(time.Second)) + time.Microsecond)
}

// add gives back a retry that was not sent, or takes one that is (−1).
func (r *retryBudget) add(n float64) { r.tokens = max(0, min(r.tokens+n, max(r.tokens, retryBank))) }

// earn notes a success; idle says that no first attempt waits.
func (r *retryBudget) earn(idle bool) {
	least := 0.
	if idle {
		least = retryIdle
	}
	r.add(max(r.share, least))
}
