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
	"time"

	"github.com/db31e724/go-swarm/internal/chat"
	"github.com/db31e724/go-swarm/internal/pool"
	"github.com/db31e724/go-swarm/swarm"
)

// Backend is one model at one OpenAI-compatible server. Its fields:
//
//	Name     in events and errors; empty: Model
//	BaseURL  up to and without "/chat/completions"; empty: OpenAI's
//	Key      bearer key; empty: none is sent
//	Model    the model's name as the server knows it; required
//	Slots    most calls in flight; 0: 64. How many of them are used is found out
//	RPM      most requests a minute; 0: no limit but what the server tells
//	TPM      most tokens of prompts and replies in any minute; 0: as above
//	Context  tokens of prompt and reply together; 0: 128 000
//	MaxOut   most tokens of a reply whose step names none; 0: Config.MaxOut.
//	         Models that reason before they answer need more than the default
//	Price    *swarm.Price; nil: that of [PriceOf], if it knows the model
//	Header   http.Header, added to each request
//	Client   *http.Client; nil: one on a transport sized to the pool
//	Stream   ask for streamed replies, for proxies that end silent calls
type Backend = pool.Backend

// Message is one message of a prompt: its Role ("system", "user" or
// "assistant") and its Content, which must not be empty.
type Message = chat.Message

// PriceOf returns the list price of a model by its exact name, with or without
// its provider before it, or nil where it is not known. The prices are as of
// [PricesAsOf]; a Backend's own Price goes before them.
func PriceOf(model string) *swarm.Price { return pool.PriceOf(model) }

// PricesAsOf is the date of the prices that [PriceOf] returns.
const PricesAsOf = pool.PricesAsOf

// Config is a pool's backends and settings. Zero values are right for most.
type Config struct {
	Backends []Backend // 1 to 64

	// Attempts is the most attempts at one call. 0: 8.
	Attempts int
	// AttemptTime is the most time of one attempt, without its wait for a
	// slot. 0: 2 minutes.
	AttemptTime time.Duration
	// CallTime is the most time of one subtask from its first slot on, all its
	// calls, attempts and waits together. 0: 10 minutes.
	CallTime time.Duration
	// MaxWait is the longest wait that a server may ask for; a longer one
	// makes the call go to another backend or fail. 0: 2 minutes.
	MaxWait time.Duration
	// FirstToken is the longest wait for the first piece of a streamed reply,
	// and Idle the longest gap between two from its first text on. Comments
	// that keep a connection alive are no pieces. 0: half and a quarter of
	// AttemptTime.
	FirstToken, Idle time.Duration

	// Breaker is how many attempts in a row, of two calls at least, fail by
	// their backend's fault before no call is sent there but one, after a
	// second and then ever more rarely, that finds out whether it is back.
	// Those of a single call do where connections fail or the server says that
	// it is away (502, 503), and no other call was served since its first; but a
	// server that was never reached is not waited for.
	// Calls wait meanwhile, or go to other backends; no attempt is held
	// against them, and CallTime ends the wait. 0: 5; negative: never.
	Breaker int
	// Retries is how many retries the pool makes for each call that succeeds,
	// beside a few to begin with, so that failures do not multiply the load;
	// further ones wait for their turn. While only retries wait it is more.
	// 0: 0.2; negative: no limit.
	Retries float64
	// Hedge is the most calls, as a share of all, that are made a second time
	// because the first attempt takes longer than all but that share at its
	// backend. The first answer counts; the other attempt is cancelled and
	// booked. 0: 0.05; negative: none.
	Hedge float64

	// MaxOut is the most tokens of a reply where neither the step nor the
	// backend names any. 0: 512, for lists 2048.
	MaxOut int
	// Temperature is sent with each call; nil: the server's own. Zero makes
	// most servers answer the same prompt alike.
	Temperature *float64

	// Prompt writes the prompt of a subtask. nil: [DefaultPrompt]. The reply
	// is read as JSON in every case, in the shape that DefaultPrompt asks
	// for; servers that can are made to write it so.
	Prompt func(swarm.Subtask) []Message
}

// Pool is a worker on a bounded set of small-model clients. A subtask waits
// for a slot of a backend that its prompt fits, the most urgent subtask first,
// the least loaded backend first; failed attempts are repeated where that can
// help, parked and without a slot while they wait. See [Config] for the
// limits.
//
// A backend whose account is empty, or that never answered and does not take
// its key, is asked no more. Other denials (401, 403, 404) stop it once three
// calls in a row have met one, more where single calls were denied before: until
// then the call that meets one goes to another backend, or fails with it.
//
// A subtask over a chunk costs one call as a rule. A reply that cannot be read
// is asked for once more with the fault told; one that was cut by its length
// once more with twice the room; a chunk that fits no backend is read in parts.
// A pool whose first sixteen subtasks all ended
// without a reply that can be read sends no more. A Pool is safe for
// concurrent use and serves any number of runs.
type Pool struct {
	pool     *pool.Pool
	cfg      Config
	replyMax int // most tokens of a reply that the settings name

	fruitless fruitless
}

// NewPool checks the configuration and makes a pool. It makes no call.
func NewPool(c Config) (*Pool, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	inner, err := pool.New(pool.Config{
		Backends: c.Backends, Attempts: c.Attempts, AttemptTime: c.AttemptTime, CallTime: c.CallTime, MaxWait: c.MaxWait,
		FirstToken: c.FirstToken, Idle: c.Idle, Breaker: c.Breaker, Retries: c.Retries, Hedge: c.Hedge,
	})
	if err != nil {
		return nil, err
	}
	p := &Pool{pool: inner, cfg: c}
	if p.cfg.Prompt == nil {
		p.cfg.Prompt = DefaultPrompt
	}
	for _, b := range c.Backends {
		p.replyMax = max(p.replyMax, b.MaxOut)
	}
	return p, nil
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

// Close closes the pool's idle connections.
func (p *Pool) Close() { p.pool.Close() }

// Model is a worker on one small model: a [Pool] of one.
type Model struct{ pool *Pool }

// NewModel checks the backend and makes a worker of it. It makes no call.
func NewModel(b Backend) (*Model, error) {
	p, err := NewPool(Config{Backends: []Backend{b}})
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
