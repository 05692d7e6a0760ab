// Package workers holds workers on small models: [Pool], a bounded pool of
// clients of OpenAI-compatible servers, [Model], the same for a single one,
// and [Check], which wraps any worker and has its outputs examined.
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

// Config is a pool's backends and settings. Zero values are right for most.
type Config struct {
	// Backends are the models that work, 1 to 64. Leave them out where Doer is
	// set.
	Backends []model.Backend
	// Doer makes the calls instead of a pool of its own: another [Pool], or
	// anything of your own. nil: Backends.
	Doer model.Doer
	// Limits are the clocks and limits of calls. They are not for a Doer, which
	// has its own.
	Limits model.Limits

	// MaxOut is the most tokens of a reply where neither the step nor the
	// backend names any. 0: 1024, for lists and texts 2048.
	MaxOut int
	// Temperature is sent with each call; nil: the server's own. Zero makes
	// most servers answer the same prompt alike.
	Temperature *float64

	// Tools are those that a step may name ([swarm.Step.Tools]) for the models to
	// call: natively, or where a server refuses that, from then on, by JSON that the
	// prompt describes. See [Tool]; give [swarm.Swarm] them too.
	Tools []swarm.Tool
	// ToolTurns is the most replies of a subtask whose calls are carried out, each
	// of up to 16 calls at the same time; then the model must answer. 0: 8.
	ToolTurns int
	// ToolTokens is the most tokens of results that a subtask is shown: what is
	// longer is cut, and then the model must answer. 0: 16 000, or a quarter of the
	// backends' smallest context.
	ToolTokens int

	// Prompt writes the prompt of a subtask. nil: [DefaultPrompt]. The reply
	// is read as JSON in every case, in the shape that DefaultPrompt asks
	// for; servers that can are made to write it so.
	Prompt func(swarm.Subtask) []model.Message
}

// Pool is a worker on a bounded set of small-model clients. A subtask waits
// for a slot of a backend that its prompt fits, the most urgent subtask first,
// the least loaded backend first; failed attempts are repeated where that can
// help, parked and without a slot while they wait. See [Config] for the
// limits.
//
// A backend whose account is empty, or that never answered and does not take
// its key, is asked no more. Other denials (401, 403, 404) stop it once three
// calls in a row have met one: until then the call that meets one goes to
// another backend, or fails with it.
//
// A subtask over a chunk costs one call as a rule. A reply that cannot be read
// is asked for once more with the fault told; one that was cut by its length
// once more with twice the room; a chunk that fits no backend is read in parts.
// A model of which nine in ten of at least forty replies in a run cannot be read
// is asked no more in that run.
//
// A Pool is a [model.Doer] too, so that a planner may share it. It is safe for
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

// NewPool checks the configuration and makes a pool. It makes no call.
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

// Do makes one call of a model, with all the pool's limits, retries and
// account: what [Pool.Work] does for a subtask, without its prompt and reading.
// In a run it counts for the run and the subtask of ctx. The error is a
// *swarm.CallError.
func (p *Pool) Do(ctx context.Context, r model.Request) (model.Reply, error) {
	return p.doer.Do(ctx, r)
}

// Slots returns the sum of the backends' Slots: the most calls that the pool
// has in flight, and so a right value for [swarm.Swarm.Concurrency]. It is 0
// where the Doer is not a Pool.
func (p *Pool) Slots() int {
	if p.own == nil {
		return 0
	}
	return p.own.Slots()
}

// backends returns how many the pool has, and the largest MaxOut among them; 0
// if that is not known.
func (p *Pool) backends() (n, maxOut int) {
	if p.own == nil {
		return 0, 0
	}
	return p.own.Backends(), p.own.MaxOut()
}

// WithWeight returns a context whose runs have slots of the pools that they
// share with others by weight: while both have calls that wait, a run of weight
// 3 has three times the slot time of one of weight 1, which is the weight of
// runs that name none. Give it to [swarm.Swarm.Run]; runs nested in a run share
// with it, and of several weights of one run the last one that made a call
// counts. A planner that several runs use shares its model by the same weights.
//
// Weights from 0.01 to 100 count; others count as the nearer of these, so that
// no run starves, and 0, negative ones and NaN as 1.
func WithWeight(ctx context.Context, w float64) context.Context { return pool.WithWeight(ctx, w) }

// Close closes the idle connections of the pool's backends. Those of a Doer are
// its owner's.
func (p *Pool) Close() {
	if p.cfg.Doer == nil {
		p.own.Close()
	}
}

// Model is a worker on one small model: a [Pool] of one.
type Model struct{ pool *Pool }

// NewModel checks the backend and makes a worker of it. It makes no call.
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
