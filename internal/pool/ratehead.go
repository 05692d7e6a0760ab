package pool

import (
	"math"
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
	limit float64       // most at a time; 0: not said
	left  float64       // what may be sent now
	reset time.Duration // until all of limit may be sent again; 0: not said
}

// rateNames are the headers of each kind: limit, remaining, reset. OpenAI and
// most others write the first form, Anthropic the second, OpenRouter, Together
// and the IETF's draft the third, for requests.
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
		if all[n.of].ok {
			continue
		}
		s := headerValue(h, n.remaining)
		if s == "" { // most servers tell nothing
			continue
		}
		left, ok := amount(s)
		if !ok {
			continue
		}
		t := telling{ok: true, left: left}
		if s := headerValue(h, n.limit); s != "" {
			if t.limit, ok = amount(s); !ok || t.limit < 1 {
				continue
			}
			t.limit = max(t.limit, left)
		}
		t.reset = untilReset(headerValue(h, n.reset), h, now)
		all[n.of] = t
	}
	return all
}

// headerValue returns a header's first value. Names are in canonical form, which
// spares Get's look at each letter.
func headerValue(h http.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// amount reads a number of requests or tokens. A list ("100, 100;w=60") is
// read up to its first separator.
func amount(s string) (float64, bool) {
	if i := strings.IndexAny(s, ",;"); i >= 0 {
		s = s[:i]
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > 1e15 {
		return 0, false
	}
	return f, true
}

// untilReset reads a duration ("1s", "6m0s", "174ms"), plain seconds, a Unix
// time in seconds or milliseconds, or an RFC 3339 time; times are set against
// the reply's own Date, if it has one. It returns 0 where nothing can be read.
func untilReset(s string, h http.Header, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 60 {
		return 0
	}
	var d time.Duration
	switch last := s[len(s)-1]; {
	case strings.IndexByte(s, 'T') > 0:
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return 0
		}
		d = t.Sub(serverTime(h, now))
	case last < '0' || last > '9':
		var err error
		if d, err = time.ParseDuration(s); err != nil {
			return 0
		}
	default:
		f, err := strconv.ParseFloat(s, 64)
		switch {
		case err != nil || math.IsNaN(f) || f <= 0 || f > 1e14:
			return 0
		case f > 1e11:
			d = time.UnixMilli(int64(f)).Sub(serverTime(h, now))
		case f > 1e9:
			d = time.Unix(int64(f), 0).Sub(serverTime(h, now))
		default:
			d = time.Duration(min(f*float64(time.Second), float64(longestReset)))
		}
	}
	return min(max(d, 0), longestReset)
}

// longestReset bounds what is believed: monthly quotas are no rates.
const longestReset = 32 * 24 * time.Hour

// serverTime returns the time by the server's clock. Its Date has whole
// seconds: where ours is within one, ours is finer.
func serverTime(h http.Header, now time.Time) time.Time {
	date, err := http.ParseTime(headerValue(h, "Date"))
	if err != nil {
		return now
	}
	if d := now.Sub(date); d >= -time.Second && d < 2*time.Second {
		return now
	}
	return date
}
