// Package queue lets workers on other machines take the subtasks of a run, over
// NATS JetStream.
//
//	process of the run              JetStream                  worker processes
//	New: a swarm.Worker ──publish──▶ work, one message a subtask ──pull──▶ Serve ──▶ any swarm.Worker
//	        ▲                                                                   │
//	        └────────────── results, of each subtask the first ◀────────────────┘ then the message is acknowledged
//
// The server is one in this process (Embedded), or any NATS server or cluster with
// JetStream: the caller's nats.Conn says which, with its authentication and TLS.
//
// What is promised: each result is recorded once, and a subtask whose result is
// recorded is never begun again. A subtask is begun again only where its worker died,
// or was not heard of for two thirds of AckWait. A run that dies and starts
// again under the same Run takes the results that came meanwhile.
package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/db31e724/go-swarm/swarm"
)

// version is that of the messages. It stands in the subjects, so that a worker never
// sees a message that it cannot read.
const version = "v1"

// Config says which queue, and how it is used. The zero value is right for most.
type Config struct {
	// Both sides must agree on these.

	// Name of the queue: letters, digits, '_' and '-'. Empty: "swarm".
	Name string
	// Replicas is how many servers of a cluster keep each message. 0: 1.
	Replicas int
	// AckWait is how long a worker may be silent until another one is given its
	// subtask. 0: 30 s.
	AckWait time.Duration
	// Keep is how long results wait for a run that died. 0: 7 days.
	Keep time.Duration

	// Of New.

	// Run is the name of the run, of the same signs as Name. A process that goes on
	// with a run needs the same one, to take what came meanwhile; two runs at the same
	// time need different ones. Empty: a random one.
	Run string
	// Ahead is the most subtasks that are handed over and not answered. What the
	// workers have no room for should wait with the engine, which chooses the most
	// urgent when a turn is free. 0: 64.
	Ahead int
	// Lend is the most that a worker may spend on one subtask: Calls, In and Out, Cost. It is
	// set aside in the run's Budget until the subtask has ended, so that hard limits hold across
	// machines. Zero: nothing is set aside, and a limit is noticed once it is passed.
	Lend swarm.Usage

	// Of Serve.

	// Worker is the name of this worker process in events and reports. Empty: host
	// and process number.
	Worker string
	// Slots is the most subtasks that are worked on at once. 0: 16.
	Slots int
	// Tries is how often a subtask may be begun: after that many workers died of it, it
	// fails. From the third time on it is worked on alone. 0: 4.
	Tries int
	// Grace is how long Serve lets what is under way go on once its context has ended. 0: 30 s.
	Grace time.Duration
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// filled returns c with its defaults, or what of it cannot work.
func (c Config) filled() (Config, error) {
	for field, v := range reflect.ValueOf(c).Fields() {
		if v.CanInt() && v.Int() < 0 {
			return c, fmt.Errorf("queue: Config.%s is %v: it must be positive, or 0 for the default", field.Name, v)
		}
	}
	host, _ := os.Hostname()
	c.Name = cmp.Or(c.Name, "swarm")
	c.Worker = cmp.Or(c.Worker, fmt.Sprintf("%s-%d", host, os.Getpid()))
	c.Replicas = cmp.Or(c.Replicas, 1)
	c.AckWait = cmp.Or(c.AckWait, 30*time.Second)
	c.Keep = cmp.Or(c.Keep, 7*24*time.Hour)
	c.Ahead = cmp.Or(c.Ahead, 64)
	c.Slots = cmp.Or(c.Slots, 16)
	c.Tries = cmp.Or(c.Tries, 4)
	c.Grace = cmp.Or(c.Grace, 30*time.Second)
	for field, name := range map[string]string{"Name": c.Name, "Run": c.Run} {
		if name != "" && !plainName.MatchString(name) {
			return c, fmt.Errorf("queue: Config.%s is %q: it must be of letters, digits, '_' and '-', at most a hundred", field, name)
		}
	}
	return c, nil
}

// Kinds of streams. Each keeps one message a subject.
const (
	work  = "work"  // RUN.KEY: a subtask that waits, or is worked on
	done  = "done"  // RUN.KEY: its result
	claim = "claim" // RUN.KEY: who is at it: a server that crashed forgets what it had handed out, and does so again
	parts = "part"  // HASH.NUMBER: a piece of a large text
)

func (c *Config) stream(kind string) string {
	return strings.ToUpper(c.Name + "_" + version + "_" + kind)
}

func (c *Config) subject(kind string, tokens ...string) string {
	return strings.Join(append([]string{c.Name, version, kind}, tokens...), ".")
}

// link is what both sides use of a queue.
type link struct {
	cfg  Config
	js   jetstream.JetStream
	kept map[string]jetstream.Stream // by kind
}

// connect makes the link to a queue, with streams that are not there yet.
func connect(ctx context.Context, nc *nats.Conn, cfg Config) (*link, error) {
	cfg, err := cfg.filled()
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	l := &link{cfg: cfg, js: js}
	err = l.try(ctx, func() (err error) { l.kept, err = l.streams(ctx); return err })
	return l, err
}

// streams returns the streams by kind, and makes those that are not there. They stay
// good where a stream is deleted and made again.
func (l *link) streams(ctx context.Context) (map[string]jetstream.Stream, error) {
	all := map[string]jetstream.Stream{}
	for _, kind := range []string{work, done, claim, parts} {
		s := jetstream.StreamConfig{
			Name: l.cfg.stream(kind), Subjects: []string{l.cfg.subject(kind, ">")}, Storage: jetstream.FileStorage, Replicas: l.cfg.Replicas,
			MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, AllowDirect: true, MaxMsgs: -1, MaxBytes: -1,
			Duplicates: 100 * time.Millisecond, // message IDs are not used: they would swallow what is published again
			MaxAge:     l.cfg.Keep,
		}
		switch kind {
		case work:
			s.Retention, s.MaxAge = jetstream.WorkQueuePolicy, 0
		case claim:
			s.Discard, s.DiscardNewPerSubject = jetstream.DiscardOld, false // replaced, by compare and set
		}
		made, err := l.js.CreateStream(ctx, s)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			made, err = l.js.Stream(ctx, s.Name) // with other settings: those stay
		}
		if err != nil {
			return nil, fmt.Errorf("queue: stream %s: %w", s.Name, err)
		}
		all[kind] = made
	}
	return all, nil
}

// publish stores a message; taken tells of its error that there was one already.
func (l *link) publish(ctx context.Context, m *nats.Msg) error {
	return l.try(ctx, func() error {
		_, err := l.js.PublishMsg(ctx, m, jetstream.WithRetryAttempts(0))
		return err
	})
}

// get returns the message of a subject; nil: there is none.
func (l *link) get(ctx context.Context, kind, subject string) (m *jetstream.RawStreamMsg, err error) {
	err = l.try(ctx, func() error {
		m, err = l.kept[kind].GetLastMsgForSubject(ctx, subject)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		return err
	})
	return m, err
}

// taken says that the one message of a subject is there already.
func taken(err error) bool {
	return err != nil && strings.Contains(err.Error(), "maximum messages per subject")
}

// try calls f until it succeeds, its error is one that no waiting mends, or ctx
// ends: a server that is away, or elects a leader, comes back, and streams that are
// gone are made anew.
func (l *link) try(ctx context.Context, f func() error) error {
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := f()
		if err == nil || taken(err) {
			return err
		}
		if errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrStreamNotFound) {
			_, _ = l.streams(ctx)
		}
		if api, ok := errors.AsType[*jetstream.APIError](err); ok && api.Code != 503 && api.Code != 404 {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(wait):
		}
	}
}
