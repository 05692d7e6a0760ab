// Package typed gives Go types to what workers return: [Schema] makes the JSON
// Schema of a type, [Decode] reads a record that a worker or a planner wrote by it,
// and [Map] has a worker make one record from each item of a sequence.
//
//	items ─▶ pack ─▶ Worker.Work, so many at once ─▶ decode, check ─▶ results
//	                      ▲                              │ missing or wrong: alone
//	                      └──────────────────────────────┘
package typed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/db31e724/go-swarm/swarm"
)

// Result is the outcome of one item.
type Result[In, Out any] struct {
	Index      int // index of the item in the sequence, from 0
	In         In
	Out        Out
	Err        error // the error of this item; Out is then not valid
	Evidence   []swarm.Citation
	Confidence float64  // 0 to 1, as the worker states it; 0: not stated
	Doubts     []string // the checks that it still fails
	// Usage is what its calls used, and its share of calls for several items.
	Usage swarm.Usage
}

// Option is a setting for [Map].
type Option func(*options)

type options struct {
	concurrency int
	pack        int
	ordered     bool
	budget      swarm.Budget
	report      *swarm.Report
	observe     func(swarm.Event)
	journal     swarm.Journal
	checks      []any // func(In, Out) string
}

// WithConcurrency sets the most calls of the worker at the same time, such as
// workers.Pool's Slots. Default: 32.
func WithConcurrency(n int) Option { return func(o *options) { o.concurrency = n } }

// WithPack sets how many items share a call of the worker. Default: small items
// share calls of about 800 tokens, at most 32 in each, but a [swarm.WorkerFunc] or
// a [swarm.Swarm] gets one item at a time.
func WithPack(n int) Option { return func(o *options) { o.pack = n } }

// InOrder yields the results in the order of the items. Without it they come in the
// order in which they are ready. Results that wait for an earlier one are kept in
// memory, those of at most four times as many calls as the concurrency.
func InOrder() Option { return func(o *options) { o.ordered = true } }

// WithBudget sets hard limits. Once a call does not fit, no further call begins and
// no further items are read. If a journal knows the run from before, all items are
// read, so the sequence must end, and those that are recorded are yielded. Items that
// the budget left without a result are not yielded: the error at the end wraps a
// [*swarm.BudgetError] and tells how many they are.
func WithBudget(b swarm.Budget) Option { return func(o *options) { o.budget = b } }

// WithReport writes the run's report to r when the run ends.
func WithReport(r *swarm.Report) Option { return func(o *options) { o.report = r } }

// WithObserve sets a function that gets the run's events, as [swarm.Swarm].Observe.
func WithObserve(f func(swarm.Event)) Option { return func(o *options) { o.observe = f } }

// WithJournal records the worker's outputs, as [swarm.Swarm].Journal does. A Map
// that was cut off and is run again yields all results, but calls the worker only
// for the rest. A run is identified by its instruction and the type of its results,
// and a recorded result by its item's place and content.
func WithJournal(j swarm.Journal) Option { return func(o *options) { o.journal = j } }

// WithChecks applies checks to each record. A check returns what is wrong with it,
// in words that help a model to correct it, or "". If a check fails, the worker is
// asked again once, for that item alone. A record that fails again is kept, with a
// line in Doubts. Checks must be safe for concurrent use.
func WithChecks[In, Out any](checks ...func(In, Out) (wrong string)) Option {
	return func(o *options) {
		for _, c := range checks {
			o.checks = append(o.checks, c)
		}
	}
}

// Map has a worker make a record from each item, by the instruction do, and yields
// the results as they arrive. It is one run: calls are booked to it, and to the run
// of ctx if there is one.
//
// Subtask.Item holds an item as JSON, Step.Schema is that of Out, and Step.Must is
// set: use pointers in Out for values that may be missing. Small items share a
// call; see [WithPack] and [swarm.Subtask].Pack. An item that the reply leaves out,
// or whose record is wrong, is asked for again alone.
//
// An item's error, or a panic of the worker on it, is in its Result. Only the last
// pair may have a non-nil error, and then no result: it says why the run ended
// early, with items possibly left. Items are read one by one, on a goroutine of the
// run, as calls become free, so that memory does not grow with the sequence.
// Nothing happens until the result is ranged over. Breaking out of the range ends
// all calls and waits for them, but it cannot interrupt a sequence that blocks.
func Map[In, Out any](ctx context.Context, w swarm.Worker, items iter.Seq[In], do string, opts ...Option) iter.Seq2[Result[In, Out], error] {
	return func(yield func(Result[In, Out], error) bool) {
		m, err := newMapping[In, Out](w, items, do, opts)
		if err != nil {
			yield(Result[In, Out]{}, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		var run sync.WaitGroup
		defer func() { // also of a loop that panics
			cancel()
			for range m.ended {
			}
			run.Wait()
		}()
		run.Go(func() {
			defer close(m.ended)
			err = m.run(ctx)
		})
		for results := range m.ended {
			for _, e := range <-results {
				if !yield(e.Result, nil) {
					return
				}
			}
		}
		if run.Wait(); err != nil {
			yield(Result[In, Out]{}, err)
		}
	}
}

// mapping is one execution of Map.
type mapping[In, Out any] struct {
	options
	worker swarm.Worker
	items  iter.Seq[In]
	checks []func(In, Out) string

	one, many swarm.Step                        // of an item, and of several
	over      atomic.Pointer[swarm.BudgetError] // no further call is allowed; nil: they are
	plan      plan
	read      int          // items; of the goroutine that reads them
	left      atomic.Int64 // of them, without a result for want of budget

	// ended has a channel for each pack, from which its results come: of those that
	// have ended, or in order of all.
	ended chan chan []entry[In, Out]
}

const (
	defaultConcurrency = 32
	packTokens         = 800
	mostPacked         = 32
)

func newMapping[In, Out any](w swarm.Worker, items iter.Seq[In], do string, opts []Option) (*mapping[In, Out], error) {
	m := &mapping[In, Out]{worker: w, items: items}
	for _, set := range opts {
		set(&m.options)
	}
	switch {
	case w == nil || items == nil:
		return nil, errors.New("typed: Map needs a worker and items")
	case strings.TrimSpace(do) == "":
		return nil, errors.New("typed: Map: do is empty: say what is to be done with each item")
	case m.concurrency < 0 || m.pack < 0:
		return nil, fmt.Errorf("typed: concurrency %d, pack %d: neither may be negative", m.concurrency, m.pack)
	case m.concurrency == 0:
		m.concurrency = defaultConcurrency
	}
	switch w.(type) {
	case swarm.WorkerFunc, *swarm.Swarm:
		m.pack = max(m.pack, 1)
	}
	for _, c := range m.options.checks {
		check, ok := c.(func(In, Out) string)
		if !ok {
			return nil, fmt.Errorf("typed: a check is a %T, but of these items it is a %T", c, check)
		}
		m.checks = append(m.checks, check)
	}
	of, err := schemaOf[Out]()
	if err != nil {
		return nil, err
	}
	m.plan.do = do
	m.one = swarm.Step{Do: do, Over: swarm.Items, Schema: of, Must: true}
	if !isObject[Out]() {
		m.one.Schema = object("value", of)
	}
	m.many = m.one
	m.many.Do = `Do this for each of the numbered items by itself; "item" is its number, and "value" what is asked for: ` + do
	m.many.Schema = object("item", `{"type":"integer"}`, "value", of)
	m.ended = make(chan chan []entry[In, Out], 4*m.concurrency)
	return m, nil
}

// run is the run around all calls: a plan of one subtask, which goes through the
// items.
func (m *mapping[In, Out]) run(ctx context.Context) error {
	s := swarm.Swarm{Planner: &m.plan, Worker: swarm.WorkerFunc(m.flow), Rounds: 1, Budget: m.budget, Journal: m.journal, Observe: m.observe}
	a, err := s.Run(ctx, swarm.Task{Goal: m.one.Do, Run: string(m.one.Schema)})
	if m.report != nil {
		*m.report = a.Report
	}
	if failed, ok := errors.AsType[*swarm.SubtaskError](err); ok && ctx.Err() == nil {
		err = failed.Err
	}
	over, ok := errors.AsType[*swarm.BudgetError](err)
	if !ok || m.budget == (swarm.Budget{}) {
		return err
	}
	err = fmt.Errorf("typed: %d of the %d items that were read have no result: %w", m.left.Load(), m.read, err)
	if field := map[string]string{"cost": "Cost", "tokens": "Tokens", "calls": "Calls", "time": "Time"}[over.Limit]; field != "" {
		err = fmt.Errorf("%w: raise Budget.%s; with a journal (WithJournal) the same line run again goes on from here", err, field)
	}
	return err
}

// plan is a plan of one subtask, with this instruction.
type plan struct {
	do    string
	fresh bool // no journal knows the run from before
}

func (p *plan) Plan(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
	if len(b.Standing) == 0 { // else the subtask may be at work already
		p.fresh = true
	}
	return add(swarm.Step{ID: "map", Do: p.do})
}

func (*plan) Merge(context.Context, swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
	return swarm.Verdict{}, nil
}

func (*plan) Window() int { return 0 }

// text writes an item as a line of JSON.
func text(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", fmt.Errorf("typed: the item: %w", err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}
