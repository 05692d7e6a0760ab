package main

import (
	"fmt"
	"io"
)

var groups = map[string]string{
	"A": "Rate limits and waits", "B": "Retries", "C": "Streams", "D": "Replies that lie", "E": "Connections",
	"F": "Cancels", "G": "Fan-out", "H": "Plans", "I": "Money", "J": "Secrets", "X": "Others", "M": "Mixtures",
}

// print writes a row for people, under a heading where its group is a new one.
func (r row) print(w io.Writer, newGroup bool) {
	if newGroup {
		fmt.Fprintf(w, "\n%s  %s\n", r.Group, groups[r.Group])
		fmt.Fprintf(w, "   %-5s %-44s %8s %7s %10s  %s\n", "", "fault", "injected", "retries", "extra cost", "outcome")
	}
	mark := "ok"
	if !r.Pass {
		mark = "!!"
	}
	extra := fmt.Sprintf("$%.5f", r.Extra)
	if r.AtLeast {
		extra = "≥" + extra
	}
	fmt.Fprintf(w, "%s %-5s %-44.44s %8d %7d %10s  %s\n", mark, r.ID, r.Name, r.Injected, r.Retries, extra, r.Outcome)
	for _, why := range r.Why[min(1, len(r.Why)):] {
		fmt.Fprintf(w, "   %-5s %s\n", "", why)
	}
}
