package swarm

import (
	"context"
	"encoding/json"

	"github.com/db31e724/go-swarm/swarm/internal/calc"
)

// Planner stands in for the large model: it writes plans and merges results.
//
// Within one run a Swarm calls Plan and Merge one after another, with one
// exception: if results exceed Window and Swarm.Reducer is nil, it calls Merge for
// several groups of results at the same time. A planner that serves several runs
// must be safe for concurrent use and keep no state of a run.
type Planner interface {
	// Plan writes the plan of one round: it calls add for each step as soon
	// as the step is complete, and the step's subtasks may start before the
	// next is written. add's error is a *PlanError that says what is wrong
	// with the step; the planner may correct the step and go on. Steps that add
	// accepted are carried out even if Plan then returns an error. add is safe for
	// concurrent use. It returns ErrPlanClosed once Plan has returned, and the
	// context's cause once the run is cancelled.
	Plan(ctx context.Context, b Brief, add func(Step) error) error

	// Merge writes the answer to w as it comes, and says whether it is complete.
	// results are in plan order and hold no abstained or failed ones; b.Coverage
	// counts those. If Window is not 0, results of FormText steps come last. The
	// slice and what it points at are shared: Merge must not change them, nor keep
	// w.
	//
	// If the error is a *CallError of ClassTooLong, or a *BudgetError on cost or
	// tokens before Merge has made a call, the text is discarded and Merge is
	// called again with about half of the results, those of the highest confidence.
	// After a cancel Merge is called only if Window is 0, with a ctx that has
	// ended, so that a planner in plain code can merge what is known.
	Merge(ctx context.Context, b Brief, results []Result, w *AnswerWriter) (Verdict, error)

	// Window returns the most tokens of results, as [EstimateTokens] counts,
	// that one Merge reads. Results that exceed it are shortened first; see
	// Swarm.Reducer. 0: no limit, as for a planner that merges in plain code;
	// results are then never shortened. The engine calls Window once a round.
	Window() int
}

// Brief is the information that a planner gets for a round.
type Brief struct {
	Run   string // the run's ID
	Round int    // 1 for the first
	Last  bool   // no further round will follow, whatever Verdict.Missing says
	Task  Task
	Max   Limits

	// Tools are those that steps may name for their workers.
	Tools []Tool

	// Known is a digest of what earlier rounds found, and Asked what the last
	// merge said was missing. Both are empty in the first round.
	Known []Known
	Asked string

	// Standing are the steps that an earlier process added to this round's plan
	// before it was cut off (see Swarm.Journal). They are being carried out; Plan
	// adds what else is needed. Adding one of them again has no effect.
	Standing []Step

	// Window is the most tokens of results that a merge reads; Merge's
	// results are estimated to fit it. Zero: unbounded.
	Window int
	// MaxOut is the most tokens of text and citations that a Merge of one group of
	// results may return (see Swarm.Reducer); what is longer is cut. Zero: no
	// limit, as for the answer itself.
	MaxOut int
	// Coverage is filled in for Merge.
	Coverage Coverage
}

// Known is a summary of what a step of an earlier round found.
type Known struct {
	Step   string // full ID
	Do     string // its instruction
	Digest string // its best findings, cut to a few hundred tokens
}

// Status says whether an answer answers the task.
type Status uint8

const (
	Answered   Status = iota // whole
	Partly                   // in part, and the texts say no more
	NotInTexts               // the texts do not hold the answer
	ReadMore                 // not yet: reading more, or reading again, could help
)

var statusNames = [...]string{"answered", "partly", "not in the texts", "read more"}

func (s Status) String() string { return nameIn(statusNames[:], int(s)) }

// MarshalText writes the status's name.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Status) UnmarshalText(text []byte) error { return valueIn(statusNames[:], text, s) }

// Verdict is the planner's judgement of a merge. The zero Verdict says that the
// answer is complete.
type Verdict struct {
	Status Status
	// Missing says what the answer lacks, or what to look for; empty: nothing. If
	// it is not empty and rounds are left, another round follows, which gets it as
	// Brief.Asked.
	Missing string
	// Citations are what the answer's text refers to: [1] is Citations[0].
	Citations []Citation
}

// Over says what a step fans out over: it makes one subtask for each of these.
type Over uint8

const (
	// Once makes a single subtask. Its only input is the results of Needs.
	Once Over = iota
	// Chunks makes a subtask of each chunk of the sources, or of those that
	// Select names.
	Chunks
	// Items makes a subtask of each of the step's Items.
	Items
	// List makes a subtask of each finding of the step Of (for FormList, each item
	// of its list) once all subtasks of that step have ended; see [Subtask.Item].
	// Result.Index counts the findings of all results of Of, in plan order, from 0.
	List
	// Each makes a pipeline: a subtask of each result of the step Of, as soon as
	// that result is there. Subtask i follows subtask i of Of.
	Each
	// Sections makes a subtask of each section of the sources: exactly the text
	// under one heading, without that of the headings below it unless [Step.Level]
	// says so. A heading without text of its own makes none. Where Select names
	// chunks, the sections that begin in those chunks are read.
	Sections
	// Sources makes a subtask of each source: its whole text, or the chunks of it
	// that Select names, joined.
	Sources
	// Calc makes a single subtask that evaluates Step.Calc over the findings of
	// Needs, without a worker.
	Calc
	// Reduce is used by the engine for Swarm.Reducer, never by a plan: each subtask
	// shortens a group of results (Subtask.From) that the merge cannot read whole.
	Reduce
)

var overNames = [...]string{"once", "chunks", "items", "list", "each", "sections", "sources", "calc", "reduce"}

func (o Over) String() string { return nameIn(overNames[:], int(o)) }

// Form says what an output looks like.
type Form string

const (
	FormFindings Form = ""     // findings, each with its evidence; with a Schema, records
	FormList     Form = "list" // a list of texts, for a later step to fan out over
	// FormText is a text, such as a section of a long answer. If no later step
	// reads it, it becomes part of the answer unchanged: the merge does not shorten
	// it and writes only the text around it.
	FormText Form = "text"
)

// NoGoal, as Step.Goal, shows the step's workers no goal.
const NoGoal = "-"

// Step is a part of a plan: one instruction, carried out by one subtask for each
// piece of its input (see [Over]). The engine keeps the slices of a step that was
// added; they must not be changed afterwards.
type Step struct {
	// ID is the name by which later steps refer to this one: 1 to 64 letters,
	// digits, '_', '-' and '.', unique in its round. The engine prefixes the round:
	// "t1" of the second round becomes "2/t1". Steps of the same round may use
	// either name, those of later rounds only the full one.
	ID string

	// Do is the instruction, in words that a small model can follow without
	// knowing the rest of the plan. A calculation needs none.
	Do string

	Over Over
	// Level is the deepest level of headings that Sections are made of: 1 makes one
	// of each outermost heading with all that is below it, 2 one of each heading of
	// the first two levels. At most 6. 0: of every heading.
	Level int `json:",omitempty"`
	// Select names what steps over Chunks, Sections and Sources read. An entry is a
	// source, the ID of a chunk, or part of a source by the numbers of its chunks,
	// "NAME#12" or "NAME#12-30"; NAME may be left out if there is only one source.
	// None: all. In other steps it names the chunks that Lookup searches.
	Select []string
	// Where keeps only the chunks, sections or sources that contain one of these
	// entries in their text or headings. Several words in one entry are a phrase.
	// Case and accents are ignored. None: all are read.
	Where []string
	// Widen adds a step that reads all other chunks, sections or sources if nothing
	// was found in those that Select and Where keep.
	Widen bool
	Items []string // Items: one subtask each
	Of    string   // List, Each: the ID of an earlier step

	// Needs are IDs of earlier steps. This step starts when all their subtasks have
	// ended; its subtasks receive their results in Subtask.From.
	Needs []string
	// Context names chunks, as Select does, that each subtask sees beside its own
	// input: definitions, conventions, the head of a table. At most 16 000 tokens.
	Context []string
	// Lookup is how many matching chunks each subtask is shown, found by its item,
	// else by the findings it works on (Each, Once), else by Do. The item of a List
	// step is the finding's Text, without its quote; the chunk of its first quote
	// comes first, beside the others. 0: none; see [Task.Index].
	Lookup int
	// Tools are the names of those Swarm.Tools that the step's workers may call.
	// None: no tools.
	Tools []string
	// Goal is the goal that the step's workers are shown. Empty: the task's;
	// NoGoal: none.
	Goal string

	Form Form
	// Schema is the JSON Schema of a record, which is an object. Each finding of
	// the step then holds a record in Data. nil: findings are texts.
	Schema json.RawMessage `json:",omitempty"`
	// Calc is the program of a Calc step: an expression in which the ID of each
	// step in Needs stands for the list of its findings. [CalcGuide] lists the
	// functions. Time and memory are bounded, and the result is deterministic.
	Calc string
	// Note tells the planner's merge what to know about the step's results: a
	// scale, how to count, whether a list is complete.
	Note string

	// Keep gives the step's results to the merge even if a later step reads them.
	// Without it the merge gets only results that no other step reads.
	Keep bool
	// Est is the estimated tokens of one subtask's call, used to order the queue.
	// Zero: estimated from the input.
	Est int
	// MaxOut is the most tokens of one output. Zero: the worker's own limit.
	MaxOut int
	// Must forbids the worker to abstain.
	Must bool
}

// CalcGuide explains the language of Step.Calc, in a form that can be shown to a
// model.
const CalcGuide = calc.Guide

// Limits are the most that a run accepts from its plans, all rounds together. For a
// step that would exceed one, add returns a *PlanError.
type Limits struct {
	Steps    int // 0: 10 000
	Subtasks int // 0: 1 << 20
	Depth    int // longest chain of steps that wait for one another; 0: 10 000
	Bytes    int // of instructions, items and names; 0: 64 MiB
}
