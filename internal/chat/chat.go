// Package chat is the one layer over go-openai: it makes one attempt at a chat
// completion and says exactly how it ended. It knows nothing of retries,
// slots or prices; package pool stands on it.
//
//	Do ─▶ compose ─▶ go-openai ─▶ wire (RoundTripper) ─▶ network
//	                     ▲            │ headers, status, error bodies kept
//	                     └─ events ◀──┘ server-sent events normalised
//	Do ◀─ settle ◀─ whole reply, or problem ─▶ classify ─▶ *swarm.CallError
//
// All repairs of what goes over the wire stand in the RoundTripper, so that
// go-openai sees a well-behaved server.
package chat

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	openai "github.com/sashabaranov/go-openai"

	"github.com/db31e724/go-swarm/swarm"
)

// Endpoint says where a model is served.
type Endpoint struct {
	Name    string       // in errors; empty: the model's name
	BaseURL string       // up to and without "/chat/completions"; empty: OpenAI's
	Key     string       // bearer key; empty: none is sent
	Model   string       //
	Header  http.Header  // set on each request, over what would be sent otherwise
	Client  *http.Client // nil: one on NewTransport(0). Its Transport is wrapped, never changed
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
	OnText      func(string) // Stream: each piece of text as it comes, on Do's own goroutine; may be nil

	// Idle is the longest gap between two pieces of data in a stream; 0: no
	// limit. Comments and blank lines are no data. It runs from the first
	// text on, for a model may think.
	Idle time.Duration
	// First is the longest wait for the first piece of data of a stream, the
	// connection and the server's own queue included; 0: no limit.
	First time.Duration
}

// Reply is a whole, finished reply.
type Reply struct {
	Text       string
	Model      string      // as the server names it
	Usage      swarm.Usage // In, Cached, Out
	UsageKnown bool        // the server told its usage; AtLeast is set where the reply broke off after it
	Unsent     bool        // nothing of the request left, so that no server can bill it
	Header     http.Header // as received; nil where no reply came
}

// Client makes attempts at one endpoint. It is safe for concurrent use.
//
// It learns: what the server refuses (strict schemas, max_tokens, a
// temperature, …) is sent another way from then on. See Learnt.
type Client struct {
	name, model string
	secrets     []string
	quoted      []byte // model as JSON
	header      http.Header
	base        http.RoundTripper
	own         *Transport // nil: the caller's
	api         *openai.Client

	mu  sync.Mutex // held while learning
	way atomic.Pointer[way]
}

// New checks the endpoint and makes a client of it. It makes no call. A base
// URL may end in a slash or in "/chat/completions"; both are cut off.
func New(e Endpoint) (*Client, error) {
	base, err := checkEndpoint(&e)
	if err != nil {
		return nil, err
	}
	c := &Client{
		name:    e.Name,
		model:   e.Model,
		secrets: secretsOf(e),
		header:  e.Header.Clone(),
	}
	if c.quoted, err = json.Marshal(e.Model); err != nil {
		return nil, err
	}
	c.way.Store(firstWay(base))

	hc := http.Client{}
	if e.Client != nil {
		hc = *e.Client
	} else {
		c.own = NewTransport(0)
		hc.Transport = c.own
	}
	c.base = hc.Transport
	if c.base == nil {
		c.base = http.DefaultTransport
	}
	hc.Transport = wire{c}
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

	cfg := openai.DefaultConfig(e.Key)
	cfg.BaseURL = base
	cfg.HTTPClient = &hc
	cfg.EmptyMessagesLimit = 1 << 31
	c.api = openai.NewClientWithConfig(cfg)
	return c, nil
}

// Close closes the idle connections of a client that was given no
// http.Client. Attempts in flight go on.
func (c *Client) Close() {
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
}

// Do makes one attempt: one HTTP request, not repeated by this package. It
// returns once the reply is whole, the attempt has failed or ctx has ended,
// with the connection closed or free for the next call (that may take up to
// a tenth of a second after a stream's end). ctx bounds the whole attempt: its
// deadline gives ClassTimeout, its cancellation ClassCancelled.
//
// Its error is a *swarm.CallError; the reply beside an error holds what had
// come until then (text, usage), for the ledger. If Learnt recognises the
// error, the same request is sent in another way at the next Do, which may
// follow at once.
func (c *Client) Do(ctx context.Context, r Request) (Reply, error) {
	if err := checkRequest(r); err != nil {
		return Reply{Unsent: true}, c.failure(swarm.ClassInvalid, 0, "", err)
	}
	w := c.way.Load()
	if err := context.Cause(ctx); err != nil {
		return Reply{Unsent: true}, c.ended(ctx)
	}
	x := &exchange{c: c, r: &r, way: w, stream: w.streams(r.Stream)}
	call := ctx
	if x.stream {
		call, x.cancel = context.WithCancelCause(ctx)
		defer x.cancel(nil)
	}
	call = context.WithValue(call, exchangeKey{}, x)

	req := compose(w, &r)
	var g got
	var err error
	if x.stream {
		err = c.readStream(call, x, req, &g)
	} else {
		err = c.readPlain(call, x, req, &g)
	}
	rep, failed := c.settle(ctx, call, x, &g, err)
	if failed != nil {
		return rep, failed
	}
	return rep, nil
}

// readPlain fetches a reply that comes in one piece.
func (c *Client) readPlain(ctx context.Context, x *exchange, req openai.ChatCompletionRequest, g *got) error {
	resp, err := c.api.CreateChatCompletion(ctx, req)
	if x.problem != nil {
		return err
	}
	if err != nil && x.raw == nil {
		return err
	}
	if err != nil {
		// go-openai is strict about types where servers are not.
		if !g.loose(x.raw) {
			return errMalformed
		}
	} else {
		g.plain(&resp, x.raw)
	}
	g.done = g.finish != ""
	if x.r.Stream && x.r.OnText != nil && g.text.Len() > 0 {
		x.r.OnText(g.text.String())
	}
	return nil
}

// readStream fetches a streamed reply. It returns nil at a clean end of the
// body, whole or not.
func (c *Client) readStream(ctx context.Context, x *exchange, req openai.ChatCompletionRequest, g *got) error {
	if x.r.First > 0 {
		first := time.AfterFunc(x.r.First, func() { x.cancel(errFirst) })
		x.begun = first.Stop
		defer first.Stop()
	}
	s, err := c.api.CreateChatCompletionStream(ctx, req)
	if err != nil {
		return err
	}
	defer s.Close()
	for {
		chunk, err := s.Recv()
		before := g.text.Len()
		switch {
		case err == nil:
			g.chunk(&chunk, x.ev.last)
		case x.problem != nil || x.ev.ended:
			g.done = x.ev.done
			if x.ev.err == nil {
				return nil
			}
			return err // x.ev.err, or what http.Client makes of it when its own time ran out
		case isSyntax(err):
			if !g.loose(x.ev.last) {
				return errMalformed
			}
		default:
			return err
		}
		if g.text.Len() > maxReply {
			return errTooLarge
		}
		piece := g.text.String()[before:]
		if piece == "" {
			continue
		}
		x.ev.flowing = true
		if x.r.Stream && x.r.OnText != nil {
			x.r.OnText(piece)
		}
	}
}

// isSyntax tells an error of decoding one chunk from one of the connection.
func isSyntax(err error) bool {
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return true
	}
	_, ok := errors.AsType[*json.UnmarshalTypeError](err)
	return ok
}
