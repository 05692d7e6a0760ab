// Package pool bounds and repeats model calls: it queues them by urgency,
// gives each a slot of the least loaded backend, and holds the one retry loop
// of the project. planner.LLM and workers.Pool are faces of it.
//
//	Do ─▶ queue.take ─▶ attempt (Reserve, chat.Do, settle) ─▶ queue.end ─▶ reply
//	        ▲  a slot                                  learn │
//	        └────────── back-off, parked, no slot held ◀─────┘ retryable
//
// Each attempt is admitted in one place (queue.pick), ends in one place
// (queue.end, which also learns from how it ended), and is repeated in one
// place (Do).
package pool

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/db31e724/go-swarm/internal/chat"
	"github.com/db31e724/go-swarm/swarm"
)

// Backend is one model at one OpenAI-compatible server.
type Backend struct {
	Name    string       // in events and errors; empty: Model
	BaseURL string       // up to and without "/chat/completions"; empty: OpenAI's
	Key     string       // bearer key; empty: none is sent
	Model   string       // required
	Slots   int          // most calls in flight; 0: 64. How many of them are used is found out: see limiter
	RPM     int          // most requests a minute, evenly spread; 0: no limit but what the server tells
	TPM     int          // most tokens of prompts and replies in any minute; 0: no limit but what the server tells
	Context int          // tokens of prompt and reply together; 0: 128 000
	MaxOut  int          // most tokens of a reply, where the caller names none; 0: the caller's default
	Price   *swarm.Price // nil: that of the price table, if the model is in it, else unknown
	Header  http.Header  // added to each request
	Client  *http.Client // nil: one on a transport sized to the pool
	Stream  bool         // ask for streamed replies even where nobody reads them as they come

	untold bool // Context is the default
}

// String names the backend without its key, its headers and its address, so
// that a configuration may be printed.
func (b Backend) String() string {
	if b.Name == "" || b.Name == b.Model {
		return b.Model
	}
	return b.Model + " at " + b.Name
}

// GoString is String, for %#v.
func (b Backend) GoString() string { return b.String() }

// Config is a pool's backends and limits. Zero values are right for most.
type Config struct {
	Backends []Backend // 1 to 64

	Attempts    int           // most attempts at one call; 0: 8
	AttemptTime time.Duration // most time of one attempt, its wait for a slot not counted; 0: 2 minutes
	CallTime    time.Duration // most time of one call, from its first slot on, all attempts and waits; 0: 10 minutes
	MaxWait     time.Duration // longest wait that a server may ask for; longer ones go to another backend or end the call; 0: 2 minutes
	FirstToken  time.Duration // longest wait for the first piece of a stream; 0: half of AttemptTime
	Idle        time.Duration // longest gap between two pieces of a stream, from its first text on; 0: a quarter of AttemptTime

	// Breaker is how many attempts in a row fail at a backend before no call
	// is sent there but one, now and then, that finds out whether it is back;
	// the others wait, or go to other backends. 0: 5; negative: it is never
	// shut.
	Breaker int
	// Retries is how many retries the pool may make for each call that
	// succeeds, beside a few to begin with; others wait for their turn. While
	// only retries wait it is more. 0: 0.2; negative: no limit.
	Retries float64
	// Hedge is how many calls, as a share of all, may be made a second time
	// because the first takes longer than that share of its backend's take.
	// The first answer counts. 0: 0.05; negative: none.
	Hedge float64
}

// Request is one call, to be sent to whichever backend has a slot first.
type Request struct {
	chat.Request
	Run      string // ID of the run whose call it is: runs share the slots by weight, see WithWeight. A nested run counts for its root. Empty: that of all who name none
	Priority int64  // larger goes first among its run's
	Tokens   int    // estimated tokens of the prompt; 0: estimated from the messages

	// DefaultOut is the most completion tokens where neither MaxTokens nor
	// the backend's MaxOut names any. 0: the server's own limit.
	DefaultOut int
	// LeastOut is the shortest limit of the reply that the call is worth making
	// with, where the run's budget allows no longer one. 0: 64.
	LeastOut int
	// Again is called before a further attempt at a call of which OnText has
	// already been given text: the reply begins anew. Where it is nil, such a
	// call is not tried again, for its reader would see the text twice.
	Again func()
	// Parts says that the caller can do the call again with less in it: it is
	// ClassTooLong also where the server may have cut the prompt, and it is not
	// known whether.
	Parts bool
	// Elsewhere says that a reply that was cut is asked for once more at another
	// backend, one of another model first, where there is any.
	Elsewhere bool
	// Clock is the CallTime that several calls share. nil: this call's own.
	Clock *Clock

	weight float64 // of the run
}

// Clock runs from the first slot of the first call that it is given to: a pool
// smaller than its load is no fault of the calls that queue. Its zero value
// has not begun. It is for one call at a time.
type Clock struct{ end time.Time }

// Pool is a bounded set of backends. It is safe for concurrent use. No
// goroutine of its own outlives the call that it serves.
type Pool struct {
	cfg    Config
	queue  queue
	owned  *chat.Transport // of the clients that the pool made; nil: none
	learnt func(error) (what string, ok bool)
}

// attempter makes one attempt at a call: a *chat.Client, or a test's double.
type attempter interface {
	Do(context.Context, chat.Request) (chat.Reply, error)
}

// maxBackends is how many backends a set of them, a word of bits, can tell
// apart.
const maxBackends = 64

// New checks the configuration and makes a pool. It makes no call.
func New(c Config) (*Pool, error) {
	var owned *chat.Transport
	p, err := newPool(c, func(b Backend, slots int) (attempter, error) {
		if b.Client == nil {
			if owned == nil {
				owned = chat.NewTransport(slots)
			}
			b.Client = &http.Client{Transport: owned}
		}
		return chat.New(chat.Endpoint{
			Name: b.Name, BaseURL: b.BaseURL, Key: b.Key, Model: b.Model, Header: b.Header, Client: b.Client,
		})
	})
	if err != nil {
		return nil, err
	}
	p.owned = owned
	return p, nil
}

// newPool makes a pool of the clients that dial returns; slots is the sum over
// all backends.
func newPool(c Config, dial func(b Backend, slots int) (attempter, error)) (*Pool, error) {
	if err := c.fill(); err != nil {
		return nil, err
	}
	p := &Pool{cfg: c, learnt: chat.Learnt}
	p.queue.maxWait, p.queue.outage = c.MaxWait, c.CallTime
	p.queue.retries = newRetryBudget(c.Retries)
	p.queue.hedges.share = c.Hedge
	slots := 0
	for _, b := range c.Backends {
		slots += b.Slots
	}
	for i, b := range c.Backends {
		client, err := dial(b, slots)
		if err != nil {
			return nil, fmt.Errorf("pool: backend %q: %w", b.Name, err)
		}
		p.queue.add(i, b, client, c.Breaker)
	}
	return p, nil
}

// fill checks c and fills in its defaults, in a copy of the backends.
func (c *Config) fill() error {
	switch {
	case len(c.Backends) == 0:
		return fmt.Errorf("pool: Backends is empty: name at least one")
	case len(c.Backends) > maxBackends:
		return fmt.Errorf("pool: Backends has %d entries: at most %d can be told apart", len(c.Backends), maxBackends)
	case c.Attempts < 0, c.AttemptTime < 0, c.CallTime < 0, c.MaxWait < 0, c.FirstToken < 0, c.Idle < 0:
		return fmt.Errorf("pool: Attempts, AttemptTime, CallTime, MaxWait, FirstToken and Idle must not be negative: 0 stands for the default")
	case !(c.Retries <= 1), !(c.Hedge <= 1):
		return fmt.Errorf("pool: Retries %v and Hedge %v are shares: at most 1", c.Retries, c.Hedge)
	}
	c.Attempts = cmp.Or(c.Attempts, 8)
	c.AttemptTime = cmp.Or(c.AttemptTime, 2*time.Minute)
	c.CallTime = cmp.Or(c.CallTime, 10*time.Minute)
	c.MaxWait = cmp.Or(c.MaxWait, 2*time.Minute)
	c.FirstToken = cmp.Or(c.FirstToken, c.AttemptTime/2)
	c.Idle = cmp.Or(c.Idle, c.AttemptTime/4)
	c.Breaker = cmp.Or(c.Breaker, 5)
	c.Retries = cmp.Or(c.Retries, .2)
	c.Hedge = cmp.Or(c.Hedge, .05)
	c.Backends = append([]Backend(nil), c.Backends...)
	named := map[string]bool{}
	for _, b := range c.Backends {
		if b.Name != "" && named[b.Name] {
			return fmt.Errorf("pool: two backends have the Name %q: give each its own", b.Name)
		}
		named[b.Name] = true
	}
	for i := range c.Backends {
		b := &c.Backends[i]
		switch {
		case b.Model == "":
			return fmt.Errorf("pool: backend %d: Model is empty: name the model as its server does", i)
		case b.Slots < 0, b.RPM < 0, b.TPM < 0, b.Context < 0, b.MaxOut < 0:
			return fmt.Errorf("pool: backend %q: Slots, RPM, TPM, Context and MaxOut must not be negative: 0 stands for the default", b.Model)
		}
		b.Slots = cmp.Or(b.Slots, 64)
		b.untold, b.Context = b.Context == 0, cmp.Or(b.Context, 128_000)
		if b.MaxOut >= b.Context {
			return fmt.Errorf("pool: backend %q: MaxOut %d leaves no room for a prompt in a Context of %d tokens", b.Model, b.MaxOut, b.Context)
		}
		if b.Price == nil {
			b.Price = PriceOf(b.Model)
		}
		if b.Name == "" {
			b.Name = b.Model
			for n := 2; named[b.Name]; n++ {
				b.Name = fmt.Sprintf("%s#%d", b.Model, n)
			}
			named[b.Name] = true
		}
	}
	return nil
}

// Context returns the smallest context of the backends, in tokens.
func (p *Pool) Context() int {
	least := p.queue.backends[0].Context
	for _, b := range p.queue.backends {
		least = min(least, b.Context)
	}
	return least
}

// Close closes idle connections that the pool opened itself. Calls in flight
// go on.
func (p *Pool) Close() {
	if p.owned != nil {
		p.owned.CloseIdleConnections()
	}
}
