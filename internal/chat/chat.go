// Package chat is the one layer over go-openai: it makes one attempt at a chat
// completion and says exactly how it ended. It knows nothing of retries,
// slots or prices; package pool stands on it.
package chat

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/db31e724/go-swarm/swarm"
)

// Endpoint says where a model is served.
type Endpoint struct {
	Name    string       // in errors; empty: the model's name
	BaseURL string       // up to and without "/chat/completions"; empty: OpenAI's
	Key     string       // bearer key; empty: none is sent
	Model   string       //
	Header  http.Header  // added to each request
	Client  *http.Client // nil: http.DefaultTransport's settings. Its Transport is wrapped, never changed
}

// Message is one message of a request. Content is never empty.
type Message struct {
	Role    string // "system", "user", "assistant"
	Content string
}

// Schema is a strict JSON Schema that a reply must follow.
type Schema struct {
	Name string // [A-Za-z0-9_-]{1,64}
	JSON json.RawMessage
}

// Request is one attempt.
type Request struct {
	Messages    []Message
	Schema      *Schema // nil: free text
	MaxTokens   int     // most completion tokens; 0: the server's own limit
	Temperature *float64
	Stream      bool
	OnText      func(string) // Stream: each piece of text as it comes; may be nil
}

// Reply is a whole, finished reply.
type Reply struct {
	Text       string
	Model      string      // as the server names it
	Usage      swarm.Usage // In, Cached, Out
	UsageKnown bool        // the server told its usage
}

// Client makes attempts at one endpoint. It is safe for concurrent use.
type Client struct{}

// New checks the endpoint and makes a client of it. It makes no call.
func New(e Endpoint) (*Client, error) { return nil, nil }

// Do makes one attempt. Its error is a *swarm.CallError; the reply beside an
// error holds what had come until then (text, usage), for the ledger.
func (c *Client) Do(ctx context.Context, r Request) (Reply, error) { return Reply{}, nil }
