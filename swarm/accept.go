package swarm

import (
	"context"
	"fmt"

	"github.com/db31e724/go-swarm/swarm/internal/schedule"
)

// plan lets the planner write the plan of this round, on a goroutine of its
// own, and waits for it. It returns how many steps were accepted.
func (r *run) plan() (accepted int, err error) {
	r.mu.Lock()
	before := len(r.steps)
	r.planOpen = true
	b := r.brief()
	round := r.round
	r.mu.Unlock()
	ctx := context.WithValue(r.stepCtx, scopeKey{}, &scope{run: r})
	err = r.apart("the planner's Plan", func() error {
		return r.swarm.Planner.Plan(ctx, b, func(s Step) error { return r.add(round, s) })
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.planOpen = false
	accepted = len(r.steps) - before
	if err != nil {
		if r.coverage.PlanCut != "" {
			r.coverage.PlanCut += "; "
		}
		r.coverage.PlanCut += fmt.Sprintf("round %d: %v", round, err)
	}
	r.tell(Event{Kind: PlanEnded, Err: err})
	r.changed.Broadcast()
	return accepted, err
}

// add is what a planner hands its steps to.
func (r *run) add(round int, s Step) error {
	r.enterLock()
	defer r.mu.Unlock()
	if !r.planOpen || round != r.round {
		return ErrPlanClosed
	}
	if r.stepCtx.Err() != nil {
		return cause(r.stepCtx)
	}
	st, err := r.check(s)
	if err != nil {
		r.tell(Event{Kind: StepRefused, Step: clip(s.ID, 80), Err: err})
		return err
	}
	r.enter(st)
	return nil
}

// mostEst bounds what a step's estimate counts for in the queue, so that the
// longest path that Limits allow is still a number.
const mostEst = 1 << 30

// enter puts an accepted step into the machine. The lock is held.
func (r *run) enter(st *step) {
	sp := schedule.Spec{Est: int64(min(st.Est, mostEst))}
	count := -1
	switch st.Over {
	case Once:
		count = 1
	case Chunks:
		count = len(st.chunks)
	case Items:
		count = len(st.items)
	case Reduce:
		count = len(st.groups)
	case List:
		sp.Mode = schedule.Unfold
	case Each:
		sp.Mode = schedule.Follow
		if st.of.results != nil {
			count = len(st.of.results)
		}
	}
	sp.Count = count
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
		if st.Over != Reduce {
			n.used = true
		}
	}
	if count >= 0 {
		r.unfold(st, count)
	}
	st.n = len(r.steps)
	st.round = r.round
	r.steps = append(r.steps, st)
	r.byID[st.ID] = st.n
	r.tell(Event{Kind: StepAdded, Step: st.ID, Text: st.Do, To: count})
	r.machine.Add(sp)
	r.book()
	r.hire()
}

// unfold makes room for a step's results once their number is known.
func (r *run) unfold(st *step, count int) {
	st.results = make([]Result, count)
	r.size.Subtasks += count
	r.coverage.Subtasks += count
}
