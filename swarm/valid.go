package swarm

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// valid tells what of a run's settings and task cannot work.
func (s *Swarm) valid(ctx context.Context, t Task) error {
	switch {
	case ctx == nil:
		return errors.New("swarm: the context is nil: give context.Background() where there is none")
	case s.Planner == nil:
		return errors.New("swarm: Planner is nil: set one, such as a *planner.LLM or planner.Fixed")
	case s.Worker == nil:
		return errors.New("swarm: Worker is nil: set one, such as a *workers.Pool or a WorkerFunc")
	case s.Concurrency < 0:
		return fmt.Errorf("swarm: Concurrency is %d: it must be positive, or 0 for %d", s.Concurrency, defaultConcurrency)
	case s.Rounds < 0:
		return fmt.Errorf("swarm: Rounds is %d: it must be positive, or 0 for %d", s.Rounds, defaultRounds)
	}
	b, l := &s.Budget, &s.Limits
	for _, n := range [...]struct {
		field    string
		negative bool
		value    any
		zero     string
	}{
		{"Budget.Cost", b.Cost < 0, b.Cost, "no limit"},
		{"Budget.Tokens", b.Tokens < 0, b.Tokens, "no limit"},
		{"Budget.Calls", b.Calls < 0, b.Calls, "no limit"},
		{"Budget.Time", b.Time < 0, b.Time, "no limit"},
		{"Budget.Merge", b.Merge < 0, b.Merge, "what a merge may need"},
		{"Limits.Steps", l.Steps < 0, l.Steps, "the default"},
		{"Limits.Subtasks", l.Subtasks < 0, l.Subtasks, "the default"},
		{"Limits.Depth", l.Depth < 0, l.Depth, "the default"},
		{"Limits.Bytes", l.Bytes < 0, l.Bytes, "the default"},
	} {
		if n.negative {
			return fmt.Errorf("swarm: %s is %v: it must be positive, or 0 for %s", n.field, n.value, n.zero)
		}
	}
	if b.Merge > b.Cost {
		return fmt.Errorf("swarm: Budget.Merge is %v: it must be part of Budget.Cost, %v", b.Merge, b.Cost)
	}
	return t.valid()
}

// valid tells what is wrong with a task, as citations and plans need it.
func (t *Task) valid() error {
	if strings.TrimSpace(t.Goal) == "" {
		return errors.New("swarm: Task.Goal is empty: say what is wanted")
	}
	names := make(map[string]bool, len(t.Sources))
	ids := map[string]bool{}
	for i := range t.Sources {
		name := t.Sources[i].Name
		if name == "" {
			return fmt.Errorf("swarm: Task.Sources[%d].Name is empty: citations need it", i)
		}
		if names[name] {
			return fmt.Errorf("swarm: Task.Sources[%d].Name %q occurs twice: names must differ", i, name)
		}
		names[name] = true
		for j := range t.Sources[i].Chunks {
			c := &t.Sources[i].Chunks[j]
			switch {
			case c.Source != name || c.ID == "":
				return fmt.Errorf("swarm: Task.Sources[%d].Chunks[%d] is of source %q with ID %q: it needs the name of its source, %q, and an ID", i, j, c.Source, c.ID, name)
			case ids[c.ID]:
				return fmt.Errorf("swarm: Task.Sources[%d].Chunks[%d].ID %q occurs twice: IDs must differ in the whole task", i, j, c.ID)
			}
			ids[c.ID] = true
		}
	}
	return nil
}
