package pool

import (
	"slices"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

const (
	// leastDenials in a row stop a backend, more where it has denied single
	// calls before: each such denial asks for one more, up to mostDenials.
	leastDenials = 3
	mostDenials  = 16
	// denialsKept is how long after a denial other backends are asked first.
	denialsKept = time.Minute
)

// denials tell a backend that is of no more use, since its account is empty,
// its key is not taken or its model is not there, from one that says so to
// single calls: gateways, firewalls before a server and servers behind a
// balancer do. It is a pure machine, driven under the queue's lock.
type denials struct {
	answered bool      // it has answered well before
	row      int       // denials in a row
	pardoned int       // denials that a good answer came after
	last     time.Time // of them
	open     []uint64  // calls under way
}

// denies says that a failure of this class is a matter of its backend, whatever
// is asked.
func denies(c swarm.Class) bool {
	return c == swarm.ClassQuota || c == swarm.ClassAuth || c == swarm.ClassNotFound
}

// serve notes a good answer.
func (d *denials) serve() {
	d.pardoned = min(d.pardoned+d.row, mostDenials)
	d.answered, d.row = true, 0
}

// send notes that the call seq goes out; seq grows with each.
func (d *denials) send(seq uint64) { d.open = append(d.open, seq) }

// over notes that the call seq has ended, in whatever way.
func (d *denials) over(seq uint64) {
	i, last := slices.Index(d.open, seq), len(d.open)-1
	d.open[i] = d.open[last]
	d.open = d.open[:last]
}

// older returns how many of the calls under way were sent before the call seq.
func (d *denials) older(seq uint64) (n int) {
	for _, s := range d.open {
		if s < seq {
			n++
		}
	}
	return n
}

// deny notes a denial, and says whether the backend is of no more use. An empty
// account is plain, and so is a key that is not taken where it never was; the
// rest takes several in a row, and more while calls are under way that were sent
// before the denied call seq: denials come faster than answers.
func (d *denials) deny(e *swarm.CallError, seq uint64, now time.Time) bool {
	d.row++
	d.last = now
	switch {
	case e.Class == swarm.ClassQuota:
		return true
	case e.Class == swarm.ClassAuth && e.Status != 403 && !d.answered:
		return true
	}
	return d.row >= max(min(leastDenials+d.pardoned, mostDenials), 3*d.older(seq))
}

// recent says that the last answer but a moment ago was a denial.
func (d *denials) recent(now time.Time) bool {
	return d.row > 0 && now.Sub(d.last) < denialsKept
}
