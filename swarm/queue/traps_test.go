package queue_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/queue"
)

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in a minute it did not come about that %s", what)
		}
	}
}

// stream is one of the place's streams as it is now.
func (p *place) stream(kind string) jetstream.StreamState {
	p.t.Helper()
	js, err := jetstream.New(p.connect())
	if err != nil {
		p.t.Fatal(err)
	}
	s, err := js.Stream(p.t.Context(), "SWARM_V1_"+kind)
	if err != nil {
		p.t.Fatal(err)
	}
	return s.CachedInfo().State
}

// A run that dies while a worker is at a subtask finds the result under the same
// name. A failure that the one before was told is tried again.
func TestResultsThatCameWhileTheRunWasAwayAreUsed(t *testing.T) {
	for _, failed := range []bool{false, true} {
		p := newPlace(t, queue.Config{Run: "the-run"})
		var begun atomic.Int64
		gate := make(chan struct{})
		p.serve("w", func(context.Context, swarm.Subtask) (swarm.Output, error) {
			n := begun.Add(1)
			<-gate
			if failed && n == 1 {
				return swarm.Output{}, errors.New("not today")
			}
			return swarm.Say("found"), nil
		})
		st := swarm.Subtask{Step: &swarm.Step{ID: "1/s", Do: "find"}, Item: "x"}
		q, err := queue.New(t.Context(), p.connect(), p.cfg)
		if err != nil {
			t.Fatal(err)
		}
		var working sync.WaitGroup
		working.Go(func() { q.Work(t.Context(), st) })
		until(t, "the subtask is begun", func() bool { return begun.Load() == 1 })
		q.Close()
		working.Wait()
		close(gate)
		until(t, "the result is there", func() bool { return p.stream("DONE").Msgs == 1 })
		out, err := p.queue().Work(t.Context(), st)
		want := int64(1)
		if failed {
			want = 2
		}
		if err != nil || out.Text() != "found" || begun.Load() != want {
			t.Errorf("failed %v: %q, %v, begun %d times", failed, out.Text(), err, begun.Load())
		}
	}
}

// deaf serves the queue with workers that die: their connection ends in the middle
// of the subtask, and nothing more is heard of them.
func (p *place) deaf(name string, at func(swarm.Subtask) bool, w swarm.WorkerFunc) {
	nc := p.connect()
	dead := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	cfg := p.cfg
	cfg.Worker, cfg.Grace = name, time.Millisecond
	var serving sync.WaitGroup
	serving.Go(func() {
		queue.Serve(ctx, nc, swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			if at(st) {
				nc.Close()
				cancel()
				<-dead
			}
			return w(ctx, st)
		}), cfg)
	})
	p.t.Cleanup(func() {
		cancel()
		close(dead)
		serving.Wait()
	})
}

func TestASubtaskOfADeadWorkerIsBegunAgain(t *testing.T) {
	p := newPlace(t, queue.Config{AckWait: 300 * time.Millisecond})
	p.deaf("dies", func(swarm.Subtask) bool { return true }, echo)
	q := p.queue()
	var working sync.WaitGroup
	var out swarm.Output
	var err error
	working.Go(func() { out, err = q.Work(t.Context(), swarm.Subtask{Item: "x"}) })
	until(t, "the subtask is claimed", func() bool { return p.stream("CLAIM").Msgs == 1 })
	p.serve("lives", echo)
	working.Wait()
	if err != nil || out.Text() != "x" {
		t.Errorf("%q, %v", out.Text(), err)
	}
}

func TestOnlyThePoisonFails(t *testing.T) {
	p := newPlace(t, queue.Config{AckWait: 300 * time.Millisecond, Tries: 3})
	var died atomic.Int64
	for _, name := range []string{"a", "b", "c"} {
		p.deaf(name, func(st swarm.Subtask) bool { return st.Item == "item 7" && died.Add(1) > 0 }, echo)
	}
	q := p.queue()
	var working sync.WaitGroup
	var a *swarm.Answer
	var err error
	working.Go(func() { a, err = p.run(swarm.Swarm{Worker: q}, items(30)) })
	until(t, "all have died of it", func() bool { return died.Load() == 3 })
	p.serve("d", echo)
	working.Wait()
	if err != nil || a.Coverage.Done != 29 || a.Coverage.Failed != 1 {
		t.Errorf("%v, %+v", err, a.Coverage)
	}
}

func TestWhatKillsEveryWorkerIsGivenUp(t *testing.T) {
	p := newPlace(t, queue.Config{AckWait: 200 * time.Millisecond, Tries: 2})
	for _, name := range []string{"a", "b"} {
		p.deaf(name, func(swarm.Subtask) bool { return true }, echo)
	}
	q := p.queue()
	var working sync.WaitGroup
	var err error
	working.Go(func() { _, err = q.Work(t.Context(), swarm.Subtask{Item: "x"}) })
	until(t, "both have died of it", func() bool { return p.stream("CLAIM").LastSeq >= 2 })
	p.serve("c", echo)
	working.Wait()
	if err == nil || !strings.Contains(err.Error(), "2 workers began it") {
		t.Errorf("%v", err)
	}
}

// frozen is a connection that can be stopped as SIGSTOP stops its process: nothing is
// written, and nothing read.
type frozen struct {
	net.Conn
	ice *sync.RWMutex
}

func (f frozen) Write(p []byte) (int, error) {
	f.ice.RLock()
	defer f.ice.RUnlock()
	return f.Conn.Write(p)
}

func (f frozen) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	f.ice.RLock()
	defer f.ice.RUnlock()
	return n, err
}

func (f frozen) Dial(network, address string) (net.Conn, error) {
	c, err := net.Dial(network, address)
	return frozen{c, f.ice}, err
}

// A worker that was not heard of for longer than AckWait ends after all: the result of the one
// that took over stands, and what the late one used is booked once, with the next result.
func TestWhatALateWorkerUsedIsBookedOnce(t *testing.T) {
	p := newPlace(t, queue.Config{AckWait: 300 * time.Millisecond})
	ice := new(sync.RWMutex)
	slow, err := nats.Connect(p.server.URL(), nats.SetCustomDialer(frozen{ice: ice}))
	if err != nil {
		t.Fatal(err)
	}
	call := func(ctx context.Context, model string) (swarm.Output, error) {
		held, err := swarm.Reserve(ctx, swarm.Call{Model: model, Price: &swarm.Price{}})
		if err == nil {
			held.Settle(swarm.Usage{In: 10}, nil)
		}
		return swarm.Say(model), err
	}
	begun, thaw := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	cfg := p.cfg
	cfg.Worker = "late"
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := queue.Serve(ctx, slow, swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			close(begun)
			<-thaw
			return call(ctx, "late")
		}), cfg); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		serving.Wait()
		slow.Close()
	})
	s := swarm.Swarm{Worker: p.queue(), Planner: planner.Fixed{Steps: []swarm.Step{
		{ID: "a", Do: "first"}, {ID: "b", Do: "second", Needs: []string{"a"}},
	}}}
	var running sync.WaitGroup
	var a *swarm.Answer
	running.Go(func() { a, err = s.Run(t.Context(), swarm.Task{Goal: "g"}) })
	<-begun
	ice.Lock()
	p.serve("other", func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Step.Do == "second" {
			ice.Unlock()
			close(thaw)
			until(t, "the late worker has told what it used", func() bool { return p.stream("DONE").Msgs >= 2 })
		}
		return call(ctx, "other")
	})
	running.Wait()
	if err != nil || a.Report.Models["late"].Calls != 1 || a.Report.Models["other"].Calls != 2 || a.Report.Elsewhere["late"] != 0 {
		t.Errorf("%v, booked %+v", err, a.Report.Models)
	}
}

func TestAMegabyteThatAllNeedIsSentOnce(t *testing.T) {
	p := newPlace(t, queue.Config{})
	p.serve("w", func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Step.Over == swarm.Once {
			return swarm.Say(strings.Repeat("word ", 200_000)), nil
		}
		return swarm.Say(st.From[0].Out.Text()[:4]), nil
	})
	s := swarm.Swarm{Worker: p.queue(), Planner: planner.Fixed{Steps: []swarm.Step{
		{ID: "a", Do: "write"},
		{ID: "b", Do: "read", Over: swarm.Items, Items: items(300), Needs: []string{"a"}},
	}}}
	a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
	if err != nil || a.Coverage.Done != 301 {
		t.Fatalf("%v, %+v", err, a.Coverage)
	}
	if n := p.stream("PART").Msgs; n > 6 { // the result itself, and the message's field with it, in halves
		t.Errorf("the text was stored in %d pieces", n)
	}
}

func TestARunOutlivesTheDeletionOfItsStreams(t *testing.T) {
	p := newPlace(t, queue.Config{AckWait: 300 * time.Millisecond})
	var begun atomic.Int64
	gate := make(chan struct{})
	p.serve("w", func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		if begun.Add(1) == 5 {
			close(gate)
		}
		<-gate
		return echo(ctx, st)
	})
	q := p.queue()
	var working sync.WaitGroup
	var a *swarm.Answer
	var err error
	working.Go(func() { a, err = p.run(swarm.Swarm{Worker: q}, items(100)) })
	until(t, "some are begun", func() bool { return begun.Load() >= 5 })
	js, _ := jetstream.New(p.connect())
	for _, kind := range []string{"WORK", "DONE", "CLAIM", "PART"} {
		_ = js.DeleteStream(t.Context(), "SWARM_V1_"+kind)
	}
	working.Wait()
	if err != nil || a.Coverage.Done != 100 {
		t.Errorf("%v, %+v", err, a.Coverage)
	}
}

func TestACancelledRunTakesBackWhatNobodyHasBegun(t *testing.T) {
	p := newPlace(t, queue.Config{Slots: 1})
	begun := make(chan struct{}, 100)
	var booked atomic.Int64
	p.serve("w", func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		held, err := swarm.Reserve(ctx, swarm.Call{Model: "m", Price: &swarm.Price{}})
		if err != nil {
			return swarm.Output{}, err
		}
		begun <- struct{}{}
		<-ctx.Done()
		held.Settle(swarm.Usage{In: 10}, ctx.Err())
		booked.Add(10)
		return swarm.Output{}, context.Cause(ctx)
	})
	ctx, cancel := context.WithCancel(t.Context())
	s := swarm.Swarm{Worker: p.queue(), Planner: planner.Fixed{Steps: []swarm.Step{{ID: "s", Do: "wait", Over: swarm.Items, Items: items(20)}}}}
	go func() {
		<-begun
		cancel()
	}()
	a, err := s.Run(ctx, swarm.Task{Goal: "g"})
	if !errors.Is(err, context.Canceled) || int64(a.Report.Models["m"].In) != booked.Load() {
		t.Errorf("%v, %d used, booked %+v", err, booked.Load(), a.Report.Models)
	}
	until(t, "nothing is queued", func() bool { return p.stream("WORK").Msgs == 0 })
}

func TestWhoMayConnect(t *testing.T) {
	if _, err := queue.Embedded(queue.Embedding{Dir: t.TempDir(), Listen: "0.0.0.0:0"}); err == nil || !strings.Contains(err.Error(), "Token") {
		t.Errorf("a server for all without a token: %v", err)
	}
	certificate, pool := certified(t)
	s, err := queue.Embedded(queue.Embedding{Dir: t.TempDir(), Listen: "127.0.0.1:0", Token: "secret", TLS: certificate})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if nc, err := nats.Connect(s.URL(), nats.Secure(pool)); err == nil {
		nc.Close()
		t.Error("connected without the token")
	}
	nc, err := nats.Connect(s.URL(), nats.Secure(pool), nats.Token("secret"))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	q, err := queue.New(t.Context(), nc, queue.Config{})
	if err != nil {
		t.Fatal(err)
	}
	q.Close()
}
