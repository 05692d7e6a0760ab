package mock

import (
	"math"
	"math/rand/v2"
	"time"
)

// Model is one model that a server serves.
type Model struct {
	ID    string
	Brain Brain  // nil: SmallBrain
	Price *Price // nil: unknown; calls then cost nothing and are counted in Bill.Unpriced
	// Context is the most tokens of a prompt and its reply together. A longer
	// prompt is refused, a longer reply is cut. 0: no limit.
	Context int
	Latency Latency // zero: it answers at once
	Limits  Limits  // zero: none
	Prefix  Prefix  // zero: no prompt is cached

	Reasoning bool // refuses max_tokens, and a temperature or top_p other than 1
	NoSchema  bool // refuses response_format json_schema, as servers without it do
	NoTools   bool // refuses tools, as models without them do
}

// Price is in dollars per million tokens.
type Price struct {
	In     float64 // prompt tokens
	Cached float64 // prompt tokens read from a prefix cache
	Out    float64 // completion tokens
	// Written is for prompt tokens that were written into a prefix cache, which
	// OpenAI's newer models and Anthropic bill, mostly at 1.25 times In. 0: they
	// cost In, and usage does not report them.
	Written float64
}

// cost is in nano-dollars, rounded up once.
func (p Price) cost(u Usage) int64 {
	dollars := func(tokens int, price float64) float64 {
		return float64(tokens) * math.Round(price*1e6) // prices are kept to the millionth of a dollar
	}
	sum := dollars(u.In-u.Cached-u.Written, p.In) + dollars(u.Cached, p.Cached) + dollars(u.Written, p.Written) + dollars(u.Out, p.Out)
	return int64(math.Ceil(sum / 1e3)) // exact below 2^53 micro-micro-dollars
}

// Latency is how long a model takes. First and PerToken are medians of lognormal
// distributions. The latency of a call depends only on the server's seed and the
// request's body, so the same call always takes the same time.
type Latency struct {
	First    time.Duration // until the first token
	PerToken time.Duration // for each output token after it
	Sigma    float64       // standard deviation of both logarithms; 0: always the median; 0.3 varies little, 1 a lot
}

// pace is the latency that one call drew.
type pace struct {
	first, perToken time.Duration
}

func (l Latency) draw(r *rand.Rand) pace {
	scale := func(d time.Duration) time.Duration {
		return time.Duration(float64(d) * math.Exp(l.Sigma*r.NormFloat64()))
	}
	return pace{first: scale(l.First), perToken: scale(l.PerToken)}
}

// at is when token i, counted from 0, is ready.
func (p pace) at(i int) time.Duration { return p.first + time.Duration(i)*p.perToken }

// ready is how many of n tokens are ready after d.
func (p pace) ready(d time.Duration, n int) int {
	if d < p.first {
		return 0
	}
	if p.perToken <= 0 {
		return n
	}
	return min(n, 1+int((d-p.first)/p.perToken))
}

// Large is the model "mock-large": LargeBrain at the list price of
// gpt-5.6-sol from 2026-08-21 (dated list of 2026-09-23; below 272 000 tokens
// a prompt), with its context.
func Large() Model {
	return Model{ID: "mock-large", Brain: LargeBrain, Price: &Price{In: 4, Cached: 0.40, Out: 20}, Context: 272_000}
}

// Small is the model "mock-small": SmallBrain at the list price of
// gpt-5.6-luna from 2026-07-30 (same list).
func Small() Model {
	return Model{ID: "mock-small", Brain: SmallBrain, Price: &Price{In: 0.20, Cached: 0.02, Out: 1.20}, Context: 128_000}
}

// LargeLatency returns a latency typical of a large model in 2026: half a second,
// then 75 tokens a second. Published figures differ by a factor of three.
func LargeLatency() Latency {
	return Latency{First: 500 * time.Millisecond, PerToken: 13 * time.Millisecond, Sigma: 0.3}
}

// SmallLatency returns a latency typical of a small model in 2026: a quarter of a
// second, then 150 tokens a second.
func SmallLatency() Latency {
	return Latency{First: 250 * time.Millisecond, PerToken: 6700 * time.Microsecond, Sigma: 0.3}
}
