package swarm

import (
	"context"
	"io"
	"strings"
	"unicode/utf8"
)

// merge brings the results into the window and lets the planner write the
// answer of this round.
func (r *run) merge() error {
	r.window = r.windowLeft()
	results := r.fit(r.sinks())
	if err := r.cancelled(); err != nil {
		return err
	}
	r.mu.Lock()
	r.text.open()
	r.tell(Event{Kind: MergeStarted})
	b := r.brief()
	b.Coverage = r.covered()
	w := pen{&r.text, r.round}
	r.mu.Unlock()
	ctx := context.WithValue(r.ctx, scopeKey{}, &scope{run: r, merging: true})
	var v Verdict
	err := r.apart("the planner's Merge", func() error {
		var err error
		v, err = r.swarm.Planner.Merge(ctx, b, results, w)
		return err
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.close()
	if err == nil {
		r.verdict = v
		r.complete = v.Complete
		r.text.stands()
		if !v.Complete && r.round < r.most {
			r.known = r.digest()
		}
	}
	r.tell(Event{Kind: MergeEnded, Text: v.Missing, Err: err})
	return err
}

// sinks returns, in plan order, the results that are done of the steps that
// no other step uses. If those are all results of a single step it returns
// that step's own slice: a million results are not copied.
func (r *run) sinks() []Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	var sinks []*step
	n := 0
	for _, s := range r.steps {
		if s.used || s.Over == Reduce {
			continue
		}
		done := 0
		for i := range s.results {
			if s.results[i].Outcome == Done {
				done++
			}
		}
		if done > 0 {
			sinks = append(sinks, s)
			n += done
		}
	}
	if len(sinks) == 1 && len(sinks[0].results) == n {
		return sinks[0].results[:n:n]
	}
	out := make([]Result, 0, n)
	for _, s := range sinks {
		for i := range s.results {
			if s.results[i].Outcome == Done {
				out = append(out, s.results[i])
			}
		}
	}
	return out
}

// writer is what a merge writes the answer to: it keeps the text and tells the
// observer of it, in pieces of whole runes.
type writer struct {
	run      *run
	opened   int // the round whose merge is writing; 0: none
	b        strings.Builder
	half     []byte // of a rune whose rest has not come
	stood    bool   // a round has finished its text
	finished string // of the last that did
}

// open begins the text of a round. The run's lock is held, as for close,
// stands and String.
func (w *writer) open() {
	w.opened = w.run.round
	w.b.Reset()
	w.half = nil
}

func (w *writer) close() {
	w.opened = 0
	if len(w.half) > 0 {
		w.half = nil
		w.add("\uFFFD")
	}
}

// stands keeps the round's text as finished.
func (w *writer) stands() {
	w.stood, w.finished = true, w.b.String()
}

// restore takes the last finished text for the answer, if there is one.
func (w *writer) restore() bool {
	w.run.mu.Lock()
	defer w.run.mu.Unlock()
	if !w.stood || w.b.String() == w.finished {
		return w.stood
	}
	w.b.Reset()
	w.b.WriteString(w.finished)
	w.run.tell(Event{Kind: AnswerText})
	w.run.tell(Event{Kind: AnswerText, Text: w.finished})
	return true
}

func (w *writer) String() string { return w.b.String() }

// pen is what one merge writes with; it is of no use to a later one.
type pen struct {
	*writer
	round int
}

// Write adds to the answer's text.
func (w pen) Write(p []byte) (int, error) {
	w.run.enterLock()
	defer w.run.mu.Unlock()
	if w.opened != w.round {
		return 0, io.ErrClosedPipe
	}
	text := append(w.half, p...)
	whole := len(text)
	for back := 1; back <= min(utf8.UTFMax-1, len(text)); back++ {
		if c := text[len(text)-back]; c >= 0xC0 {
			if !utf8.FullRune(text[len(text)-back:]) {
				whole = len(text) - back
			}
			break
		} else if c < utf8.RuneSelf {
			break
		}
	}
	w.half = append([]byte(nil), text[whole:]...)
	if whole > 0 {
		w.add(strings.ToValidUTF8(string(text[:whole]), "\uFFFD"))
	}
	return len(p), nil
}

func (w *writer) add(piece string) {
	w.b.WriteString(piece)
	w.run.tell(Event{Kind: AnswerText, Text: piece})
}

// Reset takes back what was written in this merge. A planner whose call broke
// off in the middle of the text uses it before it tries again.
func (w pen) Reset() {
	w.run.enterLock()
	defer w.run.mu.Unlock()
	if w.opened == w.round {
		w.b.Reset()
		w.half = nil
		w.run.tell(Event{Kind: AnswerText})
	}
}
