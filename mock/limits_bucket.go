package mock

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// bucket is a token bucket. It is under its gate's mutex.
type bucket struct {
	limit int     // a minute; 0: none
	size  float64 // most it holds
	level float64
	at    time.Time // when level was so
}

// set changes the limit. What was used stays used.
func (b *bucket) set(limit int, window time.Duration) {
	now := time.Now()
	b.refill(now)
	used := b.size - b.level
	b.limit, b.at = limit, now
	b.size = max(1, float64(limit)*window.Minutes())
	b.level = b.size - used
}

func (b *bucket) refill(now time.Time) {
	b.level = min(b.size, b.level+now.Sub(b.at).Minutes()*float64(b.limit))
	b.at = now
}

// until is how long it takes until the bucket holds so much.
func (b *bucket) until(level float64) time.Duration {
	if b.level >= level || b.limit <= 0 {
		return 0
	}
	return time.Duration(math.Ceil((level - b.level) / float64(b.limit) * float64(time.Minute)))
}

// tell writes the headers of a limit, as OpenAI does.
func (b *bucket) tell(h http.Header, kind string) {
	if b.limit <= 0 {
		return
	}
	h.Set("X-Ratelimit-Limit-"+kind, strconv.Itoa(b.limit))
	h.Set("X-Ratelimit-Remaining-"+kind, strconv.Itoa(max(0, int(b.level+1e-9))))
	h.Set("X-Ratelimit-Reset-"+kind, resetText(b.until(b.size)))
}

// resetText writes a span as in 6m0s, 1.2s or 17ms.
func resetText(d time.Duration) string {
	if d <= 0 {
		return "0s"
	}
	return max(d.Round(time.Millisecond), time.Millisecond).String()
}

// enter takes the call through the limits of its model and of the server.
func (x *exchange) enter() *Error {
	tokens := x.entry.Usage.In + x.entry.Request.MaxTokens
	for _, g := range []*gate{x.s.gates[x.model.ID], x.s.gates[""]} {
		if !g.place(x.r.Context()) {
			return x.busy(g)
		}
		x.left = append(x.left, g.leave)
	}
	x.waited = time.Since(x.entry.Arrived)
	for _, g := range []*gate{x.s.gates[""], x.s.gates[x.model.ID]} { // the model's headers last: they are told
		if err := g.take(x.model.ID, tokens, x.w.Header()); err != nil {
			return err
		}
		x.left = append(x.left, func() { g.give(tokens - x.entry.Usage.In - x.entry.Usage.Out) })
	}
	return nil
}

func (x *exchange) busy(g *gate) *Error {
	g.mu.Lock()
	status := g.l.Busy
	g.mu.Unlock()
	if status == 0 {
		status = http.StatusTooManyRequests
	}
	e := &Error{Status: status, Message: "The server is busy."}
	if status == http.StatusTooManyRequests {
		e.Message, e.Type = "Too many requests.", "requests"
	}
	return e
}
