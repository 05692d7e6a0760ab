package swarm

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/db31e724/go-swarm/swarm/internal/schedule"
)

// planning takes the steps of a plan: it checks each (check.go), binds it to
// its input and to the steps that it names, and hands it to working. Guarded by
// the run's lock.
type planning struct {
	run     *run
	open    bool   // Plan has not returned
	cut     string // why plans ended early
	byID    map[string]*step
	repeats map[string][]*step // by instruction, to find repeated ones
	size    Limits             // used so far

	standing []Step // of this round, as an earlier process recorded them
	recorded int    // of this round
}

// write lets the planner write the plan of this round, on a goroutine of its
// own, and waits for it. It returns how many steps were accepted.
func (p *planning) write() (accepted int, err error) {
	r := p.run
	s := &scope{run: r, planner: true}
	r.mu.Lock()
	before := len(r.steps)
	p.open = true
	b := r.brief()
	round := r.round
	r.mu.Unlock()
	ctx := context.WithValue(r.stepCtx, scopeKey{}, s)
	closed, err := p.replay(round)
	if b.Standing = p.standing; !closed && err == nil {
		err = r.callPlanner("the planner's Plan", func() error {
			return r.swarm.Planner.Plan(ctx, b, func(s Step) error { return p.add(round, s) })
		})
		if err == nil && r.stepCtx.Err() == nil && len(r.steps) > 0 {
			r.history.put(Record{Kind: recordPlan, Index: round}, true)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s.end()
	p.open = false
	accepted = len(r.steps) - before
	if err != nil {
		if p.cut != "" {
			p.cut += "; "
		}
		p.cut += fmt.Sprintf("round %d: %s", round, errText(err))
	}
	r.emit(Event{Kind: PlanEnded, Err: err})
	r.work.changed.Broadcast()
	return accepted, err
}

// add is what a planner hands its steps to.
func (p *planning) add(round int, s Step) error {
	r := p.run
	if of := r.corpora[s.unit()]; of != nil && len(s.Where) > 0 {
		of.index() // before the lock is taken: it may take a second
	}
	r.lock()
	defer r.mu.Unlock()
	if !p.open || round != r.round {
		return ErrPlanClosed
	}
	if err := cause(r.stepCtx); err != nil {
		return err
	}
	if stands, err := p.stands(&s); stands {
		return err
	}
	if err := p.accept(s); err != nil {
		return err
	}
	r.history.put(Record{Kind: recordStep, Step: strconv.Itoa(round), Index: p.recorded}, s) // before its results, which need the lock
	p.recorded++
	return nil
}

// replay adds the steps of a round that an earlier process recorded, and tells
// whether they are all of it.
func (p *planning) replay(round int) (closed bool, err error) {
	r := p.run
	p.standing, p.recorded = nil, 0
	for {
		var s Step
		ok, err := r.history.get(Record{Kind: recordStep, Step: strconv.Itoa(round), Index: p.recorded}, &s)
		if err != nil {
			return false, err
		}
		if !ok {
			break
		}
		r.lock()
		if err = cause(r.stepCtx); err == nil {
			err = p.accept(s)
		}
		r.mu.Unlock()
		if err != nil {
			return false, err
		}
		p.standing = append(p.standing, s)
		p.recorded++
	}
	_, err = r.history.get(Record{Kind: recordPlan, Index: round}, &closed)
	return closed, err
}

// stands tells whether a step of that name stands since an earlier process, and
// what is wrong if it is another one.
func (p *planning) stands(s *Step) (bool, error) {
	at := slices.IndexFunc(p.standing, func(o Step) bool { return o.ID == s.ID })
	if at < 0 {
		return false, nil
	}
	if bytes.Equal(encode(p.standing[at]), encode(*s)) {
		return true, nil
	}
	return true, p.refuse(s, &PlanError{Step: s.ID, Field: "id", Value: s.ID, Mend: "is that of a step that stands already, with other content: choose another"})
}

// refuse tells that a step is not accepted. The lock is held.
func (p *planning) refuse(s *Step, err error) error {
	p.run.emit(Event{Kind: StepRefused, Step: clip(s.ID, 80), Err: err})
	return err
}

// accept takes a step into the plan. The lock is held.
func (p *planning) accept(s Step) error {
	r := p.run
	st, err := p.check(s)
	if err != nil {
		return p.refuse(&s, err)
	}
	if st.listed != nil {
		p.enter(st.listed)
		st.of = st.listed
	}
	st.worker = cmp.Or(st.worker, r.swarm.Worker)
	p.byID[st.ID] = st
	p.enter(st)
	if st.rest != nil {
		st.rest.ID, st.rest.worker, st.rest.depth = st.ID+".rest", st.worker, st.depth+1
		st.rest.needs, st.rest.context = st.needs, st.context
		p.enter(st.rest)
	}
	return nil
}

// mostEst bounds what a step's estimate counts for in the queue, so that the
// longest path that Limits allow is still a number.
const mostEst = 1 << 30

// enter numbers a step that was accepted, or made for a reduction, and hands
// it to the workers. The lock is held.
func (p *planning) enter(st *step) {
	r := p.run
	count := st.count()
	sp := schedule.Spec{Est: int64(min(st.Est, mostEst)), Count: count}
	switch st.Over {
	case List:
		sp.Mode = schedule.Unfold
	case Each:
		sp.Mode = schedule.Follow
	}
	if st.of != nil {
		sp.Of = st.of.n
		st.of.used = true
		if st.Over == Each {
			st.of.followers = append(st.of.followers, st)
		}
		of := st.of
		sp.Ended = func(i int) schedule.Outcome {
			if i >= len(of.results) {
				return schedule.Pending
			}
			return schedule.Outcome(of.results[i].Outcome)
		}
	}
	for _, n := range st.needs {
		sp.Needs = append(sp.Needs, n.n)
		n.used = true
	}
	if st.after != nil {
		sp.Needs = append(sp.Needs, st.after.n)
	}
	if count >= 0 {
		p.unfold(st, count)
	}
	st.n = len(r.steps)
	st.round = r.round
	r.steps = append(r.steps, st)
	r.emit(Event{Kind: StepAdded, Step: st.ID, Added: &st.Step, Text: st.Do, To: count})
	r.work.add(sp)
}

// count returns how many subtasks a step has; -1: not known yet.
func (s *step) count() int {
	switch {
	case s.Over == Once, s.Over == Calc:
		return 1
	case s.Over == List, s.Over == Each && s.of.results == nil:
		return -1
	case s.Over == Each:
		return len(s.of.results)
	}
	return len(s.chunks) + len(s.items) + len(s.groups)
}

// unfold makes room for a step's results once their number is known. The lock
// is held.
func (p *planning) unfold(st *step, count int) {
	st.results = make([]Result, count)
	if st.Lookup > 0 {
		st.found = make([][]*Chunk, count)
	}
	if st.groups == nil { // reducing is no part of the plan
		p.size.Subtasks += count
	}
}

// unfoldAll makes room for the results of a step and of those that follow it.
// The lock is held.
func (p *planning) unfoldAll(st *step, count int) {
	if st.results == nil {
		p.unfold(st, count)
		p.run.emit(Event{Kind: StepUnfolded, Step: st.ID, To: count})
	}
	for _, f := range st.followers {
		p.unfoldAll(f, count)
	}
}

// unfoldList takes the items of a step's list, as many as the run may have
// subtasks, and returns their number. The lock is held.
func (p *planning) unfoldList(st *step) int {
	list := st.of.results[0].Out.Findings
	items := make([]string, len(list))
	for i := range list {
		items[i] = list[i].Text
	}
	most := p.limits().Subtasks
	room := (most - p.size.Subtasks) / st.chain()
	if len(items) > room {
		p.run.missing = append(p.run.missing, fmt.Sprintf("step %s: the last %d of %d items, for a run may have %d subtasks",
			st.ID, len(items)-room, len(items), most))
		items = items[:max(room, 0)]
	}
	st.items = items
	p.unfoldAll(st, len(items))
	return len(items)
}

// chain returns how many steps a step's list makes subtasks of: itself and
// those that follow it.
func (s *step) chain() int {
	n := 1
	for _, f := range s.followers {
		n += f.chain()
	}
	return n
}
