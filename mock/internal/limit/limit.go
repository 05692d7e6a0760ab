// Package limit lets calls in: so many at once, and so many requests and tokens
// a minute.
package limit

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// Limits are what a gate lets in; see mock.Limits.
type Limits struct {
	RPM, TPM              int
	Window                time.Duration
	InFlight, Queue, Busy int
}

// Gate is limits at work. It is safe for concurrent use.
type Gate struct {
	Busy int // status of a refusal for lack of a place; 0: none is set

	mu       sync.Mutex
	requests bucket
	tokens   bucket

	places  *semaphore.Weighted
	waiting atomic.Int64 // for a place
	queue   int64        // most that wait
}

// New makes a gate.
func New(l Limits) *Gate {
	window := cmp.Or(max(l.Window, 0), time.Minute)
	full := func(limit int) bucket {
		size := max(1, float64(limit)*window.Minutes())
		return bucket{limit, size, size, time.Now()}
	}
	places := cmp.Or(max(int64(l.InFlight), 0), math.MaxInt64)
	return &Gate{Busy: l.Busy, queue: int64(l.Queue), requests: full(l.RPM), tokens: full(l.TPM), places: semaphore.NewWeighted(places)}
}

// Enter takes a place to work, waiting where there is a queue. It says whether
// there is one.
func (g *Gate) Enter(ctx context.Context) bool {
	if g.places.TryAcquire(1) {
		return true
	}
	defer g.waiting.Add(-1)
	return g.waiting.Add(1) <= g.queue && g.places.Acquire(ctx, 1) == nil
}

// Leave gives the place back, to the first that waits.
func (g *Gate) Leave() { g.places.Release(1) }

// Short is a refusal for lack of requests or tokens.
type Short struct {
	Kind, Message string
	Header        http.Header
}

// Take takes a request and its tokens out of the buckets, or says what there
// was too little of. It writes what is left into the headers.
func (g *Gate) Take(model string, tokens int, h http.Header) *Short {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.requests.refill(now)
	g.tokens.refill(now)
	short := g.requests.short(model, "requests", "requests per min (RPM)", 1)
	if short == nil {
		short = g.tokens.short(model, "tokens", "tokens per min (TPM)", tokens)
	}
	if short == nil {
		g.requests.level--
		g.tokens.level -= float64(tokens)
	}
	g.requests.tell(h, "requests")
	g.tokens.tell(h, "tokens")
	return short
}

// Give brings tokens back that were taken and not used; below 0 it takes more.
func (g *Gate) Give(tokens int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tokens.refill(time.Now())
	g.tokens.level = min(g.tokens.size, g.tokens.level+float64(tokens))
}

// bucket is a token bucket. It is under its gate's mutex.
type bucket struct {
	limit int     // a minute; 0: none
	size  float64 // most it holds
	level float64
	at    time.Time // when level was so
}

func (b *bucket) refill(now time.Time) {
	b.level = min(b.size, b.level+now.Sub(b.at).Minutes()*float64(b.limit))
	b.at = now
}

// until is how long it takes until the bucket, which has a limit, holds so much.
func (b *bucket) until(level float64) time.Duration {
	return max(0, time.Duration(math.Ceil((level-b.level)/float64(b.limit)*float64(time.Minute))))
}

func (b *bucket) short(model, kind, per string, need int) *Short {
	switch {
	case b.limit <= 0 || b.level >= float64(need):
		return nil
	case float64(need) > b.size:
		return &Short{Kind: kind, Message: fmt.Sprintf("Request too large for %s on %s: Limit %d, Requested %d. The input or output tokens must be reduced in order to run successfully.", model, per, int(b.size), need)}
	}
	ms := max(1, int(math.Ceil(b.until(float64(need)).Seconds()*1000)))
	return &Short{
		Kind: kind,
		Message: fmt.Sprintf("Rate limit reached for %s on %s: Limit %d, Used %d, Requested %d. Please try again in %s.",
			model, per, b.limit, int(b.size-b.level), need, time.Duration(ms)*time.Millisecond),
		Header: http.Header{"Retry-After-Ms": {strconv.Itoa(ms)}, "Retry-After": {strconv.Itoa((ms + 999) / 1000)}},
	}
}

// tell writes the headers of a limit, as OpenAI does: 6m0s, 1.2s, 17ms.
func (b *bucket) tell(h http.Header, kind string) {
	if b.limit <= 0 {
		return
	}
	h.Set("X-Ratelimit-Limit-"+kind, strconv.Itoa(b.limit))
	h.Set("X-Ratelimit-Remaining-"+kind, strconv.Itoa(max(0, int(b.level+1e-9))))
	h.Set("X-Ratelimit-Reset-"+kind, b.until(b.size).Round(time.Millisecond).String())
}
