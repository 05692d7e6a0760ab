package pool

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// script is a server's double: it answers by a function and keeps count.
type script struct {
	do func(ctx context.Context, n int, r model.Request) (model.Reply, error)

	mu       sync.Mutex
	calls    int
	inFlight int
	peak     int
	at       []time.Time
	prompts  []string
}

func (s *script) Attempt(ctx context.Context, r model.Request) (model.Reply, error) {
	s.mu.Lock()
	n := s.calls
	s.calls++
	s.inFlight++
	s.peak = max(s.peak, s.inFlight)
	s.at = append(s.at, time.Now())
	s.prompts = append(s.prompts, r.Messages[0].Content)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.inFlight--
		s.mu.Unlock()
	}()
	return s.do(ctx, n, r)
}

func ok(text string) (model.Reply, error) {
	return model.Reply{Text: text, Usage: swarm.Usage{In: 10, Out: 2}}, nil
}

// takes answers after so long, or as soon as the context ends.
func takes(d time.Duration) func(context.Context, int, model.Request) (model.Reply, error) {
	return func(ctx context.Context, _ int, r model.Request) (model.Reply, error) {
		select {
		case <-time.After(d):
			return ok("done")
		case <-ctx.Done():
			return model.Reply{}, &swarm.CallError{Class: swarm.ClassCancelled, Err: ctx.Err()}
		}
	}
}

// fails answers the first attempts with these errors, and then well.
func fails(errs ...error) func(context.Context, int, model.Request) (model.Reply, error) {
	return func(_ context.Context, n int, _ model.Request) (model.Reply, error) {
		if n < len(errs) {
			return model.Reply{}, errs[n]
		}
		return ok("done")
	}
}

func refusal(class swarm.Class, status int) *swarm.CallError {
	return &swarm.CallError{Class: class, Status: status, Err: errors.New("told so")}
}

func after(d time.Duration) *swarm.CallError {
	e := refusal(swarm.ClassRateLimited, 429)
	e.RetryAfter, e.HasRetryAfter = d, true
	return e
}

// poolOf makes a pool whose backends are the scripts, in order.
func poolOf(t testing.TB, c Config, scripts ...*script) *Pool {
	t.Helper()
	if c.Backends == nil {
		for range scripts {
			c.Backends = append(c.Backends, model.Backend{Model: "m"})
		}
	}
	for i, s := range scripts {
		c.Backends[i].API = s
	}
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ask(text string) model.Request {
	return model.Request{Messages: []model.Message{{Role: "user", Content: text}}, MaxOut: 100}
}

func classOf(t testing.TB, err error) swarm.Class {
	t.Helper()
	e, ok := errors.AsType[*swarm.CallError](err)
	if !ok {
		t.Fatalf("error %v (%T) is no *swarm.CallError", err, err)
	}
	return e.Class
}
