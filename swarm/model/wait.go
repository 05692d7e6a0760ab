package model

import (
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// longestWait bounds what a server can ask for; whoever obeys has a limit of
// their own far below it.
const longestWait = 10 * 365 * 24 * time.Hour

// waitAsked returns how long the server asked to wait, from whichever of
// these is there first: retry-after-ms, Retry-After in seconds or as a date
// (set against the reply's own Date, so that clocks need not agree), Google's
// RetryInfo, OpenAI's "try again in 1.574s". A negative wait or one that is no
// number counts as not said; a date in the past is a wait of zero.
func waitAsked(h http.Header, p *Problem, now time.Time) (time.Duration, bool) {
	s := strings.TrimSpace(h.Get("Retry-After"))
	if t, err := http.ParseTime(s); err == nil {
		if date, err := http.ParseTime(h.Get("Date")); err == nil {
			now = date
		}
		s = fmt.Sprintf("%.3f", max(t.Sub(now), 0).Seconds())
	}
	said := []string{h.Get("Retry-After-Ms") + "ms", s + "s", s, p.wait}
	for _, said := range append(said, tryAgain.FindStringSubmatch(p.Message)...) { // the whole match is no span
		if d, ok := span(said); ok {
			return d, true
		}
	}
	return 0, false
}

var tryAgain = regexp.MustCompile(`(?i)(?:try again|retry|wait)(?: in| after| for)? ((?:\d+(?:\.\d+)? ?(?:ms|milliseconds?|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)\b ?|\d+(?:\.\d+)?(?:ms|s|m|h|d))+)`)

// span reads "1.574s", "174ms", "6m0s", "20 seconds", "1d2h".
func span(s string) (time.Duration, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if len(s) > 60 || s == "" || strings.TrimSpace(spanPart.ReplaceAllString(s, "")) != "" {
		return 0, false
	}
	var sum float64
	for _, part := range spanPart.FindAllStringSubmatch(s, -1) {
		f, err := strconv.ParseFloat(part[1], 64)
		if err != nil {
			return 0, false
		}
		sum += f * float64(units[part[2]])
	}
	return time.Duration(math.Ceil(min(sum, float64(longestWait)))), true
}

var (
	spanPart = regexp.MustCompile(`([\d.]+) *(ms|mil|[smhd])[a-z]* *`)
	units    = map[string]time.Duration{"ms": time.Millisecond, "mil": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
)
