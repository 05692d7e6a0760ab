// Package workers holds workers that use small models: [Pool], a bounded pool of
// clients of OpenAI-compatible servers; [Model], the same for a single model; and
// [Check], which wraps any worker and checks its outputs.
//
//	Subtask ─▶ prompt ─▶ call (queue, slot, attempts) ─▶ read the reply ─▶ cite ─▶ Output
//	              ▲                                        │ cannot be read: once
//	              └────────────────────────────────────────┘
package workers

import (
	"context"
	"sync/atomic"

	"github.com/db31e724/go-swarm/internal/pool"
	"github.com/db31e724/go-swarm/internal/record"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// Config is a pool's backends and settings. Zero values suit most uses.
type Config struct {
	// Backends are the models that work, 1 to 64. They must be empty if Doer is
	// set.
	Backends []model.Backend
	// Doer makes the calls in place of Backends: another [Pool], or your own
	// implementation. nil: Backends.
	Doer model.Doer
	// Limits are the time limits and other limits of calls. A Doer has its own
	// instead.
	Limits model.Limits

	// MaxOut is the most tokens of a reply if neither the step nor the backend sets
	// a limit. 0: 1024, for lists, texts and records from texts 2048.
	MaxOut int
	// Temperature is sent with each call. nil: the server's default. With 0 most
	// servers give the same reply to the same prompt.
	Temperature *float64

	// Tools are those that a step may name ([swarm.Step.Tools]) for the models to
	// call. If a server refuses tools, its models are asked from then on for JSON
	// that the prompt describes. See [Tool]; set [swarm.Swarm].Tools too.
	Tools []swarm.Tool
	// ToolTurns is the most replies with tool calls in one subtask; then the model
	// must answer. The calls of one reply, up to 16, run at the same time. 0: 8.
	ToolTurns int
	// ToolTokens is the most tokens of tool results that a subtask's model is
	// shown. Longer results are cut; then the model must answer. 0: 16 000, or a
	// quarter of the smallest Backend.Context if that is less.
	ToolTokens int

	// Prompt writes the prompt of a subtask. nil: [DefaultPrompt]. The reply must
	// in every case be JSON of the form that DefaultPrompt asks for; its schema is
	// sent to servers that accept one.
	Prompt func(swarm.Subtask) []model.Message
}

// Pool is a worker on a bounded set of small-model clients. A subtask waits for a
// slot of a backend whose context holds its prompt: the most urgent subtask goes
// first, to the least loaded backend. Failed attempts are repeated if that can
// help; while it waits to retry, a subtask holds no slot and no place in its run
// (see swarm.Park). See [Config] for the limits.
//
// A backend is disabled if its account is empty, or if it refuses its key and has
// never answered. Otherwise three consecutive denials (401, 403, 404) disable it; a
// call that is denied goes to another backend, or fails if there is none.
//
// A subtask over a chunk usually costs one call. After a reply that cannot be
// parsed the model is asked once more and told what is wrong; after a reply that
// was cut by its token limit, once more with twice the limit. A chunk that fits no
// backend is read in parts. A model is disabled for the rest of a run if nine in
// ten of at least forty of its replies in that run cannot be parsed.
//
// A Pool is also a [model.Doer], so that a planner can share it. It is safe for
// concurrent use and serves any number of runs.
type Pool struct {
	doer    model.Doer
	own     *pool.Pool // nil: the Doer is not ours
	cfg     Config
	unable  unable
	told    atomic.Bool // a server refuses tools: prompts describe them
	records record.Checker
}

var _ model.Doer = (*Pool)(nil)

// NewPool checks the configuration and returns a pool. It makes no call.
func NewPool(c Config) (*Pool, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	p := &Pool{doer: c.Doer, cfg: c}
	if p.cfg.Prompt == nil {
		p.cfg.Prompt = DefaultPrompt
	}
	if other, ok := c.Doer.(*Pool); ok {
		p.own = other.own
	}
	if c.Doer == nil {
		inner, err := pool.New(pool.Config{Backends: c.Backends, Limits: c.Limits})
		if err != nil {
			return nil, err
		}
		p.doer, p.own = inner, inner
	}
	return p, nil
}

// Do makes one model call with the pool's limits, retries and accounting, but
// without the prompt and parsing of Work. In a run it is booked to the run and the
// subtask of ctx. The error is a *swarm.CallError.
func (p *Pool) Do(ctx context.Context, r model.Request) (model.Reply, error) {
	return p.doer.Do(ctx, r)
}

// Slots returns the sum of the backends' Slots: the most calls that the pool has in
// flight, and a good value for [swarm.Swarm.Concurrency]. It is 0 if Config.Doer is
// set and is not a Pool.
func (p *Pool) Slots() int {
	if p.own == nil {
		return 0
	}
	return p.own.Slots()
}

// WithWeight returns a context that sets a run's weight in pools that it shares
// with other runs. While both have waiting calls, a run of weight 3 gets three
// times the slot time of one of weight 1, the default. Give the context to
// [swarm.Swarm.Run]. Nested runs share the weight of the outermost run; if calls of
// one run carry several weights, the last call's counts. A planner that several
// runs use shares its model by the same weights.
//
// Weights are limited to 0.01 to 100, so that no run starves; 0, negative weights
// and NaN count as 1.
func WithWeight(ctx context.Context, w float64) context.Context { return pool.WithWeight(ctx, w) }

// Close closes the idle connections of the pool's backends. It does not close a
// Doer.
func (p *Pool) Close() {
	if p.cfg.Doer == nil {
		p.own.Close()
	}
}

// Model is a worker on one small model: a [Pool] with one backend.
type Model struct{ pool *Pool }

// NewModel checks the backend and returns a worker that uses it. It makes no call.
func NewModel(b model.Backend) (*Model, error) {
	p, err := NewPool(Config{Backends: []model.Backend{b}})
	if err != nil {
		return nil, err
	}
	return &Model{p}, nil
}

// Work runs one subtask; see [Pool.Work].
func (m *Model) Work(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
	return m.pool.Work(ctx, st)
}

// Close closes the model's idle connections.
func (m *Model) Close() { m.pool.Close() }
