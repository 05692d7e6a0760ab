// Package chat speaks OpenAI's chat completions: go-openai writes and sends the
// request, and the reply is read here. It makes one attempt and says exactly how
// it ended. It knows nothing of retries, slots or
// prices; package pool stands on it.
package chat

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"sync"
	"sync/atomic"

	openai "github.com/sashabaranov/go-openai"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// Client makes attempts at one backend. It is a [model.API], safe for
// concurrent use.
//
// It learns: what the server refuses (strict schemas, max_tokens, a
// temperature, …) is sent another way from then on. See [model.Learned].
type Client struct {
	name, model string
	secrets     []string
	header      http.Header
	base        http.RoundTripper
	api         *openai.Client

	versioned bool        // the base URL names a version
	answered  atomic.Bool // there was a whole reply

	mu  sync.Mutex // held while learning
	way atomic.Pointer[way]
}

var _ model.API = (*Client)(nil)

// version is that of an API in its path.
var version = regexp.MustCompile(`/v\d`)

// New checks the backend and makes a client of it. It makes no call. A base
// URL may end in a slash or in "/chat/completions"; both are cut off.
func New(b model.Backend) (*Client, error) {
	base, err := checkBackend(&b)
	if err != nil {
		return nil, err
	}
	c := &Client{name: b.Name, model: b.Model, secrets: secretsOf(b), header: b.Header.Clone(), versioned: version.MatchString(base)}
	c.way.Store(firstWay(base, b.Model))

	hc := http.Client{Transport: NewTransport(0)}
	if b.Client != nil {
		hc = *b.Client
	}
	c.base = hc.Transport
	if c.base == nil {
		c.base = http.DefaultTransport
	}
	hc.Transport = wire{c}
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

	cfg := openai.DefaultConfig(b.Key)
	cfg.BaseURL = base
	cfg.HTTPClient = &hc
	c.api = openai.NewClientWithConfig(cfg)
	return c, nil
}

// Attempt sends the request once; see [model.API]. It returns with the connection
// closed or free for the next call, up to a tenth of a second after a stream's end.
func (c *Client) Attempt(ctx context.Context, r model.Request) (model.Reply, error) {
	if err := checkRequest(r); err != nil {
		return model.Reply{Unsent: true}, c.failure(swarm.ClassInvalid, 0, err)
	}
	if ctx.Err() != nil {
		return model.Reply{Unsent: true}, c.broke(ctx, 0, ctx.Err())
	}
	w := c.way.Load()
	x := &exchange{r: r, way: w, stream: w.streams(r.OnText != nil)}
	ctx = context.WithValue(ctx, exchangeKey{}, x)
	req := compose(w, c.model, &x.r)
	var g got
	var err error
	if x.stream {
		err = c.readStream(ctx, x, req, &g)
	} else {
		err = c.readPlain(ctx, x, req, &g)
	}
	return c.settle(ctx, x, &g, err)
}

// readPlain fetches a reply that comes in one piece.
func (c *Client) readPlain(ctx context.Context, x *exchange, req openai.ChatCompletionRequest, g *got) error {
	_, err := c.api.CreateChatCompletion(ctx, req)
	if errors.Is(err, errWhole) {
		err = g.take(x.raw, false)
	}
	if err == nil && x.r.OnText != nil && g.text.Len() > 0 {
		x.r.OnText(g.text.String())
	}
	return err
}

// readStream fetches a streamed reply. It returns nil at a clean end of the
// body, whole or not.
func (c *Client) readStream(ctx context.Context, x *exchange, req openai.ChatCompletionRequest, g *got) error {
	s, err := c.api.CreateChatCompletionStream(ctx, req)
	if err != nil {
		return err
	}
	defer s.Close()
	e := newEvents(x)
	for {
		data, err := e.next()
		if err == io.EOF {
			g.done, x.body.drain = e.done, true
			return nil
		}
		before := g.text.Len()
		if err == nil {
			err = g.take(data, true)
		}
		if err != nil {
			return err
		}
		if g.text.Len() > maxReply {
			return errTooLarge
		}
		piece := g.text.String()[before:]
		switch {
		case piece == "" && x.r.OnData != nil:
			x.r.OnData()
		case piece != "" && x.r.OnText != nil:
			x.r.OnText(piece)
		}
	}
}

var (
	errTold      = errors.New("the server told an error") // never seen: x.problem holds it
	errWhole     = errors.New("the reply is read")        // never seen: x.raw holds it
	errMalformed = errors.New("the reply is not what a chat completion looks like")
	errTooLarge  = errors.New("the reply is larger than any that is read")
)

func (c *Client) failure(class swarm.Class, status int, err error) *swarm.CallError {
	return &swarm.CallError{Class: class, Status: status, Model: c.model, Backend: c.name, Err: err}
}

// refusal is the failure of an attempt that the server answered with an
// error, by its status or inside a reply. It may teach (see model.Learned).
func (c *Client) refusal(x *exchange) *swarm.CallError {
	r := x.r
	r.MaxOut = x.way.out(&r)
	e := x.problem.CallError(r, x.status, x.header, c.secrets...)
	e.Model, e.Backend = c.model, c.name
	if what, ok := c.learn(x, e.Class); ok {
		e.Class, e.Err = swarm.ClassInvalid, &model.Learned{What: what, Err: e.Err}
	}
	return e
}

// broke is the failure of an attempt that met err, which is not an error told
// by the server.
func (c *Client) broke(ctx context.Context, status int, err error) *swarm.CallError {
	for _, own := range []error{errTooLarge, errMalformed} {
		if errors.Is(err, own) {
			return c.failure(swarm.ClassBroken, status, own)
		}
	}
	e := model.NetworkError(ctx, err)
	return c.failure(e.Class, status, e.Err)
}
