package swarm

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"time"
)

// Budget holds hard limits of a run: all its calls, failed attempts, retries,
// re-asks and hedges together. A zero field is no limit.
//
// A call is made only if what is spent, what calls in flight may spend at the
// most, the call's own upper estimate and what is kept for the merge fit the
// limit together. If only calls in flight are in the way, it waits for them.
// If its reply could be too long, it is asked for less (see BudgetError.Out).
// So the limits hold as long as servers obey the token limit that they are
// sent and prompts are not longer than estimated; Report.Overruns counts the
// calls that used more.
type Budget struct {
	Cost   Money         // in nano-dollars; a call whose price is unknown then ends the run
	Tokens int           // prompt and completion tokens together
	Calls  int           // attempts
	Time   time.Duration // of which the last fifth is kept for the merge

	// Merge is how much of Cost only the merge may spend. 0: what reading one
	// full window would cost at the planner's price, at most a quarter of
	// Cost. Of Tokens and Calls the same is kept in proportion.
	Merge Money
}

// BudgetError says that a call was not made because it did not fit the run's
// Budget. The subtask that made it is skipped if that was its first call.
type BudgetError struct {
	Limit string // "cost", "tokens", "calls", "time" or "price"
	Max   string // the limit, as text
	Spent string // what is spent of it, as text
	Kept  string // what of it is kept for the merge, as text; empty: nothing
	Needs string // what the call may need, as text

	// Out is the most completion tokens with which the call would fit; 0: it
	// does not fit at all.
	Out int
}

func (e *BudgetError) Error() string {
	switch e.Limit {
	case "price":
		return "budget: a limit on cost was set, but the price of " + e.Needs + " is unknown: set its Price"
	case "time":
		return "budget: the time of " + e.Max + " is used up"
	}
	kept := ""
	if e.Kept != "" {
		kept = ", " + e.Kept + " is kept for the merge"
	}
	return fmt.Sprintf("budget: %s: %s of %s is spent%s, and the call may need %s", e.Limit, e.Spent, e.Max, kept, e.Needs)
}

// amount is money, tokens and calls, spent or reserved.
type amount struct {
	cost   Money
	tokens int
	calls  int
}

func (a amount) plus(b amount) amount {
	return amount{satAdd(a.cost, b.cost), a.tokens + b.tokens, a.calls + b.calls}
}

func (a amount) minus(b amount) amount {
	return amount{a.cost - b.cost, a.tokens - b.tokens, a.calls - b.calls}
}

func satAdd(a, b Money) Money {
	if s := a + b; s >= a || b < 0 {
		return s
	}
	return math.MaxInt64
}

// amount is what a call may come to at the most.
func (c *Call) amount(u Usage) amount {
	a := amount{tokens: u.In + u.Out, calls: 1}
	if c.Price != nil {
		a.cost = c.Price.most(u)
	}
	return a
}

// admit waits until the call fits the budget, and reserves it; or refuses it.
func (r *run) admit(ctx context.Context, s *scope, c *Call) (amount, error) {
	b := &r.swarm.Budget
	need := c.amount(c.Est)
	for {
		r.mu.Lock()
		if r.ctx.Err() != nil {
			r.mu.Unlock()
			return amount{}, cause(r.ctx)
		}
		if b.Cost > 0 && c.Price == nil {
			err := &BudgetError{Limit: "price", Needs: c.Model}
			r.cancel(err)
			r.halt()
			r.mu.Unlock()
			return amount{}, err
		}
		spent := amount{r.report.Usage.Cost, r.report.Usage.Tokens(), r.report.Usage.Calls}
		keep := r.kept(s, c)
		if refused := b.exceeded(c, spent.plus(keep), need); refused != nil {
			refused.Spent = b.text(refused.Limit, spent)
			if kept := b.text(refused.Limit, keep); kept != b.text(refused.Limit, amount{}) {
				refused.Kept = kept
			}
			r.mu.Unlock()
			return amount{}, refused
		}
		if b.exceeded(c, spent.plus(keep).plus(r.reserved), need) == nil {
			r.reserved = r.reserved.plus(need)
			if s.work != nil && !s.work.over && s.work.attempts < math.MaxUint16 {
				s.work.attempts++
			}
			r.mu.Unlock()
			return need, nil
		}
		settled := r.settled
		r.mu.Unlock()
		select {
		case <-settled:
		case <-ctx.Done():
			return amount{}, cause(ctx)
		}
	}
}

// exceeded returns the first limit that used and need exceed together, or nil.
func (b *Budget) exceeded(c *Call, used, need amount) *BudgetError {
	var over *BudgetError
	switch {
	case b.Calls > 0 && used.calls+need.calls > b.Calls:
		return &BudgetError{Limit: "calls", Max: fmt.Sprint(b.Calls), Needs: "1"}
	case b.Cost > 0 && satAdd(used.cost, need.cost) > b.Cost:
		over = &BudgetError{Limit: "cost", Max: b.Cost.String(), Needs: need.cost.String()}
	case b.Tokens > 0 && used.tokens+need.tokens > b.Tokens:
		over = &BudgetError{Limit: "tokens", Max: fmt.Sprint(b.Tokens), Needs: fmt.Sprint(need.tokens)}
	default:
		return nil
	}
	over.Out = b.affordable(c, used)
	return over
}

// affordable returns the most completion tokens that the call may have beside
// what is used.
func (b *Budget) affordable(c *Call, used amount) int {
	out := c.Est.Out
	if b.Tokens > 0 {
		out = min(out, b.Tokens-used.tokens-c.Est.In)
	}
	if b.Cost > 0 {
		left := b.Cost - used.cost - c.Price.most(Usage{In: c.Est.In})
		switch {
		case left <= 0:
			return 0
		case c.Price.Out > 0:
			if hi, lo := bits.Mul64(uint64(left), 1e6); hi < uint64(c.Price.Out) {
				q, _ := bits.Div64(hi, lo, uint64(c.Price.Out))
				out = int(min(q, uint64(out)))
			}
			for out > 0 && satAdd(used.cost, c.Price.most(Usage{In: c.Est.In, Out: out})) > b.Cost {
				out-- // rounding: once at the most
			}
		}
	}
	return max(out, 0)
}

// text writes the part of an amount that a limit is of.
func (b *Budget) text(limit string, a amount) string {
	switch limit {
	case "cost":
		return a.cost.String()
	case "tokens":
		return fmt.Sprint(a.tokens)
	}
	return fmt.Sprint(a.calls)
}

const (
	// mergePrompt and mergeReply are what a merge takes beside the results.
	mergePrompt = 1500
	mergeReply  = 1000
	mergeCalls  = 2
	// leastPrompt and leastReply are what it takes at the least.
	leastPrompt = 500
	leastReply  = 100
)

// kept returns what a call must leave for the merge, if the planner is one
// that makes calls. The lock is held.
func (r *run) kept(s *scope, c *Call) amount {
	b := &r.swarm.Budget
	large := r.report.large
	if s.work == nil && large == nil {
		large = c.Price
	}
	switch {
	case s.merging:
		return amount{}
	case s.work != nil && r.report.Roles[RolePlanner].Calls == 0:
		return amount{cost: b.Merge}
	}
	window := min(max(r.swarm.baseWindow(), 0), mostTokens)
	merge := Usage{In: window + mergePrompt, Out: mergeReply}
	keep := amount{cost: b.Merge, tokens: min(merge.Tokens(), b.Tokens/4), calls: min(mergeCalls, b.Calls/4)}
	if b.Merge == 0 && b.Cost > 0 && large != nil {
		keep.cost = min(large.most(merge), b.Cost/4)
	}
	return keep
}

// windowLeft returns the most tokens of results that a merge may still afford
// to read: the window, or less where the budget is nearly spent. Whether it
// does shows when it makes its call.
func (r *run) windowLeft() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := &r.swarm.Budget
	w := r.swarm.baseWindow()
	if r.report.Roles[RolePlanner].Calls == 0 {
		return w
	}
	if b.Tokens > 0 {
		w = within(w, (b.Tokens-r.report.Usage.Tokens()-leastPrompt-leastReply)/4*3)
	}
	if b.Cost > 0 && r.report.large != nil && r.report.large.In > 0 {
		left := b.Cost - r.report.Usage.Cost - r.report.large.most(Usage{In: leastPrompt, Out: leastReply})
		hi, lo := bits.Mul64(uint64(max(left, 0)), 1e6*3/4) // estimates may be off by a third
		if in := uint64(r.report.large.dearest()); hi < in {
			q, _ := bits.Div64(hi, lo, in)
			w = within(w, int(min(q, math.MaxInt32)))
		}
	}
	return w
}

func (s *Swarm) baseWindow() int { return orDefault(s.Window, defaultWindow) }

// limitTime ends the run after so long, and its subtasks and plans at four
// fifths of it.
func (r *run) limitTime(d time.Duration) {
	err := &BudgetError{Limit: "time", Max: d.String()}
	whole, stop := context.WithTimeoutCause(r.ctx, d, err)
	steps, stopSteps := context.WithTimeoutCause(whole, d-d/5, err)
	r.ctx, r.stepCtx = whole, steps
	r.clocks = []context.CancelFunc{stopSteps, stop}
}

func (r *run) stopClocks() {
	for _, stop := range r.clocks {
		stop()
	}
}

// within bounds a window, where negative is unbounded, by what is left.
func within(window, left int) int {
	if left = max(left, 0); window < 0 || left < window {
		return left
	}
	return window
}
