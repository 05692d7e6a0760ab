package swarm

import (
	"encoding/json"
	"time"
)

// Report is what a run did and what it cost, nested runs included. It is computed
// from the run's events: the zero value is ready, and Add takes every event of one
// run in order. A Report that was read from JSON does not update Alone any more.
type Report struct {
	Usage  Usage            `json:"usage"`  // of all calls
	Roles  map[Role]Usage   `json:"roles"`  // the same by role
	Models map[string]Usage `json:"models"` // the same by model, where it is known

	// Earlier is what calls of earlier processes used, if the run was resumed from
	// a Journal; Usage does not include it. Replayed counts the subtasks whose
	// results were taken from the Journal.
	Earlier  Usage `json:"earlier,omitzero"`
	Replayed int   `json:"replayed,omitempty"`

	Steps     int            `json:"steps"`   // accepted steps, those of Swarm.Reducer included
	Refused   int            `json:"refused"` // steps that add refused
	Rounds    int            `json:"rounds"`
	Subtasks  Tally          `json:"subtasks"` // those of Swarm.Reducer included
	Retries   int            `json:"retries"`
	Tools     map[string]int `json:"tools,omitempty"`     // calls of tools by name, failed ones included
	Elsewhere map[string]int `json:"elsewhere,omitempty"` // subtasks that workers on other machines ended, by the worker's name
	Overruns  int            `json:"overruns"`            // calls that used more than their upper estimate, and so may have exceeded a Budget
	Learned   []string       `json:"learned,omitempty"`   // about backends; the first hundred

	// Times since the run began; zero: it did not happen.
	FirstStep    time.Duration `json:"first_step"`
	FirstSubtask time.Duration `json:"first_subtask"`
	FirstAnswer  time.Duration `json:"first_answer"` // the first byte of the answer's text
	Wall         time.Duration `json:"wall"`

	// SourceTokens is the estimated size of all sources, with overlaps counted
	// once.
	SourceTokens int `json:"source_tokens"`
	// Alone is what the large model alone would have cost to read all sources
	// once and write the same answer:
	//
	//	SourceTokens × Price.In + EstimateTokens(Answer.Text) × Price.Out
	//
	// at the price of the planner's first priced call. It leaves out the question,
	// the instructions, and the extra cost of several calls if the sources do not
	// fit the large model's context. nil: the planner's price is unknown.
	Alone *Money `json:"alone"`

	large *Price
}

// Tally counts subtasks by outcome.
type Tally [Cancelled + 1]int

// Total returns the number of subtasks that ended.
func (t Tally) Total() int {
	n := 0
	for _, k := range t[Done:] {
		n += k
	}
	return n
}

// MarshalJSON writes the counts by the outcomes' names.
func (t Tally) MarshalJSON() ([]byte, error) {
	m := make(map[Outcome]int, len(t))
	for o := Done; o <= Cancelled; o++ {
		m[o] = t[o]
	}
	return json.Marshal(m)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Tally) UnmarshalJSON(text []byte) error {
	var m map[Outcome]int
	if err := json.Unmarshal(text, &m); err != nil {
		return err
	}
	*t = Tally{}
	for o, n := range m {
		t[o] = n
	}
	return nil
}

const mostLearned = 100

// Add adds the run's next event to the report.
func (r *Report) Add(e Event) {
	switch e.Kind {
	case RunStarted:
		r.SourceTokens = e.Tokens
		if e.Usage != nil {
			r.Earlier, r.large = *e.Usage, e.Price
		}
	case StepAdded:
		r.Steps++
		first(&r.FirstStep, e.At)
	case StepRefused:
		r.Refused++
	case SubtaskStarted:
		first(&r.FirstSubtask, e.At)
	case SubtaskEnded:
		if e.Outcome <= Cancelled {
			r.Subtasks[e.Outcome] += e.To - e.Index
		}
		if e.Replayed {
			r.Replayed++
		}
	case CallEnded:
		r.call(e)
	case Retrying:
		r.Retries++
	case Learned:
		if len(r.Learned) < mostLearned {
			r.Learned = append(r.Learned, e.Text)
		}
	case ToolCalled:
		if r.Tools == nil {
			r.Tools = map[string]int{}
		}
		r.Tools[e.Text]++
	case WorkedElsewhere:
		if r.Elsewhere == nil {
			r.Elsewhere = map[string]int{}
		}
		r.Elsewhere[e.Text]++
	case AnswerText:
		if e.Text != "" {
			first(&r.FirstAnswer, e.At)
		}
	case RunEnded:
		r.Wall = e.At
		r.Rounds = e.Round
		if r.large != nil && e.Answer != nil {
			r.Alone = new(r.large.Cost(Usage{In: r.SourceTokens, Out: EstimateTokens(e.Answer.Text)}))
		}
	}
}

func first(d *time.Duration, at time.Duration) {
	if *d == 0 {
		*d = max(at, 1)
	}
}

func (r *Report) call(e Event) {
	if e.Usage == nil {
		return
	}
	r.Usage = r.Usage.Plus(*e.Usage)
	if est := e.Est; est != nil && (e.Usage.In > est.In || e.Usage.Out > est.Out) {
		r.Overruns++
	}
	if r.Roles == nil {
		r.Roles = map[Role]Usage{}
		r.Models = map[string]Usage{}
	}
	r.Roles[e.Role] = r.Roles[e.Role].Plus(*e.Usage)
	if e.Model != "" {
		r.Models[e.Model] = r.Models[e.Model].Plus(*e.Usage)
	}
	if e.Role == RolePlanner && r.large == nil {
		r.large = e.Price
	}
}
