package schedule

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// player drives a machine at random and holds it to a model that keeps every
// subtask's outcome and works all rules out anew, from the contract's words,
// at every step.
type player struct {
	t       *testing.T
	seed    uint64
	rng     *rand.Rand
	m       *Machine
	places  int
	steps   []*modelStep
	taken   []Ref // and not ended
	parked  []Ref
	back    []Ref // wait for their place, in order
	adrift  []Ref // go on without one, after a cancel
	stopped bool
	hoards  bool // parks and does not return before the limit
	hasty   bool // cancels early
	kept    int  // how often the limit was met in earlier plays
	met     map[string]int
}

type modelStep struct {
	spec  Spec
	count int // -1: not known
	ended []Outcome
	taken []bool
}

func TestRandomPlay(t *testing.T) {
	met, plays := map[string]int{}, uint64(3000)
	if testing.Short() { // a machine has no goroutine: more of them show the race detector nothing
		plays = 300
	}
	for seed := range plays {
		p := &player{t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), met: met, kept: met["kept its place"]}
		p.play()
	}
	for _, state := range []string{
		"added", "added after its source", "added after cancel", "taken", "refused: no place",
		"done", "abstained", "failed", "ended while parked", "ended while it waits", "parked", "kept its place", "returned at once",
		"waited for its place", "granted", "granted by cancel", "unfolded", "unfolded empty", "unfolded after cancel", "cancelled",
		"cascade abstained", "cascade skipped", "cascade cancelled", "doomed", "quiet",
	} {
		t.Logf("%8d %s", met[state], state)
		if met[state] < 10 && !testing.Short() {
			t.Errorf("random play met %q only %d times", state, met[state])
		}
	}
}

func (p *player) fatal(format string, args ...any) {
	p.t.Helper()
	p.t.Fatalf("seed %d: %s", p.seed, fmt.Sprintf(format, args...))
}

func (p *player) play() {
	p.places = 1 + p.rng.IntN(4)
	p.hoards, p.hasty = p.rng.IntN(30) == 0, p.rng.IntN(8) == 0
	if p.hoards {
		p.places = 1
	}
	p.m = New(p.places)
	adds := 1 + p.rng.IntN(9)
	for moves := 0; ; moves++ {
		if moves > 50000 {
			p.fatal("does not come to an end")
		}
		switch k := p.rng.IntN(20); {
		case k < 3 && adds > 0:
			adds--
			p.add()
		case k < 9:
			p.next()
		case k < 12:
			p.end()
		case k < 15:
			p.park()
		case k < 19:
			p.unpark()
		case !p.stopped && p.rng.IntN(40) == 0 || !p.stopped && p.hasty && k == 19:
			p.stopped = true
			p.met["cancelled"]++
			p.m.Cancel()
		}
		p.settle()
		if adds == 0 && p.m.Quiet() {
			break
		}
	}
	p.met["quiet"]++
	for n, s := range p.steps {
		if s.count < 0 || len(s.ended) != s.count || slices.Contains(s.ended, Pending) {
			p.fatal("quiet, but step %d has not ended: %+v", n, s)
		}
	}
}

func (p *player) add() {
	p.met["added"]++
	if p.stopped {
		p.met["added after cancel"]++
	}
	sp := Spec{Of: -1, Est: int64(p.rng.IntN(50))}
	n := len(p.steps)
	for i := range n {
		if p.rng.IntN(4) == 0 {
			sp.Needs = append(sp.Needs, i)
		}
	}
	s := &modelStep{count: -1}
	switch k := p.rng.IntN(4); {
	case k == 1 && n > 0:
		sp.Mode, sp.Of = Follow, p.rng.IntN(n)
		s.count = p.steps[sp.Of].count
	case k == 2 && n > 0:
		of := p.rng.IntN(n)
		if src := p.steps[of]; src.spec.Mode == Fixed && src.count == 1 {
			sp.Mode, sp.Of = Unfold, of
			break
		}
		fallthrough
	default:
		s.count = p.rng.IntN(5)
		if p.rng.IntN(3) == 0 {
			s.count = 1
		}
		if p.hoards {
			s.count = 70
		}
	}
	sp.Count = s.count
	if sp.Of >= 0 {
		of := p.steps[sp.Of]
		sp.Ended = func(i int) Outcome {
			if i < len(of.ended) {
				return of.ended[i]
			}
			return Pending
		}
		if slices.ContainsFunc(of.ended, func(o Outcome) bool { return o != Pending }) {
			p.met["added after its source"]++
		}
	}
	s.spec = sp
	s.grow()
	p.steps = append(p.steps, s)
	if got := p.m.Add(sp); got != n {
		p.fatal("Add returned %d, want %d", got, n)
	}
}

func (s *modelStep) grow() {
	if s.count >= 0 && s.ended == nil {
		s.ended = make([]Outcome, s.count)
		s.taken = make([]bool, s.count)
	}
}

func (s *modelStep) complete() bool { return s.count >= 0 && !slices.Contains(s.ended, Pending) }

func (s *modelStep) failed() bool {
	return s.complete() && s.count > 0 && !slices.ContainsFunc(s.ended, func(o Outcome) bool { return o == Done || o == Abstained })
}

// ready tells whether a subtask may be taken now.
func (p *player) ready(n, i int) bool {
	s := p.steps[n]
	if p.stopped || s.ended[i] != Pending || s.taken[i] {
		return false
	}
	for _, need := range s.spec.Needs {
		if !p.steps[need].complete() || p.steps[need].failed() {
			return false
		}
	}
	return s.spec.Mode != Follow || p.steps[s.spec.Of].ended[i] == Done
}

func (p *player) anyReady() (n, i int, ok bool) {
	best := -1
	for n, s := range p.steps {
		for i := range s.ended {
			if p.ready(n, i) && (best < 0 || p.before(n, best)) {
				best = n
			}
		}
	}
	if best < 0 {
		return 0, 0, false
	}
	return best, 0, true
}

// path is the longest way from step n to the end, by its definition.
func (p *player) path(n int) int64 {
	var longest int64
	for m, s := range p.steps {
		if slices.Contains(s.spec.Needs, n) || s.spec.Of == n {
			longest = max(longest, p.path(m))
		}
	}
	return longest + max(p.steps[n].spec.Est, 1)
}

func (p *player) pipeline(n int) (head, depth int) {
	for p.steps[n].spec.Mode == Follow {
		n = p.steps[n].spec.Of
		depth++
	}
	return n, depth
}

func (p *player) before(a, b int) bool {
	ha, da := p.pipeline(a)
	hb, db := p.pipeline(b)
	pa, pb := p.path(ha), p.path(hb)
	switch {
	case pa != pb:
		return pa > pb
	case ha != hb:
		return ha < hb
	case da != db:
		return da > db
	}
	return a < b
}

// working counts the subtasks that hold a place.
func (p *player) working() int {
	return len(p.taken) - len(p.parked) - len(p.back) - len(p.adrift)
}

func (p *player) next() {
	want, _, any := p.anyReady()
	free := p.working() < p.places
	ref, ok := p.m.Next()
	switch {
	case !free && ok:
		p.fatal("took %v without a free place", ref)
	case !free:
		p.met["refused: no place"]++
	case ok != any:
		p.fatal("Next returned %v %v, but ready is %v (step %d)", ref, ok, any, want)
	case ok:
		n, i := int(ref.Step), int(ref.Index)
		if !p.ready(n, i) {
			p.fatal("took %v, which is not ready", ref)
		}
		if n != want {
			p.fatal("took step %d before step %d", n, want)
		}
		p.met["taken"]++
		p.steps[n].taken[i] = true
		p.taken = append(p.taken, ref)
	}
}
