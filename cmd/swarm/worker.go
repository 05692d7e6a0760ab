package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/db31e724/go-swarm/swarm/queue"
	"github.com/db31e724/go-swarm/workers"
)

// envToken is the token of the queue's server.
const envToken = "NATS_TOKEN"

// runWorker serves a queue with a pool of models until it is interrupted.
func runWorker(ctx context.Context, args []string, stdout, stderr io.Writer, getenv func(string) string) error {
	var at, file string
	var c queue.Config
	f := flag.NewFlagSet("swarm worker", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&at, "nats", nats.DefaultURL, "`URL` of the queue's server; "+envToken+" is its token")
	f.StringVar(&file, "config", "", "JSON `file` with fields of workers.Config, such as Backends; a Key of \"$NAME\" stands in the environment")
	f.StringVar(&c.Name, "name", "", "`name` of the queue (default swarm)")
	f.StringVar(&c.Worker, "worker", "", "`name` of this worker in reports (default host and process number)")
	f.IntVar(&c.Slots, "slots", 0, "most subtasks at once (default 16)")
	f.DurationVar(&c.AckWait, "ackwait", 0, "how long a worker may be silent, as the run has it (default 30s)")
	if err := f.Parse(args); err != nil {
		return usageError{err}
	}
	if file == "" || f.NArg() > 0 {
		return usageError{errors.New("-config FILE is needed, and nothing else but flags")}
	}
	text, err := os.Open(file)
	if err != nil {
		return err
	}
	defer text.Close()
	var p workers.Config
	d := json.NewDecoder(text)
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for i := range p.Backends {
		b := &p.Backends[i]
		if name, ok := strings.CutPrefix(b.Key, "$"); ok {
			if b.Key = getenv(name); b.Key == "" {
				return fmt.Errorf("%s: Backends[%d].Key is $%s, which is not set", file, i, name)
			}
		}
	}
	models, err := workers.NewPool(p)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	defer models.Close()
	conn, err := nats.Connect(at, nats.Token(getenv(envToken)), nats.MaxReconnects(-1))
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprintf(stdout, "serving the queue at %s\n", conn.ConnectedUrlRedacted())
	return queue.Serve(ctx, conn, workers.Check(models, workers.Quotes), c)
}
