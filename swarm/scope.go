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

// hold returns the holder of the reservations of s; nil: it has ended.
func (s *scope) hold() *holder {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	if s.ended() {
		return nil
	}
	if s.holder == nil {
		s.holder = new(holder)
	}
	return s.holder
}

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

// Park gives the place of ctx's subtask to another one while it waits for
// something that is neither work nor a slot: a back-off, a person, another
// machine. unpark waits until a place is free again, or until the run is
// cancelled; it may be called more than once. Between the two the subtask
// must not work. Outside a subtask both do nothing. Of a nested run's subtask
// only the nested run's place is given away.
func Park(ctx context.Context) (unpark func()) {
	s := scopeOf(ctx)
	if s == nil || s.work == nil || s.of != nil {
		return func() {}
	}
	return s.run.work.park(s.work)
}

// Branch has w work for one of several things that ctx's subtask does at the same
// time, and returns what the calls that were settled for it used. They are booked to
// the subtask as all its calls are, but reserve money as those of a subtask of their
// own: they wait for the calls of other branches, where they would be refused beside
// the subtask's own. Park does nothing for them. Usage that the output tells is booked
// and taken out of it. A panic of w is the error. In a run with a Journal an output is
// recorded as a subtask's is, and w not called where one is found.
func Branch(ctx context.Context, w Worker, st Subtask) (out Output, used Usage, err error) {
	of := scopeOf(ctx)
	if of == nil {
		guarded("the worker", &err, func() (err error) {
			out, err = w.Work(ctx, st)
			return err
		})
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
	guarded("the worker", &err, func() (err error) {
		out, err = w.Work(context.WithValue(ctx, scopeKey{}, s), st)
		return err
	})
	s.bookRemote(&out)
	out.Usage, out.Models = nil, nil
	if err == nil {
		err = s.record(at, out)
	}
	return out, used, err
}

// Caller says in whose name a call is made: pools share their slots among runs
// and serve the most urgent subtask of a run first.
type Caller struct {
	Run      string // ID of the root run: a nested run counts for the run around it; empty outside a run
	Priority int64  // of the subtask, larger first; 0 for the planner's calls
}

// CallerOf returns the root run and the priority of ctx's subtask. Outside a
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

// Reserve sets aside what a model call may cost at the most, in the ledger of
// ctx's run and of the runs around it. Call it before the call waits for a
// slot. c.Est is an upper estimate of its tokens, c.Price that of the dearest
// backend that may take it.
//
// Where a run has a Budget, Reserve waits while only calls in flight are in
// the way, and refuses what does not fit: its error is then a *BudgetError, or
// the context's cause, and the call must not be made. Calls that wait are
// served in order: the planner's first, then the most urgent subtask's, then by
// arrival. What the subtask has reserved already (and a subtask around it) is not
// waited for: a call that does not fit beside it is refused. Two subtasks that
// each hold a reservation and wait for another can still wait for one another;
// who settles one call before reserving the next cannot.
//
// With a ctx that has ended, Reserve takes what fits at once and waits for
// nothing. It is also refused once the subtask or the run has ended. Outside a run it
// returns a reservation that does nothing. Safe for concurrent use.
func Reserve(ctx context.Context, c Call) (*Reservation, error) {
	s := scopeOf(ctx)
	if s == nil {
		return &Reservation{}, nil
	}
	c.Est = c.Est.bounded()
	h := s.hold()
	switch {
	case s.run.ctx.Err() != nil:
		return nil, cause(s.run.ctx)
	case h == nil:
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

// Reservation is money, tokens and a call that are set aside for one model
// call. Settle or Release ends it; further calls of either do nothing. What a
// subtask, or the planner's Plan or Merge, still holds when it ends is given
// back then, and a later Settle only books what was used. A Reservation is for
// one goroutine at a time.
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

// By says which backend takes the call, and at what price and estimate it is
// booked, where that is not what was reserved.
func (r *Reservation) By(c Call) {
	c.Est = c.Est.bounded()
	r.call = c
}

// Settle books the call once it has ended: used is what it used (Calls and
// Cost are filled in: one call, at the call's price), err the error that it
// met, if any. The usage counts for the subtask, the role, the model and the
// run, and for each run around it; their observers are told.
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

// Release gives back what was reserved for a call that was not made.
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

// Emit tells the observer of ctx's run that something happened; of Retrying,
// Learned, ToolCalled and WorkedElsewhere those of the runs around it are told too. Run, At and what is
// known of the subtask are filled in.
// It waits while an observer is behind, so an observer must not call it: once the
// queue is full it would wait for itself. Outside a run, and with kinds by which
// the engine itself counts or tells its course and its answer (Run…, Plan…,
// Subtask…, Call…, Merge…, AnswerText, StepAdded, StepUnfolded), it does
// nothing. Safe for concurrent use.
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
