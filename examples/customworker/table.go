package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/db31e724/go-swarm/swarm"
)

// table merges what was measured, as planner.Fixed.Into.
type table struct {
	dir string
	top int
}

// merge adds up the files of each package and writes the largest ones. It is
// given the results in the order of the plan, without those that abstained or
// failed.
func (t table) merge(_ context.Context, _ swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	type sum struct {
		measured
		files int
	}
	sums := map[string]*sum{}
	for i := range results {
		var m measured
		if err := json.Unmarshal([]byte(results[i].Out.Text()), &m); err != nil {
			return swarm.Verdict{}, fmt.Errorf("%s: %w", results[i].ID(), err)
		}
		s := sums[m.Package]
		if s == nil {
			s = &sum{measured: measured{Package: m.Package}}
			sums[m.Package] = s
		}
		s.files++
		s.Lines += m.Lines
		s.Funcs += m.Funcs
		if m.Longest > s.Longest {
			s.Longest, s.Where = m.Longest, m.Where
		}
	}
	largest := slices.SortedFunc(maps.Values(sums), func(a, b *sum) int {
		return cmp.Or(cmp.Compare(b.Lines, a.Lines), cmp.Compare(a.Package, b.Package))
	})
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "package\tfiles\tlines\tfunctions\tlongest function")
	for _, s := range largest[:min(t.top, len(largest))] {
		name, err := filepath.Rel(filepath.Dir(t.dir), s.Package)
		if err != nil {
			name = s.Package
		}
		fmt.Fprintf(tab, "%s\t%d\t%d\t%d\t%d lines: %s\n", filepath.ToSlash(name), s.files, s.Lines, s.Funcs, s.Longest, s.Where)
	}
	return swarm.Verdict{}, tab.Flush()
}

// coverage says what the table rests on, and what failed.
func coverage(a *swarm.Answer) string {
	c := a.Coverage
	text := fmt.Sprintf("\n%d files: %d measured, %d without functions, %d that could not be read\n", c.Subtasks, c.Done, c.Abstained, c.Failed)
	for r := range a.Results() {
		if r.Outcome == swarm.Failed {
			text += fmt.Sprintln(r.Err)
		}
	}
	return text
}
