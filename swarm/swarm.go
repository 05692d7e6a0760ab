// Package swarm runs hard tasks on many small models under one large one.
//
// A [Planner] (the large model) writes a plan of a few steps; each [Step]
// fans out into many simple subtasks; a [Worker] (a bounded pool of small
// models, or any function) works on them at the same time; what they found
// goes back through the planner, which merges it into one [Answer] or asks for
// another round.
//
//	Task ─▶ Planner.Plan ──add(step)──▶ schedule ──▶ Worker.Work ──▶ results in plan order
//	  ▲                                                                     │
//	  └── another round ◀── Verdict ◀── Planner.Merge ◀── filter, reduce ◀──┘
//	                                         └─▶ Answer
//
// The package holds the vocabulary and the engine. Planners are in package
// planner, workers in package workers, sources are made by swarm/source, and
// listeners to a run's events are in swarm/observe.
package swarm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Swarm is a planner, a worker, and the settings of a run. The zero value of
// each setting suits most uses. A Swarm may run several tasks at once.
type Swarm struct {
	Planner Planner
	Worker  Worker

	// Reducer shortens results that exceed what a merge reads ([Planner] Window):
	// each of its subtasks is Over [Reduce] and gets a group of them. A
	// workers.Pool does this cheaply. Nil: the planner merges each group, and then
	// merges those texts.
	Reducer Worker

	// Tools are the tools that steps may name for their workers; the planner is
	// told what each is for. The worker must be given them too: see workers.Config.
	Tools []Tool

	// Concurrency is the number of places: the most subtasks that are worked on at
	// once. The number of calls in flight is limited by the worker (a pool's
	// slots). A nested run has its own places, in addition to that of the subtask
	// which started it. 0: 32.
	Concurrency int
	// Pack lets one subtask of a step over Chunks read several short sources (those
	// of a single chunk) together, up to this many tokens; each finding cites its
	// own source. Steps with Must or FormText never do so. 0: no packing.
	Pack int
	// Rounds is the most rounds of plan, work and merge. 0: 2.
	Rounds int
	// Limits bound what a run accepts from its plans.
	Limits Limits
	// Budget holds hard limits on what the run may spend. Zero: unlimited.
	Budget Budget

	// Journal records the run: a process that runs the same task again with the
	// same Journal goes on where an earlier one was cut off. Nested runs use the
	// journal of the outermost run. nil: nothing is recorded.
	Journal Journal

	// Observe is called with every event, in order, one at a time, on a goroutine
	// of its own. Events wait in a bounded queue; while it is full, the run waits
	// for Observe. Run returns after the last event was delivered. After a cancel
	// only Run itself waits for Observe. Observe must not call Emit, nor wait for
	// anything that the run does.
	Observe func(Event)
}

// valid tells what of a run's settings and task cannot work.
func (s *Swarm) valid(ctx context.Context, t Task) error {
	switch {
	case ctx == nil:
		return errors.New("swarm: the context is nil: give context.Background() where there is none")
	case s.Planner == nil:
		return errors.New("swarm: Planner is nil: set one, such as a *planner.LLM or planner.Fixed")
	case s.Worker == nil:
		return errors.New("swarm: Worker is nil: set one, such as a *workers.Pool or a WorkerFunc")
	}
	for _, in := range []struct {
		name     string
		settings any
	}{{"", *s}, {"Budget.", s.Budget}, {"Limits.", s.Limits}} {
		for field, v := range reflect.ValueOf(in.settings).Fields() {
			if v.CanInt() && v.Int() < 0 {
				return fmt.Errorf("swarm: %s%s is %v: it must be positive, or 0 for the default", in.name, field.Name, v)
			}
		}
	}
	b := &s.Budget
	if b.Merge > b.Cost {
		return fmt.Errorf("swarm: Budget.Merge is %v: it must be part of Budget.Cost, %v", b.Merge, b.Cost)
	}
	return t.valid()
}

// valid tells what is wrong with a task, as citations and plans need it.
func (t *Task) valid() error {
	if strings.TrimSpace(t.Goal) == "" {
		return errors.New("swarm: Task.Goal is empty: say what is wanted")
	}
	if len(t.Schema) > 0 && !json.Valid(t.Schema) {
		return errors.New("swarm: Task.Schema is not JSON: give a JSON Schema")
	}
	names := make(map[string]bool, len(t.Sources))
	ids := map[string]bool{}
	for i := range t.Sources {
		name := t.Sources[i].Name
		if name == "" {
			return fmt.Errorf("swarm: Task.Sources[%d].Name is empty: citations need it", i)
		}
		if names[name] {
			return fmt.Errorf("swarm: Task.Sources[%d].Name %q occurs twice: names must differ", i, name)
		}
		names[name] = true
		for j := range t.Sources[i].Chunks {
			c := &t.Sources[i].Chunks[j]
			switch {
			case c.Source != name || c.ID == "":
				return fmt.Errorf("swarm: Task.Sources[%d].Chunks[%d] is of source %q with ID %q: it needs the name of its source, %q, and an ID", i, j, c.Source, c.ID, name)
			case ids[c.ID]:
				return fmt.Errorf("swarm: Task.Sources[%d].Chunks[%d].ID %q occurs twice: IDs must differ in the whole task", i, j, c.ID)
			}
			ids[c.ID] = true
		}
	}
	return nil
}

// Work makes a task from a subtask and runs it, so that a Swarm is a Worker and
// swarms nest. The task's goal is the subtask's instruction with its item and
// feedback, its sources are the chunk and the results that the subtask reads, and
// its Schema is the step's. The output holds the answer's text and citations, with
// a doubt if the answer is not complete. If there is no text the output abstains,
// or the error says so if the step has Must. A citation of a result is replaced by
// the matching citation of that result, or is unverified if none matches. See Run
// for how a nested run is accounted.
func (s *Swarm) Work(ctx context.Context, st Subtask) (Output, error) {
	var t Task
	if st.Step != nil {
		t.Goal, t.Schema = st.Step.Do, st.Step.Schema
	}
	if st.Goal != "" {
		t.Goal += "\n\nThis is part of a larger question: " + st.Goal
	}
	if st.Item != "" {
		t.Goal += "\n\n" + st.Item
	}
	for _, what := range st.Missing {
		t.Goal += "\n\nNot known, for it failed: " + what
	}
	for _, f := range st.Feedback {
		t.Goal += "\n\nAn earlier answer was: " + clip(f.Said, 4*digestTokens) + "\nWhat is wrong with it: " + f.Wrong
	}
	if c := st.Chunk; c != nil {
		t.Sources = append(t.Sources, Source{Name: c.Source, Outline: c.Path, Chunks: []Chunk{*c}})
	}
	from := map[string]origin{} // by ID of the chunk
	for i := range st.From {
		src := Source{Name: "result-" + strconv.Itoa(i+1), Outline: clip(st.From[i].Out.Text(), mostWhy)}
		for c := st.Chunk; c != nil && (src.Name == c.Source || strings.HasPrefix(c.ID, src.Name)); {
			src.Name = "inner-" + src.Name
		}
		at := 0
		for k := range st.From[i].Out.Findings {
			f := &st.From[i].Out.Findings[k]
			c := Chunk{Source: src.Name, ID: src.Name + "#" + strconv.Itoa(k+1), Text: f.Text, Start: at, End: at + len(f.Text)}
			src.Chunks = append(src.Chunks, c)
			from[c.ID] = origin{f, at}
			at = c.End + 1
		}
		t.Sources = append(t.Sources, src)
	}
	a, err := s.Run(ctx, t)
	if err != nil {
		return Output{}, err
	}
	var out Output
	switch {
	case strings.TrimSpace(a.Text) == "":
	case st.Step != nil && st.Step.Form == FormList:
		out = Say(listItems(a.Text)...)
	default:
		cites := slices.Clone(a.Citations) // the planner's, and the observer's
		for i, c := range cites {
			if o, ok := from[c.Chunk]; ok {
				cites[i] = o.of(c)
			}
		}
		out.Findings = []Finding{{Text: a.Text, Evidence: cites}}
		if len(t.Schema) > 0 && json.Valid([]byte(a.Text)) {
			out.Findings[0].Data = json.RawMessage(a.Text)
		}
	}
	for r := range a.Results() {
		out.Read = append(out.Read, r.Out.Read...)
	}
	if len(out.Findings) == 0 && st.Step != nil && st.Step.Must {
		return Output{}, errors.New("the answer is empty, which the step forbids")
	}
	if !a.Complete {
		out.Doubts = []string{"the answer is not complete"}
	}
	return out, nil
}

// listItems reads a list that an answer holds: a JSON array, whose strings are
// taken as they are and whose other values as JSON; or an item a line.
func listItems(text string) (items []string) {
	var raw []json.RawMessage
	if json.Unmarshal([]byte(text), &raw) == nil && raw != nil {
		items = make([]string, len(raw))
		for i, v := range raw {
			if v[0] != '"' || json.Unmarshal(v, &items[i]) != nil {
				items[i] = string(v)
			}
		}
		return items
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			items = append(items, line)
		}
	}
	return items
}

// origin is a finding that stands at an offset of a nested run's source.
type origin struct {
	finding *Finding
	at      int
}

var reference = regexp.MustCompile(`\[(\d{1,6})`)

// of returns what a citation of the finding's text goes back to: the finding's
// only evidence, that with the same words, or that which the text refers to next.
func (o origin) of(c Citation) Citation {
	n := -1
	f := o.finding
	if len(f.Evidence) == 1 {
		n = 0
	} else if c.Quote != "" {
		n = slices.IndexFunc(f.Evidence, func(own Citation) bool {
			return strings.Contains(own.Quote, c.Quote) || own.Quote != "" && strings.Contains(c.Quote, own.Quote)
		})
	}
	if n < 0 {
		if m := reference.FindStringSubmatch(f.Text[min(max(c.Start-o.at, 0), len(f.Text)):]); m != nil {
			n, _ = strconv.Atoi(m[1])
			n--
		}
	}
	if n < 0 || n >= len(f.Evidence) {
		c.Verified = false
		return c
	}
	own := f.Evidence[n]
	own.Verified = own.Verified && c.Verified
	return own
}

// nestedID names a run that is started within s: RUN/1/read/7/1 is the first in
// subtask 1/read/7 of RUN.
func (s *scope) nestedID() string {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	for s.of != nil { // branches share their numbers
		s = s.of
	}
	s.nested++
	name := strconv.Itoa(s.run.round) + "/plan"
	switch {
	case s.work != nil:
		name = subtaskID(&s.work.step.Step, int(s.work.ref.Index))
	case s.merging:
		name = strconv.Itoa(s.run.round) + "/merge"
	}
	return s.run.id + "/" + name + "/" + strconv.Itoa(int(s.nested))
}
