package swarm

import (
	"fmt"
	"runtime/debug"

	"github.com/sourcegraph/conc/panics"
)

// PanicError is a panic, or a call of runtime.Goexit (as testing.T.FailNow
// makes), in a planner, worker or observer. It became the error of the phase
// or subtask that it happened in.
type PanicError struct {
	In    string // whose code it was
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
		if returned {
			return
		}
		if v := recover(); v != nil {
			*err = panicked(in, v)
			return
		}
		*err = exited(in)
	}()
	*err = f()
	returned = true
}

func panicked(in string, v any) error {
	c := panics.NewRecovered(2, v)
	return &PanicError{In: in, Value: c.Value, Stack: c.Stack}
}

func exited(in string) error { return &PanicError{In: in, Stack: debug.Stack()} }
