package swarm

import (
	"fmt"
	"slices"
	"strconv"
)

// Outcome is how a subtask ended. Every subtask of an accepted step ends
// exactly once.
type Outcome uint8

const (
	Pending   Outcome = iota // not yet ended; never in a finished run
	Done                     // the worker returned an output
	Abstained                // the worker found nothing to say, or the result that it follows was abstained
	Failed                   // the worker returned an error, or panicked
	Skipped                  // not run, because what it needs failed
	Cancelled                // not run, or cut short, because the run was cancelled
)

var outcomeNames = [...]string{"pending", "done", "abstained", "failed", "skipped", "cancelled"}

func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return "unknown"
}

// MarshalText writes the outcome's name.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (o *Outcome) UnmarshalText(text []byte) error {
	i := slices.Index(outcomeNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("swarm: %q is no outcome", clip(string(text), 40))
	}
	*o = Outcome(i)
	return nil
}

// Result is an output with its place in the plan, its outcome and its cost.
type Result struct {
	Out      Output
	Err      error // Failed, Skipped, Cancelled: a *SubtaskError
	Step     *Step // shared, read only
	Index    int   // place in the step
	Attempts int   // calls that were settled
	Outcome  Outcome
	Usage    *Usage // of all the subtask's calls; nil: none
}

// ID returns the name of the subtask that the result is of.
func (r *Result) ID() string { return subtaskID(r.Step, r.Index) }

// subtaskID is made of the index alone where a result or a subtask that was
// made by hand has no step.
func subtaskID(s *Step, index int) string {
	if s == nil {
		return strconv.Itoa(index)
	}
	return s.ID + "/" + strconv.Itoa(index)
}
