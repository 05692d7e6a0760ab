package model

import (
	"net/http"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// Backend is one model at one server.
type Backend struct {
	// Name identifies the backend in events and errors, and must be unique in a pool.
	// Empty: Model, with a number if others have the same: m, m#2.
	Name string
	// BaseURL is the server's address without "/chat/completions". Empty: OpenAI's.
	BaseURL string
	// Key is sent as a bearer key. Empty: none is sent.
	Key string
	// Model is the model's name as its server knows it. Required.
	Model string
	// Slots is the most calls in flight. Adaptive concurrency may use fewer. 0: 64.
	Slots int
	// RPM is the most requests a minute, evenly spread. 0: only the limits that the
	// server reports.
	RPM int
	// TPM is the most tokens of prompts and replies in any minute. 0: only the
	// limits that the server reports.
	TPM int
	// Context is the most tokens of prompt and reply together. 0: 128 000.
	Context int
	// MaxOut is the most tokens of a reply if Request.MaxOut is 0. 0:
	// Request.DefaultOut, which is too low for models that reason before they
	// answer.
	MaxOut int
	// Price is what the model charges. nil: the price by [PriceOf], or unknown if
	// it does not know the model.
	Price *swarm.Price
	// Header is added to each request.
	Header http.Header
	// Client makes the requests. nil: a client with as many connections as the pool
	// needs.
	Client *http.Client
	// Stream asks for streamed replies even if OnText is nil, for proxies that end
	// silent calls.
	Stream bool
	// API makes the attempts. nil: OpenAI's chat completions, by BaseURL, Key,
	// Header and Client, which must not be set together with an API.
	API API
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

// Limits are the time limits and other limits of calls. Zero values suit most uses.
type Limits struct {
	// Attempts is the most attempts at one call. 0: 8.
	Attempts int
	// AttemptTime is the longest that one attempt may be silent: the time limit of
	// a reply that comes in one piece. A backend that has never answered may be
	// loading its model: if it is the only one that can take the call, the attempt
	// has three quarters of CallTime. Waits for budget and for a slot do not count.
	// 0: 3 minutes.
	AttemptTime time.Duration
	// CallTime is the time limit of one call, with all its attempts and the waits
	// between them, from its first slot on. Waits for budget do not count. 0: 10
	// minutes.
	CallTime time.Duration
	// MaxWait is the longest wait that a server may ask for. If it asks for more,
	// the call goes to another backend or ends. 0: 2 minutes.
	MaxWait time.Duration
	// ReachTime is how long calls wait for a server that was never reached
	// (connection refused, no such host) before they fail with an error that says
	// so. 0: 10 seconds.
	ReachTime time.Duration
	// FirstToken is the longest wait for the first data of a streamed reply, and
	// for each next piece until there is text. Keep-alive comments count as data
	// during the first half of CallTime. 0: AttemptTime, which is also its upper
	// limit.
	FirstToken time.Duration
	// Idle is the longest gap between two pieces of data of a streamed reply, from
	// its first text on. Comments do not count as data. 0: a quarter of
	// AttemptTime.
	Idle time.Duration
	// Breaker is how many consecutive failures of a backend open its circuit
	// breaker. While it is open one probe is sent after 1 s, then with back-off;
	// calls wait for it or go to other backends, and this uses up none of their
	// Attempts. 0: 5; negative: it never opens.
	Breaker int
	// Retries is the retry budget: retries allowed per successful call, as a
	// token bucket. A retry that exceeds it waits. 0: 0.2; negative: no limit.
	Retries float64
	// Hedge is the fraction of calls that may be sent twice: a call slower than
	// the (1 − Hedge) quantile of its backend is duplicated, and the first reply
	// wins. The other is cancelled, and what it used is booked. Calls with OnText
	// are not hedged. 0: 0.05; negative: none.
	Hedge float64
}
