package swarm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

var errKilled = errors.New("killed")

// memory is a journal in memory. After left more records it takes none, as if the
// process were killed; negative: never.
type memory struct {
	mu    sync.Mutex
	left  int
	kill  func()
	place map[place]stored
	puts  int
	kinds []string // of what was put, in order
}

type stored struct {
	key  [16]byte
	data []byte
}

func (m *memory) Open(context.Context, string) (swarm.Log, error) {
	if m.place == nil {
		m.place = map[place]stored{}
	}
	return m, nil
}

func (m *memory) Close() error { return nil }

func (m *memory) Get(r swarm.Record) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.place[at(r)]; ok && s.key == r.Key {
		return s.data, nil
	}
	return nil, nil
}

func (m *memory) Put(r swarm.Record) func() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left == 0 {
		if m.kill != nil {
			m.kill()
		}
		return func() error { return errKilled }
	}
	m.left--
	m.puts++
	m.kinds = append(m.kinds, r.Kind)
	m.place[at(r)] = stored{r.Key, slices.Clone(r.Data)}
	return func() error { return nil }
}

// results tells which subtasks' results are recorded.
func (m *memory) results() map[string]bool {
	had := map[string]bool{}
	for p := range m.place {
		if p.Kind == "result" {
			had[fmt.Sprintf("%s/%d", p.Step, p.Index)] = true
		}
	}
	return had
}

type place struct {
	Kind, Step string
	Index      int
}

func at(r swarm.Record) place { return place{r.Kind, r.Step, r.Index} }

// counting are a planner and a worker that pay for each call and count them.
type counting struct {
	mu     sync.Mutex
	plans  int
	merges int
	worked map[string]int
	window int
	pack   int
	steps  []swarm.Step // of the first round
	broken map[string]bool
	task   swarm.Task
	plan   func(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error
}

func pay(ctx context.Context) error {
	res, err := swarm.Reserve(ctx, swarm.Call{Model: "m", Price: &swarm.Price{In: swarm.Dollar}, Est: swarm.Usage{In: 10}})
	if err == nil {
		res.Settle(swarm.Usage{In: 10}, nil)
	}
	return err
}

func (c *counting) Plan(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error {
	c.mu.Lock()
	c.plans++
	c.mu.Unlock()
	if err := pay(ctx); err != nil {
		return err
	}
	if c.plan != nil {
		return c.plan(ctx, b, add)
	}
	steps := c.steps
	if b.Round > 1 {
		steps = []swarm.Step{{ID: "more", Do: "more " + b.Asked, Over: swarm.Items, Items: numbered(4)}}
	}
	for _, s := range steps {
		if err := add(s); err != nil {
			return err
		}
	}
	return nil
}

func (c *counting) Window() int { return c.window }

func (c *counting) Merge(ctx context.Context, b swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	if ctx.Err() != nil {
		return swarm.Verdict{}, ctx.Err()
	}
	c.mu.Lock()
	c.merges++
	c.mu.Unlock()
	if err := pay(ctx); err != nil {
		return swarm.Verdict{}, err
	}
	v := swarm.Verdict{}
	for i := range results {
		fmt.Fprintf(w, "%s %s\n", results[i].ID(), results[i].Out.Text())
		for e := range results[i].Out.Evidence() {
			v.Citations = append(v.Citations, *e)
		}
	}
	if b.Round == 1 && b.MaxOut == 0 {
		v.Status, v.Missing = swarm.ReadMore, "more"
	}
	return v, nil
}

func (c *counting) Work(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
	if err := pay(ctx); err != nil {
		return swarm.Output{}, err
	}
	c.mu.Lock()
	c.worked[st.ID()]++
	broken := c.broken[st.ID()]
	c.mu.Unlock()
	if broken {
		return swarm.Output{}, errBroken
	}
	text := st.Step.Do + "(" + st.Item
	var cites []swarm.Citation
	if st.Chunk != nil {
		text += strings.ToUpper(st.Chunk.Text)
		cites = append(cites, st.Chunk.Cite(0, len(st.Chunk.Text)))
	}
	for _, ch := range st.Found {
		text += "?" + ch.ID
	}
	for i := range st.From {
		text += "+" + st.From[i].Out.Text()
	}
	f := swarm.Finding{Text: text + ")", Evidence: cites, Confidence: 0.5}
	switch {
	case st.Index == 3 && st.Step.Over != swarm.Reduce:
		return swarm.Output{}, nil
	case st.Step.Form == swarm.FormList:
		return swarm.Say("one", "two", "bytes \xff that are no text"), nil
	case len(st.Step.Tools) > 0:
		said := swarm.Chunk{Source: "tool:clock", ID: "tool:clock#1", Path: "{}", Text: "noon"}
		f.Evidence = []swarm.Citation{said.Cite(0, 4)}
		return swarm.Output{Findings: []swarm.Finding{f}, Read: []*swarm.Chunk{&said}}, nil
	case st.Step.Schema != nil:
		f.Data = json.RawMessage(`{"n":  1, "a": "<b>"}`)
	}
	return swarm.Output{Findings: []swarm.Finding{f}, Doubts: []string{"doubt"}}, nil
}

// run runs the task in one process.
func (c *counting) run(t *testing.T, j *memory) (*swarm.Answer, error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	j.kill = func() { cancel(errKilled) }
	c.plans, c.merges, c.worked = 0, 0, map[string]int{}
	s := swarm.Swarm{Planner: c, Worker: c, Journal: j, Concurrency: 4, Pack: c.pack, Tools: []swarm.Tool{{Name: "clock", Description: "tells the time"}}}
	task := c.task
	task.Goal = "test"
	return s.Run(ctx, task)
}
