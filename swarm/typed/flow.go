package typed

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sourcegraph/conc/panics"
	"golang.org/x/sync/errgroup"

	"github.com/db31e724/go-swarm/swarm"
)

// entry is an item that was taken, and what came of it. It has no record as long
// as Err is not nil.
type entry[In, Out any] struct {
	Result[In, Out]
	text        string // the item as JSON
	said, wrong string // a record that is not right, and why
}

var (
	errOpen   = errors.New("typed: the worker ended its goroutine (runtime.Goexit)") // or has not ended
	errUnpaid = errors.New("typed: the budget is used up")                           // the item is not yielded
)

// flow is the work of the run's only subtask: it takes the items, and has a bounded
// number of calls made of them.
func (m *mapping[In, Out]) flow(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
	m.one.ID, m.many.ID, st.Goal = st.Step.ID, st.Step.ID, ""
	var calls errgroup.Group
	calls.SetLimit(m.concurrency)
	defer calls.Wait() // also of a sequence that panics
	var open []entry[In, Out]
	tokens := 0
	start := func() {
		if len(open) == 0 {
			return
		}
		pack := open
		open, tokens = nil, 0
		results := make(chan []entry[In, Out], 1)
		if m.ordered {
			m.ended <- results
		}
		calls.Go(func() error {
			defer func() { // also of a worker that ends its goroutine
				paid := slices.DeleteFunc(pack, func(e entry[In, Out]) bool { return e.Err == errUnpaid })
				m.left.Add(int64(len(pack) - len(paid)))
				results <- paid
				if !m.ordered {
					m.ended <- results
				}
			}()
			m.work(ctx, st, pack)
			return nil
		})
	}
	var ended error
	for in := range m.items {
		shown, err := text(in)
		e := entry[In, Out]{Result: Result[In, Out]{Index: m.read, In: in, Err: cmp.Or(err, errOpen)}, text: shown}
		size := 0
		if m.pack == 0 {
			size = swarm.EstimateTokens(e.text)
		}
		if tokens+size > packTokens {
			start()
		}
		open, tokens = append(open, e), tokens+size
		if len(open) == cmp.Or(m.pack, mostPacked) {
			start()
		}
		m.read++
		if ctx.Err() != nil {
			ended = context.Cause(ctx)
			break
		}
		if m.over.Load() != nil && m.plan.fresh { // else later items may be recorded
			break
		}
	}
	start()
	calls.Wait()
	if over := m.over.Load(); over != nil {
		ended = over
	}
	return swarm.Say(fmt.Sprintf("%d items", m.read)), ended
}

// work makes the records of a pack, together and then alone what that left open.
func (m *mapping[In, Out]) work(ctx context.Context, st swarm.Subtask, pack []entry[In, Out]) {
	var open []*entry[In, Out]
	for i := range pack {
		if pack[i].Err == errOpen {
			open = append(open, &pack[i])
		}
	}
	st.Index = pack[0].Index
	if len(open) > 1 {
		open = m.together(ctx, st, open)
	}
	for _, e := range open {
		st.Index = e.Index
		m.alone(ctx, st, e)
	}
}

// together asks for the records of several items at once, and returns those that
// are to be asked for again.
func (m *mapping[In, Out]) together(ctx context.Context, st swarm.Subtask, open []*entry[In, Out]) (again []*entry[In, Out]) {
	var lines strings.Builder
	for i, e := range open {
		fmt.Fprintf(&lines, "%d: %s\n", i+1, e.text)
	}
	st.Step, st.Item, st.Pack = &m.many, lines.String(), len(open)
	right := make([]bool, len(open))
	used, err := m.ask(ctx, st, func(out swarm.Output) error {
		had := map[int]string{} // of two records of an item neither is taken
		for _, f := range out.Findings {
			var n struct {
				Item  int
				Value json.RawMessage
			}
			data, err := dataOf(f)
			if err != nil || json.Unmarshal(data, &n) != nil || n.Item < 1 || n.Item > len(open) || n.Value == nil {
				continue
			}
			e := open[n.Item-1]
			said, twice := had[n.Item]
			if had[n.Item] = string(n.Value); !twice {
				m.take(e, n.Value, f, out.Doubts)
				right[n.Item-1] = e.wrong == ""
			} else if said != string(n.Value) {
				e.Err, e.wrong, right[n.Item-1] = errOpen, "", false
			}
		}
		return nil
	})
	for i, e := range open {
		e.Usage = part(used, i, len(open))
		switch {
		case err != nil && !ofTheItem(ctx, err):
			e.Err = err
		case err != nil || !right[i]:
			again = append(again, e)
		}
	}
	return again
}

// alone asks for the record of one item, and where one is wrong once more with the
// fault told.
func (m *mapping[In, Out]) alone(ctx context.Context, st swarm.Subtask, e *entry[In, Out]) {
	st.Step, st.Item = &m.one, e.text
	for {
		told := e.wrong
		if told != "" {
			st.Feedback = []swarm.Feedback{{Said: e.said, Wrong: told}}
		}
		used, err := m.ask(ctx, st, func(out swarm.Output) error {
			if len(out.Findings) == 0 {
				return ErrNone
			}
			if n := len(out.Findings); n > 1 {
				out.Doubts = append(slices.Clone(out.Doubts), fmt.Sprintf("of %d records the first was taken", n))
			}
			data, err := valueOf[Out](out.Findings[0])
			if err != nil {
				return err
			}
			m.take(e, data, out.Findings[0], out.Doubts)
			return nil
		})
		e.Usage = e.Usage.Plus(used)
		switch {
		case err != nil && (told == "" || e.Err != nil):
			e.Err = err
			return
		case err == nil && e.wrong == "":
			return
		case told != "":
			if e.Err == nil {
				e.Doubts = append(e.Doubts, e.wrong)
			}
			return
		}
	}
}

// take reads a record into the item's result, and has it checked. One that cannot
// be read takes no other's place.
func (m *mapping[In, Out]) take(e *entry[In, Out], data json.RawMessage, f swarm.Finding, doubts []string) {
	e.said, e.wrong = string(data), ""
	var v Out
	if err := json.Unmarshal(data, &v); err != nil {
		if e.wrong = err.Error(); e.Err != nil {
			e.Err = fmt.Errorf("typed: %w", err)
		}
		return
	}
	e.Out, e.Evidence, e.Confidence, e.Doubts = v, f.Evidence, f.Confidence, slices.Clone(doubts)
	var wrong []string
	for _, check := range m.checks {
		if w := check(e.In, v); w != "" {
			wrong = append(wrong, w)
		}
	}
	e.Err, e.wrong = nil, strings.Join(wrong, "; ")
}

// ask calls the worker and reads what it says, and tells what the call used.
func (m *mapping[In, Out]) ask(ctx context.Context, st swarm.Subtask, read func(swarm.Output) error) (swarm.Usage, error) {
	worked := false
	out, used, err := swarm.Branch(ctx, swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		worked = true
		if m.over.Load() != nil {
			return swarm.Output{}, errUnpaid
		}
		out, err := m.worker.Work(ctx, st)
		if err == nil {
			err = read(out) // here its panic is caught too, and what it refuses not recorded
		}
		return out, err
	}), st)
	if err == nil && !worked { // it was recorded
		if p := panics.Try(func() { err = read(out) }); p != nil {
			err = p.AsError()
		}
	}
	if err == nil || m.budget == (swarm.Budget{}) {
		return used, err
	}
	over, ok := errors.AsType[*swarm.BudgetError](err)
	if !ok {
		over, ok = errors.AsType[*swarm.BudgetError](context.Cause(ctx)) // its time is over
	}
	if ok {
		m.over.Store(over)
		err = errUnpaid
	}
	return used, err
}

// ofTheItem says that a call may have failed by what it was about, so that each of
// its items is asked for alone. They are also after errUnpaid: that begins no call,
// and finds what is recorded.
func ofTheItem(ctx context.Context, err error) bool {
	if _, unpaid := errors.AsType[*swarm.BudgetError](err); unpaid || ctx.Err() != nil {
		return false
	}
	call, ok := errors.AsType[*swarm.CallError](err)
	return !ok || slices.Contains([]swarm.Class{swarm.ClassTooLong, swarm.ClassCut, swarm.ClassBroken, swarm.ClassRefused, swarm.ClassFiltered}, call.Class)
}

// part returns the ith of n parts of u, which together are u.
func part(u swarm.Usage, i, n int) swarm.Usage {
	of := func(x int) int { return x*(i+1)/n - x*i/n }
	u.Calls, u.In, u.Cached, u.Written, u.Out = of(u.Calls), of(u.In), of(u.Cached), of(u.Written), of(u.Out)
	u.Cost = swarm.Money(of(int(u.Cost)))
	return u
}
