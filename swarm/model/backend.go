package model

import (
	"net/http"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// Backend is one model at one server.
type Backend struct {
	// Name stands in events and errors. Empty: Model. No two backends of a pool
	// may have the same.
	Name string
	// BaseURL is the server's address, up to and without "/chat/completions".
	// Empty: OpenAI's.
	BaseURL string
	// Key is sent as a bearer key. Empty: none is sent.
	Key string
	// Model is the model's name as its server knows it. Required.
	Model string
	// Slots is the most calls in flight. How many of them are used is found out
	// (adaptive concurrency). 0: 64.
	Slots int
	// RPM is the most requests a minute, evenly spread. 0: no limit but what
	// the server tells.
	RPM int
	// TPM is the most tokens of prompts and replies in any minute. 0: no limit
	// but what the server tells.
	TPM int
	// Context is the most tokens of prompt and reply together. 0: 128 000.
	Context int
	// MaxOut is the most tokens of a reply where the call names none. 0: the
	// call's default. Models that reason before they answer need more than that.
	MaxOut int
	// Price is what the model charges. nil: that of [PriceOf], if it knows the
	// model, else unknown.
	Price *swarm.Price
	// Header is added to each request.
	Header http.Header
	// Client makes the requests. nil: one on a transport sized to the pool.
	Client *http.Client
	// Stream asks for streamed replies even where nobody reads them as they
	// come, for proxies that end silent calls.
	Stream bool
	// API makes the attempts. nil: OpenAI's chat completions over BaseURL, Key,
	// Header and Client, which must not be set beside an API.
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

// Limits are the clocks and limits of calls. Zero values are right for most.
type Limits struct {
	// Attempts is the most attempts at one call. 0: 8.
	Attempts int
	// AttemptTime is the longest silence of one attempt: the most time of a reply
	// that comes in one piece, and no shorter than FirstToken. Where nothing but
	// this backend could take the call, and it has never answered, so that it may
	// be loading its model, the attempt has three quarters of CallTime. Waits for
	// money and for a slot are not counted. 0: 3 minutes.
	AttemptTime time.Duration
	// CallTime is the most time of one call from its first slot on, all its
	// attempts and the waits between them together; waits for money are not
	// counted. 0: 10 minutes.
	CallTime time.Duration
	// MaxWait is the longest wait that a server may ask for. A longer one sends
	// the call to another backend or ends it. 0: 2 minutes.
	MaxWait time.Duration
	// ReachTime is how long calls wait for a server that nobody has reached yet
	// (connection refused, no such host) before they end with an error that says
	// so. 0: 10 seconds.
	ReachTime time.Duration
	// FirstToken is the longest wait for the first data of a streamed reply, and
	// for more of it until there is text. Comments that keep a connection alive
	// count in the first half of CallTime. 0: AttemptTime.
	FirstToken time.Duration
	// Idle is the longest gap between two pieces of data of a streamed reply,
	// from its first text on. Comments are no data. 0: a quarter of AttemptTime.
	Idle time.Duration
	// Breaker is how many consecutive failures of a backend open its circuit
	// breaker. While it is open one probe is sent after 1 s, then with back-off;
	// calls wait for it, or go to other backends, and no attempt is held against
	// them. 0: 5; negative: it never opens.
	Breaker int
	// Retries is the retry budget: retries allowed per successful call, as a
	// token bucket. A retry over it waits for its turn. 0: 0.2; negative: no
	// limit.
	Retries float64
	// Hedge is the fraction of calls that may be sent twice: a call slower than
	// the (1 − Hedge) quantile of its backend is duplicated, and the first reply
	// wins. The other is cancelled and booked. Streams that are read as they
	// come are not hedged. 0: 0.05; negative: none.
	Hedge float64
}
