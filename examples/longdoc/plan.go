package main

import (
	"fmt"
	"io"
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
		for _, f := range []struct {
			name string
			of   []string
		}{
			{"do", []string{s.Do}},
			{"select", s.Select},
			{"where", s.Where},
			{"widen", set(s.Widen, "true")},
			{"items", s.Items},
			{"of", set(s.Of != "", s.Of)},
			{"needs", s.Needs},
			{"context", s.Context},
			{"lookup", set(s.Lookup > 0, fmt.Sprint(s.Lookup))},
			{"goal", set(s.Goal != "", s.Goal)},
			{"output", set(s.Form != "", string(s.Form))},
			{"fields", set(s.Schema != nil, string(s.Schema))},
			{"calc", set(s.Calc != "", s.Calc)},
			{"note", set(s.Note != "", s.Note)},
		} {
			if len(f.of) > 0 {
				fmt.Fprintf(&b, "  %s: %s\n", f.name, listed(f.of))
			}
		}
		io.WriteString(w, b.String())
	}
}

func set(yes bool, value string) []string {
	if yes {
		return []string{value}
	}
	return nil
}

// mostListed is how many values of a field are shown.
const mostListed = 20

// listed writes values on a line.
func listed(values []string) string {
	var out []string
	for _, v := range values[:min(len(values), mostListed)] {
		out = append(out, strings.Join(strings.Fields(v), " "))
	}
	if n := len(values) - mostListed; n > 0 {
		out = append(out, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(out, "; ")
}
