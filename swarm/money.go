package swarm

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"sort"
	"strings"
	"time"
)

// Money is an amount in nano-dollars, 10⁻⁹ USD. It holds up to 9.2 billion
// dollars; sums beyond that stay at the largest value.
type Money int64

// Dollar is one US dollar.
const Dollar Money = 1e9

// Dollars returns the amount as a floating-point number of dollars, for
// display and JSON; sums are made in Money.
func (m Money) Dollars() float64 { return float64(m) / float64(Dollar) }

// String formats the amount in dollars, with as many digits as a small sum
// needs to be seen: "$12.50", "$0.0042".
func (m Money) String() string {
	d := m.Dollars()
	switch a := math.Abs(d); {
	case a == 0:
		return "$0.00"
	case a >= 1:
		return fmt.Sprintf("$%.2f", d)
	case a >= 0.001:
		return fmt.Sprintf("$%.4f", d)
	default: // three digits, never an exponent
		digits := min(2-int(math.Floor(math.Log10(a))), 9)
		return strings.TrimRight(fmt.Sprintf("$%.*f", digits, d), "0")
	}
}

// Price is what a model charges, in Money per million tokens. A nil *Price is
// an unknown price, which is never taken for zero; a zero Price is a model
// that costs nothing.
type Price struct {
	In      Money // prompt tokens
	Cached  Money // prompt tokens that the provider's prefix cache served
	Written Money // prompt tokens that were written into that cache; 0: costs as In
	Out     Money // completion tokens, reasoning included
}

// Cost returns what u's tokens cost, computed in 128 bits and rounded up once to a
// nano-dollar. Negative counts are taken as zero. If more tokens are cached and
// written than the prompt has, the whole prompt counts as such.
func (p Price) Cost(u Usage) Money {
	in, cached, written, out := max(u.In, 0), max(u.Cached, 0), max(u.Written, 0), max(u.Out, 0)
	cached = min(cached, in)
	written = min(written, in-cached)
	const million = 1e6
	hi, lo := uint64(0), uint64(million-1) // rounds up
	for _, x := range [...][2]uint64{
		{uint64(in - cached - written), uint64(max(p.In, 0))},
		{uint64(written), uint64(max(cmp.Or(p.Written, p.In), 0))},
		{uint64(cached), uint64(max(p.Cached, 0))},
		{uint64(out), uint64(max(p.Out, 0))},
	} {
		h, l := bits.Mul64(x[0], x[1])
		var carry uint64
		lo, carry = bits.Add64(lo, l, 0)
		hi, _ = bits.Add64(hi, h, carry)
	}
	if hi >= million {
		return math.MaxInt64
	}
	q, _ := bits.Div64(hi, lo, million)
	return Money(min(q, math.MaxInt64))
}

// most is what u's tokens cost at the most, wherever its prompt meets a cache.
func (p Price) most(u Usage) Money {
	p.In, u.Cached, u.Written = max(p.In, p.Cached, p.Written), 0, 0
	return p.Cost(u)
}

// Usage is what one call, or a sum of calls, used.
type Usage struct {
	Calls   int   `json:"calls"`             // attempts that were sent, failed ones included
	In      int   `json:"in"`                // prompt tokens, Cached and Written included
	Cached  int   `json:"cached"`            // part of In that the provider's prefix cache served
	Written int   `json:"written,omitempty"` // part of In that was written into that cache, if the provider says so
	Out     int   `json:"out"`               // completion tokens
	Cost    Money `json:"cost"`              // of the calls with a known price

	// AtLeast says that a call in the sum was cut or cancelled before its usage was
	// known, so that the true figures may be higher.
	AtLeast bool `json:"at_least,omitempty"`
	// Unpriced says that a call in the sum used a model whose price is
	// unknown: Cost leaves it out.
	Unpriced bool `json:"unpriced,omitempty"`
}

// Plus returns the sum of u and v.
func (u Usage) Plus(v Usage) Usage {
	u.Calls += v.Calls
	u.In += v.In
	u.Cached += v.Cached
	u.Written += v.Written
	u.Out += v.Out
	u.Cost = satAdd(u.Cost, v.Cost)
	u.AtLeast = u.AtLeast || v.AtLeast
	u.Unpriced = u.Unpriced || v.Unpriced
	return u
}

// mostTokens is more than any call uses.
const mostTokens = 1 << 40

// bounded returns u with counts that can be summed up: what is negative is
// none, and what is more than mostTokens is that.
func (u Usage) bounded() Usage {
	for _, n := range [...]*int{&u.Calls, &u.In, &u.Cached, &u.Written, &u.Out} {
		*n = min(max(*n, 0), mostTokens)
	}
	u.Cost = max(u.Cost, 0)
	return u
}

// Tokens returns prompt and completion tokens together.
func (u Usage) Tokens() int { return u.In + u.Out }

// Budget holds hard limits of a run. They cover all its calls: failed attempts,
// retries, repeated questions and hedges too. A zero field is no limit.
//
// A call is made only if the limit covers the sum of what is spent, what calls in
// flight may spend at most, the call's own upper estimate and what is kept for the
// merge. If only calls in flight prevent this, it waits for them. If a shorter
// reply would fit, the call is made with a lower token limit (see BudgetError.Out).
// The budget holds as long as servers obey the token limits sent to them and
// prompts are not longer than estimated; Report.Overruns counts the calls that used
// more. Calls that wait for money are served in order: the planner's first, then
// the most urgent subtask's, then by arrival.
//
// The calls of a nested run count against its own budget and those of all runs
// around it. Output.Usage counts too, but only after the fact: once it has used up
// a limit, no further subtask begins.
type Budget struct {
	Cost   Money         // in nano-dollars; with it, a call whose price is unknown ends the run
	Tokens int           // prompt and completion tokens together
	Calls  int           // attempts
	Time   time.Duration // the last fifth of it is kept for the merge

	// Merge is the part of Cost that only the merge may spend. 0: the cost of
	// reading one full window at the planner's price, but at most a third of Cost,
	// or the cost of a short answer from few findings if that is more; a third of Cost
	// while a planner with a Window has made no call. At most a quarter of Tokens and
	// of Calls is kept for the merge.
	Merge Money
}

// BudgetError says that a call was not made because it did not fit the run's
// Budget. The subtask that made it is skipped if that was its first call.
type BudgetError struct {
	Limit string // "cost", "tokens", "calls", "time" or "price"
	Max   string // the limit, as text
	Spent string // what is already spent, as text
	Kept  string // what is kept for the merge, as text; empty: nothing
	Held  string // what the same subtask, or the planner, has reserved, as text; empty: nothing
	Needs string // what the call may need, as text

	// Out is the most completion tokens with which the call would fit. 0: it does
	// not fit.
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
	a := amount{cost: u.Cost, tokens: u.In + u.Out, calls: max(u.Calls, 1)}
	if c.Price != nil {
		a.cost = max(a.cost, c.Price.most(u))
	}
	return a
}

// exceeded returns the first limit that used and need exceed together, or nil.
func (b *Budget) exceeded(c *Call, used, need amount) *BudgetError {
	var over *BudgetError
	switch {
	case b.Calls > 0 && used.calls+need.calls > b.Calls:
		return &BudgetError{Limit: "calls", Max: fmt.Sprint(b.Calls), Needs: fmt.Sprint(need.calls)}
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
