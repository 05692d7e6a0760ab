package swarm

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync/atomic"
)

// Call is a model call that is about to be made, as the ledger sees it.
type Call struct {
	Backend string
	Model   string
	Price   *Price // nil: unknown
	Est     Usage  // an upper estimate of its tokens; of several calls at once, such as those of a worker elsewhere, also of their Calls and Cost
}

type scopeKey struct{}

// scope is what a context knows of the run that it belongs to: who spends,
// and whose place it is. What follows merging is guarded by the run's lock.
type scope struct {
	run     *run
	work    *running // the subtask; nil in the planner's Plan and Merge
	planner bool     // its calls are the planner's
	merging bool     // and may spend what is kept for the merge

	over   bool    // the subtask, Plan or Merge has ended: a late Park or Reserve changes nothing
	nested int32   // runs that were started in it
	holder *holder // of its reservations; nil: there were none
	of     *scope  // what it is a branch of; nil: none
	used   Usage   // of its calls, where it is a branch
}

func scopeOf(ctx context.Context) *scope {
	s, _ := ctx.Value(scopeKey{}).(*scope)
	return s
}

// parties returns the accounts that a call within s is booked to, innermost
// first.
func (s *scope) parties() []party {
	var ps []party
	for ; s != nil; s = s.run.outer {
		s.run.mu.Lock()
		ps = append(ps, party{s.run.account, s.planner, s.merging, s.holder})
		s.run.mu.Unlock()
	}
	return ps
}

// usedUp returns why no subtask of the run may begin any more: calls that the
// ledger could not refuse have used up a limit, of its run or of one around it.
func (s *scope) usedUp() error {
	for ; s != nil; s = s.run.outer {
		if a := s.run.account; a.remote.Load() {
			if over := a.usedUp(); over != nil {
				return over
			}
		}
	}
	return nil
}

// end says that the subtask, Plan or Merge has ended, and gives back what it
// still holds. The run's lock is held.
func (s *scope) end() {
	s.over = true
	if s.holder != nil {
		s.run.account.ledger.end(s.holder)
	}
}

// ended says that the subtask, Plan, Merge or branch has ended. The run's lock is
// held.
func (s *scope) ended() bool { return s.over || s.of != nil && s.of.ended() }

// fill says in an event whose it is.
func (s *scope) fill(e *Event) {
	e.Role = RoleWorker
	if s.planner {
		e.Role = RolePlanner
	}
	if s.work != nil {
		e.Step, e.Index = s.work.step.ID, int(s.work.ref.Index)
		e.Round = s.work.step.round
	}
}

// emit reports an event about a call to the observers of the run and of all runs
// around it. used, if it is not nil, counts for the subtask of each.
func (s *scope) emit(e Event, used *Usage, attempts int) {
	for ; s != nil; s = s.run.outer {
		e.Step, e.Index, e.Round = "", 0, 0
		s.run.lock()
		if used != nil && !s.ended() {
			if s.work != nil {
				s.work.spend(*used, attempts)
				if k := s.work.recorded; k != nil && s.of == nil {
					k.ownCalls = true
				}
			}
			for b := s; b != nil; b = b.of {
				b.used = b.used.Plus(*used)
			}
		}
		s.fill(&e)
		s.run.emit(e)
		s.run.mu.Unlock()
	}
}

// Park frees the place of ctx's subtask (see Swarm.Concurrency) for another subtask
// while this one waits for a back-off, a person or another machine. The subtask
// must not work until it has called unpark, which blocks until a place is free
// again or the run is cancelled. unpark may be called more than once. Outside a
// subtask both do nothing. In a nested run only the nested run's place is freed.
func Park(ctx context.Context) (unpark func()) {
	s := scopeOf(ctx)
	if s == nil || s.work == nil || s.of != nil {
		return func() {}
	}
	return s.run.work.park(s.work)
}

// Branch calls w for one of several parts that ctx's subtask works on at the same
// time. used is the usage of the calls that were settled for it. They are booked to
// the subtask, but reserve money as if the branch were a subtask of its own: a call
// that does not fit waits for calls of other branches instead of being refused.
// Park has no effect in a branch. Usage in the output is booked and removed from
// it. A panic of w becomes the error. In a run with a Journal the output is
// recorded as a subtask's is; if one was recorded, it is returned and w is not
// called. Outside a run Branch only calls w.
func Branch(ctx context.Context, w Worker, st Subtask) (out Output, used Usage, err error) {
	work := func(ctx context.Context) {
		guarded("the worker", &err, func() (err error) {
			out, err = w.Work(ctx, st)
			return err
		})
	}
	of := scopeOf(ctx)
	if of == nil {
		work(ctx)
		return out, used, err
	}
	s := &scope{run: of.run, work: of.work, planner: of.planner, merging: of.merging, of: of}
	defer func() {
		s.run.mu.Lock()
		defer s.run.mu.Unlock()
		s.end()
		used = s.used
	}()
	at, known, err := s.recall(st, &out)
	if known || err != nil {
		return out, used, err
	}
	work(context.WithValue(ctx, scopeKey{}, s))
	s.bookRemote(&out)
	out.Usage, out.Models = nil, nil
	if err == nil {
		err = s.record(at, out)
	}
	return out, used, err
}

// Caller identifies who makes a call. Pools share their slots among runs and serve
// the most urgent subtask of a run first.
type Caller struct {
	Run      string // ID of the outermost run; empty outside a run
	Priority int64  // of the subtask, larger first; 0 for the planner's calls
}

// CallerOf returns the outermost run and the priority of ctx's subtask. Outside a
// run it is zero.
func CallerOf(ctx context.Context) Caller {
	s := scopeOf(ctx)
	if s == nil {
		return Caller{}
	}
	c := Caller{Run: s.run.root}
	if s.work != nil {
		c.Priority = s.work.priority
	}
	return c
}

// Reserve sets aside the most that a model call may cost, in the budgets of ctx's
// run and of the runs around it. Call it before waiting for a slot. c.Est is an
// upper estimate of the call's tokens, c.Price the price of the most expensive
// backend that may take it.
//
// With a Budget, Reserve waits while only calls in flight prevent the call from
// fitting, and otherwise refuses a call that does not fit. After an error, a
// *BudgetError or the context's cause, the call must not be made. Waiting calls are
// served in order: the planner's first, then the most urgent subtask's, then by
// arrival. Reserve does not wait for reservations of the same subtask or of a
// subtask around it: a call that does not fit beside them is refused. Two subtasks
// that each hold a reservation and reserve another can block each other; to avoid
// that, settle one call before reserving the next.
//
// If ctx has ended, Reserve does not wait: it takes what fits at once. It returns
// an error once the subtask or the run has ended. Outside a run it returns a
// reservation that does nothing. Safe for concurrent use.
func Reserve(ctx context.Context, c Call) (*Reservation, error) {
	s := scopeOf(ctx)
	if s == nil {
		return &Reservation{}, nil
	}
	c.Est = c.Est.bounded()
	if err := cause(s.run.ctx); err != nil {
		return nil, err
	}
	s.run.mu.Lock()
	if s.holder == nil {
		s.holder = new(holder)
	}
	h, ended := s.holder, s.ended()
	s.run.mu.Unlock()
	if ended {
		return nil, errHolderEnded
	}
	r := &Reservation{
		scope: s, call: c, held: c.amount(c.Est), parties: s.parties(), holder: h,
		priority: CallerOf(ctx).Priority, ready: make(chan struct{}),
	}
	if s.planner {
		r.priority = math.MaxInt64
	}
	if err := s.run.account.ledger.reserve(ctx, r); err != nil {
		return nil, err
	}
	return r, nil
}

// Reservation is money, tokens and a call that are set aside for one model call.
// Settle or Release ends it; further calls of either do nothing. When a subtask,
// Plan or Merge ends, the reservations that it still holds are released; a later
// Settle only books what was used. A Reservation is for one goroutine at a time.
type Reservation struct {
	scope   *scope // nil: outside a run
	call    Call
	held    amount
	parties []party
	holder  *holder
	ended   atomic.Bool // by Settle or Release

	// While it waits in the ledger's queue.
	priority int64
	ready    chan struct{} // closed when it was decided
	decided  bool
	err      error
	stop     func(error) // the run that err ends
}

// By replaces the backend, model, price and estimate by which the call will be
// booked, if they differ from what was reserved.
func (r *Reservation) By(c Call) {
	c.Est = c.Est.bounded()
	r.call = c
}

// Settle books the call once it has ended. used is what it used; Settle fills in
// Calls (one) and Cost (at the call's price). err is the call's error, if any. The
// usage counts for the subtask, the role, the model, the run and each run around
// it; their observers get CallEnded.
func (r *Reservation) Settle(used Usage, err error) {
	if r.scope == nil || r.ended.Swap(true) {
		return
	}
	c := &r.call
	used = used.bounded()
	used.Calls = 1
	used.Cost = 0
	if c.Price != nil {
		used.Cost = c.Price.Cost(used)
		if used.AtLeast && used.Cached+used.Written == 0 { // where its prompt met a cache is not known
			used.Cost = c.Price.most(used)
		}
	} else {
		used.Unpriced = true
	}
	r.scope.run.account.ledger.settle(r, used)
	r.scope.emit(Event{Kind: CallEnded, Model: c.Model, Price: c.Price, Usage: &used, Est: &c.Est, Err: err}, &used, 1)
}

// Release returns what was reserved, for a call that was not made.
func (r *Reservation) Release() {
	if r.scope != nil && !r.ended.Swap(true) {
		r.scope.run.account.ledger.settle(r, Usage{})
	}
}

// bookRemote books what a worker's output says of calls that this ledger did
// not see.
func (s *scope) bookRemote(out *Output) {
	book := func(model string, used Usage) {
		used = used.bounded()
		s.run.account.ledger.spendRemote(s.parties(), used)
		s.emit(Event{Kind: CallEnded, Model: model, Usage: &used}, &used, 0)
	}
	for _, model := range slices.Sorted(maps.Keys(out.Models)) {
		book(model, out.Models[model])
	}
	if out.Usage != nil {
		book("", *out.Usage)
	}
}

// Emit sends an event to the observer of ctx's run. Retrying, Learned,
// ToolCalled and WorkedElsewhere also go to the observers of the runs around it. Emit fills in Run, At
// and what is known of the subtask. It blocks while an observer's queue is full, so
// an observer must not call it: it would wait for itself. It does nothing outside a
// run, and for kinds that only the engine emits (Run…, Plan…, Subtask…, Call…,
// Merge…, AnswerText, StepAdded, StepUnfolded). Safe for concurrent use.
func Emit(ctx context.Context, e Event) {
	s := scopeOf(ctx)
	switch e.Kind {
	case RunStarted, StepAdded, StepUnfolded, PlanEnded, SubtaskStarted, SubtaskEnded, CallEnded, MergeStarted, AnswerText, MergeEnded, RunEnded:
		return // the run's books and the answer are made of these
	case Retrying, Learned, ToolCalled, WorkedElsewhere:
		s.emit(e, nil, 0)
		return
	}
	if s != nil {
		s.run.lock()
		defer s.run.mu.Unlock()
		s.fill(&e)
		s.run.emit(e)
	}
}
