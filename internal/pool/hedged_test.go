package pool

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// slowEach takes a second for each attempt, and slow for every nth.
func slowEach(nth int, slow time.Duration) *script {
	s := &script{}
	s.do = func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
		if n%nth == nth-1 {
			return takes(slow)(ctx, n, r)
		}
		return takes(time.Second)(ctx, n, r)
	}
	return s
}

// inTurn makes n calls, one after the other, and returns how long the longest
// took.
func inTurn(t *testing.T, p *Pool, n int, r model.Request) (longest time.Duration) {
	t.Helper()
	for range n {
		start := time.Now()
		if _, err := p.Do(t.Context(), r); err != nil {
			t.Error(err)
		}
		longest = max(longest, time.Since(start))
	}
	return longest
}

func TestSlowCallIsMadeASecondTime(t *testing.T) {
	for _, c := range []struct {
		hedge   float64
		calls   int // least and most
		most    int
		longest time.Duration
	}{
		{0, 204, 210, 4 * time.Second},
		{.02, 202, 204, time.Minute}, // not enough for all
		{-1, 200, 200, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := slowEach(50, time.Minute)
			p := poolOf(t, Config{Limits: model.Limits{Hedge: c.hedge}}, s)
			inTurn(t, p, 40, ask("x")) // so many it must know
			if longest := inTurn(t, p, 160, ask("x")); longest > c.longest {
				t.Errorf("Hedge %v: a call took %v", c.hedge, longest)
			}
			if s.calls < c.calls || s.calls > c.most || s.inFlight != 0 {
				t.Errorf("Hedge %v: %d calls for 200, %d still in flight", c.hedge, s.calls, s.inFlight)
			}
		})
	}
}

func TestHedgeGoesToAnotherBackendFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := false
		a := &script{}
		a.do = func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
			if slow {
				return takes(time.Minute)(ctx, n, r)
			}
			return takes(time.Second)(ctx, n, r)
		}
		b := &script{do: takes(time.Second)}
		p := poolOf(t, Config{}, a, b)
		inTurn(t, p, 60, ask("x"))
		slow = true
		if longest := inTurn(t, p, 1, ask("x")); longest > 4*time.Second || b.calls != 1 {
			t.Errorf("took %v, %d calls at the other backend", longest, b.calls)
		}
	})
}

func TestStreamThatIsReadIsNotHedged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowEach(50, time.Minute)
		p := poolOf(t, Config{}, s)
		r := ask("x")
		r.OnText = func(string) {}
		if inTurn(t, p, 100, r); s.calls != 100 {
			t.Errorf("%d calls for 100", s.calls)
		}
	})
}

func TestHedgeIsNeverSentOverTheSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowEach(20, 30*time.Second)
		p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", Slots: 3}}}, s)
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				if _, err := p.Do(t.Context(), ask("x")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if s.peak > 3 || s.calls <= 200 || s.calls > 210 {
			t.Errorf("%d calls for 200, %d at once on three slots", s.calls, s.peak)
		}
	})
}

// F56: the loser was not billed, and a spent budget for hedges killed the
// first call.
func TestLoserIsBookedAndARefusedHedgeSparesTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, most := range []int{0, 61} {
			s := slowEach(61, time.Minute)
			p := poolOf(t, Config{}, s)
			var mu sync.Mutex
			var ended []swarm.Event
			w := swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
				_, err := p.Do(ctx, ask("x"))
				return swarm.Say("y"), err
			})
			run := swarm.Swarm{
				Planner: onePlan{swarm.Step{ID: "a", Do: "call", Over: swarm.Items, Items: make([]string, 61)}}, Worker: w,
				Concurrency: 1, Budget: swarm.Budget{Calls: most}, Observe: func(e swarm.Event) {
					mu.Lock()
					defer mu.Unlock()
					if e.Kind == swarm.CallEnded {
						ended = append(ended, e)
					}
				},
			}
			answer, err := run.Run(t.Context(), swarm.Task{Goal: "g"})
			if err != nil || answer.Coverage.Done != 61 {
				t.Fatalf("budget of %d calls: %v, %+v", most, err, answer.Coverage)
			}
			if most > 0 {
				if s.calls != 61 || len(ended) != 61 {
					t.Errorf("budget of %d calls: %d sent, %d booked", most, s.calls, len(ended))
				}
				continue
			}
			losers := 0
			for _, e := range ended {
				if errors.Is(e.Err, errHedged) {
					losers++
					if !e.Usage.AtLeast || e.Usage.In == 0 || e.Usage.Out == 0 {
						t.Errorf("the loser is booked with %+v", e.Usage)
					}
				}
			}
			if losers != 1 || len(ended) != s.calls || s.calls != 62 {
				t.Errorf("%d losers booked, %d attempts of %d", losers, len(ended), s.calls)
			}
		}
	})
}

func TestHedgesLastWordCountsWhereTheFirstAttemptFails(t *testing.T) {
	for _, class := range []swarm.Class{"", swarm.ClassRefused, swarm.ClassServer} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{}
			s.do = func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
				switch n {
				case 60:
					time.Sleep(3 * time.Second)
					return model.Reply{}, refusal(swarm.ClassServer, 500)
				case 61:
					time.Sleep(1500 * time.Millisecond)
					if class != "" {
						return model.Reply{}, refusal(class, 200)
					}
					return ok("done")
				}
				return takes(time.Second)(ctx, n, r)
			}
			p := poolOf(t, Config{}, s)
			inTurn(t, p, 60, ask("x"))
			_, err := p.Do(t.Context(), ask("x"))
			switch {
			case class == swarm.ClassRefused:
				if classOf(t, err) != class || s.calls != 62 {
					t.Errorf("%v after %d calls", err, s.calls)
				}
			case err != nil:
				t.Errorf("%q: %v", class, err)
			case class == "" && s.calls != 62:
				t.Errorf("%d calls, want the hedge's answer taken", s.calls)
			}
		})
	}
}

// The slot that a late attempt gives back is what its hedge waits for, and must
// not be used for it.
func TestHedgeThatWaitsIsNotSentWhenItsCallIsAnswered(t *testing.T) {
	for range 300 {
		synctest.Test(t, func(t *testing.T) {
			s := &script{}
			s.do = func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
				if n < 2*latencyRenew {
					return takes(100*time.Millisecond)(ctx, n, r)
				}
				return takes(time.Second)(ctx, n, r)
			}
			p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", Slots: 1}}}, s)
			together(t, p, 2*latencyRenew+1, ask("x"))
			if s.calls != 2*latencyRenew+1 {
				t.Errorf("%d calls were sent for %d", s.calls, 2*latencyRenew+1)
			}
		})
	}
}
