// Package pool bounds and repeats model calls: it queues them by urgency,
// gives each a slot of the least loaded backend, and holds the one retry loop
// of the project. planner.LLM and workers.Pool are faces of it.
package pool

import (
	"context"
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
	Slots   int          // most calls in flight; 0: 8
	Context int          // tokens of prompt and reply together; 0: 128 000
	MaxOut  int          // most tokens of a reply, where the caller names none; 0: the caller's default
	Price   *swarm.Price // nil: that of the price table, if the model is in it, else unknown
	Header  http.Header  // added to each request
	Client  *http.Client // nil: one on a transport sized to the pool
	Stream  bool         // ask for streamed replies even where nobody reads them as they come
}

// Config is a pool's backends and limits. Zero values are right for most.
type Config struct {
	Backends []Backend

	Attempts    int           // most attempts at one call; 0: 5
	AttemptTime time.Duration // most time of one attempt, its wait for a slot not counted; 0: 2 minutes
	CallTime    time.Duration // most time of one call, all attempts and waits; 0: 10 minutes
	MaxWait     time.Duration // longest wait that a server may ask for; longer ones go to another backend or end the call; 0: 2 minutes
}

// Request is one call, to be sent to whichever backend has a slot first.
type Request struct {
	chat.Request
	Priority int64 // larger goes first in the queue
	Tokens   int   // estimated tokens of the prompt; 0: estimated from the messages
}

// Pool is a bounded set of backends. It is safe for concurrent use.
type Pool struct{}

// New checks the configuration and makes a pool. It makes no call.
func New(c Config) (*Pool, error) { return nil, nil }

// Do makes the call: it waits for a slot, tries, and tries again where that
// can help. The error is a *swarm.CallError.
func (p *Pool) Do(ctx context.Context, r Request) (chat.Reply, error) { return chat.Reply{}, nil }

// Context returns the smallest context of the backends, in tokens.
func (p *Pool) Context() int { return 0 }

// Close closes idle connections that the pool opened itself.
func (p *Pool) Close() {}
