package swarm

import (
	"strings"
	"time"
)

// patience is how long a cancelled run waits before it says who keeps it, and
// for an observer that is behind.
const patience = time.Second

// stop ends the run for a reason.
func (r *run) stop(why error) {
	r.cancel(why)
	r.halt()
}

// watch ends what has not started once the run is cancelled or its time for
// steps is over, and says who keeps it waiting after that.
func (r *run) watch() {
	select {
	case <-r.over:
		return
	case <-r.stepCtx.Done():
	}
	r.halt()
	wait := time.After(patience)
	whole := r.ctx.Done()
	for {
		select {
		case <-r.over:
			return
		case <-whole:
			whole = nil
			r.halt()
			wait = time.After(patience)
		case <-wait:
			r.tellStalled()
		}
	}
}

func (r *run) halt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.work.halt()
}

// tellStalled says who keeps a cancelled run waiting: the planner, and the first
// few subtasks that should have ended and have not.
func (r *run) tellStalled() {
	r.mu.Lock()
	defer r.mu.Unlock()
	var who []string
	switch {
	case r.plan.open:
		who = append(who, "the planner's Plan")
	case r.merge.writing && r.ctx.Err() != nil:
		who = append(who, "the planner's Merge")
	}
	for _, s := range r.steps {
		for i := range s.results {
			if r.ctxOf(s).Err() != nil && s.results[i].Outcome == Pending && len(who) < 8 {
				who = append(who, subtaskID(&s.Step, i))
			}
		}
	}
	if len(who) > 0 {
		r.emit(Event{Kind: Stalled, Text: "cancelled, but still working: " + strings.Join(who, ", ")})
	}
}
