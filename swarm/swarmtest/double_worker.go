package swarmtest

import (
	"cmp"
	"context"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// Act says what a [Worker] does with one subtask. The zero Act echoes the input.
type Act struct {
	// Wait is a delay before anything else; the end of the context cuts it short.
	// With Park the worker calls swarm.Park during it.
	Wait time.Duration
	Park bool

	// Spends is reserved and settled as one call of the model "double". Price nil:
	// the price is unknown.
	Spends *swarm.Usage
	Price  *swarm.Price

	Panic   any          // not nil: panics with it, after Spends was reserved and before it is settled
	Nested  *swarm.Swarm // not nil: works on the subtask as a nested run
	Err     error        // not nil: returned
	Abstain bool         // it finds nothing
	Out     swarm.Output // returned; zero: the input is echoed
}

// Worker is a scripted worker for tests: it does for each subtask what Script says,
// and records the subtasks. The zero Worker echoes its input. It is safe for
// concurrent use, and must not be copied after its first use.
type Worker struct {
	// Script says what to do with a subtask; nil: echo.
	Script func(swarm.Subtask) Act

	mu   sync.Mutex
	ids  []string
	now  int
	peak int
}

// Work does what Script says for st.
func (w *Worker) Work(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
	w.mu.Lock()
	w.ids = append(w.ids, st.ID())
	w.now++
	w.peak = max(w.peak, w.now)
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.now--
		w.mu.Unlock()
	}()
	var act Act
	if w.Script != nil {
		act = w.Script(st)
	}
	return act.do(ctx, st)
}

func (a Act) do(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
	var reserved *swarm.Reservation
	var err error
	if a.Spends != nil {
		if reserved, err = swarm.Reserve(ctx, swarm.Call{Backend: "double", Model: "double", Price: a.Price, Est: *a.Spends}); err != nil {
			return swarm.Output{}, err
		}
	}
	err = cmp.Or(a.wait(ctx), a.Err)
	if a.Panic != nil {
		panic(a.Panic)
	}
	if a.Spends != nil {
		reserved.Settle(*a.Spends, err)
	}
	if err != nil {
		return swarm.Output{}, err
	}
	if a.Nested != nil {
		return a.Nested.Work(ctx, st)
	}
	if !a.Abstain && reflect.ValueOf(a.Out).IsZero() {
		return echo(st), nil
	}
	return a.Out, nil
}

func (a Act) wait(ctx context.Context) error {
	if a.Park {
		unpark := swarm.Park(ctx)
		defer unpark()
	}
	if a.Wait <= 0 {
		return context.Cause(ctx)
	}
	select {
	case <-time.After(a.Wait):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// echo returns the subtask's input as its output: the text of its chunk, cited
// whole, its item, the texts that it follows, or its instruction.
func echo(st swarm.Subtask) swarm.Output {
	switch {
	case len(st.From) > 0:
		var texts []string
		for _, r := range st.From {
			texts = append(texts, r.Out.Text())
		}
		return swarm.Say(strings.Join(texts, "\n"))
	case st.Chunk != nil:
		cite := st.Chunk.Cite(0, len(st.Chunk.Text))
		cite.Verified = true
		return swarm.Output{Findings: []swarm.Finding{{Text: st.Chunk.Text, Evidence: []swarm.Citation{cite}}}}
	}
	return swarm.Say(cmp.Or(st.Item, st.Step.Do))
}

// IDs returns the IDs of the subtasks in the order in which they started; a subtask
// that was tried again is listed again.
func (w *Worker) IDs() []string { return copyOf(&w.mu, &w.ids) }

// Peak returns the most subtasks that were in Work at once, parked ones included.
func (w *Worker) Peak() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.peak
}
