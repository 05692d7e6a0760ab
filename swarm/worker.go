package swarm

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strconv"
	"strings"
	"time"
)

// Worker runs one subtask: a small model, a pool of them, a plain function. A
// wrapper takes a Worker and is itself one.
type Worker interface {
	// Work runs one subtask. It must be safe for concurrent use, obey ctx, and
	// return only after every goroutine that it started has ended. An error or a
	// panic fails this subtask only; other subtasks go on.
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
	Goal  string // the task's, or Step.Goal in its place

	Chunk *Chunk // for Chunks, Sections, Sources: the text to read; for Each: that of the subtask at the pipeline's head
	Item  string // for Items, List: the item; for Each: that of the subtask at the pipeline's head
	// Pack is how many items share the subtask: Item then holds one numbered line
	// for each, and each finding's Data says which item it belongs to. An output
	// may leave items out; the caller asks for those again. 0 or 1: Item is one
	// item. Only swarm/typed sets Pack.
	Pack int

	Context []*Chunk // texts that all subtasks of the step see (Step.Context)
	Found   []*Chunk // chunks that match the subtask (Step.Lookup), the best first, for List behind that of its finding

	// From holds results of earlier steps. For Each it begins with the result that
	// this subtask follows; for List with the finding that is its item, if that has
	// evidence. The results of Needs follow in plan order. For Reduce it is the
	// group to shorten. Only results with the outcome Done are in it.
	From []Result
	// Missing says what From lacks because subtasks failed, one entry for each step
	// concerned.
	Missing []string

	// Priority orders the subtasks of a run in a pool's queue: larger first.
	Priority int64
	// Feedback holds earlier outputs of this subtask and what a check found
	// wrong with them. Prompts show it last.
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
	// Findings are what was found, in the order of the input. None: the worker
	// abstains, because there was nothing to find; that is no failure. For FormList
	// each finding is an item of the list.
	Findings []Finding `json:"findings,omitempty"`
	// Read are further texts that the worker read, such as the results of tools.
	// Findings may quote them.
	Read []*Chunk `json:"read,omitempty"`
	// Doubts say which checks the output still fails. They do not make it an error.
	Doubts []string `json:"doubts,omitempty"`
	// Models is the usage, by model, of calls that this process did not reserve or
	// settle, such as those of a worker on another machine. Usage is the same for
	// calls whose model is unknown. Both count against the Budget.
	Usage  *Usage           `json:"usage,omitempty"`
	Models map[string]Usage `json:"models,omitempty"`
}

// Finding is one statement with its own evidence.
type Finding struct {
	// Text is the statement. If it was made from other findings, it refers to its
	// Evidence by number: [1] is Evidence[0].
	Text string `json:"text"`
	// Data is the record, a JSON object that follows the step's Schema; Text says
	// the same in words. nil: the step has no Schema.
	Data       json.RawMessage `json:"data,omitempty"`
	Evidence   []Citation      `json:"evidence,omitempty"`
	Confidence float64         `json:"confidence,omitempty"` // 0 to 1, as the worker states it; 0: not stated
}

// Say returns an output with one finding, without evidence, for each text. Without
// texts it abstains.
func Say(texts ...string) Output {
	var out Output
	for _, text := range texts {
		out.Findings = append(out.Findings, Finding{Text: text})
	}
	return out
}

// Text returns the texts of the findings, joined by newlines.
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

// Confidence returns the highest confidence of the findings.
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
	Abstained                // the worker found nothing, or (Each) the subtask that it follows abstained
	Failed                   // the worker returned an error, or panicked
	Skipped                  // not run, because what it needs failed
	Cancelled                // not run, or cut short, because the run was cancelled
)

var outcomeNames = [...]string{"pending", "done", "abstained", "failed", "skipped", "cancelled"}

func (o Outcome) String() string { return nameIn(outcomeNames[:], int(o)) }

// MarshalText writes the outcome's name.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (o *Outcome) UnmarshalText(text []byte) error { return valueIn(outcomeNames[:], text, o) }

// Result is an output with its input, its place in the plan, its outcome and its
// cost. In JSON the step and the chunk are given by their IDs only.
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

// UnmarshalJSON reads what MarshalJSON wrote. Step and Chunk get back only their
// IDs, Err only its text.
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

// ID returns the name of the result's subtask.
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
// names it in [Step.Tools]. Its result is shown to the model as data, and findings
// may quote it. The citation then has the Source "tool:NAME", the Chunk
// "tool:NAME#3" for the third result of the subtask, and the arguments as its Path.
//
// workers.Tool makes a Tool from a Go function. A [Swarm] uses only Name and
// Description, for its planner; the worker uses the rest.
type Tool struct {
	Name        string // 1 to 64 of A-Z a-z 0-9 _ -
	Description string // what it does and when to call it, for planner and workers
	// Schema is the JSON Schema of the arguments, an object.
	Schema json.RawMessage

	// Call carries out one call. Its arguments have been checked against Schema. An
	// error or panic is reported to the model, which may go on without the result.
	// ctx belongs to the subtask: model calls made with it count for the subtask. A
	// function that waits for a person or another machine should call [Park]
	// meanwhile, which has no effect while other calls of the same turn run. Call
	// must be safe for concurrent use. The subtask cannot end before Call returns,
	// so it must obey ctx.
	Call func(ctx context.Context, arguments json.RawMessage) (string, error)
	// Time is the longest that a call may take. 0: a minute.
	Time time.Duration
	// Once says that a call must not be made again by a process that goes on with a
	// run of a [Journal]. A subtask that was cut off is then given what its earlier
	// calls came to, and a call that had begun and not ended fails: it may have been
	// carried out. False: the calls of a subtask that was cut off are made again.
	Once bool
}
