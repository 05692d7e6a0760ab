package main

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

// plan returns a listener that writes each step of the plan once it is accepted: of
// its fields those that are set.
func plan(w io.Writer) func(swarm.Event) {
	return func(e swarm.Event) {
		if e.Kind == swarm.PlanEnded {
			fmt.Fprintln(w)
		}
		s := e.Added
		if e.Kind != swarm.StepAdded || s == nil || s.Over == swarm.Reduce {
			return
		}
		var b strings.Builder
		fmt.Fprintf(&b, "\nStep %s, over %s", s.ID, s.Over)
		if e.To >= 0 {
			fmt.Fprintf(&b, ", %d %s", e.To, plural(e.To, "subtask"))
		}
		b.WriteString("\n")
		for field, value := range reflect.ValueOf(*s).Fields() {
			if value.IsZero() || slices.Contains([]string{"ID", "Over", "Est"}, field.Name) { // shown, or the engine's
				continue
			}
			text := fmt.Sprint(value)
			switch v := value.Interface().(type) {
			case []string:
				text = strings.Join(v, "; ")
			case json.RawMessage:
				text = string(v)
			}
			fmt.Fprintf(&b, "  %s: %s\n", strings.ToLower(field.Name), strings.Join(strings.Fields(text), " "))
		}
		io.WriteString(w, b.String())
	}
}

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
		case swarm.MergeEnded, swarm.RunEnded:
			newline()
			if stale && e.Kind == swarm.RunEnded {
				fmt.Fprintln(w, "\n(The text above was taken back.)")
			}
		}
	}
}
