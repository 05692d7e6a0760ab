package queue_test

import (
	"bytes"
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/queue"
)

// A message ID would have the server swallow, for some minutes, a subtask that was taken back
// and is handed over again.
func TestWhatWasTakenBackCanBeHandedOverAgain(t *testing.T) {
	p := newPlace(t, queue.Config{})
	q := p.queue()
	st := swarm.Subtask{Item: "x"}
	ctx, cancel := context.WithCancel(t.Context())
	back := make(chan error, 1)
	go func() {
		_, err := q.Work(ctx, st)
		back <- err
	}()
	until(t, "it is handed over", func() bool { return p.stream("WORK").Msgs == 1 })
	cancel()
	if err := <-back; err == nil || p.stream("WORK").Msgs != 0 {
		t.Fatalf("%v, %d are left", err, p.stream("WORK").Msgs)
	}
	p.serve("w", echo)
	if out, err := q.Work(t.Context(), st); err != nil || out.Text() != "x" {
		t.Errorf("%q, %v", out.Text(), err)
	}
}

// Workers that cannot read a message give it back. It is not silent after any number
// of deliveries, and they are not begins.
func TestDeliveriesAreNotBegins(t *testing.T) {
	p := newPlace(t, queue.Config{Tries: 2})
	q := p.queue()
	got := make(chan string, 1)
	go func() {
		out, err := q.Work(t.Context(), swarm.Subtask{Item: "x"})
		if err != nil {
			t.Error(err)
		}
		got <- out.Text()
	}()
	until(t, "it is handed over", func() bool { return p.stream("WORK").Msgs == 1 })
	js, err := jetstream.New(p.connect())
	if err != nil {
		t.Fatal(err)
	}
	c, err := js.CreateOrUpdateConsumer(t.Context(), "SWARM_V1_WORK", jetstream.ConsumerConfig{
		Durable: "workers", AckPolicy: jetstream.AckExplicitPolicy, AckWait: 30 * time.Second, MaxAckPending: -1, MaxDeliver: -1, MaxWaiting: 4096,
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		m, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Nak(); err != nil {
			t.Fatal(err)
		}
	}
	p.serve("w", echo)
	if text := <-got; text != "x" {
		t.Errorf("%q", text)
	}
}

// cutting passes what a worker says on to the server, and cuts the connection behind the first
// result, so that its acknowledgement is lost.
type cutting struct {
	net.Conn
	cut *atomic.Bool
}

func (c cutting) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if bytes.Contains(p, []byte("PUB swarm.v1.done.")) && !c.cut.Swap(true) {
		_ = c.Conn.(*net.TCPConn).CloseWrite() // what was written still arrives
		_ = c.Conn.Close()
	}
	return n, err
}

func (c cutting) Dial(network, address string) (net.Conn, error) {
	conn, err := net.Dial(network, address)
	return cutting{conn, c.cut}, err
}

// A result that is sent again, since its acknowledgement was lost, is not another worker's.
func TestALostAcknowledgementIsNoSecondResult(t *testing.T) {
	p := newPlace(t, queue.Config{})
	cut := new(atomic.Bool)
	nc, err := nats.Connect(p.server.URL(), nats.SetCustomDialer(cutting{cut: cut}), nats.ReconnectWait(10*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- queue.Serve(ctx, nc, swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			held, err := swarm.Reserve(ctx, swarm.Call{Model: "m", Price: &swarm.Price{}})
			if err == nil {
				held.Settle(swarm.Usage{In: 10}, nil)
			}
			return swarm.Say(st.Item), err
		}), p.cfg)
	}()
	a, err := p.run(swarm.Swarm{Worker: p.queue()}, items(2))
	until(t, "the worker has no message left", func() bool { return p.stream("WORK").Msgs == 0 })
	cancel()
	if served := <-ended; served != nil {
		t.Error(served)
	}
	nc.Close()
	if err != nil || !cut.Load() || a.Coverage.Done != 2 || a.Report.Usage.Calls != 2 || p.stream("DONE").Msgs != 2 {
		t.Errorf("%v, cut %v, %+v, %+v, %d results", err, cut.Load(), a.Coverage, a.Report.Usage, p.stream("DONE").Msgs)
	}
}
