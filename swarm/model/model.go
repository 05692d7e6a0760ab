// Package model is the one public client of models: what a model is asked and
// what it replies ([Request], [Reply]), where it is served ([Backend]), and two
// interfaces of one method each.
//
// An [API] makes one attempt: OpenAI's chat completions unless a Backend names
// another. A [Doer] makes a call with all that is around attempts: retries,
// limits, slots, hedging, circuit breaker and money. workers.Pool is one;
// planner and workers take Backends or a Doer.
package model

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/db31e724/go-swarm/swarm"
)

// API makes attempts at calls of one provider's protocol.
//
// Attempt sends the request once and never repeats it. It returns once the
// reply is whole, the attempt has failed or ctx has ended. It sets no clock of
// its own: the pool ends ctx when AttemptTime, FirstToken or Idle is over. It
// tells of what comes by OnText, OnData and OnBytes.
//
// Its error is a *swarm.CallError, whose Class decides what the pool does next;
// [HTTPError] makes one of a refusal. An error of another type counts as
// swarm.ClassBroken. The reply beside an error holds what had come until then,
// for the ledger. A reply that is not whole is an error: one that was cut by its
// token limit is swarm.ClassCut, a stream without its end swarm.ClassBroken.
// Attempt must be safe for concurrent use.
type API interface {
	Attempt(ctx context.Context, r Request) (Reply, error)
}

// Doer makes calls, each with as many attempts as it takes. Its error is a
// *swarm.CallError. Safe for concurrent use.
type Doer interface {
	Do(ctx context.Context, r Request) (Reply, error)
}

// Message is one message of a conversation.
type Message struct {
	Role       string     // "system", "user", "assistant" or "tool"
	Content    string     // may be empty only beside ToolCalls
	ToolCalls  []ToolCall // what an assistant asked for
	ToolCallID string     // role "tool": the call whose result Content is
}

// Schema is a strict JSON Schema that a reply must follow.
type Schema struct {
	Name string // 1 to 64 of A-Z a-z 0-9 _ -
	JSON json.RawMessage
}

// Tool is a function that the model may ask for.
type Tool struct {
	Name        string // 1 to 64 of A-Z a-z 0-9 _ -
	Description string
	Schema      json.RawMessage // JSON Schema of its arguments
}

// ToolCall is a model's wish that a tool be called.
type ToolCall struct {
	ID        string
	Name      string
	Arguments string // JSON, as the model wrote it: it may not be valid
}

// Request is one call, and what an [API] is given for one attempt at it.
type Request struct {
	Messages    []Message
	Schema      *Schema  // of the reply; nil: free text
	Tools       []Tool   // that the model may call; none: it cannot
	Temperature *float64 // nil: the server's own

	// MaxOut is the most tokens of the reply. 0: the Backend's MaxOut, or
	// where that is 0 too DefaultOut, or where that is 0 the server's own limit.
	// An API reads MaxOut alone.
	MaxOut     int
	DefaultOut int
	// MinOut is the smallest limit of the reply that the call is worth making
	// with where the run's budget allows no larger one. 0: 64.
	MinOut int

	// Avoid names backends that are asked only if no other that the call fits is
	// in use.
	Avoid []string

	// OnText is given each piece of the reply's text as it comes, on Do's own
	// goroutine. nil: the reply is only returned whole. For an API it also says
	// whether to ask for a stream.
	OnText func(string)
	// OnReset is called before a further attempt at a call of which OnText has
	// already been given text: the reply begins anew. nil: such a call is not
	// attempted again, for its reader would see the text twice.
	OnReset func()
	// OnData is set by the pool. An API calls it for data of a stream that is
	// not text, such as reasoning, so that FirstToken and Idle see that the
	// server works.
	OnData func()
	// OnBytes is set by the pool. An API calls it for whatever comes of a reply's
	// body, as comments or blank lines that keep the connection alive: a server
	// that says nothing else may be loading or thinking. nil: nobody asks.
	OnBytes func()
}

// Reply is a whole, finished reply.
type Reply struct {
	Text      string
	ToolCalls []ToolCall
	Model     string // as the server names it
	Backend   string // set by the Doer: which of its backends replied

	// Usage is In, Cached, Written and Out as the server told them. Zero: it
	// told none, and the pool books an estimate. AtLeast: the reply broke off,
	// and more may be billed.
	Usage swarm.Usage
	// Unsent says that nothing of the request left, so that nobody bills it.
	Unsent bool
	// Header is the reply's, nil where none came. The pool reads the rate
	// limits that it tells.
	Header http.Header
}

// ErrEmpty is the Err of a whole reply without text or calls of tools, of class
// swarm.ClassBroken. The pool asks once more; then the caller is to ask in other
// words.
var ErrEmpty = errors.New("the reply is empty")

// Learned marks the error of an attempt from which the API has learned to put
// the request in another way, such as without a field that the server refuses.
// An API returns it as Err of a *swarm.CallError; the pool then attempts the
// call again at once, at most six times a call.
type Learned struct {
	What string // what was learned, for people; empty: another call has told it
	Err  error
}

func (l *Learned) Error() string { return l.Err.Error() }
func (l *Learned) Unwrap() error { return l.Err }
