package queue_test

import (
	"cmp"
	"context"
	"fmt"
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

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/queue"
)

func chaos(t *testing.T) *place {
	if testing.Short() {
		t.Skip("it starts and kills processes")
	}
	t.Parallel()
	return newPlace(t, queue.Config{AckWait: chaosWait})
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
	cfg.AckWait = cmp.Or(cfg.AckWait, chaosWait)
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
	n := 200 * *kills
	a := run(t, swarm.Swarm{Planner: overItems(numbers(n)...), Worker: on(t, s.connect(), queue.Config{})})
	close(stop)
	g.Wait()
	whole(t, a, n)
	killed, begun := len(a.Report.Elsewhere)-1, lines(dir, "begin")
	if killed < min(*kills, 2) || begun > n+4*killed || lines(dir, "end") > n+4*killed || again(dir, "stays") > 0 {
		t.Errorf("%d kills, %d begun for %d, %d of a worker that lived", killed, begun, n, again(dir, "stays"))
	}
	t.Logf("%d workers killed: %d subtasks, %d begun", killed, n, begun)
}

// With its workers alive nothing of a run that is killed is begun again, unless it takes the server along.
func TestAKilledRunLosesNothing(t *testing.T) {
	for _, how := range []string{"plain", "journal", "embedded"} {
		t.Run(how, func(t *testing.T) {
			dir, n := t.TempDir(), 100**kills
			if err := os.Mkdir(filepath.Join(dir, "diary"), 0o700); err != nil {
				t.Fatal(err)
			}
			url := ""
			if how == "embedded" {
				url = addrs(t, 1)[0]
				chaos(t)
				spawn(t, "worker", "nats://"+url, dir, "one")
			} else {
				url = chaos(t).server.URL()
				spawn(t, "worker", url, dir, "one")
			}
			for i := range *kills {
				c := spawn(t, "run", url, dir, fmt.Sprint(n, " ", how))
				until(t, "some are worked on", func() bool { return lines(dir, "end") > 60*(i+1) })
				kill(c)
			}
			if err := spawn(t, "run", url, dir, fmt.Sprint(n, " ", how)).Wait(); err != nil {
				t.Error(err)
			}
			if data, err := os.ReadFile(filepath.Join(dir, "answered")); string(data) != fmt.Sprint(n) {
				t.Errorf("%s of %d are whole, %v", data, n, err)
			}
			begun := lines(dir, "begin")
			if most := map[bool]int{true: 4 * *kills}[how == "embedded"]; begun > n+most {
				t.Errorf("%d were begun for %d", begun, n)
			}
			t.Logf("%d runs killed: %d subtasks, %d begun", *kills, n, begun)
		})
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

// A server that is killed loses no result and costs little, alone or one of three.
func TestAKilledServerLosesNothing(t *testing.T) {
	for _, servers := range []int{1, 3} {
		t.Run(fmt.Sprint(servers), func(t *testing.T) {
			chaos(t)
			dir, n := t.TempDir(), 130**kills
			all := addrs(t, 2*servers)
			url := "nats://" + strings.Join(all[:servers], ",nats://")
			start := func(i int) *exec.Cmd {
				if servers == 1 {
					return spawn(t, "server", all[0], dir, "")
				}
				return spawn(t, "node", strings.Join(all, " "), dir, fmt.Sprint(i))
			}
			var running []*exec.Cmd
			for i := range servers {
				running = append(running, start(i))
			}
			spawn(t, "worker", url, dir, "one")
			spawn(t, "worker", url, dir, "two")
			nc, err := nats.Connect(url, nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true), nats.ReconnectWait(50*time.Millisecond))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(nc.Close)
			var g sync.WaitGroup
			g.Go(func() {
				for i := range *kills {
					until(t, "some are worked on", func() bool { return lines(dir, "end") > 100*(i+1) })
					kill(running[i%servers])
					running[i%servers] = start(i % servers)
				}
			})
			a := run(t, swarm.Swarm{Planner: overItems(numbers(n)...), Worker: on(t, nc, queue.Config{AckWait: waitOn(url), Replicas: servers})})
			g.Wait()
			whole(t, a, n)
			begun := lines(dir, "begin")
			if begun > n+4**kills {
				t.Errorf("%d were begun for %d", begun, n)
			}
			t.Logf("%d of %d servers killed: %d subtasks, %d begun", *kills, servers, n, begun)
		})
	}
}
