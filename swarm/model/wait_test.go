package model

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

func TestEveryFormOfWaitIsRead(t *testing.T) {
	const date = "Wed, 21 Oct 2015 07:28:00 GMT"
	for _, tc := range []struct {
		name string
		head []string
		body string
		want time.Duration
		ok   bool
	}{
		{"none", nil, `{}`, 0, false},
		{"seconds", []string{"Retry-After: 90"}, `{}`, 90 * time.Second, true},
		{"zero", []string{"Retry-After: 0"}, `{}`, 0, true},
		{"fraction", []string{"Retry-After: 1.5"}, `{}`, 1500 * time.Millisecond, true},
		{"a day", []string{"Retry-After: 86400"}, `{}`, 24 * time.Hour, true},
		{"negative", []string{"Retry-After: -1"}, `{}`, 0, false},
		{"no number", []string{"Retry-After: NaN"}, `{}`, 0, false},
		{"infinite", []string{"Retry-After: Inf"}, `{}`, 0, false},
		{"enormous", []string{"Retry-After: 1" + strings.Repeat("0", 50)}, `{}`, longestWait, true},
		{"junk", []string{"Retry-After: soon"}, `{}`, 0, false},
		{"with unit", []string{"Retry-After: 2s"}, `{}`, 2 * time.Second, true},
		{"date against Date", []string{"Retry-After: Wed, 21 Oct 2015 07:28:30 GMT", "Date: " + date}, `{}`, 30 * time.Second, true},
		{"date in the past", []string{"Retry-After: Wed, 21 Oct 2015 07:27:30 GMT", "Date: " + date}, `{}`, 0, true},
		{"date against our clock", []string{"Retry-After: Wed, 21 Oct 2015 07:28:30 GMT"}, `{}`, 0, true},
		{"milliseconds first", []string{"Retry-After-Ms: 250", "Retry-After: 9"}, `{}`, 250 * time.Millisecond, true},
		{"bad milliseconds", []string{"Retry-After-Ms: -3", "Retry-After: 9"}, `{}`, 9 * time.Second, true},
		{"RetryInfo", nil, `[{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17.5s"}]}}]`, 17500 * time.Millisecond, true},
		{"try again in seconds", nil, `{"error":{"message":"Rate limit reached. Please try again in 1.574s. Visit …"}}`, 1574 * time.Millisecond, true},
		{"try again in milliseconds", nil, `{"error":{"message":"Please try again in 174ms."}}`, 174 * time.Millisecond, true},
		{"try again in minutes", nil, `{"error":{"message":"Please try again in 6m0s."}}`, 6 * time.Minute, true},
		{"try again in hours", nil, `{"error":{"message":"please try again in 1h2m3.5s"}}`, time.Hour + 2*time.Minute + 3500*time.Millisecond, true},
		{"retry after words", nil, `{"error":{"message":"Please retry after 20 seconds."}}`, 20 * time.Second, true},
		{"retry in", nil, `{"error":{"message":"Please retry in 17.4s."}}`, 17400 * time.Millisecond, true},
		{"words without a time", nil, `{"error":{"message":"please try again later"}}`, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := http.Header{}
			for _, line := range tc.head {
				name, value, _ := strings.Cut(line, ": ")
				h.Set(name, value)
			}
			e := HTTPError(Request{}, 429, h, []byte(tc.body))
			if e.Class != swarm.ClassRateLimited || e.RetryAfter != tc.want || e.HasRetryAfter != tc.ok {
				t.Errorf("%v: wait %v %v, want %v %v", e, e.RetryAfter, e.HasRetryAfter, tc.want, tc.ok)
			}
		})
	}
}

func FuzzWaitAsked(f *testing.F) {
	f.Add("90", "", "", "try again in 1.574s")
	f.Add("Wed, 21 Oct 2015 07:28:30 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", "-1", "")
	f.Add("1e309", "", "NaN", "retry after 9999999999999 days 1ms")
	f.Fuzz(func(t *testing.T, after, date, ms, said string) {
		h := http.Header{"Retry-After": {after}, "Date": {date}, "Retry-After-Ms": {ms}}
		d, ok := waitAsked(h, &Problem{Message: said, wait: after}, time.Unix(0, 0))
		if d < 0 || d > longestWait || !ok && d != 0 {
			t.Fatalf("wait %v %v", d, ok)
		}
	})
}
