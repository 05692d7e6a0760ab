package swarm

import (
	"context"
	"sync"
)

// Call is a model call that is about to be made, as the ledger sees it.
type Call struct {
	Backend string
	Model   string
	Price   *Price // nil: unknown
	Est     Usage  // an upper estimate of its tokens
}

type scopeKey struct{}

// scope is what a context knows of the run that it belongs to: who spends,
// and whose place it is.
type scope struct {
	run  *run
	work *working // the subtask; nil in a planner's calls

	merging bool // the planner's Merge: it may spend what is kept for it
}

func scopeOf(ctx context.Context) *scope {
	s, _ := ctx.Value(scopeKey{}).(*scope)
	return s
}

// Park gives the place of ctx's subtask to another one while it waits for
// something that is neither work nor a slot: a back-off, a person, another
// machine. unpark waits until a place is free again, or until the run is
// cancelled; it may be called more than once. Between the two the subtask
// must not work. Outside a subtask both do nothing.
func Park(ctx context.Context) (unpark func()) {
	s := scopeOf(ctx)
	if s == nil || s.work == nil {
		return func() {}
	}
	return s.run.park(s.work)
}

// Caller says in whose name a call is made: pools share their slots among runs
// and serve the most urgent subtask of a run first.
type Caller struct {
	Run      string // ID of the root run: a nested run counts for the run around it; empty outside a run
	Priority int64  // of the subtask, larger first; 0 for the planner's calls
}

// CallerOf returns the run and the priority of ctx's subtask. Outside a run it
// is zero.
func CallerOf(ctx context.Context) Caller {
	s := scopeOf(ctx)
	if s == nil {
		return Caller{}
	}
	c := Caller{Run: s.run.id}
	if s.work != nil {
		c.Priority = s.work.priority
	}
	return c
}

// Reserve sets aside what a model call may cost at the most, in the ledger of
// ctx's run. Call it before the call waits for a slot. c.Est is an upper
// estimate of its tokens, c.Price that of the dearest backend that may take it.
//
// Where the run has a Budget, Reserve waits while only calls in flight are in
// the way, and refuses what does not fit: its error is then a *BudgetError, or
// the context's cause, and the call must not be made. Outside a run it returns
// a reservation that does nothing. Safe for concurrent use.
func Reserve(ctx context.Context, c Call) (*Reservation, error) {
	s := scopeOf(ctx)
	if s == nil {
		return &Reservation{}, nil
	}
	c.Est = c.Est.bounded()
	held, err := s.run.admit(ctx, s, &c)
	if err != nil {
		return nil, err
	}
	return &Reservation{scope: s, call: c, held: held}, nil
}

// Reservation is money, tokens and a call that are set aside for one model
// call. Settle or Release ends it; further calls of either do nothing. What a
// subtask still holds when it ends is released then. By and Settle are for one
// goroutine at a time.
type Reservation struct {
	scope *scope // nil: outside a run
	call  Call
	held  amount
	once  sync.Once
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
// run, and the observer is told.
func (r *Reservation) Settle(used Usage, err error) {
	if r.scope == nil {
		return
	}
	r.once.Do(func() {
		r.scope.run.settleCall(r.scope, r.call, used, err)
		r.scope.run.release(r.held)
	})
}

// Release gives back what was reserved for a call that was not made.
func (r *Reservation) Release() {
	if r.scope != nil {
		r.once.Do(func() { r.scope.run.release(r.held) })
	}
}

// Emit tells the observer of ctx's run that something happened. Run, At and
// what is known of the subtask are filled in. It waits while the observer is
// behind. Outside a run, and with kinds by which the engine itself counts or
// tells its course and its answer (Run…, Plan…, Subtask…, Call…, Merge…,
// AnswerText, StepAdded, StepUnfolded), it does nothing. Safe for concurrent use.
func Emit(ctx context.Context, e Event) {
	if s := scopeOf(ctx); s != nil {
		s.run.emit(s, e)
	}
}
