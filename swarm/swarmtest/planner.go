package swarmtest

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

// TestPlanner tests a planner's contract: newPlanner's planners plan and merge
// for a brief of the suite's own, whose one source has three short chunks, and
// then for briefs, which suit the planner at hand. It fails t if one
//
//   - panics, ends its goroutine, or does not return;
//   - plans nothing for a first round and returns no error, or, where every
//     step was accepted, wrote a step that an engine would have refused: a bad
//     or repeated ID, no instruction, a need that is not written before;
//   - does not stop when the plan is closed or the run cancelled, or goes on
//     for ever when every step is refused;
//   - changes the results that it merges, keeps the writer after Merge has
//     returned, returns no error although the writer failed, writes text that
//     is not UTF-8, or returns a citation outside of its chunk or one that is
//     called verified and is not;
//   - names a window of less than nothing;
//   - cannot merge nothing, or odd results: empty ones, lists, orders;
//   - is not safe for use by several runs at once, as far as the race detector
//     can tell;
//   - leaves a goroutine behind.
//
// A planner with a method Close is closed at the end, before goroutines are
// counted.
func TestPlanner(t testing.TB, newPlanner func() swarm.Planner, briefs ...swarm.Brief) {
	t.Helper()
	s := newSuite(t, "planner")
	p := newPlanner()
	for i, b := range append([]swarm.Brief{ownBrief()}, briefs...) {
		name := "the suite's brief"
		if i > 0 {
			name = fmt.Sprintf("brief %d", i-1)
		}
		b.Run, b.Round = "r1", max(b.Round, 1)
		steps := s.plan(name, p, b)
		s.planRefused(name, p, b)
		s.planStopped(name, p, b)
		s.window(name, p)

		found := resultsOf(b, steps)
		s.merge(name, p, b, found)
		s.merge(name+", nothing found", p, b, nil)
		s.merge(name+", odd results", p, b, oddResults(b))
		s.mergeToBrokenWriter(name, p, b, found)
		s.mergeCancelled(name, p, b, found)
		later := b
		later.Round, later.Last, later.Asked = 2, true, "Who may change the port?"
		later.Known = []swarm.Known{{Step: "1/read", Do: "Find the port.", Digest: "Port 8443."}}
		s.planAgain(name, p, later)
	}
	s.runsAtOnce(p)
	s.close(p)
	s.leftBehind()
	s.keptWriters()
}

// writing is an add for one call of Plan: it keeps what is written.
type writing struct {
	answer func(n int, st swarm.Step) error // to the n-th step, from 1; nil: accepted

	mu    sync.Mutex
	n     int
	steps []swarm.Step // the first of them
}

// mostSteps is how many steps a planner may write where none is accepted.
const mostSteps = 1000

func (w *writing) add(st swarm.Step) error {
	w.mu.Lock()
	w.n++
	n := w.n
	if n <= mostSteps {
		w.steps = append(w.steps, st)
	}
	w.mu.Unlock()
	if w.answer == nil {
		return nil
	}
	return w.answer(n, st)
}

func (w *writing) written() (steps []swarm.Step, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.steps, w.n
}

// plan lets p plan with every step accepted, and returns the steps.
func (s *suite) plan(name string, p swarm.Planner, b swarm.Brief) []swarm.Step {
	s.Helper()
	var w writing
	var err error
	returned := s.call(context.Background(), name, func(ctx context.Context) { err = p.Plan(ctx, b, w.add) })
	s.stop()
	steps, _ := w.written()
	if returned && err == nil && len(steps) == 0 {
		s.failf(name, "Plan returned neither a step nor an error")
	}
	for _, err := range refused(steps, b.Task) {
		s.failf(name, "an engine refuses a step: %v", err)
	}
	return steps
}

// window asks p how many tokens of results a merge reads.
func (s *suite) window(name string, p swarm.Planner) {
	s.Helper()
	s.call(context.Background(), name+", window", func(context.Context) {
		if n := p.Window(); n < 0 {
			s.failf(name, "a window of %d tokens: it is positive, or 0 for any number", n)
		}
	})
	s.stop()
}

// planAgain lets p plan a later round, which may have no steps.
func (s *suite) planAgain(name string, p swarm.Planner, b swarm.Brief) {
	s.Helper()
	var w writing
	s.call(context.Background(), name+", a later round", func(ctx context.Context) { p.Plan(ctx, b, w.add) })
	s.stop()
}

// planRefused answers every step with an error. A planner may mend and try
// again; it must not do so for ever.
func (s *suite) planRefused(name string, p swarm.Planner, b swarm.Brief) {
	s.Helper()
	name += ", every step refused"
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w := writing{answer: func(n int, st swarm.Step) error {
		if n > mostSteps {
			cancel()
		}
		return &swarm.PlanError{Step: st.ID, Field: "do", Value: "", Mend: "no step is accepted"}
	}}
	s.call(ctx, name, func(ctx context.Context) { p.Plan(ctx, b, w.add) })
	s.stop()
	if _, n := w.written(); n > mostSteps {
		s.failf(name, "it had written %d steps and went on", mostSteps)
	}
}

// planStopped closes the plan at the first step, and cancels the run at it.
func (s *suite) planStopped(name string, p swarm.Planner, b swarm.Brief) {
	s.Helper()
	const most = 16 // steps that may be on their way
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	closed := writing{answer: func(n int, _ swarm.Step) error {
		if n > mostSteps {
			cancel()
		}
		return swarm.ErrPlanClosed
	}}
	s.call(ctx, name+", the plan closed", func(ctx context.Context) { p.Plan(ctx, b, closed.add) })
	s.stop()
	if _, n := closed.written(); n > most {
		s.failf(name, "it wrote %d steps to a plan that was closed", n)
	}

	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	cancelled := writing{answer: func(int, swarm.Step) error {
		cancel()
		return context.Cause(ctx)
	}}
	s.call(ctx, name+", cancelled at a step", func(ctx context.Context) { p.Plan(ctx, b, cancelled.add) })
	s.stop()
	if _, n := cancelled.written(); n > most {
		s.failf(name, "it wrote %d steps after the run was cancelled", n)
	}
	s.call(ctx, name+", cancelled before", func(ctx context.Context) { p.Plan(ctx, b, cancelled.add) })
	s.stop()
}

// runsAtOnce plans and merges for several runs at the same time.
func (s *suite) runsAtOnce(p swarm.Planner) {
	s.Helper()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			b := ownBrief()
			b.Run = fmt.Sprintf("r%d", i)
			s.call(context.Background(), "several runs at once", func(ctx context.Context) {
				var w writing
				if err := p.Plan(ctx, b, w.add); err != nil {
					return
				}
				var text swarm.AnswerWriter
				steps, _ := w.written()
				p.Merge(ctx, b, resultsOf(b, steps), &text)
			})
		})
	}
	wg.Wait()
	s.stop()
}

// refused returns what an engine answers to steps that it does not accept.
func refused(steps []swarm.Step, task swarm.Task) []error {
	p := &Planner{Rounds: []Round{{Steps: steps}}}
	task.Goal = cmp.Or(task.Goal, goal)
	engine := swarm.Swarm{Planner: p, Rounds: 1, Worker: swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
		return swarm.Output{Abstain: true}, nil
	})}
	engine.Run(context.Background(), task)
	return p.Refused()
}
