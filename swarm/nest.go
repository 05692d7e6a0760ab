package swarm

import (
	"context"
	"strconv"
	"strings"
)

// Work runs a task that is made of a subtask, so that a Swarm is a Worker and
// swarms nest: its goal is the subtask's instruction with its item, its sources
// are the chunk and the results that the subtask reads. The output holds the
// answer's text and citations, with a doubt where it is not complete, and
// abstains where there is no text. Run says how a nested run is accounted.
func (s *Swarm) Work(ctx context.Context, st Subtask) (Output, error) {
	var t Task
	if st.Step != nil {
		t.Goal = st.Step.Do
	}
	if st.Goal != "" {
		t.Goal += "\n\nThis is part of a larger question: " + st.Goal
	}
	if st.Item != "" {
		t.Goal += "\n\n" + st.Item
	}
	if c := st.Chunk; c != nil {
		t.Sources = append(t.Sources, Source{Name: c.Source, Outline: c.Path, Chunks: []Chunk{*c}})
	}
	for i := range st.From {
		id, text := "result-"+strconv.Itoa(i+1), st.From[i].Out.Text
		t.Sources = append(t.Sources, Source{Name: id, Outline: clip(text, mostWhy), Chunks: []Chunk{{
			Source: id, ID: id, Text: text, End: len(text),
		}}})
	}
	a, err := s.Run(ctx, t)
	if err != nil {
		return Output{}, err
	}
	out := Output{Text: a.Text, Citations: a.Citations, Abstain: strings.TrimSpace(a.Text) == ""}
	if !a.Complete {
		out.Doubts = []string{"the answer is not complete"}
	}
	return out, nil
}

// nestedID names a run that is started within s: RUN/1/read/7/1 is the first in
// subtask 1/read/7 of RUN.
func (s *scope) nestedID() string {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	s.nested++
	name := strconv.Itoa(s.run.round) + "/plan"
	switch {
	case s.work != nil:
		name = subtaskID(&s.work.step.Step, int(s.work.ref.Index))
	case s.merging:
		name = strconv.Itoa(s.run.round) + "/merge"
	}
	return s.run.id + "/" + name + "/" + strconv.Itoa(s.nested)
}
