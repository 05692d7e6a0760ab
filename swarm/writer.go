package swarm

import (
	"io"
	"strings"
	"unicode/utf8"
)

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
	if w.opened == w.round && w.b.Len()+len(w.half) > 0 {
		w.b.Reset()
		w.half = nil
		w.run.tell(Event{Kind: AnswerText})
	}
}
