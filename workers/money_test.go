package workers_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

// A run that waits for money holds no slot that another run on the pool needs.
func TestMoneyWaitHoldsNoSlot(t *testing.T) {
	for name, tight := range map[string]struct {
		items  int
		maxOut int
		budget swarm.Budget
	}{
		"refused in the end": {60, 0, swarm.Budget{Tokens: 1300}},
		"served one by one":  {40, 10_000, swarm.Budget{Tokens: 10_000 + 500 + 40*260}},
	} {
		took := func(beside bool) (d time.Duration) {
			synctest.Test(t, func(t *testing.T) {
				b, _ := served(lasts(time.Second))
				b.Slots = 4
				p := newPool(t, workers.Config{Backends: []model.Backend{b}, Limits: model.Limits{Hedge: -1}, MaxOut: tight.maxOut})
				done := make(chan struct{})
				if beside {
					go func() {
						defer close(done)
						poor := overItems(p, tight.items, 16, tight.budget)
						poor.Run(t.Context(), swarm.Task{Goal: "poor"})
					}()
					time.Sleep(10 * time.Millisecond)
				} else {
					close(done)
				}
				start := time.Now()
				rich := overItems(p, 80, 16, swarm.Budget{})
				if a, err := rich.Run(t.Context(), swarm.Task{Goal: "rich"}); err != nil || a.Coverage.Done != 80 {
					t.Errorf("%s: %v, %+v", name, err, a.Coverage)
				}
				d = time.Since(start)
				<-done
			})
			return d
		}
		alone, beside := took(false), took(true)
		// The poor run has one call at a time at the server, of four slots.
		if beside > alone*3/2 {
			t.Errorf("%s: %v alone, %v beside a run that waits for money", name, alone, beside)
		}
	}
}

// A wait for money is no part of AttemptTime: nothing is cut, and all is done.
func TestMoneyWaitIsNotTheAttemptsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, srv := served(lasts(50 * time.Second))
		b.Slots = 4
		p := newPool(t, workers.Config{Backends: []model.Backend{b}, Limits: model.Limits{Hedge: -1}, MaxOut: 10_000})
		s := overItems(p, 4, 4, swarm.Budget{Tokens: 15_000}) // for one at a time
		a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
		if err != nil || a.Coverage.Done != 4 {
			t.Errorf("%v, %+v", err, a.Coverage)
		}
		for _, e := range srv.Log() {
			if e.Cancelled {
				t.Error("a working request was cut")
			}
		}
	})
}

// A server that nobody has reached ends a run soon, however many wait for it.
func TestServerNeverReachedEndsTheRun(t *testing.T) {
	dns := &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}}
	for words, dial := range map[string]error{"connection refused": &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, "no such host": dns} {
		for _, n := range []int{1, 2, 10, 200} {
			synctest.Test(t, func(t *testing.T) {
				client := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, dial })}
				p := newPool(t, workers.Config{Backends: []model.Backend{{BaseURL: "http://x/v1", Model: "m", Slots: 8, Client: client}}})
				s := overItems(p, n, 0, swarm.Budget{})
				start := time.Now()
				a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
				if took := time.Since(start); err == nil || took > 10*time.Second || !strings.Contains(err.Error(), words) {
					t.Errorf("%d subtasks: %v after %v and %d calls, want %q within 10 s", n, err, took, a.Report.Usage.Calls, words)
				}
			})
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A server that is started while a program waits for it is used.
func TestServerThatIsReachedLateIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, srv := served(lasts(time.Second))
		start := time.Now()
		b.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if time.Since(start) < 5*time.Second {
				return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
			}
			return srv.Transport().RoundTrip(r)
		})}
		s := overItems(newPool(t, workers.Config{Backends: []model.Backend{b}}), 20, 0, swarm.Budget{})
		if a, err := s.Run(t.Context(), swarm.Task{Goal: "g"}); err != nil || a.Coverage.Done != 20 {
			t.Errorf("%v, %+v", err, a.Coverage)
		}
	})
}

// After a cancel or a time limit the errors tell how the calls failed before.
func TestErrorsAfterAnEndTellTheLastFailure(t *testing.T) {
	stop := errors.New("the user pressed stop")
	for name, end := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"a deadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 10*time.Second)
		},
		"a cancel with a cause": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(10*time.Second, func() { cancel(stop) })
			return ctx, func() { cancel(nil) }
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			var n atomic.Int32
			b, _ := served(func(ctx context.Context, r mock.Request) (mock.Reply, error) {
				if n.Add(1)%2 == 1 {
					return mock.Reply{}, &mock.Error{Message: "the lamp went out"}
				}
				return lasts(time.Hour)(ctx, r) // cut while it works, or while it waits
			})
			b.Slots = 1
			p := newPool(t, workers.Config{Backends: []model.Backend{b}, Limits: model.Limits{Hedge: -1}})
			ctx, cancel := end(t.Context())
			defer cancel()
			_, err := p.Work(ctx, swarm.Subtask{Step: &swarm.Step{ID: "a", Do: "x", Over: swarm.Items}, Item: "i"})
			if err == nil || !strings.Contains(err.Error(), "the lamp went out") || !errors.Is(err, ctx.Err()) || !errors.Is(err, context.Cause(ctx)) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}
