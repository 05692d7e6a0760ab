package workers_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

// chaos is the brain of several servers. Each subtask meets some faults that
// pass, and then an honest reply or a fault that lasts; which ones follows
// from its prompt and the seed alone.
type chaos struct {
	seed uint64

	mu       sync.Mutex
	tries    map[string]int    // by the subtask's own material
	over     map[string]string // how the subtask ended: "" well, else the fault
	sent     map[string]string // requests that must not be sent again, and why
	until    []time.Time       // until when each server asked to be left alone
	asked    []time.Time       // and when it did
	problems []string
	refused  int          // by a reply of success, which the mock bills and nobody else
	left     atomic.Int32 // requests that left the client
}

func (c *chaos) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// brain is that of server i.
func (c *chaos) brain(i int) mock.Brain {
	return func(ctx context.Context, r mock.Request) (mock.Reply, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if now := time.Now(); now.After(c.asked[i]) && now.Before(c.until[i]) { // in the same moment nobody knows yet
			c.problem("server %d is asked %v before it wants to be", i, c.until[i].Sub(now))
		}
		subtask, whole := r.Messages[1].Content, fmt.Sprint(r.Messages, r.MaxTokens)
		if why, ok := c.sent[whole]; ok {
			c.problem("sent again unchanged after %s", why)
		}
		n := c.tries[subtask]
		c.tries[subtask]++
		h := fnv.New64a()
		h.Write([]byte(subtask))
		rnd := rand.New(rand.NewPCG(h.Sum64(), c.seed))
		odd := rnd.IntN(10) // what is wrong with its first whole reply, if anything
		faults := rnd.Perm(len(passing))[:rnd.IntN(4)]
		wait := func(d time.Duration) {
			c.mu.Unlock()
			defer c.mu.Lock()
			select {
			case <-time.After(d):
			case <-ctx.Done():
			}
		}
		wait(time.Duration(rnd.IntN(5000)) * time.Millisecond)
		if ctx.Err() != nil { // nobody waits for it any more: it decides nothing
			return mock.Reply{}, ctx.Err()
		}
		switch {
		case n < len(faults):
			f := &passing[faults[n]]
			// A short one holds for its call alone once others have been served.
			if until := time.Now().Add(f.wait); f.wait > 5*time.Second && until.After(c.until[i]) {
				c.asked[i], c.until[i] = time.Now(), until
			}
			if strings.HasSuffix(f.name, "in a success") {
				c.refused++
			}
			return f.reply()
		case n == len(faults) && odd == 0:
			f := &lasting[rnd.IntN(len(lasting))]
			c.over[subtask], c.sent[whole] = f.name, f.name
			return f.reply()
		case n == len(faults) && odd == 1:
			c.sent[whole] = "a reply that cannot be read"
			return mock.Reply{Text: "The rent is due soon.", Unchecked: true}, nil
		case n == len(faults) && odd == 2:
			c.sent[whole] = "a reply that was cut"
			return mock.Reply{Text: `{"answer":"The re`, Finish: "length", Unchecked: true}, nil
		}
		c.over[subtask], c.sent[whole] = "", "success"
		return mock.SmallBrain(ctx, r)
	}
}

// serve makes n servers of c, and a pool over all.
func (c *chaos) serve(t *testing.T, n int, b model.Backend, cfg workers.Config) ([]*mock.Server, *workers.Pool) {
	c.tries, c.over, c.sent, c.until = map[string]int{}, map[string]string{}, map[string]string{}, make([]time.Time, n)
	c.asked = make([]time.Time, n)
	var servers []*mock.Server
	for i := range n {
		m := mock.Small()
		m.Brain = c.brain(i)
		s := mock.NewHandler(mock.Config{Models: []mock.Model{m}, Keep: -1})
		servers = append(servers, s)
		b.Name, b.Model, b.BaseURL, b.Key, b.Client = fmt.Sprint("server", i), m.ID, "http://mock/v1", canary.Key, &http.Client{Transport: counter{s.Transport(), &c.left}}
		cfg.Backends = append(cfg.Backends, b)
	}
	p, err := workers.NewPool(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return servers, p
}

// counter counts the requests that go through a transport.
type counter struct {
	http.RoundTripper
	sent *atomic.Int32
}

func (c counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.sent.Add(1)
	return c.RoundTripper.RoundTrip(r)
}

// neverLeft says that a call was ended in the moment in which it set out.
func neverLeft(e swarm.Event) bool {
	failed, ok := errors.AsType[*swarm.CallError](e.Err)
	return ok && failed.Class == swarm.ClassCancelled && e.Usage.In == 0
}

// counted compares the calls that were booked, of which some may not have left
// the client, with those that left and those that the servers have seen: they
// may not see one that leaves in the moment of its cancel.
func (c *chaos) counted(t *testing.T, booked, unsent, served int) {
	t.Helper()
	if sent := int(c.left.Load()); sent > booked || sent < booked-unsent || served > sent {
		t.Errorf("%d calls booked, %d of them not sent; %d sent, %d served", booked, unsent, sent, served)
	}
}

func TestRunThroughFaultsLosesNothingAndPaysNothingTwice(t *testing.T) {
	const slots = 3
	seeds, subtasks := uint64(2), 200
	if testing.Short() {
		seeds, subtasks = 1, 60
	}
	for seed := range seeds {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("seed=%d,stream=%v", seed, stream), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := &chaos{seed: seed}
					servers, p := c.serve(t, 3, model.Backend{Slots: slots, Stream: stream}, workers.Config{Limits: model.Limits{AttemptTime: 30 * time.Second}})
					defer p.Close()
					var booked swarm.Usage
					atLeast, unsent := 0, 0
					run := swarm.Swarm{Planner: asking("How much rent does the tenant pay?"), Worker: p, Concurrency: 40, Observe: func(e swarm.Event) {
						switch {
						case e.Kind == swarm.CallEnded && e.Usage.AtLeast:
							atLeast++
						case e.Kind == swarm.CallEnded:
							booked = booked.Plus(*e.Usage)
							if neverLeft(e) {
								unsent++
							}
						}
					}}
					answer, err := run.Run(t.Context(), swarm.Task{Goal: "How much rent?", Sources: []swarm.Source{leases(subtasks)}})
					if err != nil {
						t.Fatal(err)
					}
					synctest.Wait()

					lost := 0
					for _, end := range c.over {
						if end != "" {
							lost++
						}
					}
					if got := answer.Coverage; len(c.over) != subtasks || got.Failed != lost || got.Done+got.Abstained != subtasks-lost {
						t.Errorf("%d of %d subtasks came to an end, %d of them a bad one: %+v", len(c.over), subtasks, lost, got)
						for r := range answer.Results() {
							if r.Err != nil {
								t.Log(r.Err)
							}
						}
					}
					for _, what := range c.problems {
						t.Error(what)
					}

					var told swarm.Usage
					silent, calls := 0, 0
					for i, s := range servers {
						if n := peak(s.Log()); n > slots {
							t.Errorf("%d in flight at backend %d, which has %d slots", n, i, slots)
						}
						for _, e := range s.Log() {
							calls++
							switch {
							case len(e.Finish) > 0: // the mock's own words, with their usage
								told.In, told.Out = told.In+e.Usage.In, told.Out+e.Usage.Out
							case e.Charge:
								silent++
							}
						}
					}
					if booked.In != told.In || booked.Out != told.Out || atLeast < silent-c.refused {
						t.Errorf("booked %+v and %d calls at least; served %+v and %d that did not tell", booked, atLeast, told, silent)
					}
					c.counted(t, booked.Calls+atLeast, unsent, calls)
				})
			})
		}
	}
}

// peak is the most requests that were in work at once. What ended and what
// arrived in one moment were not: a server learns that its client has left
// some time after the client knows.
func peak(log []mock.Entry) (most int) {
	for _, e := range log {
		n := 0
		for _, o := range log {
			if !o.Arrived.After(e.Arrived) && o.Ended.After(e.Arrived) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func TestRunCancelledAmongFaultsLeavesNothingBehind(t *testing.T) {
	seeds := uint64(8)
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			c := &chaos{seed: seed}
			servers, p := c.serve(t, 2, model.Backend{Slots: 4}, workers.Config{Limits: model.Limits{AttemptTime: 30 * time.Second}})
			defer p.Close()
			ctx, cancel := context.WithCancel(t.Context())
			after := time.Duration(1+rand.N(40)) * time.Second
			time.AfterFunc(after, cancel)
			unsent := 0
			run := swarm.Swarm{Planner: asking("How much rent?"), Worker: p, Observe: func(e swarm.Event) {
				if e.Kind == swarm.CallEnded && neverLeft(e) {
					unsent++
				}
			}}
			start := time.Now()
			answer, err := run.Run(ctx, swarm.Task{Goal: "How much rent?", Sources: []swarm.Source{leases(200)}})
			if err == nil || time.Since(start) > after {
				t.Errorf("seed %d: %v after %v, cancelled after %v", seed, err, time.Since(start), after)
			}
			synctest.Wait()
			calls := 0
			for _, s := range servers {
				if now, _ := s.InFlight(); now > 0 {
					t.Errorf("seed %d: %d calls are still in flight", seed, now)
				}
				calls += len(s.Log())
			}
			c.counted(t, answer.Report.Usage.Calls, unsent, calls)
		})
	}
}
