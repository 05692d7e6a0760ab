package pool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// limited is a server's double with limits that its clients are not told
// beforehand. It works in whatever time the test has.
type limited struct {
	work    func(*rand.Rand) time.Duration
	refusal time.Duration // a refusal takes so long
	rng     *rand.Rand

	atOnce  int     // calls that it takes at a time; the rest gets a bare 429; 0: all
	rate    *meter  // of requests, told in headers; a call too many gets a 429 with retry-after-ms
	random  float64 // share of calls that get a bare 429
	waiting float64 // share of first attempts that get a 429 with Retry-After: 1

	mu       sync.Mutex
	inFlight int
	calls    int
	refused  int
	late     int // refused after the first answer
	answered bool
	asked    map[string]bool
}

func (s *limited) Attempt(ctx context.Context, r model.Request) (rep model.Reply, err error) {
	s.mu.Lock()
	s.calls++
	took := s.work(s.rng)
	no := &swarm.CallError{Class: swarm.ClassRateLimited, Status: 429, Err: errors.New("no")}
	text := r.Messages[0].Content
	switch again := s.asked[text]; {
	case s.atOnce > 0 && s.inFlight >= s.atOnce, s.rng.Float64() < s.random:
	case !again && s.rng.Float64() < s.waiting:
		no.RetryAfter, no.HasRetryAfter = time.Second, true
	case s.rate != nil && !s.rate.take(1, time.Now()):
		no.RetryAfter, no.HasRetryAfter = s.rate.tell(time.Now()).reset, true
	default:
		no = nil
		s.inFlight++
	}
	if s.asked == nil {
		s.asked = map[string]bool{}
	}
	s.asked[text] = true
	if no != nil {
		took = s.refusal
		s.refused++
		if s.answered {
			s.late++
		}
	}
	if s.rate != nil {
		t := s.rate.tell(time.Now())
		rep.Header = http.Header{}
		rep.Header.Set("x-ratelimit-limit-requests", fmt.Sprint(t.limit))
		rep.Header.Set("x-ratelimit-remaining-requests", fmt.Sprint(t.left))
		rep.Header.Set("x-ratelimit-reset-requests", t.reset.String())
	}
	s.mu.Unlock()
	select {
	case <-time.After(took):
	case <-ctx.Done():
		err = &swarm.CallError{Class: swarm.ClassCancelled, Err: ctx.Err()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered = true
	if no != nil {
		return rep, no
	}
	s.inFlight--
	if err == nil {
		rep.Text, rep.Usage = "done", swarm.Usage{In: 10, Out: 2}
	}
	return rep, err
}

// course is a number of prompts, so many at a time, at one server.
type course struct {
	server  *limited
	slots   int
	prompts int
	callers int
	bound   time.Duration // of the best client that knows the server's limits
}

// figures of a course.
type figures struct {
	ratio   float64 // makespan over bound
	lost    int
	calls   float64 // of all prompts
	refused float64 // share of calls
	late    int     // 429s after the first answer
	limit   int     // at the end
}

func (c course) run(t *testing.T, seed uint64) figures {
	t.Logf("seed %d", seed)
	c.server.rng = rand.New(rand.NewPCG(seed, 7))
	p, err := New(Config{Backends: []model.Backend{{Model: "m", Slots: c.slots, API: c.server}}})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	lost, next := 0, 0
	start := time.Now()
	for range c.callers {
		wg.Go(func() {
			for {
				mu.Lock()
				n := next
				next++
				mu.Unlock()
				if n >= c.prompts {
					return
				}
				if _, err := p.Do(t.Context(), ask(fmt.Sprint(n))); err != nil {
					mu.Lock()
					lost++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return figures{
		ratio:   float64(time.Since(start)) / float64(c.bound),
		lost:    lost,
		calls:   float64(c.server.calls) / float64(c.prompts),
		refused: float64(c.server.refused) / float64(c.server.calls),
		late:    c.server.late,
		limit:   p.queue.backends[0].limit.allowed(),
	}
}

// virtual runs f in virtual time, inside a benchmark.
func virtual(b *testing.B, f func(t *testing.T)) {
	b.Helper()
	all := func(string, string) (bool, error) { return true, nil }
	if !testing.RunTests(all, []testing.InternalTest{{Name: b.Name(), F: func(t *testing.T) { synctest.Test(t, f) }}}) {
		b.Fatal("the course failed")
	}
}

// measure reports a course's figures, the mean of all iterations.
func measure(b *testing.B, make func() course) {
	var sum figures
	n := 0
	for b.Loop() {
		virtual(b, func(t *testing.T) {
			f := make().run(t, uint64(n))
			sum.ratio += f.ratio
			sum.lost += f.lost
			sum.calls += f.calls
			sum.refused += f.refused
			sum.late += f.late
		})
		n++
	}
	b.ReportMetric(sum.ratio/float64(n), "makespan/bound")
	b.ReportMetric(float64(sum.lost)/float64(n), "lost")
	b.ReportMetric(sum.calls/float64(n), "calls/prompt")
	b.ReportMetric(100*sum.refused/float64(n), "%refused")
	b.ReportMetric(float64(sum.late)/float64(n), "429s-after-answer")
	b.ReportMetric(0, "ns/op")
}
