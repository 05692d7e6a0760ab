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
