package swarm

import (
	"encoding/json"
	"fmt"
	"strings"
)

// bind makes the subtask that a worker is given. What it reads was written
// before the subtask became ready, and is not written again.
func (w *working) bind(t *running) Subtask {
	s, i := t.step, int(t.ref.Index)
	st := Subtask{Run: w.run.id, Step: &s.Step, Index: i, Goal: w.run.task.Goal, Priority: t.priority}
	head := s
	for head.Over == Each {
		head = head.of
	}
	switch {
	case head.chunks != nil:
		st.Chunk = head.chunks[i]
	case head.items != nil:
		st.Item = head.items[i]
	}
	if s.groups != nil {
		st.From = s.groups[i]
		return st
	}
	if len(s.needs) > 0 {
		s.once.Do(func() { s.gather() })
		st.From, st.Missing = s.from, s.missing
	}
	if s.Over == Each {
		one := s.of.results[i : i+1 : i+1]
		if len(st.From) == 0 {
			st.From = one
		} else {
			st.From = append(one, st.From...)
		}
	}
	return st
}

// gather collects the results that a step needs, once for all its subtasks,
// and tells what is missing of them.
func (s *step) gather() {
	for _, n := range s.needs {
		done, failed := 0, 0
		for i := range n.results {
			switch n.results[i].Outcome {
			case Done:
				done++
			case Failed, Skipped, Cancelled:
				failed++
			}
		}
		if failed > 0 {
			s.missing = append(s.missing, fmt.Sprintf("%s: %d of %d parts failed", n.ID, failed, len(n.results)))
		}
		if len(s.needs) == 1 && done == len(n.results) {
			s.from = n.results[:done:done]
			return
		}
		for i := range n.results {
			if n.results[i].Outcome == Done {
				s.from = append(s.from, n.results[i])
			}
		}
	}
}

// listItems reads the list that an output's text holds: a JSON array, whose
// strings are taken as they are and whose other values as JSON; or, if the
// text does not begin with '[', an item a line that is not blank.
func listItems(text string) ([]string, error) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "[") {
		items := []string{}
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" {
				items = append(items, line)
			}
		}
		return items, nil
	}
	var raw []json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, fmt.Errorf("list: output is no JSON array: %w", err)
	}
	items := make([]string, len(raw))
	for i, v := range raw {
		if v[0] != '"' || json.Unmarshal(v, &items[i]) != nil {
			items[i] = string(v)
		}
	}
	return items, nil
}
