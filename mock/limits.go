package mock

import (
	"cmp"
	"net/http"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/limit"
	"github.com/db31e724/go-swarm/mock/internal/token"
	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// Limits are the most that a server accepts, for one model or for all together.
// Zero values are no limits.
//
// Requests and tokens are counted in token buckets that refill steadily. A request
// takes one request, and the tokens of its prompt and its max_tokens; unused tokens
// are returned when it ends. Every reply reports the rest in x-ratelimit headers; a
// refusal also says when to retry. Requests that fail later count too.
type Limits struct {
	RPM    int           // requests a minute
	TPM    int           // tokens a minute
	Window time.Duration // the part of a minute's allowance that may be used at once; 0: a minute

	InFlight int // most requests in progress at once
	Queue    int // further requests that wait silently; more than these are refused
	Busy     int // status of that refusal, which has no Retry-After; 0: 429
}

// Prefix is a model's cache of prompt prefixes. The zero value caches
// nothing.
//
// A prompt is cut into blocks, with the call's schema before its messages. The
// leading blocks that it shares with an earlier call whose reply had already begun
// are read from the cache: usage reports them, and they cost Price.Cached. Calls
// that start together all miss. A block that is not used for TTL is dropped. Blocks
// end at word boundaries and so may be a few tokens longer.
type Prefix struct {
	Block int           // tokens of a block; 0: 128 if Min or TTL is set, otherwise nothing is cached
	Min   int           // least number of cached tokens that counts; 0: 1024
	TTL   time.Duration // 0: 5 minutes
}

// Prefixes returns prefix caching like that of OpenAI's older models: blocks of 128
// tokens, at least 1024 tokens, dropped after 5 minutes.
func Prefixes() Prefix { return Prefix{Block: 128, Min: 1024, TTL: 5 * time.Minute} }

// measure counts the prompt and refuses one that is too long. The schema
// counts as text, as it is part of what the model is told.
func (x *exchange) measure() *wire.Error {
	n := token.Priming + token.Count(string(x.entry.Request.Schema))
	var said [][2]string
	for _, m := range x.entry.Request.Messages {
		n += token.Message + token.Count(m.Role) + token.Count(m.Content)
		said = append(said, [2]string{m.Role, m.Content})
	}
	x.blocks = x.model.cached.Blocks(string(x.entry.Request.Schema), said)
	x.entry.Usage.In, x.entry.Usage.Cached = n, min(x.model.cached.Read(x.blocks), n)
	if limit := x.model.Context; limit > 0 && n > limit {
		return wire.Bad("messages", "context_length_exceeded", "This model's maximum context length is %d tokens. However, your messages resulted in %d tokens. Please reduce the length of the messages.", limit, n)
	}
	return nil
}

// remember puts the call's prompt into the model's cache, from its first
// token on, and books what is written there: its whole blocks that were not.
func (x *exchange) remember() {
	p, u := x.model.cached, &x.entry.Usage
	if x.model.Price != nil && x.model.Price.Written > 0 {
		u.Written = max(0, min(p.Whole(x.blocks), u.In)-u.Cached)
	}
	p.Write(x.blocks, x.entry.Arrived.Add(max(x.pace.first, time.Since(x.entry.Arrived))))
}

// enter takes the call through the limits of its model and of the server.
func (x *exchange) enter() *wire.Error {
	tokens := x.entry.Usage.In + x.entry.Request.MaxTokens
	for _, g := range []*limit.Gate{x.model.gate, x.s.gate} {
		if !g.Enter(x.r.Context()) {
			e := &wire.Error{Status: cmp.Or(g.Busy, http.StatusTooManyRequests), Message: "The server is busy."}
			if e.Status == http.StatusTooManyRequests {
				e.Message, e.Type = "Too many requests.", "requests"
			}
			return e
		}
		x.left = append(x.left, g.Leave)
	}
	x.waited = time.Since(x.entry.Arrived)
	for _, g := range []*limit.Gate{x.s.gate, x.model.gate} { // the model's headers last: they are told
		if short := g.Take(x.model.ID, tokens, x.w.Header()); short != nil {
			return &wire.Error{Status: http.StatusTooManyRequests, Code: "rate_limit_exceeded", Type: short.Kind, Message: short.Message, Header: short.Header}
		}
		x.left = append(x.left, func() { g.Give(tokens - x.entry.Usage.In - x.entry.Usage.Out) })
	}
	return nil
}
