// Package pool bounds and repeats model calls. It is the Doer behind
// planner.LLM and workers.Pool, and holds the one retry loop of the project.
//
// call.go is that loop, attempt.go one attempt in a slot, clock.go its patience,
// hedge.go a second one beside it, room.go how long a reply may be, queue.go hands
// out slots, and backend.go is what is known of each backend: adaptive concurrency
// (limit.go, flow.go), rate limits (rate.go), circuit breaker, cool-down, and how
// it counts tokens (estimate.go).
package pool

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/internal/chat"
	"github.com/db31e724/go-swarm/swarm/model"
)

// Config is a pool's backends and limits. Zero limits are right for most.
type Config struct {
	Backends []model.Backend // 1 to 64
	Limits   model.Limits
}

// Pool is a bounded set of backends. It is safe for concurrent use. No
// goroutine of its own outlives the call that it serves.
type Pool struct {
	limits model.Limits
	queue  queue
	owned  *chat.Transport // of the clients that the pool made; nil: none
}

var _ model.Doer = (*Pool)(nil)

// maxBackends is how many backends a set of them, a word of bits, can tell
// apart.
const maxBackends = 64

// New checks the configuration and makes a pool. It makes no call.
func New(c Config) (*Pool, error) {
	if err := c.fill(); err != nil {
		return nil, err
	}
	p := &Pool{limits: c.Limits, queue: queue{
		limits: c.Limits, retries: newRetryBudget(c.Limits.Retries), shares: map[string]*share{},
	}}
	for _, b := range c.Backends {
		p.queue.add(b)
	}
	for _, b := range p.queue.backends {
		if b.API != nil {
			continue
		}
		if b.Client == nil {
			if p.owned == nil {
				p.owned = chat.NewTransport(p.Slots())
			}
			b.Client = &http.Client{Transport: p.owned}
		}
		client, err := chat.New(b.Backend)
		if err != nil {
			return nil, fmt.Errorf("pool: %w", err)
		}
		b.API = client
	}
	return p, nil
}

// fill checks c and fills in its defaults, in a copy of the backends.
func (c *Config) fill() error {
	l := &c.Limits
	switch {
	case len(c.Backends) == 0:
		return errors.New("pool: Backends is empty: name at least one")
	case len(c.Backends) > maxBackends:
		return fmt.Errorf("pool: Backends has %d entries: at most %d can be told apart", len(c.Backends), maxBackends)
	case l.Attempts < 0, l.AttemptTime < 0, l.CallTime < 0, l.MaxWait < 0, l.ReachTime < 0, l.FirstToken < 0, l.Idle < 0:
		return errors.New("pool: Attempts, AttemptTime, CallTime, MaxWait, ReachTime, FirstToken and Idle must not be negative: 0 stands for the default")
	case !(l.Retries <= 1), !(l.Hedge <= 1):
		return fmt.Errorf("pool: Retries %v and Hedge %v are shares: at most 1", l.Retries, l.Hedge)
	}
	l.Attempts = cmp.Or(l.Attempts, 8)
	l.AttemptTime = cmp.Or(l.AttemptTime, 3*time.Minute)
	l.CallTime = cmp.Or(l.CallTime, 10*time.Minute)
	l.MaxWait = cmp.Or(l.MaxWait, 2*time.Minute)
	l.ReachTime = cmp.Or(l.ReachTime, 10*time.Second)
	l.FirstToken = cmp.Or(l.FirstToken, l.AttemptTime)
	l.Idle = cmp.Or(l.Idle, l.AttemptTime/4)
	l.Breaker = cmp.Or(l.Breaker, 5)
	l.Retries = cmp.Or(l.Retries, .2)
	l.Hedge = cmp.Or(l.Hedge, .05)
	c.Backends = slices.Clone(c.Backends)
	named := map[string]bool{}
	for i := range c.Backends {
		b := &c.Backends[i]
		context := cmp.Or(b.Context, defaultContext)
		switch {
		case strings.TrimSpace(b.Model) == "":
			return fmt.Errorf("pool: backend %d: Model is empty: name the model as its server does", i)
		case b.Slots < 0, b.RPM < 0, b.TPM < 0, b.Context < 0, b.MaxOut < 0:
			return fmt.Errorf("pool: backend %q: Slots, RPM, TPM, Context and MaxOut must not be negative: 0 stands for the default", b.Model)
		case b.MaxOut >= context:
			return fmt.Errorf("pool: backend %q: MaxOut %d leaves no room for a prompt in a Context of %d tokens", b.Model, b.MaxOut, context)
		case b.API != nil && (b.BaseURL != "" || b.Key != "" || b.Client != nil || len(b.Header) > 0):
			return fmt.Errorf("pool: backend %q: BaseURL, Key, Header and Client are not used beside an API: give them to the API", b.Model)
		case named[b.Name] && b.Name != "":
			return fmt.Errorf("pool: two backends have the Name %q: give each its own", b.Name)
		}
		b.Slots = cmp.Or(b.Slots, 64)
		b.Price = cmp.Or(b.Price, model.PriceOf(b.Model))
		named[b.Name] = true
	}
	for i := range c.Backends {
		b, name := &c.Backends[i], c.Backends[i].Model
		for n := 2; named[name]; n++ {
			name = fmt.Sprintf("%s#%d", b.Model, n)
		}
		b.Name = cmp.Or(b.Name, name)
		named[b.Name] = true
	}
	return nil
}

// defaultContext is that of a backend that names none.
const defaultContext = 128_000

// Context returns the smallest context of the backends, in tokens.
func (p *Pool) Context() int {
	return slices.MinFunc(p.queue.backends, func(a, b *backend) int { return a.Context - b.Context }).Context
}

// MaxOut returns the largest MaxOut of the backends, 0 if none names any.
func (p *Pool) MaxOut() int {
	return slices.MaxFunc(p.queue.backends, func(a, b *backend) int { return a.MaxOut - b.MaxOut }).MaxOut
}

// Slots returns the sum of the backends' Slots: the most calls in flight.
func (p *Pool) Slots() (sum int) {
	for _, b := range p.queue.backends {
		sum += b.Slots
	}
	return sum
}

// Backends returns how many there are.
func (p *Pool) Backends() int { return len(p.queue.backends) }

// Close closes idle connections that the pool opened itself. Calls in flight
// go on.
func (p *Pool) Close() {
	if p.owned != nil {
		p.owned.CloseIdleConnections()
	}
}
