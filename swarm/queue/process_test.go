package queue_test

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

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
		embed(os.Getenv("QUEUE_URL"), os.Getenv("QUEUE_DIR"))
		select {}
	case "node":
		beNode(os.Getenv("QUEUE_URL"), os.Getenv("QUEUE_DIR"), os.Getenv("QUEUE_ID"))
	case "run":
		beRun(os.Getenv("QUEUE_URL"), os.Getenv("QUEUE_DIR"), os.Getenv("QUEUE_ID"))
	default:
		os.Exit(m.Run())
	}
}

var kills = flag.Int("kills", 2, "how often tests kill a process of each kind")

const chaosWait = 1200 * time.Millisecond // AckWait

// waitOn is AckWait on the servers at url: a cluster is away for seconds when it elects a leader.
func waitOn(url string) time.Duration {
	if strings.Contains(url, ",") {
		return 10 * time.Second
	}
	return chaosWait
}

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
	if err := queue.Serve(context.Background(), nc, w, queue.Config{AckWait: waitOn(url), Replicas: strings.Count(url, ",") + 1, Worker: id, Slots: 4}); err != nil {
		panic(err)
	}
}

func embed(addr, dir string) *queue.Server {
	s, err := queue.Embedded(queue.Embedding{Dir: filepath.Join(dir, "server"), Listen: addr})
	if err != nil {
		panic(err)
	}
	return s
}

// beNode is one of a cluster's servers. addrs holds those for clients and those for the servers, in order.
func beNode(addrs, dir, id string) {
	all := strings.Fields(addrs)
	n := int(id[0] - '0')
	var routes []string
	for _, a := range all[len(all)/2:] {
		routes = append(routes, "nats://"+a)
	}
	port := func(addr string) int {
		p, err := strconv.Atoi(addr[strings.LastIndexByte(addr, ':')+1:])
		if err != nil {
			panic(err)
		}
		return p
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "node" + id, Host: "127.0.0.1", Port: port(all[n]), JetStream: true, StoreDir: filepath.Join(dir, "node"+id), NoSigs: true, NoLog: true,
		JetStreamMaxMemory: -1, JetStreamMaxStore: -1,
		Cluster: server.ClusterOpts{Name: "c", Host: "127.0.0.1", Port: port(all[len(all)/2+n])}, Routes: server.RoutesFromStr(strings.Join(routes, ",")),
	})
	if err != nil {
		panic(err)
	}
	s.Start()
	select {}
}

// beRun is the run "mine" over as many subtasks as n says. With a word after n it also
// keeps a journal in dir, or embeds the server.
func beRun(url, dir, n string) {
	n, how, _ := strings.Cut(n, " ")
	count, err := strconv.Atoi(n)
	if err != nil {
		panic(err)
	}
	s := swarm.Swarm{Planner: overItems(numbers(count)...)}
	var nc *nats.Conn
	if how == "embedded" {
		nc, err = embed(url, dir).Connect()
	} else {
		nc, err = nats.Connect(url)
	}
	if err != nil {
		panic(err)
	}
	if how == "journal" {
		s.Journal = diary(filepath.Join(dir, "diary"))
	}
	if s.Worker, err = queue.New(context.Background(), nc, queue.Config{AckWait: chaosWait, Run: "mine"}); err != nil {
		panic(err)
	}
	a, err := s.Run(context.Background(), swarm.Task{Goal: "g"})
	if err != nil {
		panic(err)
	}
	done := 0
	for r := range a.Results() {
		if r.Outcome == swarm.Done && r.Out.Text() == "of "+r.Item {
			done++
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "answered"), fmt.Append(nil, done), 0o600); err != nil {
		panic(err)
	}
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

// addrs are addresses on loopback that nobody listens at, for servers that take the same ones again.
func addrs(t *testing.T, n int) []string {
	t.Helper()
	var all []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // it only held the address
		all = append(all, l.Addr().String())
	}
	return all
}

// again are the subtasks that were begun once more though the worker that had begun them lived on.
func again(dir, alive string) (n int) {
	data, _ := os.ReadFile(filepath.Join(dir, "log"))
	its := map[string]bool{}
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
		switch f := strings.Fields(s.Text()); {
		case len(f) != 3 || f[0] != "begin":
		case its[f[2]]:
			n++
		default:
			its[f[2]] = f[1] == alive
		}
	}
	return n
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
