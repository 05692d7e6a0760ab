package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/workers"
)

const (
	minContext  = 1024
	chunkTokens = 800
	paceLimit   = 1e6 // bytes of sources past which the mock answers at once

	// A person waits here: a server that hangs is given up sooner than the
	// library would.
	attemptTime = 75 * time.Second
	callTime    = 100 * time.Second
)

// models are the two models of a run.
type models struct {
	planner *planner.LLM
	worker  swarm.Worker
	large   planner.Backend
	window  int
	server  *mock.Server // nil: a server of somebody else's
	closers []func()
}

func (m *models) close() {
	for _, c := range m.closers {
		c()
	}
}

// chunkSize is how many tokens a small model reads at once: what its context
// leaves beside prompt and reply, with room for a tokenizer that counts more
// than the estimate, and not more than it reads well.
func (s *settings) chunkSize() int {
	return max(min(chunkTokens, (s.workerContext-900)/2), 100)
}

// connect makes the models: those that the environment names, or a mock
// server in this process.
func connect(s settings, docs *documents, stderr io.Writer, getenv func(string) string) (*models, error) {
	m := &models{}
	small := workers.Backend{Slots: s.workers, Context: s.workerContext}
	m.large = planner.Backend{Slots: 4, Context: s.plannerContext}
	if base := getenv("OPENAI_BASE_URL"); base != "" || getenv("OPENAI_API_KEY") != "" {
		small.BaseURL, m.large.BaseURL = base, base
		small.Key, m.large.Key = getenv("OPENAI_API_KEY"), getenv("OPENAI_API_KEY")
		small.Model, m.large.Model = getenv("SWARM_WORKER_MODEL"), getenv("SWARM_PLANNER_MODEL")
		var missing []string
		for _, v := range []string{"SWARM_PLANNER_MODEL", "SWARM_WORKER_MODEL"} {
			if getenv(v) == "" {
				missing = append(missing, v)
			}
		}
		if len(missing) > 0 {
			return nil, fmt.Errorf("a server is set, but not %s: name the models to ask", strings.Join(missing, " and "))
		}
	} else {
		m.startMock(s, docs, stderr, &small)
	}
	var err error
	if m.planner, err = planner.New(planner.Config{
		Backend: m.large, Fallback: planner.ReadAll, AttemptTime: attemptTime, CallTime: callTime,
	}); err != nil {
		m.close()
		return nil, err
	}
	m.closers = append(m.closers, m.planner.Close)
	pool, err := workers.NewPool(workers.Config{Backends: []workers.Backend{small}, AttemptTime: attemptTime, CallTime: callTime})
	if err != nil {
		m.close()
		return nil, err
	}
	m.closers = append(m.closers, pool.Close)
	m.worker = workers.Check(pool, workers.Quotes)
	// A reducing step is read by a small model, with a quarter of it as reply.
	m.window = max(min(m.planner.Window(), 24000, (s.workerContext-600)*3/4), 100)
	if s.window > 0 {
		m.window = min(m.window, s.window)
	}
	return m, nil
}

func (m *models) startMock(s settings, docs *documents, stderr io.Writer, small *workers.Backend) {
	big, little := mock.Large(), mock.Small()
	switch {
	case docs.size() > paceLimit:
		fmt.Fprintln(stderr, "over 1 MB to read: the mock model answers without modelled latency")
	case s.paced:
		big.Latency, little.Latency = mock.LargeLatency(), mock.SmallLatency()
	}
	big.Context, little.Context = s.plannerContext, s.workerContext
	m.server = mock.NewServer(mock.Config{Models: []mock.Model{big, little}})
	m.closers = append(m.closers, func() { m.server.Close() })
	m.large.BaseURL, small.BaseURL = m.server.URL(), m.server.URL()
	m.large.Model, small.Model = big.ID, little.ID
	m.large.Price, small.Price = price(big.Price), price(little.Price)
}

func price(p *mock.Price) *swarm.Price {
	per := func(dollars float64) swarm.Money { return swarm.Money(dollars*float64(swarm.Dollar) + 0.5) }
	return &swarm.Price{In: per(p.In), Cached: per(p.Cached), Out: per(p.Out)}
}

// aloneRun is what the large model alone made of the same task.
type aloneRun struct {
	answer *swarm.Answer
	calls  int
	usage  swarm.Usage
}

// alone asks the large model to read everything itself, in as many calls as
// its context needs, and to merge where it took more than one.
func (m *models) alone(ctx context.Context, s settings, docs *documents, stderr io.Writer) (*aloneRun, error) {
	const replyTokens = 1500
	// An estimate may be off by a third.
	room := (s.plannerContext - replyTokens - 700) * 2 / 3
	parts, err := docs.pack(max(room, 200))
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(stderr, "asking the large model alone, in %d %s\n", len(parts), plural(len(parts), "call"))
	reader, err := workers.NewPool(workers.Config{Backends: []workers.Backend{m.large}, MaxOut: replyTokens, AttemptTime: 5 * time.Minute})
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	before := m.billed()
	sw := swarm.Swarm{
		Planner: &reading{parts: parts, llm: m.planner},
		Worker:  reader, Concurrency: 4, Rounds: 1, Window: m.planner.Window(),
	}
	a, err := sw.Run(ctx, swarm.Task{Goal: s.question})
	if err != nil {
		return nil, err
	}
	run := &aloneRun{answer: a, usage: a.Report.Usage}
	if m.server != nil { // the server's own count, not ours
		run.usage = minus(m.billed(), before)
	}
	run.calls = run.usage.Calls
	return run, nil
}

// reading is the plan of the large model alone: read each part, merge if there
// is more than one.
type reading struct {
	parts []string
	llm   *planner.LLM
}

func (r *reading) Plan(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
	return add(swarm.Step{ID: "read", Do: "Answer the question from the text as fully as it allows.", Over: swarm.Items, Items: r.parts})
}

func (r *reading) Merge(ctx context.Context, b swarm.Brief, results []swarm.Result, w io.Writer) (swarm.Verdict, error) {
	if len(r.parts) > 1 || len(results) == 0 {
		return r.llm.Merge(ctx, b, results, w)
	}
	_, err := io.WriteString(w, results[0].Out.Text)
	return swarm.Verdict{Complete: true}, err
}

// pack puts the texts into as few parts of so many tokens as hold them.
func (d *documents) pack(tokens int) ([]string, error) {
	sources, err := d.chunk(tokens)
	if err != nil {
		return nil, err
	}
	var parts []string
	var b strings.Builder
	filled := 0
	for i := range sources {
		for j := range sources[i].Chunks {
			c := &sources[i].Chunks[j]
			n := swarm.EstimateTokens(c.Text)
			if filled > 0 && filled+n > tokens {
				parts = append(parts, b.String())
				b.Reset()
				filled = 0
			}
			fmt.Fprintf(&b, "== %s ==\n%s\n", c.Source, c.Text)
			filled += n
		}
	}
	return append(parts, b.String()), nil
}

// billed is what the mock server has served so far.
func (m *models) billed() swarm.Usage {
	var u swarm.Usage
	if m.server != nil {
		for _, b := range m.server.Bill() {
			u = u.Plus(swarm.Usage{Calls: b.Calls, In: b.Usage.In, Cached: b.Usage.Cached, Out: b.Usage.Out, Cost: swarm.Money(b.Cost)})
		}
	}
	return u
}

func minus(a, b swarm.Usage) swarm.Usage {
	return swarm.Usage{Calls: a.Calls - b.Calls, In: a.In - b.In, Cached: a.Cached - b.Cached, Out: a.Out - b.Out, Cost: a.Cost - b.Cost}
}
