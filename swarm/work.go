package swarm

import (
	"context"
	"errors"
	"time"

	"github.com/db31e724/go-swarm/swarm/internal/schedule"
)

// working is a subtask that was taken: whose it is, its place and what it
// spent. It is the subtask's own context, which ends with the run's. A
// goroutine makes them in slabs, for a run may have millions.
type working struct {
	scope    scope
	step     *step
	ref      schedule.Ref
	priority int64

	// Guarded by the run's lock.
	back     chan struct{} // closed when it gets its place back
	usage    *Usage        // nil: no call was settled
	attempts uint16
	over     bool // it has ended: a late Park or Reserve changes nothing of it
}

var _ context.Context = (*working)(nil)

func (w *working) Deadline() (time.Time, bool) { return w.scope.run.stepCtx.Deadline() }
func (w *working) Done() <-chan struct{}       { return w.scope.run.stepCtx.Done() }
func (w *working) Err() error                  { return w.scope.run.stepCtx.Err() }

// Value lets Park, Reserve and Emit find the subtask.
func (w *working) Value(key any) any {
	if key == (scopeKey{}) {
		return &w.scope
	}
	return w.scope.run.stepCtx.Value(key)
}

// ending is how a worker's call ended. The output stands in its place among
// the results already.
type ending struct {
	outcome Outcome
	err     error
	usage   *Usage // of calls that this ledger did not see
}

const slabSize = 16

// slab hands out workings, several to one allocation. What is handed out is
// never used again: a worker may keep its context.
type slab struct{ free []working }

func (s *slab) next() *working {
	if len(s.free) == 0 {
		s.free = make([]working, slabSize)
	}
	w := &s.free[0]
	s.free = s.free[1:]
	return w
}

// hire starts a goroutine if there is something to do, a place is free and no
// goroutine is on its way already. The lock is held.
func (r *run) hire() {
	if r.hands > 0 || !r.machine.Ready() {
		return
	}
	r.hands++
	r.group.Go(r.work)
}

// work is the life of a worker goroutine: it asks for a subtask when it is
// free, and ends when there is none. One that gets a subtask has another
// goroutine started if places are left.
func (r *run) work() error {
	var s slab
	desk := int32(-1)
	var last *working
	var got ending
	for {
		w := s.next()
		if !r.turn(last, &got, w, &desk) {
			return nil
		}
		r.do(w, &got, desk)
		last = w
	}
}

// turn ends last, if there is one, and takes the next subtask into w. The
// lock is taken once for both.
func (r *run) turn(last *working, got *ending, w *working, desk *int32) bool {
	r.letBurst(*desk)
	r.enterLock()
	defer r.leaveLock()
	if last != nil {
		r.ended(last, got)
	} else {
		r.hands--
	}
	ref, ok := r.machine.Next()
	if !ok {
		r.leave(desk)
		return false
	}
	w.scope = scope{run: r, work: w}
	w.step = r.steps[ref.Step]
	w.ref = ref
	w.priority = r.machine.Priority(int(ref.Step))
	if *desk < 0 {
		*desk = r.sit()
	}
	r.desks[*desk] = w
	r.turned(*desk)
	r.started(w)
	r.hire()
	return true
}

// sit and leave keep the list of what each worker goroutine is working on.
func (r *run) sit() int32 {
	if k := len(r.idle); k > 0 {
		d := r.idle[k-1]
		r.idle = r.idle[:k-1]
		return d
	}
	r.desks = append(r.desks, nil)
	return int32(len(r.desks) - 1)
}

func (r *run) leave(desk *int32) {
	if *desk >= 0 {
		r.desks[*desk] = nil
		r.idle = append(r.idle, *desk)
		*desk = -1
	}
	if r.machine.Quiet() {
		r.changed.Broadcast()
	}
}

// do runs one subtask. If the worker ends the goroutine by runtime.Goexit,
// the subtask is ended here and another goroutine takes over.
func (r *run) do(w *working, got *ending, desk int32) {
	*got = ending{}
	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil {
			r.write(w, got, Output{}, panicked("the worker", v))
			return
		}
		r.write(w, got, Output{}, exited("the worker"))
		r.enterLock()
		defer r.leaveLock()
		r.ended(w, got)
		r.leave(&desk)
		r.hire()
	}()
	st := r.bind(w.step, int(w.ref.Index))
	st.Priority = w.priority
	out, err := r.swarm.Worker.Work(w, st)
	r.write(w, got, out, err)
	returned = true
}

// write puts what a worker returned into its place. It is the subtask's alone
// until the subtask has ended, so that no lock is needed; what says that it
// has ended, its outcome, is written by ended.
func (r *run) write(w *working, got *ending, out Output, err error) {
	if err == nil && w.step.Schema == SchemaList && !out.Abstain {
		_, err = listItems(out.Text)
	}
	res := &w.step.results[w.ref.Index]
	res.Out, res.Step, res.Index = out, &w.step.Step, w.ref.Index
	got.usage = out.Usage
	switch got.err = err; {
	case err == nil && out.Abstain:
		got.outcome = Abstained
	case err == nil:
		got.outcome = Done
	case r.stepCtx.Err() != nil:
		got.outcome = Cancelled
	default:
		got.outcome = Failed
	}
}

// started books that a subtask was taken. The lock is held.
func (r *run) started(w *working) {
	if r.report.FirstSubtask == 0 {
		first(&r.report.FirstSubtask, time.Since(r.start))
	}
	if r.queue.on {
		r.queue.put(record{kind: SubtaskStarted, step: w.step, index: w.ref.Index, at: r.now})
	}
}

// ended books how a subtask ended, gives its place on, and ends or readies
// what follows from it. The lock is held.
func (r *run) ended(w *working, got *ending) {
	w.over = true
	if len(r.away) > 0 {
		if _, away := r.away[w.ref]; away {
			delete(r.away, w.ref)
			close(w.back) // another goroutine of it may wait for the place
		}
	}
	i := w.ref.Index
	res := &w.step.results[i]
	if got.err != nil {
		if _, refused := errors.AsType[*BudgetError](got.err); refused && w.attempts == 0 && got.outcome == Failed {
			got.outcome = Skipped
		}
		res.Err = &SubtaskError{ID: res.ID(), Outcome: got.outcome, Err: got.err}
	}
	if got.usage != nil {
		r.bookRemote(w, *got.usage)
	}
	res.Outcome, res.Attempts, res.Usage = got.outcome, w.attempts, w.usage
	r.report.ended(got.outcome, 1)
	if r.queue.on {
		r.queue.put(record{kind: SubtaskEnded, outcome: got.outcome, step: w.step, index: i, at: r.now, plain: res.Usage == nil && res.Err == nil})
	}
	if got.outcome == Cancelled {
		r.machine.Cancel() // the watcher may be late: nothing more is to begin
	}
	r.machine.Done(w.ref, schedule.Outcome(got.outcome))
	r.book()
	r.grant()
}

// book carries out what the machine decided on its own: lists that can be
// unfolded, and subtasks that ended without having been taken. The lock is
// held.
func (r *run) book() {
	for {
		n, ok := r.machine.Unfolding()
		if !ok {
			break
		}
		r.unfoldList(r.steps[n])
	}
	for _, d := range r.machine.Drain() {
		st := r.steps[d.Step]
		if st.results == nil {
			r.unfold(st, d.To)
			r.tell(Event{Kind: StepUnfolded, Step: st.ID, To: d.To})
		}
		out := Outcome(d.Outcome)
		why := r.whyEnded(st, out)
		for i := d.From; i < d.To; i++ {
			st.results[i] = Result{Step: &st.Step, Index: int32(i), Outcome: out, Err: why}
		}
		r.tell(Event{Kind: SubtaskEnded, Outcome: out, Round: st.round, Step: st.ID, Index: d.From, To: d.To, Err: why})
	}
}

// whyEnded says why subtasks of a step ended without having been taken.
func (r *run) whyEnded(st *step, out Outcome) error {
	switch out {
	case Abstained:
		return nil
	case Cancelled:
		return &SubtaskError{ID: st.ID, Outcome: out, Err: cause(r.stepCtx)}
	}
	return &SubtaskError{ID: st.ID, Outcome: out, Err: errNeedFailed}
}

var errNeedFailed = errors.New("what it needs failed")

// grant wakes subtasks that got their place back. The lock is held.
func (r *run) grant() {
	for {
		ref, ok := r.machine.Grant()
		if !ok {
			return
		}
		w := r.away[ref]
		delete(r.away, ref)
		close(w.back)
	}
}

// park gives w's place away until the returned function is called.
func (r *run) park(w *working) func() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w.over || !r.machine.Park(w.ref) {
		return func() {}
	}
	r.away[w.ref] = w
	back := make(chan struct{})
	w.back = back
	r.grant()
	r.hire()
	asked := false
	return func() { r.unpark(w, back, &asked) }
}

// unpark waits until w has a place again, whoever asked first. A cancel
// grants all that wait.
func (r *run) unpark(w *working, back <-chan struct{}, asked *bool) {
	r.mu.Lock()
	if !*asked {
		*asked = true
		if !w.over && r.machine.Return(w.ref) {
			delete(r.away, w.ref)
			close(w.back)
		}
	}
	r.mu.Unlock()
	<-back
}
