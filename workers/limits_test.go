package workers_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

// limitRows are servers with limits of their own, over the whole wire: 1000
// prompts, 32 at a time, of 20 ms each.
var limitRows = []struct {
	name   string
	limits mock.Limits
	bound  time.Duration // of a client that knows the limits
	most   float64       // times the bound
	share  float64       // most of all calls that may be refused
	late   int           // how many may be after the first answer; −1: any
}{
	{"takes 16 at a time", mock.Limits{InFlight: 16}, 1250 * time.Millisecond, 1.15, .05, -1},
	{"takes 16 at a time, else 503", mock.Limits{InFlight: 16, Busy: 503}, 1250 * time.Millisecond, 1.15, .05, -1},
	{"queues past 16", mock.Limits{InFlight: 16, Queue: 1000}, 1250 * time.Millisecond, 1.15, 0, -1},
	{"250 a second, and says so", mock.Limits{RPM: 15_000, Window: time.Second}, 3 * time.Second, 1.05, .01, 0},
}

func TestServersLimitsAreFoundOutAndKept(t *testing.T) {
	if testing.Short() {
		t.Skip("statistics of thousands of calls")
	}
	for _, c := range limitRows {
		synctest.Test(t, func(t *testing.T) {
			m := mock.Small()
			m.Limits = c.limits
			var n atomic.Int64
			m.Brain = func(ctx context.Context, q mock.Request) (mock.Reply, error) {
				// No two at a time end together: which is seen first would differ.
				select {
				case <-time.After(20*time.Millisecond + time.Duration(n.Add(1)%64)*time.Microsecond):
				case <-ctx.Done():
					return mock.Reply{}, ctx.Err()
				}
				return mock.Reply{Text: `{"findings":[{"answer":"yes","quote":"","confidence":0.5}]}`}, nil
			}
			s := mock.NewHandler(mock.Config{Models: []mock.Model{m}, Keep: -1})
			p, err := workers.NewPool(workers.Config{Backends: []model.Backend{{
				Model: m.ID, BaseURL: "http://mock/v1", Client: &http.Client{Transport: s.Transport()},
			}}})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			var makespan time.Duration
			run := swarm.Swarm{
				Planner: asking("Is it so?"), Worker: p, Concurrency: 32,
				Observe: func(e swarm.Event) {
					if e.Kind == swarm.SubtaskEnded {
						makespan = e.At
					}
				},
			}
			answer, err := run.Run(t.Context(), swarm.Task{Goal: "Is it so?", Sources: []swarm.Source{leases(1000)}})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			calls, refused, late := 0, 0, 0
			var first time.Time // answer
			for _, e := range s.Log() {
				if e.Status == http.StatusOK && (first.IsZero() || e.Ended.Before(first)) {
					first = e.Ended
				}
			}
			for _, e := range s.Log() {
				calls++
				if e.Status >= 400 {
					refused++
					if e.Arrived.After(first) {
						late++
					}
				}
			}
			ratio := float64(makespan) / float64(c.bound)
			t.Logf("%s: %.3f of the bound, %d calls, %d refused, %d after the first answer", c.name, ratio, calls, refused, late)
			if lost := 1000 - answer.Coverage.Done; lost > 0 || ratio > c.most || float64(refused) > c.share*float64(calls) || c.late >= 0 && late > c.late {
				t.Errorf("%s: %d lost, %.3f of the bound, %d of %d calls refused, %d after the first answer", c.name, lost, ratio, refused, calls, late)
			}
		})
	}
}
