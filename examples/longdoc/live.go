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
func live(w io.Writer) func(swarm.Event) {
	stand := false // a text has been written
	stale := false // it is no longer the answer's
	open := false  // its last line has no newline yet
	newline := func() {
		if open {
			fmt.Fprintln(w)
		}
		open = false
	}
	return func(e swarm.Event) {
		switch e.Kind {
		case swarm.AnswerText:
			if e.Reset {
				stale = stand
			}
			if e.Text == "" {
				return
			}
			if stale {
				newline()
				fmt.Fprint(w, "\n(The answer is written anew.)\n\n")
			}
			fmt.Fprint(w, e.Text)
			stand, stale, open = true, false, !strings.HasSuffix(e.Text, "\n")
		case swarm.MergeEnded:
			newline()
		case swarm.RunEnded:
			newline()
			if stale {
				fmt.Fprintln(w, "\n(The text above was taken back.)")
			}
		}
	}
}
