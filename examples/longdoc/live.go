package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

// live returns a listener that writes the answer's text as it comes.
//
// What was written cannot be taken back: a text that replaces an earlier one,
// in a further round or after a call that broke off, follows it with a note.
// Each text ends with a newline, so that progress in the same place begins on
// a line of its own.
func live(w io.Writer) func(swarm.Event) { return (&liveText{w: w}).observe }

type liveText struct {
	w     io.Writer
	stand bool // a text has been written
	stale bool // it is no longer the answer's
	open  bool // its last line has no newline yet
}

func (l *liveText) observe(e swarm.Event) {
	switch e.Kind {
	case swarm.AnswerText:
		l.text(e.Reset, e.Text)
	case swarm.MergeEnded:
		l.newline()
	case swarm.RunEnded:
		l.newline()
		if l.stand && l.stale {
			fmt.Fprintln(l.w, "\n(The text above was taken back.)")
		}
	}
}

func (l *liveText) text(reset bool, text string) {
	if reset {
		l.stale = l.stand
	}
	if text == "" {
		return
	}
	if l.stale {
		l.newline()
		fmt.Fprint(l.w, "\n(The answer is written anew.)\n\n")
		l.stale = false
	}
	fmt.Fprint(l.w, text)
	l.stand, l.open = true, !strings.HasSuffix(text, "\n")
}

func (l *liveText) newline() {
	if l.open {
		fmt.Fprintln(l.w)
		l.open = false
	}
}
