package swarm

import "context"

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

// Reserve announces a model call to the ledger of ctx's run, and is called
// before each attempt. settle must be called once when the attempt has ended,
// with what it used (Calls and Cost are filled in: one call, at the call's
// price) and with the error it met, if any; it books the usage to the
// subtask, the role, the model and the run, and tells the observer. Settling
// again does nothing. Outside a run both do nothing. Safe for concurrent use.
//
// Where the run has a Budget, Reserve waits while only calls in flight are in
// the way, and refuses what does not fit: its error is then a *BudgetError, or
// the context's cause, and the call must not be made.
func Reserve(ctx context.Context, c Call) (settle func(used Usage, err error), err error) {
	s := scopeOf(ctx)
	if s == nil {
		return func(Usage, error) {}, nil
	}
	return s.run.reserve(ctx, s, c)
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
