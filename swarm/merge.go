package swarm

import (
	"context"
	"errors"
)

// merge brings the results into the window and lets the planner write the
// answer of this round, of fewer results where the budget does not allow it
// all of them.
func (r *run) merge() error {
	r.window = r.windowLeft()
	results := r.fit(r.sinks())
	if err := r.cancelled(); err != nil {
		return err
	}
	r.mu.Lock()
	r.text.open()
	r.tell(Event{Kind: MergeStarted})
	b := r.brief()
	b.Coverage = r.covered()
	w := pen{&r.text, r.round}
	r.mu.Unlock()
	ctx := context.WithValue(r.ctx, scopeKey{}, &scope{run: r, merging: true})
	var v Verdict
	var err error
	for {
		calls, refused := r.largeCalls(), false
		err = r.apart("the planner's Merge", func() (err error) {
			v, err = r.swarm.Planner.Merge(ctx, b, results, w)
			over, ok := errors.AsType[*BudgetError](err)
			refused = ok && (over.Limit == "cost" || over.Limit == "tokens")
			return err
		})
		if !refused || len(results) < 2 || calls < r.largeCalls() {
			break
		}
		w.Reset()
		results = r.surest(results)
		r.mu.Lock()
		b.Coverage = r.covered()
		r.mu.Unlock()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.close()
	if err == nil {
		r.verdict = v
		r.complete = v.Complete
		r.text.stands()
		if !v.Complete && r.round < r.most {
			r.known = r.digest()
		}
	}
	r.tell(Event{Kind: MergeEnded, Text: v.Missing, Err: err})
	return err
}

// largeCalls returns how many calls the planner has made.
func (r *run) largeCalls() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.report.Roles[RolePlanner].Calls
}

// sinks returns, in plan order, the results that are done of the steps that
// no other step uses. If those are all results of a single step it returns
// that step's own slice: a million results are not copied.
func (r *run) sinks() []Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	var sinks []*step
	n := 0
	for _, s := range r.steps {
		if s.used || s.Over == Reduce {
			continue
		}
		done := 0
		for i := range s.results {
			if s.results[i].Outcome == Done {
				done++
			}
		}
		if done > 0 {
			sinks = append(sinks, s)
			n += done
		}
	}
	if len(sinks) == 1 && len(sinks[0].results) == n {
		return sinks[0].results[:n:n]
	}
	out := make([]Result, 0, n)
	for _, s := range sinks {
		for i := range s.results {
			if s.results[i].Outcome == Done {
				out = append(out, s.results[i])
			}
		}
	}
	return out
}
