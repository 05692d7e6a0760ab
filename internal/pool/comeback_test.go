package pool

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// A wait that a server asks of single calls is kept, and ends a few
// milliseconds later, not tens.
func TestCallComesBackSoonAfterTheWaitThatItWasAskedFor(t *testing.T) {
	const wait = time.Second
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			var at []time.Time
			s := &script{do: func(ctx context.Context, _ int, r model.Request) (model.Reply, error) {
				if r.Messages[0].Content == "x" {
					if at = append(at, time.Now()); len(at) == 1 {
						time.Sleep(10 * time.Millisecond)
						return model.Reply{}, after(wait)
					}
				}
				return takes(20*time.Millisecond)(ctx, 0, r)
			}}
			p := poolOf(t, Config{}, s)
			var wg sync.WaitGroup
			wg.Go(func() { p.Do(t.Context(), ask("x")) })
			synctest.Wait()
			wg.Go(func() { p.Do(t.Context(), ask("served")) }) // speaks for the server
			wg.Wait()
			if gap := at[1].Sub(at[0]) - 10*time.Millisecond; gap < wait || gap > wait+wait/64 {
				t.Errorf("came back after %v, asked to after %v", gap, wait)
			}
		})
	}
}

// A reply that broke off at a server that is well says nothing of its load.
func TestCallWhoseReplyBreaksComesBackSoon(t *testing.T) {
	const took = 80 * time.Millisecond
	for _, e := range []*swarm.CallError{refusal(swarm.ClassBroken, 200), refusal(swarm.ClassServer, 500)} {
		for range 20 {
			synctest.Test(t, func(t *testing.T) {
				s := &script{do: takes(took)}
				p := poolOf(t, Config{}, s)
				if _, err := p.Do(t.Context(), ask("x")); err != nil {
					t.Fatal(err)
				}
				s.calls, s.at, s.do = 0, nil, fails(e, e, e, e)
				if _, err := p.Do(t.Context(), ask("x")); err != nil {
					t.Fatal(err)
				}
				for i := 1; i < len(s.at); i++ {
					if gap := s.at[i].Sub(s.at[i-1]); gap > took/8<<(i-1) {
						t.Errorf("%s: wait %d was %v at a server that takes %v for a call", e.Class, i, gap, took)
					}
				}
			})
		}
	}
}

// A gateway may give pages of its own for a moment, however quick the server
// behind it is. A call alone does not spend its attempts in that.
func TestLoneCallOutlivesAMomentOfBrokenReplies(t *testing.T) {
	const took, moment, runs = 8 * time.Millisecond, 500 * time.Millisecond, 40
	served := 0
	for range runs {
		synctest.Test(t, func(t *testing.T) {
			s := &script{do: takes(took)}
			p := poolOf(t, Config{Limits: model.Limits{Attempts: 8}}, s)
			if _, err := p.Do(t.Context(), ask("x")); err != nil {
				t.Fatal(err)
			}
			well := time.Now().Add(moment)
			s.do = func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
				reply, err := takes(took)(ctx, n, r)
				if time.Now().Before(well) {
					return model.Reply{}, refusal(swarm.ClassBroken, 200)
				}
				return reply, err
			}
			if _, err := p.Do(t.Context(), ask("x")); err == nil {
				served++
			}
		})
	}
	if served < runs*6/10 { // nine in ten in the mean
		t.Errorf("%d of %d calls outlived %v of broken replies", served, runs, moment)
	}
}
