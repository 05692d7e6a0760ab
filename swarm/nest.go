package swarm

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Work runs a task that is made of a subtask, so that a Swarm is a Worker and
// swarms nest: its goal is the subtask's instruction with its item and feedback,
// its sources are the chunk and the results that the subtask reads. The output
// holds the answer's text and citations, with a doubt where it is not complete,
// and abstains where there is no text; an error if the step forbids that. What
// cites a result is led back to that result's citations, and is unverified where
// it has none that fits. Run says how a nested run is accounted.
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
	for _, what := range st.Missing {
		t.Goal += "\n\nNot known, for it failed: " + what
	}
	for _, f := range st.Feedback {
		t.Goal += "\n\nAn earlier answer was: " + clip(f.Said, 4*digestTokens) + "\nWhat is wrong with it: " + f.Wrong
	}
	if c := st.Chunk; c != nil {
		t.Sources = append(t.Sources, Source{Name: c.Source, Outline: c.Path, Chunks: []Chunk{*c}})
	}
	from := map[string]*Output{} // by name of the source
	for i := range st.From {
		id, text := "result-"+strconv.Itoa(i+1), st.From[i].Out.Text
		for c := st.Chunk; c != nil && (id == c.Source || id == c.ID); {
			id = "inner-" + id
		}
		from[id] = &st.From[i].Out
		t.Sources = append(t.Sources, Source{Name: id, Outline: clip(text, mostWhy), Chunks: []Chunk{{
			Source: id, ID: id, Text: text, End: len(text),
		}}})
	}
	a, err := s.Run(ctx, t)
	if err != nil {
		return Output{}, err
	}
	out := Output{Text: a.Text, Citations: slices.Clone(a.Citations), Abstain: strings.TrimSpace(a.Text) == ""}
	if out.Abstain && st.Step != nil && st.Step.Must {
		return Output{}, errors.New("the answer is empty, which the step forbids")
	}
	for i, c := range out.Citations {
		if o := from[c.Source]; o != nil {
			out.Citations[i] = origin(c, o)
		}
	}
	if !a.Complete {
		out.Doubts = []string{"the answer is not complete"}
	}
	return out, nil
}

var reference = regexp.MustCompile(`\[(\d{1,6})`)

// origin returns what a citation of a result's text goes back to: the result's
// only citation, that with the same words, or that which the text refers to next.
func origin(c Citation, o *Output) Citation {
	n := -1
	if len(o.Citations) == 1 {
		n = 0
	} else if c.Quote != "" {
		n = slices.IndexFunc(o.Citations, func(own Citation) bool {
			return strings.Contains(own.Quote, c.Quote) || own.Quote != "" && strings.Contains(c.Quote, own.Quote)
		})
	}
	if n < 0 {
		if m := reference.FindStringSubmatch(o.Text[min(max(c.Start, 0), len(o.Text)):]); m != nil {
			n, _ = strconv.Atoi(m[1])
			n--
		}
	}
	if n < 0 || n >= len(o.Citations) {
		c.Verified = false
		return c
	}
	own := o.Citations[n]
	own.Verified = own.Verified && c.Verified
	return own
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
