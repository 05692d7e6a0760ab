package swarm

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/db31e724/go-swarm/swarm/internal/calc"
)

// Planner stands in for the large model: it writes plans and merges results.
//
// A Swarm calls Plan and Merge one after another within one run; only where
// results exceed Window and Swarm.Reducer is nil, Merge is called for several
// groups of them at the same time. A planner that serves several runs must be
// safe for concurrent use and keep no state of a run.
type Planner interface {
	// Plan writes the plan of one round: it calls add for each step as soon
	// as the step is complete, and the step's subtasks may start before the
	// next is written. add's error is a *PlanError that says what is wrong
	// with the step; the planner may mend the step and go on. Steps that add
	// accepted stand even if Plan then returns an error. add is safe for
	// concurrent use; once Plan has returned it answers ErrPlanClosed, and
	// once the run is cancelled the cause.
	Plan(ctx context.Context, b Brief, add func(Step) error) error

	// Merge writes the answer to w as it comes, and says whether it is
	// complete. results are in plan order, without abstentions
	// and without failures; where Window is not 0, those of FormText last; b.Coverage tells how many there were of each. The slice and
	// what it points at are shared: Merge must not change them, nor keep w.
	//
	// If the error is a *CallError of ClassTooLong, or a *BudgetError on cost or
	// tokens before Merge has made a call, the text is taken back and Merge is
	// called again with about half of the results, those of the highest
	// confidence. After a cancel
	// Merge is called only if Window is 0, with a ctx that has ended: a planner
	// that makes no call merges what is known.
	Merge(ctx context.Context, b Brief, results []Result, w *AnswerWriter) (Verdict, error)

	// Window returns the most tokens of results, as [EstimateTokens] counts,
	// that one Merge reads. Results that exceed it are shortened first; see
	// Swarm.Reducer. 0: unbounded, as for a planner that merges in plain code,
	// whose results are never shortened. It is asked once a round.
	Window() int
}

// Brief is what a planner is told.
type Brief struct {
	Run   string // the run's ID
	Round int    // 1 for the first
	Last  bool   // no further round will follow: what Verdict says is missing is not asked for
	Task  Task
	Max   Limits

	// Tools are those that steps may name for their workers.
	Tools []Tool

	// Known is a digest of what earlier rounds found, and Asked what the last
	// merge said was missing. Both are empty in the first round.
	Known []Known
	Asked string

	// Standing are the steps of this round's plan that were added before the run was
	// cut off. They are being carried out: Plan adds what else is needed. Adding
	// one of them again changes nothing.
	Standing []Step

	// Window is the most tokens of results that a merge reads; Merge's
	// results are estimated to fit it. Zero: unbounded.
	Window int
	// MaxOut is the most tokens that the text of a Merge and its citations may
	// have where it merges a group of the results (see Swarm.Reducer): what is
	// longer is cut. Zero: no limit, as for the answer.
	MaxOut int
	// Coverage is filled in for Merge.
	Coverage Coverage
}

// Known is what an earlier step found, as the next round's Brief tells it.
type Known struct {
	Step   string // full ID
	Do     string // its instruction
	Digest string // its best findings, cut to a few hundred tokens
}

// Status says whether an answer answers the task.
type Status uint8

const (
	Answered   Status = iota // whole
	Partly                   // the texts say no more
	NotInTexts               // the texts do not say it
	ReadMore                 // not yet: reading more, or again, could help
)

var statusNames = [...]string{"answered", "partly", "not in the texts", "read more"}

func (s Status) String() string { return nameIn(statusNames[:], int(s)) }

// MarshalText writes the status's name.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Status) UnmarshalText(text []byte) error {
	i := slices.Index(statusNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("swarm: %q is no status", clip(string(text), 40))
	}
	*s = Status(i)
	return nil
}

// Verdict is what the planner says of a merge. The zero Verdict is that of a
// complete answer.
type Verdict struct {
	Status Status
	// Missing says what the answer lacks, or what to look for; empty: nothing. If
	// it is not, and rounds are left, the next round is asked for it.
	Missing string
	// Citations are what the answer's text refers to: [1] is Citations[0].
	Citations []Citation
}

// Over says what a step fans out over.
type Over uint8

const (
	// Once makes a single subtask with no input but what the step needs.
	Once Over = iota
	// Chunks makes a subtask of each chunk of the sources, or of those that
	// Select names.
	Chunks
	// Items makes a subtask of each of the step's Items.
	Items
	// List makes a subtask of each finding of the step Of, or of each item of its
	// list, once that step has ended whole; see [Subtask.Item]. They are
	// in plan order: Result.Index counts the findings of all results of Of from 0.
	List
	// Each makes a subtask of each result of the step Of, as soon as that
	// result is there: a pipeline. Subtask i follows subtask i of Of.
	Each
	// Sections makes a subtask of each section of the sources: the text under one
	// heading, exactly; of a heading without text of its own none. Of sources
	// that Select names by numbers of chunks, those that begin in one of these.
	Sections
	// Sources makes a subtask of each source, whole, or of what Select names of it.
	Sources
	// Calc makes a single subtask that runs Calc over the findings of Needs, without
	// a worker.
	Calc
	// Reduce is made by the aggregator, never by a plan: each subtask
	// shortens a group of results (Subtask.From) that the merge cannot read
	// whole.
	Reduce
)

var overNames = [...]string{"once", "chunks", "items", "list", "each", "sections", "sources", "calc", "reduce"}

func (o Over) String() string { return nameIn(overNames[:], int(o)) }

// Form says what an output looks like.
type Form string

const (
	FormFindings Form = ""     // findings, each with its evidence; of a Schema, records
	FormList     Form = "list" // a list of texts, for a later step to fan out over
	// FormText is a text, such as a section of a long answer. Where no later step
	// reads it, it stands in the answer as it is: the merge does not shorten it,
	// and writes what stands around it.
	FormText Form = "text"
)

// NoGoal is the Goal of a step whose workers are not shown the task's.
const NoGoal = "-"

// Step is a part of a plan: one instruction, carried out by a subtask for
// each piece of what it fans out over. The engine keeps the step that was
// added, with its slices; they must not be changed afterwards.
type Step struct {
	// ID names the step for steps after it. It must be unique in its round,
	// and is made of letters, digits, '_', '-' and '.'. The engine puts the
	// round before it: "t1" of the second round becomes "2/t1". Steps of its
	// own round may name it either way, those of later rounds the full way.
	ID string

	// Do is the instruction, in words that a small model can follow without
	// knowing the rest of the plan. A calculation needs none.
	Do string

	Over Over
	// Select names what Chunks, Sections and Sources read: sources, IDs of chunks,
	// or parts of a source by the numbers of its chunks, "NAME#12" or "NAME#12-30";
	// where there is one source NAME may be left out. None: all. Of other steps with
	// Lookup it says where to look.
	Select []string
	// Where keeps of Chunks, Sections and Sources the pieces in which one of these
	// words stands, or its headings; several words in one entry are a phrase.
	// Case and accents do not count. None: all.
	Where []string
	// Widen has the rest of the sources' pieces read if nothing was found in those
	// that Select and Where leave, by a step of its own.
	Widen bool
	Items []string // Items: one subtask each
	Of    string   // List, Each: the ID of an earlier step

	// Needs are IDs of earlier steps that must have ended, whole, before this
	// one starts; its subtasks receive their results.
	Needs []string
	// Context names pieces, as Select does, that each of its subtasks sees too:
	// definitions, conventions, the head of a table.
	Context []string
	// Lookup is how many chunks each subtask is shown that match best what is its
	// own: its item, the finding that it follows, or else Do. Of a List step that is
	// the finding's Text, without its quote. Where no word of it stands in the texts
	// none is shown. 0: none; see [Task.Index].
	Lookup int
	// Tools are the names of the tools that its workers may call, of those of the
	// Swarm. None: they call none.
	Tools []string
	// Goal is what its workers are shown in place of the task's. Empty: the
	// task's; NoGoal: none.
	Goal string

	Form Form
	// Schema is the JSON Schema of a record, an object: each finding of the step
	// then has one in Data. nil: findings are texts.
	Schema json.RawMessage `json:",omitempty"`
	// Calc is the program of a Calc step: an expression over the findings of the
	// steps that it needs, each a list under that step's ID. Its functions are those of
	// [CalcGuide]. It is bounded in time and memory, and gives the same result
	// each time.
	Calc string
	// Note tells the planner's merge what it should know of the step's results: a
	// scale, how to count, whether a list is whole.
	Note string

	// Keep gives the step's results to the merge although a later step reads
	// them. Without it the merge gets those of steps that no other step reads.
	Keep bool
	// Est is the estimated tokens of one subtask's call. Zero: from its input.
	Est int
	// MaxOut is the most tokens that an output may have. Zero: the worker's
	// own limit.
	MaxOut int
	// Must forbids the worker to abstain.
	Must bool
}

// CalcGuide says how the program of a Calc step is written, in a form that can be
// shown to a model.
const CalcGuide = calc.Guide

// Limits are the most that a run accepts of its plans, all rounds together. A
// step that would exceed one is answered with a *PlanError.
type Limits struct {
	Steps    int // 0: 10 000
	Subtasks int // 0: 1 << 20
	Depth    int // longest chain of steps that wait for one another; 0: 10 000
	Bytes    int // instructions, items and names; 0: 64 MiB
}
