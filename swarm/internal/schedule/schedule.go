// Package schedule decides which subtask goes next. It is a pure machine:
// numbers in, numbers out, with no goroutine, clock, text or I/O, so that
// scripts and random play can drive it through every corner. Package swarm is
// its driver and holds a lock around it.
//
// The driver adds steps, takes subtasks with Next while places are free, and
// ends each with Done. What ends without having been taken (because what it
// needs failed, or the run was cancelled) comes out of Drain as ranges.
//
// Steps are queued, not subtasks: a step of a million subtasks is one entry
// with a cursor. The costs: Done is O(1); Next looks at each step that has
// something ready, and after an Add once at all steps.
package schedule

import "slices"

// Outcome of a subtask; the numbers are those of package swarm.
type Outcome uint8

const (
	Pending Outcome = iota
	Done
	Abstained
	Failed
	Skipped
	Cancelled
)

// Mode says where a step's subtasks come from.
type Mode uint8

const (
	Fixed  Mode = iota // Count subtasks, ready when the needs are done
	Follow             // one a subtask of Of, ready when that one is done
	Unfold             // a number told by Unfold once the only subtask of Of is done
)

// Spec describes a step to Add. Steps are numbered from 0 in the order of
// adding, and may name earlier ones only.
type Spec struct {
	Mode  Mode
	Of    int // Follow, Unfold: the step followed or unfolded
	Count int // Fixed: the number of subtasks
	Needs []int
	Est   int64 // estimated tokens of one subtask
	// Ended tells how subtask i of the step Of has ended so far; the driver
	// knows it, the machine does not keep it. Follow and Unfold.
	Ended func(i int) Outcome
}

// Ref is a subtask: a step and a place in it.
type Ref struct{ Step, Index int32 }

// Range is a run of subtasks [From, To) of a step that ended alike without
// having been taken.
type Range struct {
	Step, From, To int
	Outcome        Outcome
}

// MostParked is how many subtasks may be parked for each place.
const MostParked = 64

// Machine is the scheduler of one run. It is not safe for concurrent use.
type Machine struct {
	places    int
	steps     []step
	open      []int32 // steps with something ready, in any order
	stale     bool    // paths must be computed anew before the next Next
	cancelled bool

	working int // subtasks that hold a place
	parked  int
	taken   int // subtasks taken and not ended, wherever they are

	away      map[Ref]bool // taken subtasks that hold no place; whether they are parked
	returning []Ref        // want their place back, first come first served
	drained   []Range
	unfolding []int
}

type step struct {
	mode      Mode
	doomed    bool // a need failed: nothing of it will run
	of        int32
	head      int32 // first step of its pipeline; itself if it follows none
	depth     int32 // place in the pipeline
	count     int32 // subtasks; -1: not known yet
	next      int32 // Fixed, Unfold: the first subtask not taken
	ended     int32
	well      int32 // of which done or abstained
	waits     int32 // needs not yet complete
	est       int64
	path      int64   // tokens on the longest way from here to the end
	needs     []int32 // steps
	needers   []int32 // steps that need this one
	followers []int32
	unfolders []int32
	ready     []int32 // Follow: subtasks ready to go, a queue
	first     int     // head of ready
}

// New makes a machine with that many places, at least one.
func New(places int) *Machine {
	return &Machine{places: max(places, 1), away: map[Ref]bool{}}
}

// Add appends a step and returns its number. Needs and Of must be earlier
// steps, and Of of an Unfold a step with exactly one subtask.
func (m *Machine) Add(sp Spec) int {
	n := int32(len(m.steps))
	s := step{mode: sp.Mode, of: -1, head: n, count: int32(sp.Count), est: max(sp.Est, 1)}
	for _, need := range sp.Needs {
		s.needs = append(s.needs, int32(need))
	}
	if sp.Mode != Fixed {
		s.of = int32(sp.Of)
		s.count = -1
	}
	if sp.Mode == Follow {
		of := &m.steps[sp.Of]
		s.count, s.head, s.depth = of.count, of.head, of.depth+1
	}
	m.steps = append(m.steps, s)
	m.stale = true
	at := &m.steps[n]
	for _, need := range at.needs {
		from := &m.steps[need]
		from.needers = append(from.needers, n)
		switch {
		case !from.complete():
			at.waits++
		case from.failed():
			at.doomed = true
		}
	}
	switch sp.Mode {
	case Fixed:
		m.settle(n)
	case Follow:
		of := &m.steps[sp.Of]
		of.followers = append(of.followers, n)
		for i := range max(of.count, 0) {
			if out := sp.Ended(int(i)); out != Pending {
				m.follow(n, i, i+1, out)
			}
		}
	case Unfold:
		of := &m.steps[sp.Of]
		of.unfolders = append(of.unfolders, n)
		if out := sp.Ended(0); out != Pending {
			m.sourceEnded(n, out)
		}
	}
	return int(n)
}

func (s *step) complete() bool { return s.count >= 0 && s.ended == s.count }

// failed tells whether a complete step is of no use to those that need it: it
// has subtasks, and none of them ended well.
func (s *step) failed() bool { return s.count > 0 && s.well == 0 }

// settle brings a step that waits for nothing any more into the queue, or ends
// what is ready of it if it cannot run.
func (m *Machine) settle(n int32) {
	s := &m.steps[n]
	switch {
	case !s.hasReady():
		// Not unfolded yet, or nothing to do: an empty step is complete as
		// soon as its number is known, and Unfold says so to its needers.
	case m.cancelled:
		m.endRest(n, Cancelled)
	case s.doomed:
		m.endRest(n, Skipped)
	default:
		m.enqueue(n)
	}
}

// endRest ends all that is ready of a step that will not run.
func (m *Machine) endRest(n int32, out Outcome) {
	s := &m.steps[n]
	if s.mode != Follow {
		from := s.next
		s.next = s.count
		m.end(n, from, s.count, out, false)
		return
	}
	todo := s.ready[s.first:]
	s.ready, s.first = nil, 0
	for _, i := range todo {
		m.end(n, i, i+1, out, false)
	}
}

// enqueue opens a step that has something ready.
func (m *Machine) enqueue(n int32) {
	s := &m.steps[n]
	if !s.doomed && s.waits == 0 && s.hasReady() && !slices.Contains(m.open, n) {
		m.open = append(m.open, n)
	}
}

func (s *step) hasReady() bool {
	if s.mode == Follow {
		return s.first < len(s.ready)
	}
	return s.next < s.count
}

// Next takes the most urgent subtask, and a place for it. It returns false if
// no place is free, or nothing is ready.
func (m *Machine) Next() (Ref, bool) {
	if m.working >= m.places || len(m.returning) > 0 || len(m.open) == 0 {
		return Ref{}, false
	}
	if m.stale {
		m.rank()
	}
	n := slices.MinFunc(m.open, m.order)
	s := &m.steps[n]
	ref := Ref{Step: n}
	if s.mode == Follow {
		ref.Index = s.ready[s.first]
		s.first++
		if s.first == len(s.ready) {
			s.ready, s.first = s.ready[:0], 0
		}
	} else {
		ref.Index = s.next
		s.next++
	}
	if !s.hasReady() {
		m.open = slices.DeleteFunc(m.open, func(o int32) bool { return o == n })
	}
	m.working++
	m.taken++
	return ref, true
}

// Ready tells whether Next would return a subtask.
func (m *Machine) Ready() bool {
	return m.working < m.places && len(m.returning) == 0 && len(m.open) > 0
}

// Quiet tells whether nothing is ready and nothing was taken that has not
// ended: without another Add nothing will happen any more.
func (m *Machine) Quiet() bool { return m.taken == 0 && len(m.open) == 0 }

// Done ends a subtask that Next returned, and gives its place back.
func (m *Machine) Done(ref Ref, out Outcome) {
	m.taken--
	if isParked, ok := m.away[ref]; ok {
		if isParked {
			m.parked--
		}
		delete(m.away, ref)
		m.returning = slices.DeleteFunc(m.returning, func(r Ref) bool { return r == ref })
	} else {
		m.working--
	}
	m.end(ref.Step, ref.Index, ref.Index+1, out, true)
}

// Priority tells how urgent a step's subtasks are among those of the run.
func (m *Machine) Priority(n int) int64 {
	if m.stale {
		m.rank()
	}
	s := &m.steps[n]
	return m.steps[s.head].path<<8 | int64(min(s.depth, 255))
}

// Drain returns what ended without having been taken since the last Drain, in
// the order in which it ended. The slice is valid until the next call.
func (m *Machine) Drain() []Range {
	d := m.drained
	m.drained = m.drained[:0]
	return d
}

// Resume lets steps that are added from now on run, though there was a Cancel.
// The machine must be quiet.
func (m *Machine) Resume() { m.cancelled = false }

// Cancel ends all that was not taken. What was taken still ends with Done.
func (m *Machine) Cancel() {
	if m.cancelled {
		return
	}
	m.cancelled = true
	m.open = m.open[:0]
	for i := range m.steps {
		m.settle(int32(i))
	}
}
