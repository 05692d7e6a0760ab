// Distributed runs a swarm whose workers are other processes. It starts a queue, two
// worker processes and a run over a logbook, kills one worker in the middle, and ends
// with the whole answer.
//
//	go run ./examples/distributed
//
// It needs no key and no network: the queue and the models are servers of this process
// on loopback. README.md shows the same on three machines.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/swarm/queue"
	"github.com/db31e724/go-swarm/swarm/source"
	"github.com/db31e724/go-swarm/workers"
)

// ackWait is how long a worker may be silent. Real runs keep the default of 30 s.
const ackWait = 2 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if len(os.Args) == 5 && os.Args[1] == "worker" {
		err = work(ctx, os.Args[2], os.Args[3], os.Args[4])
	} else {
		err = run(ctx, os.Stdout)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// work is a worker process: it serves the queue with a pool of small models.
func work(ctx context.Context, name, at, models string) error {
	pool, err := workers.NewPool(workers.Config{Backends: []model.Backend{{
		BaseURL: models, Model: "mock-small", Slots: 4,
		Price: &swarm.Price{In: swarm.Dollar / 5, Out: 6 * swarm.Dollar / 5},
	}}})
	if err != nil {
		return err
	}
	defer pool.Close()
	conn, err := nats.Connect(at, nats.Token(os.Getenv("QUEUE_TOKEN")), nats.MaxReconnects(-1))
	if err != nil {
		return err
	}
	defer conn.Close()
	return queue.Serve(ctx, conn, workers.Check(pool, workers.Quotes), queue.Config{Worker: name, Slots: 4, AckWait: ackWait})
}

func run(ctx context.Context, out io.Writer) error {
	models := mock.NewServer(mock.Config{}) // or any server that speaks OpenAI's protocol
	defer models.Close()
	large, err := planner.New(planner.Config{Backends: []model.Backend{{
		BaseURL: models.URL(), Model: "mock-large", Price: &swarm.Price{In: 4 * swarm.Dollar, Out: 20 * swarm.Dollar},
	}}})
	if err != nil {
		return err
	}
	defer large.Close()

	const token = "workers of this machine alone"
	server, err := queue.Embedded(queue.Embedding{Listen: "127.0.0.1:0", Token: token})
	if err != nil {
		return err
	}
	defer server.Close()
	own, err := os.Executable()
	if err != nil {
		return err
	}
	var processes []*exec.Cmd
	for _, name := range []string{"anna", "ben"} {
		p := exec.CommandContext(ctx, own, "worker", name, server.URL(), models.URL())
		p.Env = append(os.Environ(), "QUEUE_TOKEN="+token)
		p.Stderr = os.Stderr
		if err := p.Start(); err != nil {
			return err
		}
		defer func() {
			_ = p.Process.Kill()
			_ = p.Wait()
		}()
		processes = append(processes, p)
	}

	conn, err := server.Connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	elsewhere, err := queue.New(ctx, conn, queue.Config{Ahead: 8, AckWait: ackWait})
	if err != nil {
		return err
	}
	defer elsewhere.Close()

	src, err := source.Chunk(source.Text{Name: "logbook.md", Body: logbook(), Format: source.Markdown}, source.Options{Size: 60})
	if err != nil {
		return err
	}
	done := 0
	s := swarm.Swarm{Planner: large, Worker: elsewhere, Observe: func(e swarm.Event) {
		if e.Kind == swarm.SubtaskEnded {
			if done++; done == 10 {
				fmt.Fprintln(out, "ten pieces are read: anna is killed")
				_ = processes[0].Process.Kill()
			}
		}
	}}
	answer, err := s.Run(ctx, swarm.Task{Goal: "When did the lock close because of ice?", Sources: []swarm.Source{src}})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, answer.Text)
	for i, c := range answer.Citations {
		fmt.Fprintf(out, "[%d] %s, line %d, verified: %t\n", i+1, c.Source, c.Line, c.Verified)
	}
	c := answer.Coverage
	fmt.Fprintf(out, "%d of %d chunks read, %d failed; worked: %v; %s\n", c.ChunksRead, c.ChunksKnown, c.Failed, answer.Report.Elsewhere, answer.Report.Usage.Cost)
	if c.Failed > 0 {
		return errors.New("a subtask was lost")
	}
	return nil
}

// logbook is the book of a lock.
func logbook() string {
	var b strings.Builder
	b.WriteString("# Logbook of the lock\n")
	for day := 1; day <= 60; day++ {
		fmt.Fprintf(&b, "\n## Day %d\n\n", day)
		if day == 37 {
			b.WriteString("The lock closed at noon because of ice on the gates, and opened again in the evening.\n")
			continue
		}
		fmt.Fprintf(&b, "%d boats went up and %d went down. The water stood at %d centimetres, and the wind was light.\n", day*7%23, day*5%19, 200+day*3%40)
	}
	return b.String()
}
