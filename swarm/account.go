package swarm

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
)

// ledger is the one account book of a root run and of all runs nested in it.
// It admits calls to their runs' budgets. It knows nothing of steps, places or
// events; its lock may be taken while a run's is held, never the other way.
//
// Calls that do not fit yet wait in one queue: the planner's first, then by
// priority, then by arrival. It is served whenever something is given back. A
// call that must wait for an account is not overtaken there, however small
// those behind it are; but by those of who holds something already, for that is
// what it waits for.
type ledger struct {
	mu      sync.Mutex
	waiting []*Reservation // in the order in which they are served
	pass    int            // number of the current walk along the queue
}

// account is what one run may spend and has spent. Guarded by the ledger's
// lock, but for the first three fields, which do not change, and the atomic ones.
type account struct {
	ledger *ledger
	budget Budget
	stop   func(error) // ends the run

	spent    amount
	reserved amount
	planned  int    // calls of the planner that have ended
	planning bool   // the planner is one that makes calls
	large    *Price // of its first priced call
	blocked  int    // the walk in which a call that waits for this account was met

	window atomic.Int64 // most tokens of results that a merge reads; 0: unbounded
	remote atomic.Bool  // Output.Usage was booked: such calls cannot be refused
}

// party is an account that a call is booked to: that of the run that makes it,
// or of a run around it.
type party struct {
	account *account
	planner bool    // the call is the planner's in that run
	merging bool    // and may spend what is kept for the merge
	holder  *holder // of whoever makes the call in that run; nil: it holds nothing
}

// holder is a subtask or a planner's call. What it still holds when it ends is
// given back.
type holder struct {
	open  []*Reservation
	ended bool
}

var errHolderEnded = errors.New("swarm: a call was to be made for a subtask or a phase that has ended")

// reserve waits until the call fits all its accounts, and reserves it there;
// or refuses it. Where ctx has ended it does not wait.
func (l *ledger) reserve(ctx context.Context, r *Reservation) error {
	l.mu.Lock()
	at, _ := slices.BinarySearchFunc(l.waiting, r, func(a, b *Reservation) int {
		return cmp.Or(cmp.Compare(b.priority, a.priority), -1) // behind its equals
	})
	l.waiting = slices.Insert(l.waiting, at, r)
	l.serve()
	l.mu.Unlock()
	select {
	case <-r.ready:
	case <-ctx.Done():
		why := cause(ctx) // may call a stranger's code
		l.mu.Lock()
		if !r.decided {
			r.decide(why)
			l.serve()
		}
		l.mu.Unlock()
	}
	if r.stop != nil {
		r.stop(r.err)
	}
	return r.err
}

// decide ends the wait of a reservation: err says why it is refused.
func (r *Reservation) decide(err error) {
	r.decided, r.err = true, err
	close(r.ready)
}

// serve walks along the queue and decides what can be decided. The lock is
// held.
func (l *ledger) serve() {
	if len(l.waiting) == 0 {
		return
	}
	l.pass++
	for _, r := range l.waiting {
		if !r.decided {
			l.try(r)
		}
	}
	l.waiting = slices.DeleteFunc(l.waiting, func(r *Reservation) bool { return r.decided })
}

// try decides a reservation if no account is in its way.
func (l *ledger) try(r *Reservation) {
	if r.holder.ended {
		r.decide(errHolderEnded)
		return
	}
	wait := false
	own := amount{} // what who makes the call holds already: it would wait for itself
	for _, p := range r.parties {
		a := p.account
		if p.holder != nil {
			for _, o := range p.holder.open {
				own = own.plus(o.held)
			}
		}
		if a.budget.Cost > 0 && r.call.Price == nil {
			r.stop = a.stop
			r.decide(&BudgetError{Limit: "price", Needs: r.call.Model})
			return
		}
		if p.planner { // also where it is refused: a plan can come from elsewhere
			a.planning = true
			a.large = cmp.Or(a.large, r.call.Price)
		}
		keep := a.kept(p)
		if refused := a.budget.exceeded(&r.call, a.spent.plus(keep).plus(own), r.held); refused != nil {
			refused.Spent = a.budget.text(refused.Limit, a.spent)
			none := a.budget.text(refused.Limit, amount{})
			if kept := a.budget.text(refused.Limit, keep); kept != none {
				refused.Kept = kept
			}
			if held := a.budget.text(refused.Limit, own); held != none {
				refused.Held = held
			}
			r.decide(refused)
			return
		}
		if a.blocked == l.pass && own.calls == 0 {
			wait = true
		} else if a.budget.exceeded(&r.call, a.spent.plus(keep).plus(a.reserved), r.held) != nil {
			wait = true
			a.blocked = l.pass
		}
	}
	if wait {
		return
	}
	for _, p := range r.parties {
		a := p.account
		a.reserved = a.reserved.plus(r.held)
	}
	r.holder.open = append(r.holder.open, r)
	r.decide(nil)
}

// settle books what a call used, nothing where it was not made, and gives back
// what was reserved for it, if it still is.
func (l *ledger) settle(r *Reservation, used Usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spend(r.parties, used)
	l.giveBack(r)
	l.serve()
}

// spend books what was used to all accounts. The lock is held.
func (l *ledger) spend(parties []party, used Usage) {
	for _, p := range parties {
		a := p.account
		a.spent = a.spent.plus(amount{used.Cost, used.Tokens(), used.Calls})
		if p.planner {
			a.planned += used.Calls
		}
	}
}

// spendRemote books calls that were made elsewhere.
func (l *ledger) spendRemote(parties []party, used Usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spend(parties, used)
	for _, p := range parties {
		p.account.remote.Store(true)
	}
}

// end gives back all that a holder still holds.
func (l *ledger) end(h *holder) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h.ended = true
	for len(h.open) > 0 {
		l.giveBack(h.open[0])
	}
	l.serve()
}

// giveBack gives a reservation back, once. The lock is held.
func (l *ledger) giveBack(r *Reservation) {
	at := slices.Index(r.holder.open, r)
	if at < 0 {
		return
	}
	r.holder.open = slices.Delete(r.holder.open, at, at+1)
	for _, p := range r.parties {
		p.account.reserved = p.account.reserved.minus(r.held)
	}
}

// usedUp returns the limit that is used up, nil if none is.
func (a *account) usedUp() *BudgetError {
	a.ledger.mu.Lock()
	defer a.ledger.mu.Unlock()
	least := amount{cost: 1, tokens: 1, calls: 1}
	keep := a.kept(party{account: a})
	over := a.budget.exceeded(&Call{Price: &Price{}}, a.spent.plus(keep), least)
	if over == nil {
		return nil
	}
	over.Spent, over.Out = a.budget.text(over.Limit, a.spent), 0
	return over
}

const (
	// mergePrompt and mergeReply are what a merge takes beside the results.
	mergePrompt = 1500
	mergeReply  = 1000
	leastPrompt = 1200 // of a merge that reads few findings and answers in short
	leastReply  = 256
	mergeCalls  = 2
)

// kept returns what a call must leave for the merge, if the planner is one
// that makes calls. The ledger's lock is held.
func (a *account) kept(p party) amount {
	b := &a.budget
	switch {
	case p.merging:
		return amount{}
	case !p.planner && !a.planning && a.window.Load() == 0:
		return amount{cost: b.Merge}
	}
	merge := Usage{In: min(int(a.window.Load()), mostTokens) + mergePrompt, Out: mergeReply}
	keep := amount{cost: b.Merge, tokens: min(merge.Tokens(), b.Tokens/4), calls: min(mergeCalls, b.Calls/4)}
	switch {
	case b.Merge > 0 || b.Cost == 0:
	case a.large == nil: // it has not made a call yet
		keep.cost = b.Cost / 3
	default:
		least := a.large.most(Usage{In: leastPrompt, Out: leastReply})
		keep.cost = min(a.large.most(merge), max(b.Cost/3, least))
	}
	return keep
}

// plannerCalls returns how many calls the planner has made.
func (a *account) plannerCalls() int {
	a.ledger.mu.Lock()
	defer a.ledger.mu.Unlock()
	return a.planned
}
