package swarm

import (
	"io"
	"iter"
	"strings"
	"sync"
	"unicode/utf8"
)

// Citation says where a statement comes from. [Chunk.Cite] makes one from a part of
// a chunk.
type Citation struct {
	Source string `json:"source"`
	Chunk  string `json:"chunk"`
	Path   string `json:"path"`           // the headings above the quote, outermost first, joined by " › "
	Head   string `json:"head,omitempty"` // the head of the table that the quote is from
	Line   int    `json:"line"`           // where the quote begins in the source, from 1; 0: unknown
	Start  int    `json:"start"`          // byte offsets of the quote in the source;
	End    int    `json:"end"`            // of the whole chunk if the quote was not found in it
	Quote  string `json:"quote"`
	// Verified says that a deterministic search found the quote in the chunk; runs
	// of white space compare as one space. It never rests on what a model says.
	Verified bool `json:"verified"`
}

// Coverage says how much of the plan and of the sources was worked on for an
// answer.
type Coverage struct {
	Subtasks  int `json:"subtasks"` // of all accepted steps; those of Swarm.Reducer are not counted
	Done      int `json:"done"`
	Abstained int `json:"abstained"`
	Failed    int `json:"failed"`
	Skipped   int `json:"skipped"`
	Cancelled int `json:"cancelled"`

	ChunksRead  int `json:"chunks_read"` // by at least one subtask that is done or abstained
	ChunksKnown int `json:"chunks_known"`
	// Unread names the chunks that no subtask read: each range of neighbours by its
	// first and last ID, and beyond 32 ranges only their number. In the same form
	// FailedChunks names the unread chunks on which a subtask failed, and Empty the
	// chunks that were read and in which no subtask found anything.
	Unread       []string `json:"unread,omitempty"`
	FailedChunks []string `json:"failed_chunks,omitempty"`
	Empty        []string `json:"empty,omitempty"`

	// PlanCut says why the plan ended early; steps may be missing. Empty: it did
	// not.
	PlanCut string `json:"plan_cut,omitempty"`
	// Missing lists what was left out of the answer, and why: failed subtasks, results
	// that exceeded the planner's window and could not be shortened, a merge that
	// was interrupted.
	Missing []string `json:"missing,omitempty"`
}

// Answer is the outcome of a run. Run returns one in every case.
type Answer struct {
	Run       string     `json:"run"`
	Text      string     `json:"text"`
	Citations []Citation `json:"citations"` // [1] in Text is Citations[0]
	Status    Status     `json:"status"`    // from the last merge that succeeded; ReadMore if none did
	Complete  bool       `json:"complete"`  // the last merge succeeded with Answered; nothing is in its Missing, Coverage.Missing or PlanCut, and no subtask was cancelled
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

// AnswerWriter is what a planner's Merge writes the answer to, piece by piece,
// as UTF-8. The zero value collects the text. In a run it tells the observer of
// each piece, and fails with [io.ErrClosedPipe] once Merge has returned. It is
// safe for concurrent use and must not be copied.
type AnswerWriter struct {
	mu     sync.Mutex
	notify func(text string, reset bool) error
	text   strings.Builder
	half   []byte // of a rune whose rest has not come
	closed bool
}

// NewAnswerWriter returns an AnswerWriter that also passes what is written to
// notify, in pieces of whole runes. reset says that everything before text is
// discarded. Write returns notify's error. A planner that wraps another one uses it
// to see the answer that the other writes.
func NewAnswerWriter(notify func(text string, reset bool) error) *AnswerWriter {
	return &AnswerWriter{notify: notify}
}

// Write adds to the answer's text. Bytes that are not UTF-8 become U+FFFD.
func (w *AnswerWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return 0, io.ErrClosedPipe
	}
	text := append(w.half, p...)
	whole := max(len(text)-utf8.UTFMax+1, 0)
	for whole < len(text) && utf8.FullRune(text[whole:]) {
		whole++
	}
	w.half = append([]byte(nil), text[whole:]...)
	if whole == 0 {
		return len(p), nil
	}
	if err := w.add(strings.ToValidUTF8(string(text[:whole]), "\uFFFD"), false); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Reset discards all that was written. A planner calls it before it starts the text
// again, after a call that was interrupted in the middle.
func (w *AnswerWriter) Reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.half = nil
	if w.closed || w.text.Len() == 0 {
		return
	}
	w.text.Reset()
	_ = w.add("", true) // the next Write meets what is wrong
}

// String returns the text that was written.
func (w *AnswerWriter) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.half) > 0 {
		return w.text.String() + "\uFFFD"
	}
	return w.text.String()
}

// close ends the text. Later calls change nothing.
func (w *AnswerWriter) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.half) > 0 {
		w.half = nil
		_ = w.add("\uFFFD", false)
	}
	w.closed = true
}

// add appends to the text and hands it on. The lock is held.
func (w *AnswerWriter) add(text string, reset bool) error {
	w.text.WriteString(text)
	if w.notify == nil {
		return nil
	}
	return w.notify(text, reset)
}
