package main

import (
	"fmt"
	"io"
)

var groups = map[string]string{
	"A": "Rate limits and waits", "B": "Retries", "C": "Streams", "D": "Replies that lie", "E": "Connections",
	"F": "Cancels", "G": "Fan-out", "H": "Plans", "I": "Money", "J": "Secrets", "X": "Others", "M": "Mixtures",
}

// table prints rows for people, a line each, as they come.
type table struct {
	w     io.Writer
	group string
}

func newTable(w io.Writer) *table { return &table{w: w} }

func (t *table) row(r row) {
	if r.Group != t.group {
		t.group = r.Group
		fmt.Fprintf(t.w, "\n%s  %s\n", r.Group, groups[r.Group])
		fmt.Fprintf(t.w, "   %-5s %-44s %8s %7s %10s  %s\n", "", "fault", "injected", "retries", "extra cost", "outcome")
	}
	mark := "ok"
	if !r.Pass {
		mark = "!!"
	}
	extra := fmt.Sprintf("$%.5f", r.Extra)
	if r.AtLeast {
		extra = "≥" + extra
	}
	fmt.Fprintf(t.w, "%s %-5s %-44.44s %8d %7d %10s  %s\n", mark, r.ID, r.Name, r.Injected, r.Retries, extra, r.Outcome)
	for _, why := range r.Why[min(1, len(r.Why)):] {
		fmt.Fprintf(t.w, "   %-5s %s\n", "", why)
	}
}

func (t *table) end(rows, failed int, rate float64, seed uint64) {
	fmt.Fprintf(t.w, "\n%d runs of %d calls, of which %.0f %% met a fault (seed %d): %d ended as the catalogue says, %d did not.\n",
		rows, fanOut, 100*rate, seed, rows-failed, failed)
}
