package swarm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sourcegraph/conc/panics"
)

// ErrPlanClosed is the error of add after the planner's Plan has returned.
var ErrPlanClosed = errors.New("the plan is closed, for Plan has returned")

// PlanError says what is wrong with a step, in words that help its author to
// correct it.
type PlanError struct {
	Step  string // ID as written
	Field string // "id", "do", "over", "select", "items", "of", "needs" …; "" if the step as a whole exceeds a limit
	Value string // the field's value, cut short
	Mend  string // what is wrong and what would be right
}

func (e *PlanError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "step %q: ", e.Step)
	if e.Field != "" {
		b.WriteString(e.Field + " ")
		if e.Value != "" {
			fmt.Fprintf(&b, "%q ", e.Value)
		}
	}
	b.WriteString(e.Mend)
	return b.String()
}

// SubtaskError is the error of a subtask that failed, was skipped or was cancelled.
// Err says why, for instance a *CallError, a context's error or a *PanicError.
type SubtaskError struct {
	ID      string // of the subtask; only of the step if many subtasks ended at once without having run
	Outcome Outcome
	Err     error
}

func (e *SubtaskError) Error() string { return fmt.Sprintf("subtask %s: %v", e.ID, e.Err) }

// Unwrap returns Err, and nil for a nil pointer, which a worker may return by
// mistake.
func (e *SubtaskError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// Class is the kind of failure that a model call met, which decides how to react.
type Class string

const (
	ClassRateLimited Class = "rate-limited"     // 429: too many requests or tokens; wait
	ClassOverloaded  Class = "overloaded"       // 503, 529, or overload reported in the body; wait
	ClassServer      Class = "server"           // other 5xx; try again
	ClassNetwork     Class = "network"          // no connection, or a broken one; try again
	ClassTimeout     Class = "timeout"          // one of our time limits, 408, 504; try again
	ClassBroken      Class = "broken"           // an empty, malformed or unfinished reply; try again
	ClassQuota       Class = "quota"            // account exhausted; do not use the backend again
	ClassAuth        Class = "auth"             // key missing, wrong or without permission
	ClassNotFound    Class = "not-found"        // no such model or path
	ClassInvalid     Class = "invalid"          // the server refuses this request; change it
	ClassTooLong     Class = "context-too-long" // the prompt does not fit the model's context
	ClassCut         Class = "cut"              // the reply reached its token limit
	ClassRefused     Class = "refused"          // the model declined
	ClassFiltered    Class = "filtered"         // the provider's filter stopped prompt or reply
	ClassBudget      Class = "budget"           // not made: it does not fit the run's Budget
	ClassCancelled   Class = "cancelled"        // the caller's context ended
)

// CallError is a model call that failed. Its text never holds a body, a
// prompt, a URL or a key.
type CallError struct {
	Class   Class
	Status  int    // HTTP status; 0 without one
	Code    string // the provider's own code or type, cut short
	Model   string
	Backend string

	// RetryAfter is how long the server asked to wait. HasRetryAfter says whether
	// it named a time, which may be zero.
	RetryAfter    time.Duration
	HasRetryAfter bool

	Attempts int   // how many attempts were made; set when the retry loop gives up
	Err      error // what happened, in short words
}

func (e *CallError) Error() string {
	var b strings.Builder
	b.WriteString("call")
	if e.Model != "" {
		b.WriteString(" to " + e.Model)
	}
	if e.Backend != "" && e.Backend != e.Model {
		b.WriteString(" at " + e.Backend)
	}
	if e.Class != ClassBudget || e.Err == nil { // else a BudgetError says so
		b.WriteString(": " + string(e.Class))
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, " (status %d)", e.Status)
	}
	if e.Err != nil {
		fmt.Fprint(&b, ": ", e.Err)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (after %d attempts)", e.Attempts)
	}
	return b.String()
}

// Unwrap returns Err.
func (e *CallError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// Retryable says that the same call may succeed later, unchanged.
func (e *CallError) Retryable() bool {
	switch e.Class {
	case ClassRateLimited, ClassOverloaded, ClassServer, ClassNetwork, ClassTimeout, ClassBroken:
		return true
	}
	return false
}

// cause returns why ctx ended, an error that says the cause, and is both it and
// the context's error; nil: it has not.
func cause(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	return both(context.Cause(ctx), err)
}

// both returns an error that says why and is both, where why is not err itself.
func both(why, err error) error {
	if is(why, err) {
		return why
	}
	return &stopped{why, err}
}

// is is errors.Is of a stranger's error, whose methods may panic.
func is(err, target error) bool {
	defer func() { _ = recover() }()
	return errors.Is(err, target)
}

// as is errors.AsType of a stranger's error, whose methods may panic.
func as[E error](err error) (e E, ok bool) {
	defer func() { _ = recover() }()
	return errors.AsType[E](err)
}

type stopped struct{ why, err error }

func (s *stopped) Error() string   { return fmt.Sprint(s.why) }
func (s *stopped) Unwrap() []error { return []error{s.why, s.err} }

// PanicError is a panic, or a call of runtime.Goexit (as by testing.T.FailNow), in
// a planner, worker or observer. It is the error of the phase or subtask in which
// it happened.
type PanicError struct {
	In    string // whose code it was, such as "the worker"
	Value any    // what panic was called with; nil for Goexit
	Stack []byte // of the goroutine, as debug.Stack formats it
}

func (e *PanicError) Error() string {
	if e.Value == nil {
		return e.In + " called runtime.Goexit"
	}
	return fmt.Sprintf("%s panicked: %v", e.In, e.Value)
}

// Unwrap returns the value if the panic was called with an error.
func (e *PanicError) Unwrap() error {
	if e == nil {
		return nil
	}
	err, _ := e.Value.(error)
	return err
}

// guarded calls f and stores its error. A panic is caught; a Goexit goes on
// ending the goroutine, but its error is stored before that.
func guarded(in string, err *error, f func() error) {
	returned := false
	defer func() {
		if !returned {
			v := recover()
			*err = &PanicError{In: in, Value: v, Stack: panics.NewRecovered(1, v).Stack}
		}
	}()
	*err = f()
	returned = true
}
