package queue_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/queue"
	"github.com/db31e724/go-swarm/swarm/swarmtest"
)

// place is a server with what runs on it.
type place struct {
	t      *testing.T
	server *queue.Server
	cfg    queue.Config
}

func newPlace(t *testing.T, cfg queue.Config) *place {
	t.Helper()
	p := &place{t: t, cfg: cfg}
	var err error
	if p.server, err = queue.Embedded(queue.Embedding{Dir: t.TempDir(), Listen: "127.0.0.1:0"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.server.Close)
	return p
}

func (p *place) connect() *nats.Conn {
	p.t.Helper()
	nc, err := p.server.Connect()
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(nc.Close)
	return nc
}

// serve starts a worker process's part, and returns what ends it.
func (p *place) serve(name string, w swarm.WorkerFunc) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	cfg := p.cfg
	cfg.Worker = name
	ended := make(chan error, 1)
	nc := p.connect()
	go func() { ended <- queue.Serve(ctx, nc, w, cfg) }()
	var once atomic.Bool
	stop = func() {
		if !once.Swap(true) {
			cancel()
			if err := <-ended; err != nil {
				p.t.Error(err)
			}
		}
	}
	p.t.Cleanup(stop)
	return stop
}

func (p *place) queue() *queue.Queue {
	p.t.Helper()
	q, err := queue.New(p.t.Context(), p.connect(), p.cfg)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(q.Close)
	return q
}

func items(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint("item ", i)
	}
	return out
}

// run runs one step over items.
func (p *place) run(s swarm.Swarm, items []string) (*swarm.Answer, error) {
	s.Planner = planner.Fixed{Steps: []swarm.Step{{ID: "s", Do: "say it", Over: swarm.Items, Items: items}}}
	return s.Run(p.t.Context(), swarm.Task{Goal: "all"})
}

func echo(_ context.Context, st swarm.Subtask) (swarm.Output, error) { return swarm.Say(st.Item), nil }

func TestWorkersElsewhereAnswer(t *testing.T) {
	p := newPlace(t, queue.Config{})
	p.serve("a", echo)
	p.serve("b", echo)
	a, err := p.run(swarm.Swarm{Worker: p.queue(), Concurrency: 4}, items(200))
	if err != nil || a.Coverage.Done != 200 {
		t.Fatalf("%v, %+v", err, a.Coverage)
	}
	for r := range a.Results() {
		if r.Out.Text() != r.Item {
			t.Errorf("%q for %q", r.Out.Text(), r.Item)
		}
	}
	if n := a.Report.Elsewhere["a"] + a.Report.Elsewhere["b"]; n != 200 {
		t.Errorf("who worked: %v", a.Report.Elsewhere)
	}
}

func TestTheQueueKeepsTheContract(t *testing.T) {
	n := 0
	swarmtest.TestElsewhere(t, func(t *testing.T, w swarm.Worker) swarm.Worker {
		n++
		p := newPlace(t, queue.Config{Name: fmt.Sprint("q", n)})
		p.serve("w", w.Work)
		return p.queue()
	})
}
