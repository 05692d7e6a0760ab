package pool

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// quantity is what a rate limit counts.
type quantity int

const (
	ofRequests quantity = iota
	ofTokens            // prompt and reply together
	ofIn
	ofOut
	counts
)

// telling is what a reply's headers say of one limit.
type telling struct {
	ok    bool
	limit float64       // most at a time
	left  float64       // what may be sent now
	reset time.Duration // until all of limit may be sent again; 0: not said
}

// rateNames are the headers of each kind: OpenAI and most others write the first
// form, Anthropic the second, OpenRouter, Together and the IETF's draft the
// third, for requests.
var rateNames = []struct {
	of                      quantity
	limit, remaining, reset string
}{
	{ofRequests, "X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"},
	{ofTokens, "X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens"},
	{ofRequests, "Anthropic-Ratelimit-Requests-Limit", "Anthropic-Ratelimit-Requests-Remaining", "Anthropic-Ratelimit-Requests-Reset"},
	{ofTokens, "Anthropic-Ratelimit-Tokens-Limit", "Anthropic-Ratelimit-Tokens-Remaining", "Anthropic-Ratelimit-Tokens-Reset"},
	{ofIn, "Anthropic-Ratelimit-Input-Tokens-Limit", "Anthropic-Ratelimit-Input-Tokens-Remaining", "Anthropic-Ratelimit-Input-Tokens-Reset"},
	{ofOut, "Anthropic-Ratelimit-Output-Tokens-Limit", "Anthropic-Ratelimit-Output-Tokens-Remaining", "Anthropic-Ratelimit-Output-Tokens-Reset"},
	{ofRequests, "X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset"},
	{ofRequests, "Ratelimit-Limit", "Ratelimit-Remaining", "Ratelimit-Reset"},
}

// readRates reads the rate limits in a reply's headers. What makes no sense,
// such as Azure's −1 of 0, counts as not said. The first form that says
// something of a kind counts.
func readRates(h http.Header, now time.Time) (all [counts]telling) {
	for _, n := range rateNames {
		left, ok := amount(h.Get(n.remaining))
		if !ok {
			continue
		}
		if limit, told := amount(h.Get(n.limit)); told && limit >= 1 && !all[n.of].ok {
			all[n.of] = telling{ok: true, left: left, limit: max(limit, left), reset: untilReset(h.Get(n.reset), h, now)}
		}
	}
	return all
}

// amount reads a number of requests or tokens. A list ("100, 100;w=60") is
// read up to its first separator.
func amount(s string) (float64, bool) {
	if i := strings.IndexAny(s, ",;"); i >= 0 {
		s = s[:i]
	}
	if s == "" { // most servers tell nothing
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return f, err == nil && f >= 0 && f <= 1e15
}

// longestReset bounds what is believed: monthly quotas are no rates.
const longestReset = 32 * 24 * time.Hour

// untilReset reads a duration ("1s", "6m0s", "174ms"), plain seconds, a Unix
// time in seconds or milliseconds, or an RFC 3339 time; times are set against
// the reply's own Date, if it has one. It returns 0 where nothing can be read.
func untilReset(s string, h http.Header, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		switch {
		case !(f > 0 && f <= 1e14):
			return 0
		case f > 1e11:
			return untilTime(time.UnixMilli(int64(f)), h, now)
		case f > 1e9:
			return untilTime(time.Unix(int64(f), 0), h, now)
		}
		return time.Duration(min(f*float64(time.Second), float64(longestReset)))
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return untilTime(t, h, now)
	}
	d, _ := time.ParseDuration(s)
	return min(max(d, 0), longestReset)
}

// untilTime returns how long it is until t by the server's clock. Its Date has
// whole seconds: where ours is within one, ours is finer.
func untilTime(t time.Time, h http.Header, now time.Time) time.Duration {
	date, err := http.ParseTime(h.Get("Date"))
	if d := now.Sub(date); err == nil && (d < -time.Second || d >= 2*time.Second) {
		now = date
	}
	return min(max(t.Sub(now), 0), longestReset)
}
