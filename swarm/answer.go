package swarm

import "iter"

// Citation says where a statement comes from.
type Citation struct {
	Source string `json:"source"`
	Chunk  string `json:"chunk"`
	Start  int    `json:"start"` // byte offsets of the quote in the source;
	End    int    `json:"end"`   // of the whole chunk if the quote was not found in it
	Quote  string `json:"quote"`
	// Verified says that the quote stands in the chunk, white space folded.
	// A deterministic search found it there; no model's word is taken for it.
	Verified bool `json:"verified"`
}

// Coverage says how much of the plan and of the sources an answer rests on.
type Coverage struct {
	Subtasks  int `json:"subtasks"` // of all accepted steps; reducing is not counted here
	Done      int `json:"done"`
	Abstained int `json:"abstained"`
	Failed    int `json:"failed"`
	Skipped   int `json:"skipped"`
	Cancelled int `json:"cancelled"`

	ChunksRead  int `json:"chunks_read"` // done or abstained by at least one subtask
	ChunksKnown int `json:"chunks_known"`
	// Unread names the chunks that no subtask read, each run of them by its
	// first and last ID; past 32 runs by their number.
	Unread []string `json:"unread,omitempty"`

	// PlanCut says why the plan ended early, if it did: steps may be missing.
	PlanCut string `json:"plan_cut,omitempty"`
	// Missing lists what was left out of the answer, and why: steps that failed
	// and were to be merged, results that were too much for the window and
	// could not be shortened, a merge that broke off.
	Missing []string `json:"missing,omitempty"`
}

// Answer is what a run came to. Run returns one in every case.
type Answer struct {
	Run       string     `json:"run"`
	Text      string     `json:"text"`
	Citations []Citation `json:"citations"` // [1] in Text is Citations[0]
	Complete  bool       `json:"complete"`  // the last merge ended well and lacks nothing
	Rounds    int        `json:"rounds"`
	Coverage  Coverage   `json:"coverage"`
	Report    Report     `json:"report"`

	steps []*step
}

// Results returns all results of the run in plan order, whatever their
// outcome. The results are shared and must not be changed.
func (a *Answer) Results() iter.Seq[*Result] {
	return func(yield func(*Result) bool) {
		for _, s := range a.steps {
			for i := range s.results {
				if !yield(&s.results[i]) {
					return
				}
			}
		}
	}
}
