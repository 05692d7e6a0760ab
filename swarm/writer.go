package swarm

import (
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

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

// NewAnswerWriter returns an AnswerWriter that also hands on what it gets, in
// pieces of whole runes; reset says that what was written before text is void.
// notify's error becomes Write's. A planner around another one uses it to see the
// answer that the other writes.
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
	if whole == 0 {
		return len(p), nil
	}
	if err := w.add(strings.ToValidUTF8(string(text[:whole]), "\uFFFD"), false); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Reset takes back all that was written. A planner whose call broke off in the
// middle of the text uses it before it begins the text anew.
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
