package swarm

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind says what an event is about. Kinds may be added; a listener must ignore
// those that it does not know.
type Kind uint8

const (
	RunStarted      Kind = iota + 1 // Text: the goal; Tokens: of the sources; Usage: what earlier processes spent on the run; Price: the planner's price then
	StepAdded                       // Added; Text: its instruction; Index, To: the range of its subtasks; To is −1 while their number is unknown
	StepUnfolded                    // the number of subtasks of a List step is now known: Index, To
	StepRefused                     // Err: the *PlanError
	PlanEnded                       // Err: why it was cut, if it was
	SubtaskStarted                  // Index
	SubtaskEnded                    // Index, To: the range [Index, To) of subtasks; Outcome, Usage, Err; Result and Replayed if the subtask was worked on
	CallEnded                       // one attempt: Role, Model, Usage, Est, Price, Err; At: when it ended
	Retrying                        // Wait: how long until the next attempt; Err: what happened
	Learned                         // Text: what was learnt about a backend; Model
	ToolCalled                      // a call of a tool has ended. Text: the tool's name; Wait: how long it took; Err
	WorkedElsewhere                 // a worker on another machine ended the subtask. Text: the worker's name; Wait: how long it took
	Stalled                         // Text: what keeps a cancelled run from returning
	Narrowed                        // Text: results that had to be shortened or left out before a merge
	MergeStarted                    // Round
	AnswerText                      // Text: a piece of the answer; Reset: everything before it is discarded
	MergeEnded                      // Text: Verdict.Missing; Err
	RunEnded                        // Answer; Err
)

var kindNames = [...]string{
	"unknown", "run-started", "step-added", "step-unfolded", "step-refused", "plan-ended", "subtask-started", "subtask-ended",
	"call-ended", "retrying", "learned", "tool-called", "worked-elsewhere", "stalled", "narrowed", "merge-started", "answer-text", "merge-ended", "run-ended",
}

func (k Kind) String() string { return nameIn(kindNames[:], int(k)) }

// nameIn returns a value's name.
func nameIn(names []string, value int) string {
	if value < len(names) {
		return names[value]
	}
	return "unknown"
}

// valueIn reads the value that has a name.
func valueIn[T ~uint8](names []string, text []byte, into *T) error {
	i := slices.Index(names, string(text))
	if i < 0 {
		return fmt.Errorf("swarm: %q is none of %s", clip(string(text), 40), strings.Join(names, ", "))
	}
	*into = T(i)
	return nil
}

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote. A kind that this version does not
// know becomes zero, because kinds may be added.
func (k *Kind) UnmarshalText(text []byte) error {
	*k = Kind(max(slices.Index(kindNames[:], string(text)), 0))
	return nil
}

// Role says for whom a call was made.
type Role string

const (
	RolePlanner Role = "planner"
	RoleWorker  Role = "worker"
)

// Event is one thing that happened in a run. Which fields are set depends on
// Kind. Events reach an observer in order, one at a time.
type Event struct {
	Kind    Kind          `json:"kind"`
	At      time.Duration `json:"at"` // since the run began
	Run     string        `json:"run"`
	Round   int           `json:"round,omitempty"`
	Step    string        `json:"step,omitempty"`
	Index   int           `json:"index,omitempty"`
	To      int           `json:"to,omitempty"`
	Outcome Outcome       `json:"outcome,omitempty"`
	Role    Role          `json:"role,omitempty"`
	Model   string        `json:"model,omitempty"`
	Tokens  int           `json:"tokens,omitempty"`
	Wait    time.Duration `json:"wait,omitempty"`
	Text    string        `json:"text,omitempty"`
	Reset   bool          `json:"reset,omitempty"`
	Usage   *Usage        `json:"usage,omitempty"`
	Est     *Usage        `json:"est,omitempty"` // upper estimate of what the call uses
	Price   *Price        `json:"price,omitempty"`
	Err     error         `json:"-"`
	Added   *Step         `json:"-"`                // shared, read only
	Result  *Result       `json:"result,omitempty"` // shared, read only
	Answer  *Answer       `json:"answer,omitempty"`

	Replayed bool `json:"replayed,omitempty"` // the result was taken from the Journal
}

// MarshalJSON writes the event with Err as its text, under "error".
func (e Event) MarshalJSON() ([]byte, error) {
	type plain Event
	out := struct {
		plain
		Error string `json:"error,omitempty"`
	}{plain: plain(e)}
	if e.Err != nil {
		out.Error = fmt.Sprint(e.Err) // a stranger's Error may panic
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote. Err gets back only its text.
func (e *Event) UnmarshalJSON(text []byte) error {
	type plain Event
	var in struct {
		plain
		Error string `json:"error"`
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	*e = Event(in.plain)
	if in.Error != "" {
		e.Err = errors.New(in.Error)
	}
	return nil
}
