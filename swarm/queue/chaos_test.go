package queue_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/queue"
)

// TestMain is also the main of the processes that the tests start and kill.
func TestMain(m *testing.M) {
	switch os.Getenv("QUEUE_TEST") {
	case "worker":
		beWorker(os.Getenv("QUEUE_URL"), os.Getenv("QUEUE_DIR"), os.Getenv("QUEUE_ID"))
	case "server":
		if _, err := queue.Embedded(queue.Embedding{Dir: os.Getenv("QUEUE_DIR"), Listen: os.Getenv("QUEUE_URL")}); err != nil {
			panic(err)
		}
		select {}
	case "run":
		beRun(os.Getenv("QUEUE_URL"))
	default:
		os.Exit(m.Run())
	}
}

const chaosWait = 1200 * time.Millisecond // AckWait

// beWorker logs what it begins and ends. One call of a dollar's worth is made for each subtask.
func beWorker(url, dir, id string) {
	nc, err := nats.Connect(url, nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		panic(err)
	}
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	w := swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		r, err := swarm.Reserve(ctx, swarm.Call{Model: "m", Price: &swarm.Price{In: swarm.Dollar}, Est: swarm.Usage{In: 1000}})
		if err != nil {
			return swarm.Output{}, err
		}
		defer r.Settle(swarm.Usage{In: 1000}, nil)
		fmt.Fprintf(log, "begin %s %s\n", id, st.Item)
		switch {
		case st.Item == "poison":
			os.Exit(3)
		case st.Item == "held" && id == "first":
			for !exists(filepath.Join(dir, "go")) {
				time.Sleep(10 * time.Millisecond)
			}
		default:
			time.Sleep(5 * time.Millisecond)
		}
		fmt.Fprintf(log, "end %s %s\n", id, st.Item)
		return swarm.Say("of " + st.Item), nil
	})
	if err := queue.Serve(context.Background(), nc, w, queue.Config{AckWait: chaosWait, Worker: id, Slots: 4}); err != nil {
		panic(err)
	}
}

// named is the run of 300 subtasks that is killed and gone on with.
func named(w swarm.Worker) swarm.Swarm {
	return swarm.Swarm{Planner: overItems(numbers(300)...), Worker: w}
}

func beRun(url string) {
	nc, err := nats.Connect(url)
	if err != nil {
		panic(err)
	}
	w, err := queue.New(context.Background(), nc, queue.Config{AckWait: chaosWait, Run: "mine"})
	if err != nil {
		panic(err)
	}
	s := named(w)
	_, _ = s.Run(context.Background(), swarm.Task{Goal: "g"})
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// spawn starts one of the processes above, and kills it at the test's end.
func spawn(t *testing.T, kind, url, dir, id string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "QUEUE_TEST="+kind, "QUEUE_URL="+url, "QUEUE_DIR="+dir, "QUEUE_ID="+id)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(c) })
	return c
}

func kill(c *exec.Cmd) {
	_ = c.Process.Kill()
	_ = c.Wait()
}

// lines are those of the workers' log that begin so.
func lines(dir, prefix string) (n int) {
	data, _ := os.ReadFile(filepath.Join(dir, "log"))
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
		if strings.HasPrefix(s.Text(), prefix) {
			n++
		}
	}
	return n
}

func chaos(t *testing.T) *place {
	if testing.Short() {
		t.Skip("it starts and kills processes")
	}
	t.Parallel()
	return newPlace(t, queue.Config{AckWait: chaosWait})
}

func overItems(items ...string) planner.Fixed {
	return planner.Fixed{Steps: []swarm.Step{{ID: "s", Do: "say it", Over: swarm.Items, Items: items}}}
}

func numbers(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(i)
	}
	return out
}

func run(t *testing.T, s swarm.Swarm) *swarm.Answer {
	t.Helper()
	a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
	if err != nil {
		t.Error(err)
	}
	return a
}

// on is the run's side of the queue at a connection.
func on(t *testing.T, nc *nats.Conn, cfg queue.Config) *queue.Queue {
	t.Helper()
	cfg.AckWait = chaosWait
	q, err := queue.New(t.Context(), nc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.Close)
	return q
}

// whole fails t if a result is missing or is another's.
func whole(t *testing.T, a *swarm.Answer, n int) {
	t.Helper()
	done := 0
	for r := range a.Results() {
		if r.Outcome == swarm.Done && r.Out.Text() == "of "+r.Item {
			done++
		} else {
			t.Errorf("%s: %v %v %q", r.ID(), r.Outcome, r.Err, r.Out.Text())
		}
	}
	if done != n {
		t.Errorf("%d of %d are whole", done, n)
	}
}

func TestKilledWorkersLoseNothing(t *testing.T) {
	s := chaos(t)
	dir := t.TempDir()
	stop := make(chan struct{})
	var g sync.WaitGroup
	spawn(t, "worker", s.server.URL(), dir, "stays")
	g.Go(func() {
		for i := 0; ; i++ {
			c := spawn(t, "worker", s.server.URL(), dir, fmt.Sprint("killed", i))
			for lines(dir, fmt.Sprint("begin killed", i)) < 10 {
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
			kill(c)
		}
	})
	a := run(t, swarm.Swarm{Planner: overItems(numbers(600)...), Worker: on(t, s.connect(), queue.Config{})})
	close(stop)
	g.Wait()
	whole(t, a, 600)
	ends, kills := lines(dir, "end"), len(a.Report.Elsewhere)-1
	if again := lines(dir, "begin") - 600; kills < 3 || again > 4*kills || ends > 600+4*kills {
		t.Errorf("%d kills, %d begun again, %d ended", kills, again, ends)
	}
}

// With its workers alive nothing of a run that is killed is begun again.
func TestAKilledRunBeginsNothingAgain(t *testing.T) {
	s := chaos(t)
	dir := t.TempDir()
	spawn(t, "worker", s.server.URL(), dir, "one")
	for i := range 5 {
		c := spawn(t, "run", s.server.URL(), dir, "")
		until(t, "some are worked on", func() bool { return lines(dir, "end") > 30*(i+1) })
		kill(c)
	}
	whole(t, run(t, named(on(t, s.connect(), queue.Config{Run: "mine"}))), 300)
	if n := lines(dir, "begin"); n != 300 {
		t.Errorf("%d were begun for 300", n)
	}
}

// A worker that stands still for longer than AckWait is taken for dead; what it ends later is
// refused, and its cost booked once.
func TestAStoppedWorkersRefusedResultIsBookedOnce(t *testing.T) {
	s := chaos(t)
	dir := t.TempDir()
	first := spawn(t, "worker", s.server.URL(), dir, "first")
	var g sync.WaitGroup
	g.Go(func() {
		until(t, "the first has begun", func() bool { return lines(dir, "begin first held") == 1 })
		_ = first.Process.Signal(syscall.SIGSTOP)
		spawn(t, "worker", s.server.URL(), dir, "second")
		until(t, "the second has ended it", func() bool { return lines(dir, "end second held") == 1 })
		if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
			t.Error(err)
		}
		_ = first.Process.Signal(syscall.SIGCONT)
	})
	sw := swarm.Swarm{Planner: overItems("held", "wait"), Worker: on(t, s.connect(), queue.Config{})}
	remote := sw.Worker
	sw.Worker = swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Item == "wait" { // what the first one used comes with the next result
			until(t, "the first has told what it used", func() bool { return s.stream("DONE").Msgs == 2 })
		}
		return remote.Work(ctx, st)
	})
	a := run(t, sw)
	g.Wait()
	whole(t, a, 2)
	if u := a.Report.Usage; u.Calls != 3 || u.Cost != 3_000_000 || a.Report.Elsewhere["first"]+a.Report.Elsewhere["second"] != 2 {
		t.Errorf("%+v %v", u, a.Report.Elsewhere)
	}
}

// What ends its workers fails in the end, and nothing else does.
func TestOnlyThePoisonOfProcessesFails(t *testing.T) {
	s := chaos(t)
	dir := t.TempDir()
	stop := make(chan struct{})
	var g sync.WaitGroup
	g.Go(func() {
		for i := 0; ; i++ {
			c := spawn(t, "worker", s.server.URL(), dir, fmt.Sprint("w", i))
			gone := make(chan struct{})
			g.Go(func() { _ = c.Wait(); close(gone) })
			select {
			case <-gone:
			case <-stop:
				_ = c.Process.Kill()
				return
			}
		}
	})
	items := append(numbers(20), "poison")
	a := run(t, swarm.Swarm{Planner: overItems(append(items, numbers(20)...)...), Worker: on(t, s.connect(), queue.Config{})})
	close(stop)
	g.Wait()
	for r := range a.Results() {
		switch {
		case r.Item != "poison" && r.Outcome != swarm.Done:
			t.Errorf("%s: %v", r.Item, r.Err)
		case r.Item == "poison" && (r.Outcome != swarm.Failed || !strings.Contains(r.Err.Error(), "4 workers began it") || !strings.Contains(r.Err.Error(), "w0")):
			t.Errorf("%v: %v", r.Outcome, r.Err)
		}
	}
	if n := lines(dir, "begin w"); n < 44 || n > 44+16 {
		t.Errorf("%d were begun", n)
	}
}

func TestDeletedStreamsAreMadeAgain(t *testing.T) {
	s := chaos(t)
	dir := t.TempDir()
	spawn(t, "worker", s.server.URL(), dir, "one")
	nc := s.connect()
	var g sync.WaitGroup
	g.Go(func() {
		js, err := jetstream.New(nc)
		if err != nil {
			t.Error(err)
			return
		}
		for i, kind := range []string{"WORK", "DONE", "CLAIM", "PART"} {
			until(t, "some are worked on", func() bool { return lines(dir, "end") > 20*(i+1) })
			if err := js.DeleteStream(t.Context(), "SWARM_V1_"+kind); err != nil {
				t.Error(err)
			}
		}
	})
	a := run(t, swarm.Swarm{Planner: overItems(numbers(200)...), Worker: on(t, s.connect(), queue.Config{})})
	g.Wait()
	whole(t, a, 200)
}

// A server that is killed loses no result and costs little.
func TestAKilledServerLosesNothing(t *testing.T) {
	chaos(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close() // the server takes the port, again and again
	dir := t.TempDir()
	url := "nats://" + addr
	c := spawn(t, "server", addr, dir, "")
	spawn(t, "worker", url, dir, "one")
	spawn(t, "worker", url, dir, "two")
	var nc *nats.Conn
	until(t, "the server is there", func() bool {
		nc, err = nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
		return err == nil
	})
	t.Cleanup(nc.Close)
	var g sync.WaitGroup
	g.Go(func() {
		for i := range 3 {
			until(t, "some are worked on", func() bool { return lines(dir, "end") > 50*(i+1) })
			kill(c)
			c = spawn(t, "server", addr, dir, "")
		}
	})
	a := run(t, swarm.Swarm{Planner: overItems(numbers(400)...), Worker: on(t, nc, queue.Config{})})
	g.Wait()
	whole(t, a, 400)
	if n := lines(dir, "begin"); n > 400+12 {
		t.Errorf("%d were begun for 400", n)
	}
}
