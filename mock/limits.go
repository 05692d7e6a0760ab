package mock

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Limits are what a server takes at most, of one model or in all. Zero values
// are no limits.
//
// Requests and tokens are counted in token buckets that refill steadily. A
// request takes one, and of the tokens its prompt and its max_tokens; what was
// not used comes back when it ends. Every reply tells what is left in
// x-ratelimit headers, a refusal also when to come back. Requests that then
// fail count all the same.
type Limits struct {
	RPM    int           // requests a minute
	TPM    int           // tokens a minute
	Window time.Duration // how much of a minute's allowance may come at once; 0: a minute's

	InFlight int // requests at work at once
	Queue    int // further ones that wait for a place and are told nothing; more are refused
	Busy     int // status of that refusal, without a word on when to come back; 0: 429
}

// SetLimits changes the limits of a model, or with "" those of the whole
// server. What waits is let in as far as the new limits allow. It is for a
// model that the server has; others are ignored.
func (s *Server) SetLimits(model string, l Limits) {
	if g := s.gates[model]; g != nil {
		g.set(l)
	}
}

// gate is limits at work. It is safe for concurrent use.
type gate struct {
	mu       sync.Mutex
	l        Limits
	requests bucket
	tokens   bucket
	work     int             // requests at work
	queue    []chan struct{} // those that wait, in their order; closed to let one in
}

func newGate(l Limits) *gate {
	g := &gate{}
	g.set(l)
	return g
}

func (g *gate) set(l Limits) {
	g.mu.Lock()
	defer g.mu.Unlock()
	window := l.Window
	if window <= 0 {
		window = time.Minute
	}
	g.l = l
	g.requests.set(l.RPM, window)
	g.tokens.set(l.TPM, window)
	g.admit()
}

// admit lets in those that wait, while there are places. It is under mu.
func (g *gate) admit() {
	for len(g.queue) > 0 && (g.l.InFlight <= 0 || g.work < g.l.InFlight) {
		g.work++
		close(g.queue[0])
		g.queue = g.queue[1:]
	}
}

// place takes a place to work, waiting where there is a queue. It says
// whether there is one.
func (g *gate) place(ctx context.Context) bool {
	g.mu.Lock()
	if g.l.InFlight <= 0 || g.work < g.l.InFlight {
		g.work++
		g.mu.Unlock()
		return true
	}
	if len(g.queue) >= g.l.Queue {
		g.mu.Unlock()
		return false
	}
	turn := make(chan struct{})
	g.queue = append(g.queue, turn)
	g.mu.Unlock()
	select {
	case <-turn:
		return true
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.queue, turn); i >= 0 {
		g.queue = slices.Delete(g.queue, i, i+1)
		return false
	}
	return true // let in at the last moment
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.work--
	g.admit()
}

// atWork is how many requests are at work.
func (g *gate) atWork() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.work
}

// take takes a request and its tokens out of the buckets, or says what there
// was too little of. It writes what is left into the headers.
func (g *gate) take(model string, tokens int, h http.Header) *Error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.requests.refill(now)
	g.tokens.refill(now)
	err := g.short(model, tokens)
	if err == nil {
		g.requests.level--
		g.tokens.level -= float64(tokens)
	}
	g.requests.tell(h, "requests")
	g.tokens.tell(h, "tokens")
	return err
}

func (g *gate) short(model string, tokens int) *Error {
	for _, b := range []struct {
		*bucket
		kind, per string
		need      int
	}{{&g.requests, "requests", "requests per min (RPM)", 1}, {&g.tokens, "tokens", "tokens per min (TPM)", tokens}} {
		need := float64(b.need)
		switch {
		case b.limit <= 0 || b.level >= need:
			continue
		case need > b.size:
			return &Error{
				Status: http.StatusTooManyRequests, Type: b.kind, Code: "rate_limit_exceeded",
				Message: fmt.Sprintf("Request too large for %s on %s: Limit %d, Requested %d. The input or output tokens must be reduced in order to run successfully.", model, b.per, int(b.size), b.need),
			}
		}
		wait := b.until(need)
		ms := max(1, int(math.Ceil(wait.Seconds()*1000)))
		return &Error{
			Status: http.StatusTooManyRequests, Type: b.kind, Code: "rate_limit_exceeded",
			Message: fmt.Sprintf("Rate limit reached for %s on %s: Limit %d, Used %d, Requested %d. Please try again in %s.",
				model, b.per, b.limit, int(b.size-b.level), b.need, time.Duration(ms)*time.Millisecond),
			Header: http.Header{
				"Retry-After-Ms": {strconv.Itoa(ms)},
				"Retry-After":    {strconv.Itoa((ms + 999) / 1000)},
			},
		}
	}
	return nil
}

// give brings tokens back that were taken and not used; below 0 it takes more.
func (g *gate) give(tokens int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tokens.refill(time.Now())
	g.tokens.level = min(g.tokens.size, g.tokens.level+float64(tokens))
}
