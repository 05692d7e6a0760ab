package swarm

import (
	"fmt"
	"math"
	"sort"
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
// calls that used more. Calls that wait for money are served in order: the
// planner's first, then the most urgent subtask's, then by arrival.
//
// The calls of a nested run count against its own budget and those of all runs
// around it. Output.Usage counts too: once calls of workers elsewhere have used
// up a limit, no further subtask begins.
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
	Held  string // what the same subtask, or the planner, has reserved of it; empty: nothing
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
	if e.Held != "" {
		kept += ", " + e.Held + " is reserved by the caller itself"
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
		out = sort.Search(max(out, 0), func(n int) bool {
			return satAdd(used.cost, c.Price.most(Usage{In: c.Est.In, Out: n + 1})) > b.Cost
		})
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
