package mock_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
)

// limitedTo is a server whose model takes a second for a call.
func limitedTo(l mock.Limits) *mock.Server {
	return server(mock.Model{ID: "m", Brain: mock.Say("yes"), Limits: l, Latency: mock.Latency{First: time.Second}})
}

// many makes calls at once and counts the statuses.
func many(t *testing.T, s *mock.Server, n int) map[int]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	out := map[int]int{}
	for range n {
		wg.Go(func() {
			a := post(t.Context(), s, ask(""))
			mu.Lock()
			out[a.status]++
			mu.Unlock()
		})
	}
	wg.Wait()
	return out
}

func TestRequestsAMinuteAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := limitedTo(mock.Limits{RPM: 60, Window: 10 * time.Second})
		a := post(t.Context(), s, ask(""))
		for key, want := range map[string]string{
			"X-Ratelimit-Limit-Requests": "60", "X-Ratelimit-Remaining-Requests": "9", "X-Ratelimit-Reset-Requests": "1s",
			"X-Ratelimit-Limit-Tokens": "", "Retry-After": "",
		} {
			if got := a.header.Get(key); got != want {
				t.Errorf("%s: %q, want %q", key, got, want)
			}
		}
		start := time.Now()
		if got := many(t, s, 12); got[200] != 10 || got[429] != 2 { // one came back while the first call took its second
			t.Errorf("got %v", got)
		}
		time.Sleep(time.Until(start.Add(1500 * time.Millisecond)))
		if got := post(t.Context(), s, ask("")).status; got != 200 {
			t.Errorf("after 1.5 s: %d", got)
		}
		go many(t, s, 10)
		synctest.Wait()
		a = post(t.Context(), s, ask(""))
		ms, err := strconv.Atoi(a.header.Get("Retry-After-Ms"))
		if err != nil || ms <= 0 || ms > 1000 || a.header.Get("Retry-After") != "1" || a.header.Get("X-Ratelimit-Remaining-Requests") != "0" {
			t.Errorf("got %v", a.header)
		}
		r := a.refusal(t)
		if r.Type != "requests" || deref(r.Code) != "rate_limit_exceeded" || !strings.Contains(r.Message, "Please try again in "+(time.Duration(ms)*time.Millisecond).String()) {
			t.Errorf("got %+v", r)
		}
		time.Sleep(time.Duration(ms) * time.Millisecond)
		if got := post(t.Context(), s, ask("")).status; got != 200 {
			t.Errorf("after the wait that was asked for: %d", got)
		}
	})
}

func TestWhoKeepsToTheRateIsNeverRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server(mock.Model{ID: "m", Brain: mock.Say("yes"), Limits: mock.Limits{RPM: 15_000, Window: time.Second}})
		for i := range 2000 {
			if i >= 250 {
				time.Sleep(4 * time.Millisecond)
			}
			if a := post(t.Context(), s, ask("")); a.status != 200 {
				t.Fatalf("call %d: %+v", i, a)
			}
		}
	})
}

func TestTokensAMinuteAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := limitedTo(mock.Limits{TPM: 1000})
		a := post(t.Context(), s, ask(`,"max_tokens":400`)) // 411, of which 12 are used
		if got := a.header.Get("X-Ratelimit-Remaining-Tokens"); a.status != 200 || got != "589" {
			t.Errorf("%d left, status %q", a.status, got)
		}
		if got := many(t, s, 1)[200]; got != 1 {
			t.Error("what was not used is not there again")
		}
		start := time.Now()
		got := map[int]int{}
		var wg sync.WaitGroup
		var mu sync.Mutex
		for range 4 {
			wg.Go(func() {
				a := post(t.Context(), s, ask(`,"max_tokens":400`))
				mu.Lock()
				defer mu.Unlock()
				got[a.status]++
				if a.status == 429 && (a.refusal(t).Type != "tokens" || a.header.Get("Retry-After-Ms") == "") {
					t.Errorf("got %+v", a)
				}
			})
		}
		wg.Wait()
		if got[200] != 2 || got[429] != 2 || time.Since(start) != time.Second {
			t.Errorf("got %v after %v", got, time.Since(start))
		}
		a = post(t.Context(), s, ask(`,"max_tokens":5000`))
		if r := a.refusal(t); a.status != 429 || !strings.HasPrefix(r.Message, "Request too large") || a.header.Get("Retry-After-Ms") != "" {
			t.Errorf("got %+v", a)
		}
	})
}

func TestCallsInFlightAreLimited(t *testing.T) {
	for _, test := range []struct {
		name  string
		l     mock.Limits
		want  string // of ten calls at once
		after time.Duration
	}{
		{"refused", mock.Limits{InFlight: 4}, "map[200:4 429:6]", time.Second},
		{"refused as busy", mock.Limits{InFlight: 4, Busy: 503}, "map[200:4 503:6]", time.Second},
		{"queued", mock.Limits{InFlight: 4, Queue: 100}, "map[200:10]", 3 * time.Second},
		{"queued up to a bound", mock.Limits{InFlight: 4, Queue: 4}, "map[200:8 429:2]", 2 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := limitedTo(test.l)
				start := time.Now()
				if got := fmt.Sprint(many(t, s, 10)); got != test.want || time.Since(start) != test.after {
					t.Errorf("got %s after %v", got, time.Since(start))
				}
				if got := many(t, s, 4)[200]; got != 4 {
					t.Errorf("afterwards %d of 4", got)
				}
			})
		})
	}
}

func TestARefusalForWantOfPlacesIsBare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := limitedTo(mock.Limits{InFlight: 1})
		go func() { post(t.Context(), s, ask("")) }()
		synctest.Wait()
		a := post(t.Context(), s, ask(""))
		if a.status != 429 || a.header.Get("Retry-After") != "" || a.header.Get("X-Ratelimit-Limit-Requests") != "" {
			t.Errorf("got %+v", a)
		}
		time.Sleep(time.Second)
	})
}

func TestWhoLeavesTheQueueHoldsNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := limitedTo(mock.Limits{InFlight: 1, Queue: 10})
		go func() { post(t.Context(), s, ask("")) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if a := post(ctx, s, ask("")); a.err == nil {
			t.Errorf("got %+v", a)
		}
		start := time.Now()
		if a := post(t.Context(), s, ask("")); a.status != 200 || time.Since(start) != 1500*time.Millisecond {
			t.Errorf("got %+v after %v", a, time.Since(start))
		}
	})
}

func TestAServersLimitsHoldForAllItsModels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := mock.NewHandler(mock.Config{Limits: mock.Limits{RPM: 2}, Models: []mock.Model{{ID: "m", Brain: mock.Say("yes")}, {ID: "n", Brain: mock.Say("yes")}}})
		for i, want := range []int{200, 200, 429} {
			body := ask("")
			if i == 1 {
				body = strings.Replace(body, `"m"`, `"n"`, 1)
			}
			if a := post(t.Context(), s, body); a.status != want || a.header.Get("X-Ratelimit-Limit-Requests") != "2" {
				t.Errorf("call %d: %d, %v", i, a.status, a.header)
			}
		}
	})
}

func TestFaultyCallsCountToo(t *testing.T) {
	s := mock.NewHandler(mock.Config{Limits: mock.Limits{RPM: 2}, Models: []mock.Model{model(mock.Say("yes"))}, Faults: []mock.FaultRule{{IDs: []string{"X04"}}}})
	for i, want := range []int{500, 500, 429} {
		a := post(t.Context(), s, ask(""))
		if a.status != want || a.header.Get("X-Ratelimit-Remaining-Requests") != strconv.Itoa(max(0, 1-i)) {
			t.Errorf("call %d: %d, %v", i, a.status, a.header)
		}
	}
}

func TestFaultsTakeTheirPlaceInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := limitedTo(mock.Limits{InFlight: 1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go func() { _, _, _ = faulty(ctx, s, "F15c", "", 1) }()
		synctest.Wait()
		if a := post(t.Context(), s, ask("")); a.status != http.StatusTooManyRequests {
			t.Errorf("beside a call that hangs: %d", a.status)
		}
		time.Sleep(2 * time.Minute)
		if a := post(t.Context(), s, ask("")); a.status != 200 {
			t.Errorf("when it has left: %d", a.status)
		}
	})
}
