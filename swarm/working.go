package swarm

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/db31e724/go-swarm/swarm/internal/schedule"
)

// working hands the subtasks of accepted steps to workers, on goroutines of
// its own, as the machine decides. A goroutine asks for a subtask when it is
// free and ends when there is none; one that gets a subtask has another
// goroutine started if a place is left, something is ready and nobody is about
// to ask anyway, so no goroutine waits for work. Guarded by the run's lock.
type working struct {
	run      *run
	machine  *schedule.Machine
	changed  sync.Cond                 // the run became quiet, or a phase ended
	coming   atomic.Int32              // goroutines on their way to ask for a subtask
	reducing bool                      // what is in the machine reduces results, and goes on past stepCtx
	away     map[schedule.Ref]*running // parked, or waiting for their place
}

// running is a subtask that was taken, its place and what it spent. It is the
// subtask's own context, which ends with the run's.
type running struct {
	scope    scope
	step     *step
	ref      schedule.Ref
	priority int64
	refused  error     // it must not begin: the budget is used up
	recorded *recorded // nil: nothing is kept

	// How the worker's call ended. The output stands in its place among the
	// results already.
	outcome Outcome
	unpaid  bool // err is a *BudgetError
	err     error

	// Guarded by the run's lock.
	back     chan struct{} // closed when it gets its place back
	usage    *Usage        // nil: no call was settled
	attempts int
}

var _ context.Context = (*running)(nil)

func (t *running) Deadline() (time.Time, bool) { return t.scope.run.ctxOf(t.step).Deadline() }
func (t *running) Done() <-chan struct{}       { return t.scope.run.ctxOf(t.step).Done() }
func (t *running) Err() error                  { return t.scope.run.ctxOf(t.step).Err() }

// Value lets Park, Reserve, Emit and Run find the subtask.
func (t *running) Value(key any) any {
	if key == (scopeKey{}) {
		return &t.scope
	}
	return t.scope.run.stepCtx.Value(key)
}

// spend adds to what the subtask used. The lock is held.
func (t *running) spend(used Usage, attempts int) {
	if t.usage == nil {
		t.usage = new(Usage)
	}
	*t.usage = t.usage.Plus(used)
	t.attempts += attempts
}

// add puts a step into the machine. The lock is held.
func (w *working) add(sp schedule.Spec) {
	w.machine.Add(sp)
	w.book()
	w.start()
}

// settle waits until the plan is closed and every subtask has ended.
func (w *working) settle() {
	w.run.mu.Lock()
	defer w.run.mu.Unlock()
	for w.run.plan.open || !w.machine.Quiet() {
		w.changed.Wait()
	}
	w.reducing = false
}

// reduce makes ready for a reducing step. The lock is held.
func (w *working) reduce() {
	if w.reducing = true; w.run.ctx.Err() == nil {
		w.machine.Resume() // the time for the plan's steps may be over
	}
}

// halt ends what has not started. The lock is held.
func (w *working) halt() {
	if !w.reducing || w.run.ctx.Err() != nil {
		w.machine.Cancel()
	}
	w.book()
	w.grant()
	w.changed.Broadcast()
	w.run.events.hurried = true
	w.run.events.room.Broadcast()
}

// start starts a goroutine if there is something to do, a place is free and no
// goroutine is on its way already. The lock is held.
func (w *working) start() {
	if w.coming.Load() > 0 || !w.machine.Ready() {
		return
	}
	w.coming.Add(1)
	w.run.group.Go(func() {
		for t := w.turn(nil); t != nil; t = w.turn(t) {
			w.do(t)
		}
	})
}

// turn ends last, if there is one, and takes the next subtask, if there is one.
// The lock is taken once for both.
func (w *working) turn(last *running) *running {
	r := w.run
	if last != nil {
		w.coming.Add(1)
	}
	r.lock()
	defer r.mu.Unlock()
	w.coming.Add(-1)
	if last != nil {
		w.ended(last)
	}
	ref, ok := w.machine.Next()
	if !ok {
		w.tellQuiet()
		return nil
	}
	t := &running{step: r.steps[ref.Step], ref: ref, priority: w.machine.Priority(int(ref.Step))}
	t.scope = scope{run: r, work: t}
	t.refused = t.scope.usedUp()
	r.emit(Event{Kind: SubtaskStarted, Round: t.step.round, Step: t.step.ID, Index: int(ref.Index)})
	w.start()
	return t
}

// tellQuiet wakes who waits for the machine to be quiet, if it is. The lock is
// held.
func (w *working) tellQuiet() {
	if w.machine.Quiet() {
		w.changed.Broadcast()
	}
}

// do runs one subtask. If the worker ends the goroutine by runtime.Goexit, the
// subtask is ended here and another goroutine takes over.
func (w *working) do(t *running) {
	out, err, returned := Output{}, t.refused, false
	defer func() {
		if returned {
			return
		}
		w.write(t, Output{}, err)
		w.run.lock()
		defer w.run.mu.Unlock()
		w.ended(t)
		w.start()
		w.tellQuiet()
	}()
	if err == nil && !t.step.needless() {
		guarded("the worker", &err, func() (err error) {
			out, err = w.work(t)
			return err
		})
	}
	returned = true
	w.write(t, out, err)
	w.record(t)
}

// work lets a worker work on a subtask, where no result of it is recorded.
func (w *working) work(t *running) (Output, error) {
	st := w.bind(t)
	if w.run.history != nil && !t.step.computed {
		if out, ok, err := w.recall(t, st); ok || err != nil {
			return out, err
		}
	}
	return t.step.worker.Work(t, st)
}

// needless says that a step need not be worked on: it is the rest of one that
// found something.
func (s *step) needless() bool { return s.after != nil && s.after.tally()[Done] > 0 }

// write puts what a worker returned into its place. It is the subtask's alone
// until the subtask has ended, so that no lock is needed; what says that it
// has ended, its outcome, is written by ended.
func (w *working) write(t *running, out Output, err error) {
	out.Findings = sane(out.Findings)
	res := &t.step.results[t.ref.Index]
	res.Out, res.Step, res.Index = out, &t.step.Step, int(t.ref.Index)
	res.Chunk, res.Item = t.step.input(res.Index)
	switch t.err = err; {
	case err == nil && len(out.Findings) == 0:
		t.outcome = Abstained
	case err == nil:
		t.outcome = Done
	case t.Err() != nil:
		t.outcome = Cancelled
		t.err = both(err, t.Err())
	default:
		t.outcome = Failed
	}
	if err != nil {
		_, t.unpaid = as[*BudgetError](err)
	}
	if out.Usage != nil || out.Models != nil {
		t.scope.bookRemote(&out)
	}
}

// sane brings confidences into 0 to 1. JSON and orders know no NaN.
func sane(fs []Finding) []Finding {
	odd := func(f Finding) bool { return !(f.Confidence >= 0 && f.Confidence <= 1) }
	if !slices.ContainsFunc(fs, odd) {
		return fs
	}
	fs = slices.Clone(fs) // the worker's own
	for i := range fs {
		switch c := &fs[i].Confidence; {
		case *c > 1:
			*c = 1
		case !(*c >= 0):
			*c = 0
		}
	}
	return fs
}

// ended books how a subtask ended, gives back what it holds, gives its place
// on, and ends or readies what follows from it. The lock is held.
func (w *working) ended(t *running) {
	r := w.run
	t.scope.end()
	if w.away[t.ref] != nil {
		delete(w.away, t.ref)
		close(t.back) // another goroutine of it may wait for the place
	}
	i := int(t.ref.Index)
	res := &t.step.results[i]
	if t.err != nil {
		if t.unpaid && t.attempts == 0 && t.outcome == Failed {
			t.outcome = Skipped
		}
		res.Err = &SubtaskError{ID: res.ID(), Outcome: t.outcome, Err: t.err}
	}
	res.Outcome, res.Attempts, res.Usage = t.outcome, t.attempts, t.usage
	if t.step.groups != nil {
		r.merge.reduced[t.outcome]++
	}
	r.emit(Event{Kind: SubtaskEnded, Outcome: t.outcome, Round: t.step.round, Step: t.step.ID, Index: i, To: i + 1, Usage: t.usage, Err: res.Err, Result: res, Replayed: t.recorded != nil && t.recorded.earlier})
	if t.outcome == Cancelled {
		w.machine.Cancel() // the watcher may be late: nothing more is to begin
	}
	w.machine.Done(t.ref, schedule.Outcome(t.outcome))
	w.book()
	w.grant()
}

// book carries out what the machine decided on its own: lists that can be
// unfolded, and subtasks that ended without having been taken. The lock is
// held.
func (w *working) book() {
	r := w.run
	for {
		n, ok := w.machine.Unfolding()
		if !ok {
			break
		}
		w.machine.Unfold(n, r.plan.unfoldList(r.steps[n]))
	}
	for _, d := range w.machine.Drain() {
		st := r.steps[d.Step]
		if st.results == nil {
			r.plan.unfold(st, d.To)
			r.emit(Event{Kind: StepUnfolded, Step: st.ID, To: d.To})
		}
		out := Outcome(d.Outcome)
		if st.groups != nil {
			r.merge.reduced[out] += d.To - d.From
		}
		var why error
		switch out {
		case Cancelled:
			why = &SubtaskError{ID: st.ID, Outcome: out, Err: cause(r.ctxOf(st))}
		case Skipped:
			why = &SubtaskError{ID: st.ID, Outcome: out, Err: errNeedFailed}
		}
		for i := d.From; i < d.To; i++ {
			res := &st.results[i]
			*res = Result{Step: &st.Step, Index: i, Outcome: out, Err: why}
			res.Chunk, res.Item = st.input(i)
		}
		r.emit(Event{Kind: SubtaskEnded, Outcome: out, Round: st.round, Step: st.ID, Index: d.From, To: d.To, Err: why})
	}
}

var errNeedFailed = errors.New("what it needs failed")

// grant wakes subtasks that got their place back. The lock is held.
func (w *working) grant() {
	for {
		ref, ok := w.machine.Grant()
		if !ok {
			return
		}
		t := w.away[ref]
		delete(w.away, ref)
		close(t.back)
	}
}

// park gives t's place away until the returned function is called.
func (w *working) park(t *running) func() {
	w.run.mu.Lock()
	defer w.run.mu.Unlock()
	if t.scope.over || !w.machine.Park(t.ref) {
		return func() {}
	}
	w.away[t.ref] = t
	back := make(chan struct{})
	t.back = back
	w.grant()
	w.start()
	asked := false
	return func() { // waits for the place, whoever asked first; a cancel grants all that wait
		w.run.mu.Lock()
		if !asked && !t.scope.over && w.machine.Return(t.ref) {
			delete(w.away, t.ref)
			close(t.back)
		}
		asked = true
		w.run.mu.Unlock()
		<-back
	}
}
