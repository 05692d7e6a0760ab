package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/journal"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

const (
	leastWorker  = 1024 // tokens, of contexts
	leastPlanner = 2048

	leastChunk = 1200 // tokens
	mostChunk  = 2000

	// A person waits here: a server that hangs is given up sooner than the
	// library would.
	attemptTime = 150 * time.Second
	callTime    = 200 * time.Second
)

// patience is how long an attempt and a call may take. The first call may have
// to wait until a server has loaded its model. Who gives the run more time than
// usual has a slow server: a model on a processor reads some prompts for minutes.
func (s *settings) patience() model.Limits {
	return model.Limits{AttemptTime: max(attemptTime, s.timeout/8), CallTime: max(callTime, s.timeout*2/3)}
}

// shortBytes is the size of texts for which no plan is asked: what that costs the
// large model reads some 3000 tokens for.
const shortBytes = 12_000

// short is the planner of such texts.
type short struct{ *planner.LLM }

func (short) Plan(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
	return add(planner.ReadAll(b)[0])
}

// leastReply is the shortest reply that a call is worth making for.
const leastReply = 256

// room refuses a question that the contexts do not hold beside the prompts: no call
// could be made, and that shall be known before one is paid for.
func (s *settings) room(sources []swarm.Source) error {
	c := sources[0].Chunks[0]
	read := planner.ReadAll(swarm.Brief{Task: swarm.Task{Sources: sources}})[0]
	work := leastReply
	for _, m := range workers.DefaultPrompt(swarm.Subtask{Step: &read, Goal: s.question, Chunk: &c}) {
		work += swarm.EstimateTokens(m.Content)
	}
	merge := planner.DefaultMergePrompt(swarm.Brief{Task: swarm.Task{Goal: s.question}}, "")
	write := leastReply + swarm.EstimateTokens(merge.System) + swarm.EstimateTokens(merge.User)
	if work > s.workerContext || write > s.plannerContext {
		return fmt.Errorf("-worker-context is %d, -planner-context is %d: with this question the prompts need some %d and %d tokens", s.workerContext, s.plannerContext, work, write)
	}
	return nil
}

// models are the two models of a run.
type models struct {
	planner *planner.LLM
	worker  swarm.Worker
	large   model.Backend
	names   string        // of both
	reducer swarm.Worker  // shortens findings
	journal swarm.Journal // nil: nothing is kept
	server  *mock.Server  // nil: a server of somebody else's
	closers []func()
}

func (m *models) close() {
	for _, c := range m.closers {
		c()
	}
}

// connect makes the models: those that the environment names, or a mock
// server in this process.
func connect(s settings, getenv func(string) string) (_ *models, err error) {
	m := &models{}
	defer func() {
		if err != nil {
			m.close()
		}
	}()
	base, key := getenv("OPENAI_BASE_URL"), getenv("OPENAI_API_KEY")
	small := model.Backend{BaseURL: base, Key: key, Model: getenv("SWARM_WORKER_MODEL"), Slots: s.workers, Context: s.workerContext}
	m.large = model.Backend{BaseURL: base, Key: key, Model: getenv("SWARM_PLANNER_MODEL"), Slots: 4, Context: s.plannerContext}
	if base == "" && key == "" {
		m.startMock(s, &small)
	}
	if small.Model == "" || m.large.Model == "" {
		return nil, errors.New("a server is set: name the models to ask in SWARM_PLANNER_MODEL and SWARM_WORKER_MODEL")
	}
	m.names = m.large.Model + ", " + small.Model
	if s.budget > 0 {
		for _, b := range []model.Backend{m.large, small} {
			if b.Price == nil && model.PriceOf(b.Model) == nil {
				return nil, fmt.Errorf("-budget cannot be kept, for the price of %s is not known", b.Model)
			}
		}
	}
	large, err := planner.New(planner.Config{Backends: []model.Backend{m.large}, Fallback: planner.ReadAll, Limits: s.patience()})
	if err != nil {
		return nil, err
	}
	m.closers = append(m.closers, large.Close)
	pool, err := workers.NewPool(workers.Config{Backends: []model.Backend{small}, Limits: s.patience()})
	if err != nil {
		return nil, err
	}
	m.closers = append(m.closers, pool.Close)
	m.planner, m.worker, m.reducer = large, workers.Check(pool, workers.Quotes), pool
	if s.journal != "" {
		j, err := journal.Open(s.journal)
		if err != nil {
			return nil, err
		}
		m.closers = append(m.closers, func() { j.Close() }) // the run has said what is wrong with it
		if m.journal = j; s.memo {
			m.journal = j.Memo(m.names)
		}
	}
	return m, nil
}

// startMock starts the server in this process.
func (m *models) startMock(s settings, small *model.Backend) {
	big, little := mock.Large(), mock.Small()
	if s.paced {
		big.Latency, little.Latency = mock.LargeLatency(), mock.SmallLatency()
	}
	big.Context, little.Context = s.plannerContext, s.workerContext
	m.server = mock.NewServer(mock.Config{Models: []mock.Model{big, little}})
	m.closers = append(m.closers, func() { m.server.Close() })
	m.large.BaseURL, small.BaseURL = m.server.URL(), m.server.URL()
	m.large.Model, small.Model = big.ID, little.ID
	m.large.Price, small.Price = price(big.Price), price(little.Price)
}

// price is what a model of the mock charges.
func price(p *mock.Price) *swarm.Price {
	per := func(dollars float64) swarm.Money { return swarm.Money(dollars*float64(swarm.Dollar) + 0.5) }
	return &swarm.Price{In: per(p.In), Cached: per(p.Cached), Written: per(p.Written), Out: per(p.Out)}
}

// alone asks the large model to read everything itself, in as many calls as
// its context needs, and to merge where it took more than one.
func (m *models) alone(ctx context.Context, s settings, docs *documents, stderr io.Writer) (*swarm.Answer, error) {
	replyTokens := min(1500, s.plannerContext/4)
	size := max((s.plannerContext-replyTokens-700)*2/3, 200) // an estimate may be off by a third
	sources, err := docs.chunk(size)
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(stderr, "asking the large model alone")
	reader, err := workers.NewPool(workers.Config{Backends: []model.Backend{m.large}, MaxOut: replyTokens, Limits: model.Limits{AttemptTime: 5 * time.Minute}})
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	sw := swarm.Swarm{Planner: reading{m.planner}, Worker: reader, Concurrency: 4, Pack: size, Rounds: 1}
	a, err := sw.Run(ctx, swarm.Task{Goal: s.question, Sources: sources})
	if err != nil {
		return nil, fmt.Errorf("the large model alone: %w", err)
	}
	return a, nil
}

// reading is the plan of the large model alone: read each part, merge if there
// is more than one.
type reading struct{ *planner.LLM }

func (reading) Plan(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
	return add(swarm.Step{ID: "read", Do: "Answer the question from the text as fully as it allows.", Over: swarm.Chunks})
}

func (r reading) Merge(ctx context.Context, b swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	if b.Coverage.Subtasks > 1 || len(results) == 0 {
		return r.LLM.Merge(ctx, b, results, w)
	}
	_, err := io.WriteString(w, results[0].Out.Text())
	return swarm.Verdict{}, err
}
