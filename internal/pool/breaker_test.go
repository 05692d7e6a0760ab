package pool

import (
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// ward drives a breaker as a queue does.
type ward struct {
	breaker
	now  time.Time
	seq  uint64
	busy int
	draw float64
	of   *call
}

func newWard(most int) *ward {
	return &ward{breaker: breaker{most: most}, now: time.Unix(1_800_000_000, 0)}
}

func (w *ward) send() uint64 {
	w.seq++
	w.busy++
	w.breaker.send(w.seq)
	return w.seq
}

// done ends an attempt; first says that it is the first at its call, else it is
// of the same as the last.
func (w *ward) done(seq uint64, h health, first bool) {
	w.busy--
	if first {
		w.of = &call{}
	}
	w.breaker.done(seq, h, w.of, false, w.seq, w.busy, w.now, w.draw)
}

// fail lets n calls in a row fail, all of different callers.
func (w *ward) fail(n int) {
	for range n {
		w.done(w.send(), healthSick, true)
	}
}

func (w *ward) admits() bool { return w.breaker.admits(w.now) }

func TestBreakerOpensAfterFailuresInARow(t *testing.T) {
	for _, most := range []int{2, 5, 9} {
		w := newWard(most)
		w.fail(most - 1)
		w.done(w.send(), healthWell, false)
		w.fail(most - 1)
		if !w.admits() {
			t.Errorf("%d: shut although an answer came between", most)
		}
		w.fail(1)
		if w.admits() {
			t.Errorf("%d: still open to calls after as many failures in a row", most)
		}
	}
	w := newWard(-1)
	if w.fail(100); !w.admits() {
		t.Error("a breaker that is off has shut its backend")
	}
}

func TestBreakerIsNotOpenedByOneCallAlone(t *testing.T) {
	w := newWard(5)
	for i := range 20 {
		w.done(w.send(), healthSick, i == 0)
	}
	if !w.admits() {
		t.Error("a call that a server chokes on has shut it")
	}
	if w.fail(1); w.admits() {
		t.Error("not shut although a second call failed too")
	}
}

func TestBreakerLetsOneCallFindOutAtItsPace(t *testing.T) {
	for _, draw := range []float64{0, .5} {
		w := newWard(5)
		w.draw = draw
		w.fail(5)
		for _, pause := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			wait := w.opens().Sub(w.now)
			if least := pause * time.Second; wait < least || wait > least+least/4 || draw > 0 && wait == least {
				t.Fatalf("waits %v, want %v and up to a quarter", wait, least)
			}
			if w.now = w.now.Add(wait - 1); w.admits() {
				t.Fatal("admits before its time")
			}
			if w.now = w.now.Add(1); !w.admits() {
				t.Fatal("does not admit when its time has come")
			}
			probe := w.send()
			if w.now = w.now.Add(time.Hour); w.admits() || !w.opens().IsZero() {
				t.Fatal("admits a second call while one finds out")
			}
			w.done(probe, healthSick, true)
		}
		w.now = w.opens()
		w.done(w.send(), healthWell, false)
		if w.fail(4); !w.admits() {
			t.Error("not closed by the answer")
		}
		if w.fail(1); w.opens().Sub(w.now) >= 2*time.Second {
			t.Error("the pace did not begin anew")
		}
	}
}

// Refusals come faster than answers: a server that works on sixteen calls and
// turns the rest away is not dead.
func TestBreakerWaitsForCallsUnderWay(t *testing.T) {
	w := newWard(5)
	var working []uint64
	for range 16 {
		working = append(working, w.send())
	}
	if w.fail(16); !w.admits() {
		t.Fatal("shut while sixteen calls that were sent before may be answered")
	}
	for _, seq := range working[:15] {
		w.done(seq, healthSilent, true)
	}
	if w.admits() {
		t.Fatal("not shut once they had failed too")
	}
	if w.done(working[15], healthWell, false); !w.admits() {
		t.Error("the late answer did not close it")
	}
}

func TestBreakerForgetsAProbeThatSaidNothing(t *testing.T) {
	w := newWard(5)
	w.fail(5)
	w.now = w.opens()
	probe := w.send()
	w.done(probe, healthUnknown, false)
	if !w.admits() {
		t.Error("no other call may find out after a cancelled one")
	}
	if !w.open || w.now.Sub(w.since) < time.Second || w.now.Sub(w.since) >= time.Minute {
		t.Error("wrong about how long nothing has succeeded")
	}
}

func TestGarbledAnswersNeitherOpenNorClose(t *testing.T) {
	w := newWard(5)
	for range 20 {
		w.done(w.send(), healthGarbled, true)
	}
	if !w.admits() {
		t.Fatal("shut by garbled answers")
	}
	w.fail(5)
	w.now = w.opens()
	if w.done(w.send(), healthGarbled, true); w.admits() || w.opens().Sub(w.now) != leastPause {
		t.Error("a garbled answer has closed it, or no pause follows")
	}
}

func TestOnlyTheServersFaultsCountForItsHealth(t *testing.T) {
	for _, c := range []struct {
		class  swarm.Class
		status int
		want   health
	}{
		{swarm.ClassServer, 500, healthSick},
		{swarm.ClassOverloaded, 503, healthSick},
		{swarm.ClassOverloaded, 200, healthSick}, // told in the body
		{swarm.ClassNetwork, 0, healthSick},
		{swarm.ClassTimeout, 0, healthSilent},
		{swarm.ClassTimeout, 504, healthSilent},
		{swarm.ClassTimeout, 408, healthWell},
		{swarm.ClassRateLimited, 429, healthBusy},
		{swarm.ClassInvalid, 400, healthWell},
		{swarm.ClassTooLong, 400, healthWell},
		{swarm.ClassAuth, 401, healthWell},
		{swarm.ClassCut, 200, healthWell},
		{swarm.ClassRefused, 200, healthWell},
		{swarm.ClassFiltered, 200, healthWell},
		{swarm.ClassBroken, 200, healthGarbled},
		{swarm.ClassCancelled, 0, healthUnknown},
		{swarm.ClassBudget, 0, healthUnknown},
	} {
		if got := healthOf(refusal(c.class, c.status)); got != c.want {
			t.Errorf("%s with status %d: %d, want %d", c.class, c.status, got, c.want)
		}
	}
	if healthOf(nil) != healthWell {
		t.Error("a success is not well")
	}
}
