package pool

import (
	"math"
	"slices"
	"time"
)

const (
	hedgeRing  = 128 // slowness that are remembered of a backend
	hedgeLeast = 20  // slowness that an idea of the slowest few takes
	hedgeRenew = 16  // slowness after which it is renewed
	// hedgeFloor is the shortest time that is worth a second call.
	hedgeFloor = 20 * time.Millisecond
	// hedgeBank is how many hedges can be saved up.
	hedgeBank = 16.
	// hedgeKept is how many are kept for attempts that are late for longer.
	hedgeKept = 3
)

// slowness knows how long a backend's attempts take. It is a pure machine,
// driven under the queue's lock.
type slowness struct {
	ring  [hedgeRing]time.Duration
	n     int           // that were added
	fresh int           // added since late was found
	late  time.Duration // that only the slowest share take longer than
}

// add notes an attempt that succeeded, or that was given up after so long for
// its twin's sake.
func (l *slowness) add(d time.Duration) {
	l.ring[l.n%hedgeRing] = d
	l.n++
	l.fresh++
}

// after returns when an attempt belongs to the slowest share of its backend's,
// by a tenth more than the slowest of the others took. ok is false while too
// few are known.
func (l *slowness) after(share float64) (d time.Duration, ok bool) {
	if l.n < hedgeLeast || share <= 0 {
		return 0, false
	}
	if l.late == 0 || l.fresh >= hedgeRenew {
		l.fresh = 0
		n := min(l.n, hedgeRing)
		var sorted [hedgeRing]time.Duration
		copy(sorted[:n], l.ring[:n])
		slices.Sort(sorted[:n])
		i := int(math.Ceil(float64(n)*(1-min(share, .5)))) - 1
		l.late = max(sorted[i]+sorted[i]/10+1, hedgeFloor)
	}
	return l.late, true
}

// hedgeBudget keeps hedges to a share of calls.
type hedgeBudget struct {
	share  float64 // 0 or less: none
	tokens float64
}

// earn notes that an attempt other than a hedge goes out.
func (h *hedgeBudget) earn() {
	if h.share > 0 {
		h.tokens = min(h.tokens+h.share, hedgeBank)
	}
}

// spend takes one hedge, if there is one left for an attempt that is so many
// halves over late: the last ones are kept for those that are very late.
func (h *hedgeBudget) spend(over int) bool {
	if h.tokens < float64(max(hedgeKept-over, 0)+1) {
		return false
	}
	h.tokens--
	return true
}
