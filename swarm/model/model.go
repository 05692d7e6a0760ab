// Package model is the one public client of models: what a model is asked and
// what it replies ([Request], [Reply]), where it is served ([Backend]), and two
// interfaces of one method each.
//
//	Doer.Do ─▶ reserve money ─▶ wait for a slot ─▶ API.Attempt ─▶ settle ─▶ reply
//	              ▲                                    │
//	              └── wait without a slot ◀── failure that may pass
//
// An [API] makes one attempt: OpenAI's chat completions unless a Backend names
// another. A [Doer] makes a call with all that is around attempts: retries,
// limits, slots, hedging, circuit breaker and money. workers.Pool is one;
// planner and workers take Backends or a Doer.
package model

import (
	"context"
	"encoding/json"

	"github.com/db31e724/go-swarm/swarm"
)

// API makes attempts at calls of one provider's protocol.
//
// Attempt sends the request once and never repeats it. It returns once the
// reply is whole, the attempt has failed or ctx has ended. Its error is a
// *swarm.CallError, whose Class decides what the pool does next (see
// [HTTPError]); any other error counts as swarm.ClassBroken. The reply beside
// an error holds what had come until then, for the ledger. It must be safe for
// concurrent use.
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

// Request is one call.
type Request struct {
	Messages    []Message
	Schema      *Schema  // of the reply; nil: free text
	Tools       []Tool   // that the model may call; none: it cannot
	Temperature *float64 // nil: the server's own

	// MaxOut is the most tokens of the reply. 0: the Backend's MaxOut, or
	// where that is 0 too DefaultOut, or where that is 0 the server's own limit.
	MaxOut     int
	DefaultOut int

	// OnText is given each piece of the reply's text as it comes, on Do's own
	// goroutine. nil: the reply is only returned whole.
	OnText func(string)
	// OnReset is called before a further attempt at a call of which OnText has
	// already been given text: the reply begins anew. nil: such a call is not
	// attempted again, for its reader would see the text twice.
	OnReset func()
}

// Reply is a whole, finished reply.
type Reply struct {
	Text      string
	ToolCalls []ToolCall
	Model     string // as the server names it
	Usage     swarm.Usage
}
