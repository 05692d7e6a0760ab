package mock_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
)

const tenWords = "one two three four five six seven eight nine ten" // ten tokens

func slow(sigma float64) mock.Model {
	m := model(mock.Say(tenWords))
	m.Latency = mock.Latency{First: time.Second, PerToken: 100 * time.Millisecond, Sigma: sigma}
	m.Price = &mock.Price{In: 1, Cached: 0.1, Out: 10}
	return m
}

func TestLatencyIsFirstTokenAndThenATokenAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server(slow(0))
		start := time.Now()
		post(t.Context(), s, ask("")).completion(t)
		if got := time.Since(start); got != 1900*time.Millisecond {
			t.Errorf("a plain reply took %v", got)
		}
		start = time.Now()
		var arrivals []time.Duration
		streamed(t, s, ask(`,"stream":true`), func(string) bool {
			arrivals = append(arrivals, time.Since(start))
			return true
		})
		// role, ten tokens, finish, [DONE]
		if len(arrivals) != 13 || arrivals[0] != time.Second || arrivals[1] != time.Second ||
			arrivals[2] != 1100*time.Millisecond || arrivals[12] != 1900*time.Millisecond {
			t.Errorf("events came at %v", arrivals)
		}
	})
}

// streamed reads the data of a stream's events until each says false.
func streamed(t *testing.T, s *mock.Server, body string, each func(data string) bool) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://mock/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: s.Transport()}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	rest := ""
	for p := make([]byte, 512); ; {
		n, err := resp.Body.Read(p)
		rest += string(p[:n])
		for {
			event, after, ok := strings.Cut(rest, "\n\n")
			if !ok {
				break
			}
			rest = after
			if !each(strings.TrimPrefix(event, "data: ")) {
				return
			}
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestLatencyRepeatsForTheSameRequestAndSeed(t *testing.T) {
	took := func(seed uint64, body string) (d time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			post(t.Context(), mock.NewHandler(mock.Config{Models: []mock.Model{slow(0.5)}, Seed: seed}), body).completion(t)
			d = time.Since(start)
		})
		return d
	}
	first := took(1, ask(""))
	if again := took(1, ask("")); again != first {
		t.Errorf("%v, then %v", first, again)
	}
	if other := took(2, ask("")); other == first {
		t.Errorf("another seed takes %v too", other)
	}
	if other := took(1, ask(`,"user":"u"`)); other == first {
		t.Errorf("another request takes %v too", other)
	}
}

func TestALeavingClientOwesWhatWasReady(t *testing.T) {
	for name, c := range map[string]struct {
		further string
		after   time.Duration
		out     int
	}{
		"plain, before the first token": {"", 500 * time.Millisecond, 0},
		"plain, after the fourth":       {"", 1350 * time.Millisecond, 4},
		"stream, before the first":      {`,"stream":true`, 500 * time.Millisecond, 0},
		"stream, after the fourth":      {`,"stream":true`, 1350 * time.Millisecond, 4},
		"stream of two":                 {`,"stream":true,"n":2`, 1350 * time.Millisecond, 8},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := server(slow(0))
				ctx, cancel := context.WithTimeout(t.Context(), c.after)
				defer cancel()
				if a := post(ctx, s, ask(c.further)); a.err == nil {
					t.Fatalf("got %d %s", a.status, a.body)
				}
				synctest.Wait()
				e := s.Log()[0]
				if !e.Cancelled || e.Usage.Out != c.out || e.Usage.In == 0 || len(e.Finish) != 0 {
					t.Errorf("the log says %+v", e)
				}
				if want := int64(e.Usage.In)*1000 + int64(c.out)*10_000; e.Cost != want {
					t.Errorf("cost %d, want %d", e.Cost, want)
				}
				if got := e.Ended.Sub(e.Arrived); got != c.after {
					t.Errorf("the server noticed after %v", got)
				}
			})
		})
	}
}

func TestClosingTheBodyEndsTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server(slow(0))
		seen := 0
		streamed(t, s, ask(`,"stream":true`), func(string) bool { seen++; return seen < 3 })
		synctest.Wait()
		if e := s.Log()[0]; !e.Cancelled || e.Usage.Out != 2 || e.Replies[0] != "one two" {
			t.Errorf("the log says %+v", e)
		}
		if now, peak := s.InFlight(); now != 0 || peak != 1 {
			t.Errorf("in flight: %d, at most %d", now, peak)
		}
	})
}

func TestBrainsSeeTheClientLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server(model(func(ctx context.Context, _ mock.Request) (mock.Reply, error) {
			<-ctx.Done()
			return mock.Reply{}, ctx.Err()
		}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		post(ctx, s, ask(""))
		synctest.Wait()
		if e := s.Log()[0]; !e.Cancelled || e.Status != 0 || !e.Charge {
			t.Errorf("the log says %+v", e)
		}
	})
}

func TestTheBrainsOwnTimeIsPartOfTheLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := slow(0)
		m.Brain = func(context.Context, mock.Request) (mock.Reply, error) {
			time.Sleep(700 * time.Millisecond)
			return mock.Reply{Text: tenWords}, nil
		}
		start := time.Now()
		post(t.Context(), server(m), ask("")).completion(t)
		if got := time.Since(start); got != 1900*time.Millisecond {
			t.Errorf("took %v", got)
		}
	})
}
