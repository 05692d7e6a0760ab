package pool

import "time"

const (
	// retryFloor is how many retries a pool may make before anything has
	// succeeded; it comes back at retryRefill a second.
	retryFloor  = 10.
	retryRefill = 1.
	// retryBank is the most that can be saved up, so that good hours do not
	// pay for a storm.
	retryBank = 100.
	// retryIdle is what a success earns while no other call waits: nothing is
	// displaced by a retry then. Above one, so that retries of which half
	// succeed do not die out; a server that fails more gets fewer of them.
	retryIdle = 2.
)

// retryBudget keeps retries to a share of what succeeds, so that a server in
// trouble is not given more to do by its own failures. It is the token bucket
// of Finagle's RetryBudget and of gRPC's retry throttling (gRFC A6), but that
// nothing is lost by it: a retry that it does not allow waits in the queue
// until it does.
//
// While first attempts wait, successes earn the share; once they do not,
// retryIdle. So a backlog of retries is worked off as fast as the server
// proves able, from one call on, as TCP starts slowly. A pure machine, driven
// under the queue's lock.
type retryBudget struct {
	share  float64 // of successes; negative: no limit
	tokens float64
	at     time.Time // of the last refill
}

func newRetryBudget(share float64) retryBudget {
	return retryBudget{share: share, tokens: retryFloor}
}

// allows says that a retry may go out now.
func (r *retryBudget) allows(now time.Time) bool {
	r.refill(now)
	return r.share < 0 || r.tokens >= 1
}

// next returns when a retry may go out, if nothing succeeds until then.
func (r *retryBudget) next(now time.Time) time.Time {
	if r.allows(now) {
		return now
	}
	// Rounded up: a timer that fires early would be set again for no time.
	return now.Add(time.Duration((1-r.tokens)/retryRefill*float64(time.Second)) + time.Microsecond)
}

// spend notes that a retry goes out.
func (r *retryBudget) spend() { r.tokens = max(0, r.tokens-1) }

// unspend notes that a retry was not sent after all.
func (r *retryBudget) unspend() { r.tokens = min(r.tokens+1, retryBank) }

// earn notes a success; idle says that no first attempt waits.
func (r *retryBudget) earn(idle bool) {
	gain := max(r.share, 0)
	if idle {
		gain = max(gain, retryIdle)
	}
	if r.tokens < retryBank {
		r.tokens = min(r.tokens+gain, retryBank)
	}
}

// refill gives back the floor, as time passes.
func (r *retryBudget) refill(now time.Time) {
	if d := now.Sub(r.at).Seconds(); d > 0 && r.tokens < retryFloor {
		if r.at.IsZero() {
			d = 0
		}
		r.tokens = min(r.tokens+d*retryRefill, retryFloor)
	}
	r.at = now
}
