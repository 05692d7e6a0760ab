// Package model defines calls of models: what is asked and replied ([Request],
// [Reply]), where a model is served ([Backend]), and two interfaces of one method
// each.
//
// An [API] makes one attempt; it speaks OpenAI's chat completions unless
// Backend.API is set. A [Doer] makes a call of as many attempts as needed, with
// retries, limits, slots, hedging, circuit breaker and budget. workers.Pool is a
// Doer; planner and workers take Backends or a Doer.
package model

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/db31e724/go-swarm/swarm"
)

// API makes attempts at calls in one provider's protocol.
//
// Attempt sends the request once and never repeats it. It returns once the reply is
// complete, the attempt has failed or ctx has ended. It sets no time limit: the
// pool ends ctx when Limits.AttemptTime, FirstToken or Idle has passed. It calls
// OnText, OnData and OnBytes, those of them that are set, as data arrives; an API
// whose replies come in one piece may leave that out. A Request names no model: an API
// is made for one. What the protocol cannot carry, such as Tools, it refuses with
// swarm.ClassInvalid.
//
// Its error is a *swarm.CallError, whose Class decides what the pool does next;
// [HTTPError] makes one from a refusal. An error of another type counts as
// swarm.ClassBroken. With an error, the Reply holds what had arrived, so that its
// usage can be booked. An incomplete reply is an error: swarm.ClassCut if it
// reached its token limit, swarm.ClassBroken if a stream lacks its end. Attempt
// must be safe for concurrent use.
type API interface {
	Attempt(ctx context.Context, r Request) (Reply, error)
}

// Doer makes calls, each with as many attempts as needed. Its error is a
// *swarm.CallError. It must be safe for concurrent use.
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

// ToolCall is a model's request to call a tool.
type ToolCall struct {
	ID        string
	Name      string
	Arguments string // JSON, as the model wrote it: it may not be valid
}

// Request is one call, or for an [API] one attempt at it.
type Request struct {
	Messages    []Message
	Schema      *Schema  // of the reply; nil: free text
	Tools       []Tool   // that the model may call
	Temperature *float64 // nil: the server's own

	// MaxOut is the most tokens of the reply. 0: Backend.MaxOut, or if that is 0
	// DefaultOut, or if that is 0 the server's own limit. An API reads only MaxOut.
	MaxOut     int
	DefaultOut int
	// MinOut is the smallest token limit with which the call is still worth making.
	// The run's budget may lower MaxOut down to it. 0: 64.
	MinOut int

	// Avoid names backends that are used only if no other usable backend can take
	// the call.
	Avoid []string

	// OnText is called with each piece of the reply's text as it arrives, on the
	// goroutine that called Do. nil: the reply is only returned whole. An API asks
	// for a stream if it is set.
	OnText func(string)
	// OnReset is called before another attempt if OnText has already been given
	// text: the reply then starts again. nil: such a call is not attempted again,
	// because its reader would see the text twice.
	OnReset func()
	// OnData is set by the pool. An API calls it for data of a stream that is not
	// text, such as reasoning; it restarts the time limits FirstToken and Idle.
	OnData func()
	// OnBytes is set by the pool. An API calls it for any bytes of a reply's body,
	// also comments or blank lines that keep the connection alive, because a server
	// that sends only these may be loading or reasoning. It may be nil.
	OnBytes func()
}

// Reply is a complete reply or, with an error of an API, what arrived of one.
type Reply struct {
	Text      string
	ToolCalls []ToolCall
	Model     string // as the server names it
	Backend   string // set by the Doer: the name of the backend that replied

	// Usage holds In, Cached, Written and Out as the server reported them. Zero: it
	// reported none, and the pool books an estimate. AtLeast: the reply was
	// interrupted, and more may be billed.
	Usage swarm.Usage
	// Unsent says that nothing of the request was sent, so that nobody bills it.
	Unsent bool
	// Header is that of the reply; nil: none arrived. The pool reads rate limits
	// from it.
	Header http.Header
}

// ErrEmpty is the Err of a *swarm.CallError of swarm.ClassBroken for a complete
// reply without text or tool calls. The pool asks once more; after that the caller
// should change the prompt.
var ErrEmpty = errors.New("the reply is empty")

// Learned marks the error of an attempt from which the API has learned to send the
// request in another form, such as without a field that the server refuses. An API
// returns it as Err of a *swarm.CallError; the pool then tries again at once, at
// most six times a call.
type Learned struct {
	What string // what was learned, for people; empty: another call has reported it
	Err  error
}

func (l *Learned) Error() string { return l.Err.Error() }
func (l *Learned) Unwrap() error { return l.Err }
