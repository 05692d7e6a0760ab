package swarm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Worker runs one subtask: a small model, a pool of them, a plain function.
// A wrapper takes a Worker and is one.
type Worker interface {
	// Work runs one subtask. It must be safe for concurrent use, obey ctx,
	// and return only after all that it started has ended. An error is the
	// subtask's alone: its siblings go on. A panic becomes such an error.
	Work(ctx context.Context, st Subtask) (Output, error)
}

// WorkerFunc is a function as a Worker.
type WorkerFunc func(context.Context, Subtask) (Output, error)

// Work calls f.
func (f WorkerFunc) Work(ctx context.Context, st Subtask) (Output, error) { return f(ctx, st) }

// Subtask is one unit of work: a step bound to one piece of its input. What
// its pointers and slices hold is shared with other subtasks and read only.
type Subtask struct {
	Run   string
	Step  *Step
	Index int    // its place in the step, from 0
	Goal  string // the task's, or what the step shows in its place

	Chunk *Chunk // Over Chunks, Sections, Sources; Each over such a step: the piece at the pipeline's head
	Item  string // Over Items and List; Each over such a step: the item at the pipeline's head
	// Pack is how many items share the subtask: Item holds them, a numbered line
	// each, and each finding's Data says which it is of. What a reply holds of them
	// is taken, and who packed them asks again for the rest. 0 or 1: Item is one. No
	// plan makes such subtasks; swarm/typed does.
	Pack int

	Context []*Chunk // pieces that all subtasks of the step see
	Found   []*Chunk // chunks that match it best (Step.Lookup), the best first

	// From holds results of earlier steps: for Each the one that this subtask
	// follows, for List the finding that is its item if that has evidence, then
	// those of Needs in plan order; for Reduce the group to be shortened. Only results that are done are in it.
	From []Result
	// Missing says, a line for each step that is needed, what From lacks
	// because it failed.
	Missing []string

	// Priority tells how urgent the subtask is among those of its run, larger
	// first. A pool's queue goes by it.
	Priority int64
	// Feedback holds earlier outputs of this subtask and what a check found
	// wrong with them. It goes last in a prompt.
	Feedback []Feedback
}

// Feedback is an output that did not pass a check.
type Feedback struct {
	Said  string // the output
	Wrong string // what is wrong with it, as told to the worker
}

// ID returns the subtask's name in its run: the step's ID and the index.
func (st *Subtask) ID() string { return subtaskID(st.Step, st.Index) }

// Output is what a worker returns. [Say] makes one of texts.
type Output struct {
	// Findings are what was found, in the order of the input. None: there was
	// nothing to find, and the worker abstains, which is no failure. Of a step
	// whose Form is FormList each finding is an item of the list.
	Findings []Finding `json:"findings,omitempty"`
	// Read are texts that the worker read beside those of its subtask, such as
	// what tools returned: its findings may quote them.
	Read []*Chunk `json:"read,omitempty"`
	// Doubts are checks that the output still fails. They are marks, not errors.
	Doubts []string `json:"doubts,omitempty"`
	// Models is what calls used that this process's ledger did not see, such as
	// those of a worker on another machine, by model; Usage the same of models
	// that are not known. Both count against the Budget.
	Usage  *Usage           `json:"usage,omitempty"`
	Models map[string]Usage `json:"models,omitempty"`
}

// Finding is one statement with its own evidence.
type Finding struct {
	// Text is the statement. One that was made from other findings refers to its
	// Evidence by number: [1] is Evidence[0].
	Text string `json:"text"`
	// Data is a record of the step's Schema, a JSON object; Text says the same in
	// words. nil: the step has none.
	Data       json.RawMessage `json:"data,omitempty"`
	Evidence   []Citation      `json:"evidence,omitempty"`
	Confidence float64         `json:"confidence,omitempty"` // 0 to 1, the worker's own word; 0: it said none
}

// Say returns an output with a finding for each text, without evidence, as a
// plain function returns it. Without a text it abstains.
func Say(texts ...string) Output {
	var out Output
	for _, text := range texts {
		out.Findings = append(out.Findings, Finding{Text: text})
	}
	return out
}

// Text returns the texts of the findings, a line or more each.
func (o *Output) Text() string {
	if len(o.Findings) == 1 {
		return o.Findings[0].Text
	}
	var b strings.Builder
	for i := range o.Findings {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(o.Findings[i].Text)
	}
	return b.String()
}

// Evidence yields the evidence of all findings.
func (o *Output) Evidence() iter.Seq[*Citation] {
	return func(yield func(*Citation) bool) {
		for i := range o.Findings {
			for j := range o.Findings[i].Evidence {
				if !yield(&o.Findings[i].Evidence[j]) {
					return
				}
			}
		}
	}
}

// Confidence returns that of the surest finding.
func (o *Output) Confidence() float64 {
	most := 0.0
	for i := range o.Findings {
		most = max(most, o.Findings[i].Confidence)
	}
	return most
}

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

func (o Outcome) String() string { return nameIn(outcomeNames[:], int(o)) }

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

// Result is an output with its input, its place in the plan, its outcome and
// its cost. As JSON the step and the chunk are told by their IDs alone.
type Result struct {
	Out      Output
	Err      error  // Failed, Skipped, Cancelled: a *SubtaskError
	Step     *Step  // shared, read only
	Index    int    // place in the step
	Chunk    *Chunk // what the subtask read, as in Subtask; shared, read only
	Item     string // the same
	Attempts int    // calls that were settled
	Outcome  Outcome
	Usage    *Usage // of all the subtask's calls; nil: none
}

type resultJSON struct {
	Step     string  `json:"step,omitempty"`
	Index    int     `json:"index"`
	Chunk    string  `json:"chunk,omitempty"`
	Item     string  `json:"item,omitempty"`
	Outcome  Outcome `json:"outcome"`
	Output           // findings, doubts
	Attempts int     `json:"attempts,omitempty"`
	Spent    *Usage  `json:"spent,omitempty"`
	Error    string  `json:"error,omitempty"`
}

// MarshalJSON writes the result, with Err as its text.
func (r Result) MarshalJSON() ([]byte, error) {
	out := resultJSON{Index: r.Index, Item: r.Item, Outcome: r.Outcome, Output: r.Out, Attempts: r.Attempts, Spent: r.Usage}
	if r.Step != nil {
		out.Step = r.Step.ID
	}
	if r.Chunk != nil {
		out.Chunk = r.Chunk.ID
	}
	if r.Err != nil {
		out.Error = errText(r.Err)
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote. Of the step and the chunk the IDs
// come back, of Err the text.
func (r *Result) UnmarshalJSON(text []byte) error {
	var in resultJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	*r = Result{Out: in.Output, Index: in.Index, Item: in.Item, Outcome: in.Outcome, Attempts: in.Attempts, Usage: in.Spent}
	if in.Step != "" {
		r.Step = &Step{ID: in.Step}
	}
	if in.Chunk != "" {
		r.Chunk = &Chunk{ID: in.Chunk}
	}
	if in.Error != "" {
		r.Err = errors.New(in.Error)
	}
	return nil
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

// Tool is a function that a worker's model may call while it works on a step that
// names it in [Step.Tools]. What it returns is shown to the model as data, and
// findings may quote it: such a citation has the Source "tool:NAME", the Chunk
// "tool:NAME#3" if it was the third result in its subtask, and the arguments as
// its Path.
//
// workers.Tool makes one of a Go function. A [Swarm] needs Name and Description
// alone, for its planner; who calls it needs the rest.
type Tool struct {
	Name        string // 1 to 64 of A-Z a-z 0-9 _ -
	Description string // what it does and when to call it, for planner and workers
	// Schema is the JSON Schema of the arguments, an object.
	Schema json.RawMessage

	// Call carries out a call whose arguments are as Schema says. An error, also a
	// panic, is told to the model, which may go on without. ctx is that of the
	// subtask: model calls made with it count for it, and a function that waits for
	// a person or another machine gives the subtask's place away meanwhile by
	// [Park], which does nothing while others of the same turn run beside it. It must be
	// safe for concurrent use. A call that ignores the end of its ctx holds its subtask up.
	Call func(ctx context.Context, arguments json.RawMessage) (string, error)
	// Time is the longest that a call may take. 0: a minute.
	Time time.Duration
	// Once says that a call must not be made again by a process that goes on with a
	// run of a [Journal]. A subtask that was cut off is then given what its earlier
	// calls came to, and a call that had begun and not ended fails: it may have been
	// carried out. False: the calls of a subtask that was cut off are made again.
	Once bool
}
