package pool

import (
	"net/http"
	"testing"
	"time"
)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

var headTime = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func TestRateHeadersOfProviders(t *testing.T) {
	for name, c := range map[string]struct {
		h    http.Header
		want [counts]telling
	}{
		"OpenAI": {
			header("x-ratelimit-limit-requests", "60", "x-ratelimit-remaining-requests", "59", "x-ratelimit-reset-requests", "1s",
				"x-ratelimit-limit-tokens", "150000", "x-ratelimit-remaining-tokens", "149984", "x-ratelimit-reset-tokens", "6m0s"),
			[counts]telling{
				ofRequests: {ok: true, limit: 60, left: 59, reset: time.Second},
				ofTokens:   {ok: true, limit: 150000, left: 149984, reset: 6 * time.Minute},
			},
		},
		"OpenAI, milliseconds": {
			header("x-ratelimit-limit-requests", "5000", "x-ratelimit-remaining-requests", "0", "x-ratelimit-reset-requests", "174ms"),
			[counts]telling{ofRequests: {ok: true, limit: 5000, left: 0, reset: 174 * time.Millisecond}},
		},
		"Azure, plain seconds": {
			header("x-ratelimit-limit-tokens", "1000", "x-ratelimit-remaining-tokens", "10", "x-ratelimit-reset-tokens", "42"),
			[counts]telling{ofTokens: {ok: true, limit: 1000, left: 10, reset: 42 * time.Second}},
		},
		"Azure, −1 of 0": {
			header("x-ratelimit-limit-requests", "0", "x-ratelimit-remaining-requests", "-1", "x-ratelimit-limit-tokens", "0", "x-ratelimit-remaining-tokens", "0"),
			[counts]telling{},
		},
		"Anthropic": {
			header("anthropic-ratelimit-requests-limit", "50", "anthropic-ratelimit-requests-remaining", "49", "anthropic-ratelimit-requests-reset", "2026-11-25T12:00:01.2Z",
				"anthropic-ratelimit-input-tokens-limit", "30000", "anthropic-ratelimit-input-tokens-remaining", "29000", "anthropic-ratelimit-input-tokens-reset", "2026-11-25T12:00:02Z",
				"anthropic-ratelimit-output-tokens-limit", "8000", "anthropic-ratelimit-output-tokens-remaining", "8000", "anthropic-ratelimit-output-tokens-reset", "2026-11-25T11:59:59Z"),
			[counts]telling{
				ofRequests: {ok: true, limit: 50, left: 49, reset: 1200 * time.Millisecond},
				ofIn:       {ok: true, limit: 30000, left: 29000, reset: 2 * time.Second},
				ofOut:      {ok: true, limit: 8000, left: 8000},
			},
		},
		"Anthropic, by a server whose clock is an hour behind": {
			header("anthropic-ratelimit-requests-limit", "50", "anthropic-ratelimit-requests-remaining", "0", "anthropic-ratelimit-requests-reset", "2026-11-25T11:00:30Z",
				"date", "Wed, 25 Nov 2026 11:00:00 GMT"),
			[counts]telling{ofRequests: {ok: true, limit: 50, left: 0, reset: 30 * time.Second}},
		},
		"Groq": {
			header("x-ratelimit-limit-requests", "14400", "x-ratelimit-remaining-requests", "14370", "x-ratelimit-reset-requests", "2m59.56s",
				"x-ratelimit-limit-tokens", "18000", "x-ratelimit-remaining-tokens", "17997", "x-ratelimit-reset-tokens", "7.66ms"),
			[counts]telling{
				ofRequests: {ok: true, limit: 14400, left: 14370, reset: 179560 * time.Millisecond},
				ofTokens:   {ok: true, limit: 18000, left: 17997, reset: 7660 * time.Microsecond},
			},
		},
		"OpenRouter": {
			header("X-RateLimit-Limit", "20", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1795608030000"),
			[counts]telling{ofRequests: {ok: true, limit: 20, left: 0, reset: 30 * time.Second}},
		},
		"the draft's list": {
			header("RateLimit-Limit", "100, 100;w=60", "RateLimit-Remaining", "7", "RateLimit-Reset", "9"),
			[counts]telling{ofRequests: {ok: true, limit: 100, left: 7, reset: 9 * time.Second}},
		},
		"more left than the limit": {
			header("x-ratelimit-limit-tokens", "100", "x-ratelimit-remaining-tokens", "900"),
			[counts]telling{ofTokens: {ok: true, limit: 900, left: 900}},
		},
		"nonsense": {
			header("x-ratelimit-limit-requests", "many", "x-ratelimit-remaining-requests", "NaN", "x-ratelimit-remaining-tokens", "", "ratelimit-remaining", "1e99"),
			[counts]telling{},
		},
		"none": {nil, [counts]telling{}},
	} {
		if got := readRates(c.h, headTime); got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, c.want)
		}
	}
}

func FuzzRateHeaders(f *testing.F) {
	f.Add("60", "59", "6m0s", "Wed, 25 Nov 2026 11:00:00 GMT")
	f.Add("-1", "0", "0", "")
	f.Add("100, 100;w=60", "7", "2026-11-25T12:00:01.2Z", "never")
	f.Add("1e400", "0x1p-2", "1795608030000", "Mon, 01 Jan 0001 00:00:00 GMT")
	f.Fuzz(func(t *testing.T, limit, remaining, reset, date string) {
		for _, n := range rateNames {
			h := http.Header{n.limit: {limit}, n.remaining: {remaining}, n.reset: {reset}, "Date": {date}}
			all := readRates(h, headTime)
			got := all[n.of]
			if !got.ok && got != (telling{}) || got.left < 0 || got.limit != 0 && (got.limit < 1 || got.limit < got.left) || got.reset < 0 || got.reset > longestReset {
				t.Fatalf("%+v", got)
			}
			// Whatever was told, a machine that reads it comes free again.
			r := newRates(0, 0)
			now := headTime
			for range 3 {
				c := r.take(needOf(10, 10), now)
				r.settle(c, needOf(10, 5), all, now.Add(time.Millisecond))
			}
			now = now.Add(longestReset * 8)
			if at := r.ready(needOf(10, 10), now); at.After(now.Add(longestReset)) {
				t.Fatalf("after all resets a call waits until %v", at)
			}
		}
	})
}

func BenchmarkReadRates(b *testing.B) {
	h := header("content-type", "application/json", "x-ratelimit-limit-requests", "60", "x-ratelimit-remaining-requests", "59", "x-ratelimit-reset-requests", "1s",
		"x-ratelimit-limit-tokens", "150000", "x-ratelimit-remaining-tokens", "149984", "x-ratelimit-reset-tokens", "6m0s")
	b.ReportAllocs()
	for b.Loop() {
		if r := readRates(h, headTime); !r[ofTokens].ok {
			b.Fatal(r)
		}
	}
}

// BenchmarkReadNoRates is a reply of a server that tells no limits.
func BenchmarkReadNoRates(b *testing.B) {
	h := http.Header{"Content-Type": {"application/json"}, "Date": {"Wed, 25 Nov 2026 08:00:00 GMT"}, "X-Request-Id": {"req_1"}, "Server": {"uvicorn"}, "Content-Length": {"812"}}
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		readRates(h, now)
	}
}

func TestHeadersWithoutRatesCostNoMemory(t *testing.T) {
	h := http.Header{"Content-Type": {"application/json"}, "Server": {"uvicorn"}}
	if n := testing.AllocsPerRun(100, func() { readRates(h, time.Time{}) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
