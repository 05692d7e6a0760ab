package swarmtest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

// TestPlanner tests a planner's contract. Planners made by newPlanner plan and
// merge for a built-in brief, whose only source has three short chunks, and then
// for briefs, which you can fit to your planner. It fails t if a planner
//
//   - panics, ends its goroutine, or does not return;
//   - writes no step in a first round and returns no error, or writes a step that
//     an engine would refuse: a bad or repeated ID, no instruction, a need that
//     was not written before;
//   - does not stop when the plan is closed or the run cancelled, or goes on
//     for ever when every step is refused;
//   - changes the results that it merges, keeps the writer after Merge has
//     returned, returns no error although the writer failed, writes text that
//     is not UTF-8, or returns a citation outside of its chunk or one that is
//     marked Verified and is not;
//   - returns a negative window;
//   - cannot merge no results, or unusual ones: empty ones, lists, instructions;
//   - is not safe for use by several runs at once, as far as the race detector
//     sees;
//   - leaves a goroutine behind.
//
// If a planner has a method Close, it is called at the end, before goroutines are
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
		found := s.plans(name, p, b)
		s.run(context.Background(), name+", window", func(context.Context) {
			if n := p.Window(); n < 0 {
				s.failf(name, "a window of %d tokens: it is positive, or 0 for any number", n)
			}
		})
		s.merges("merge, "+name, p, b, found)
		later := b
		later.Round, later.Last, later.Asked = 2, true, "Who may change the port?"
		later.Known = []swarm.Known{{Step: "1/read", Do: "Find the port.", Digest: "Port 8443."}}
		var w writing
		s.run(context.Background(), name+", a later round", func(ctx context.Context) { p.Plan(ctx, later, w.add) }) // it may have no steps
	}
	s.runsAtOnce(p)
	s.close(p)
	s.leftBehind()
	if name := s.late.Load(); name != nil {
		s.failf(*name, "it wrote after it had returned")
	}
}

// writing is an add for one call of Plan: it keeps what is written.
type writing struct {
	answer error  // to each step
	cancel func() // called from the step most on; may be nil
	most   int

	mu    sync.Mutex
	n     int
	steps []swarm.Step // the first of them
}

// mostSteps is how many steps a planner may write where none is accepted.
const mostSteps = 1000

func (w *writing) add(st swarm.Step) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.n++; w.n <= mostSteps {
		w.steps = append(w.steps, st)
	}
	if w.cancel != nil && w.n >= w.most {
		w.cancel()
	}
	return w.answer
}

func (w *writing) written() (steps []swarm.Step, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.steps, w.n
}

// plans lets p plan with every step accepted, and returns what comes of the steps;
// and then with every step refused, to a plan that is closed, and in a run that is
// cancelled.
func (s *suite) plans(name string, p swarm.Planner, b swarm.Brief) []swarm.Result {
	s.Helper()
	var accepted writing
	var err error
	returned := s.run(context.Background(), name, func(ctx context.Context) { err = p.Plan(ctx, b, accepted.add) })
	steps, _ := accepted.written()
	if returned && err == nil && len(steps) == 0 {
		s.failf(name, "Plan returned neither a step nor an error")
	}
	found, refused := carryOut(steps, b.Task)
	for _, err := range refused {
		s.failf(name, "an engine refuses a step: %v", err)
	}

	const onTheirWay = 16 // steps that may be, when a plan ends
	for _, c := range []struct {
		name     string
		answer   error
		cancelAt int // this step
		most     int
		breach   string
	}{
		// A planner may mend and try again.
		{"every step refused", &swarm.PlanError{Field: "do", Mend: "no step is accepted"}, mostSteps + 1, mostSteps, "it had written %d steps and went on"},
		{"the plan closed", swarm.ErrPlanClosed, mostSteps + 1, onTheirWay, "it wrote %d steps to a plan that was closed"},
		{"cancelled at a step", context.Canceled, 1, onTheirWay, "it wrote %d steps after the run was cancelled"},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		w := writing{answer: c.answer, cancel: cancel, most: c.cancelAt}
		s.run(ctx, name+", "+c.name, func(ctx context.Context) { p.Plan(ctx, b, w.add) })
		cancel()
		if _, n := w.written(); n > c.most {
			s.failf(name, c.breach, min(n, mostSteps))
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.run(ctx, name+", cancelled before", func(ctx context.Context) { p.Plan(ctx, b, func(swarm.Step) error { return ctx.Err() }) })
	return found
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
				found, _ := carryOut(steps, b.Task)
				p.Merge(ctx, b, found, &text)
			})
		})
	}
	wg.Wait()
	s.stop()
}
