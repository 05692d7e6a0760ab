package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

// script is a planner that hands over fixed steps in the first round, and
// merges by a function; nil: it writes the results' texts, a line each.
type script struct {
	steps  []swarm.Step
	plan   func(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error // in place of steps
	window int
	merge  func(b swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error)
}

func (s script) Plan(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error {
	if s.plan != nil {
		return s.plan(ctx, b, add)
	}
	if b.Round > 1 {
		return nil
	}
	for _, st := range s.steps {
		if err := add(st); err != nil {
			return err
		}
	}
	return nil
}

func (s script) Window() int { return s.window }

func (s script) Merge(_ context.Context, b swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	if s.merge != nil {
		return s.merge(b, results, w)
	}
	for i := range results {
		fmt.Fprintf(w, "%s %s\n", results[i].ID(), results[i].Out.Text())
	}
	return swarm.Verdict{}, nil
}

var errBroken = errors.New("broken")

// task is the goal of tests that have no sources.
var task = swarm.Task{Goal: "test"}

// echo returns what a subtask is given: chunk, item and the texts it comes
// from. Items that hold "fail" fail, and those that hold "none" abstain.
func echo(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
	var parts []string
	if st.Chunk != nil {
		parts = append(parts, st.Chunk.Text)
	}
	if st.Item != "" {
		parts = append(parts, st.Item)
	}
	for i := range st.From {
		parts = append(parts, "<"+st.From[i].Out.Text()+">")
	}
	text := strings.Join(parts, " ")
	switch own := text + st.Step.Do; {
	case len(st.From) == 0 && strings.Contains(own, "fail"):
		return swarm.Output{}, errBroken
	case len(st.From) == 0 && strings.Contains(own, "none"):
		return swarm.Output{}, nil
	}
	return swarm.Say(text), nil
}

// numbered makes n items.
func numbered(n int) []string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf("item %d", i)
	}
	return items
}

// sourceOf makes a source of chunks that lie one after another.
func sourceOf(name string, texts ...string) swarm.Source {
	src := swarm.Source{Name: name}
	at := 0
	for i, text := range texts {
		src.Chunks = append(src.Chunks, swarm.Chunk{
			Source: name, ID: fmt.Sprintf("%s#%d", name, i+1), Text: text, Start: at, End: at + len(text),
		})
		at += len(text)
	}
	return src
}

// mustRun runs steps with a worker and fails the test on an error.
func mustRun(t *testing.T, w swarm.WorkerFunc, tk swarm.Task, steps ...swarm.Step) *swarm.Answer {
	t.Helper()
	s := swarm.Swarm{Planner: script{steps: steps}, Worker: w, Rounds: 1}
	a, err := s.Run(t.Context(), tk)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// outcomes tells the outcome of each subtask by its ID.
func outcomes(a *swarm.Answer) map[string]swarm.Outcome {
	m := map[string]swarm.Outcome{}
	for r := range a.Results() {
		m[r.ID()] = r.Outcome
	}
	return m
}

// log keeps the events of a run.
type log struct {
	mu     sync.Mutex
	events []swarm.Event
}

func (l *log) observe(e swarm.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// of returns the events of a kind.
func (l *log) of(k swarm.Kind) []swarm.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []swarm.Event
	for _, e := range l.events {
		if e.Kind == k {
			out = append(out, e)
		}
	}
	return out
}
