package queue

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/semaphore"

	"github.com/db31e724/go-swarm/swarm"
)

// Serve takes subtasks of a queue and gives them to w, until ctx ends. It then takes
// no more, lets what is under way go on for Grace, and gives the rest back. It waits
// where the server is away, and returns an error only where no waiting helps.
func Serve(ctx context.Context, nc *nats.Conn, w swarm.Worker, cfg Config) error {
	l, err := connect(ctx, nc, cfg)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	slots := int64(l.cfg.Slots)
	s := &serving{
		link: l, worker: w, store: newStore(l), slots: semaphore.NewWeighted(slots), room: semaphore.NewWeighted(slots + max(slots/4, 1)),
		live: map[string]context.CancelCauseFunc{}, taken: map[string]bool{},
	}
	cancels, err := nc.Subscribe(l.cfg.subject("cancel", "*"), s.cancel)
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	defer cancels.Unsubscribe() //nolint:errcheck // the connection may be gone
	on, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	err = s.pull(ctx, on)
	late := time.AfterFunc(l.cfg.Grace, kill)
	defer late.Stop()
	s.busy.Wait()
	return err
}

// serving is a process that serves a queue.
type serving struct {
	*link
	worker swarm.Worker
	store  *store
	room   *semaphore.Weighted // for subtasks that are here: those that are worked on, and a few that wait for a slot
	slots  *semaphore.Weighted // for those that are worked on
	busy   sync.WaitGroup      // of handle

	mu    sync.Mutex
	live  map[string]context.CancelCauseFunc // by RUN.KEY
	taken map[string]bool                    // of what was taken back, and is not here, or not yet
}

// pull takes messages until ctx ends. It asks for one only where there is room for it,
// and handle keeps it alive from the moment it comes: one that waited in a client's
// buffer would be taken for lost, and given to another worker as well.
func (s *serving) pull(ctx, on context.Context) error {
	for {
		var consumer jetstream.Consumer
		if err := s.try(ctx, func() (err error) {
			consumer, err = s.js.CreateOrUpdateConsumer(ctx, s.cfg.stream(work), jetstream.ConsumerConfig{
				Durable: "workers", AckPolicy: jetstream.AckExplicitPolicy, AckWait: s.cfg.AckWait, MaxAckPending: -1, MaxDeliver: -1, MaxWaiting: 4096,
			})
			return err
		}); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("queue: %w", err)
		}
		var pulling sync.WaitGroup
		for range 2 { // one asks while the other hands out
			pulling.Go(func() {
				for ctx.Err() == nil && s.fetch(ctx, on, consumer) == nil {
				}
			})
		}
		pulling.Wait()
		if ctx.Err() != nil {
			return nil
		}
	}
}

// fetch takes as many messages as there is room for, a quarter of all at the most.
func (s *serving) fetch(ctx, on context.Context, consumer jetstream.Consumer) error {
	if err := s.room.Acquire(ctx, 1); err != nil {
		return err
	}
	n := 1
	for n < s.cfg.Slots/4+1 && s.room.TryAcquire(1) {
		n++
	}
	wait, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	batch, err := consumer.Fetch(n, jetstream.FetchContext(wait))
	if err == nil {
		for m := range batch.Messages() {
			n--
			s.busy.Go(func() {
				defer s.room.Release(1)
				s.handle(on, m)
			})
		}
		err = batch.Error()
	}
	s.room.Release(int64(n))
	if err == nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) || ctx.Err() != nil {
		return nil
	}
	select { // the server is away, or the consumer was deleted
	case <-ctx.Done():
	case <-time.After(50 * time.Millisecond):
	}
	return err
}

var errTakenBack = errors.New("the run does not need the subtask any more")

// cancel stops a subtask that its run has taken back: its key is the message.
func (s *serving) cancel(m *nats.Msg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := runOf(m.Subject) + "." + string(m.Data)
	if stop := s.live[id]; stop != nil {
		stop(errTakenBack)
		return
	}
	if len(s.taken) >= mostTaken {
		clear(s.taken)
	}
	s.taken[id] = true
}

// mostTaken bounds what is remembered of subtasks that were taken back.
const mostTaken = 10_000

// runOf is the run that a subject names: NAME.VERSION.KIND.RUN, which KEY may follow.
func runOf(subject string) string { return strings.Split(subject, ".")[3] }

// handle brings one message to its end: worked on and acknowledged, or given back.
func (s *serving) handle(ctx context.Context, m jetstream.Msg) {
	var msg message
	if err := decode(m.Data(), &msg); err != nil {
		_ = m.NakWithDelay(s.cfg.AckWait) // of another build: another worker may read it
		return
	}
	run := runOf(m.Subject())
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	id := run + "." + msg.Key
	s.mu.Lock()
	s.live[id] = stop
	taken := s.taken[id]
	delete(s.taken, id)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.live, id)
	}()
	c := &claimed{server: s, subject: s.cfg.subject(claim, run, msg.Key), result: s.cfg.subject(done, run, msg.Key)}
	beats := s.beat(m, c)
	defer beats()
	if taken { // unless it was handed over anew
		if still, err := s.get(ctx, work, m.Subject()); err == nil && still == nil {
			return
		}
	}

	if s.slots.Acquire(ctx, 1) != nil {
		s.giveBack(ctx, m)
		return
	}
	held := int64(1)
	defer func() { s.slots.Release(held) }()
	begun, err := c.take(ctx)
	if len(begun) > 2 && len(begun) <= s.cfg.Tries && s.cfg.Slots > 1 {
		// If it takes its worker with it again, it must not take others. It is not
		// begun while it waits for that: another one may end the worker.
		c.free()
		s.slots.Release(held)
		held = 0
		if err = s.slots.Acquire(ctx, int64(s.cfg.Slots)); err == nil {
			held = int64(s.cfg.Slots)
			begun, err = c.take(ctx)
		}
	}
	switch {
	case err != nil:
		s.giveBack(ctx, m)
		return
	case len(begun) == 0: // the result is there
		_ = m.Ack()
		return
	}
	began := time.Now()
	r := reply{Worker: s.cfg.Worker}
	if before := begun[:len(begun)-1]; len(begun) > s.cfg.Tries {
		r.Failed = &failure{Text: fmt.Sprintf("given up: %d workers began it, and none of them lived to answer: %s", len(before), strings.Join(before, ", "))}
	} else {
		s.work(ctx, &msg, &r)
	}
	r.Took = time.Since(began)
	if r.Failed != nil && ctx.Err() != nil && context.Cause(ctx) != errTakenBack {
		c.free() // the process ends: another one does it
		s.giveBack(ctx, m)
		return
	}
	s.answer(m, c, &r)
}

// giveBack lets another worker have the subtask, unless nobody wants it any more.
func (s *serving) giveBack(ctx context.Context, m jetstream.Msg) {
	if context.Cause(ctx) == errTakenBack {
		_ = m.Ack()
		return
	}
	_ = m.Nak()
}

// beat says every third of AckWait that the worker is alive, until the function that
// it returns is called.
func (s *serving) beat(m jetstream.Msg, c *claimed) (stop func()) {
	over := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() {
		for tick := time.Tick(s.cfg.AckWait / 3); ; {
			select {
			case <-over:
				return
			case <-tick:
				_ = m.InProgress()
				c.say(func(*word) {})
			}
		}
	})
	return func() {
		close(over)
		beating.Wait()
	}
}

// answer records the result and acknowledges the message. If another worker's is
// there already, that stands, and what this one used is told apart.
func (s *serving) answer(m jetstream.Msg, c *claimed, r *reply) {
	// The run may have been cancelled, or this process be about to end: what was
	// paid for is told all the same.
	ctx, stop := context.WithCancel(context.Background()) // no deadline: each request has its own
	defer stop()
	late := time.AfterFunc(max(s.cfg.Grace, time.Second), stop)
	defer late.Stop()
	if len(r.Out) > mostInline {
		part, err := s.store.save(ctx, r.Out)
		if err != nil {
			r.Failed = failureOf(err)
		}
		r.Out, r.Part = nil, part
	}
	data, err := encode(r)
	if err != nil {
		return // nobody acknowledges it: it is begun again
	}
	err = s.publish(ctx, &nats.Msg{Subject: c.result, Data: data})
	if taken(err) && (len(r.Models) > 0 || r.Usage != (swarm.Usage{})) {
		// What is there is this one where its acknowledgement was lost.
		if there, _ := s.get(ctx, done, c.result); there == nil || !bytes.Equal(there.Data, data) {
			told, _ := encode(&reply{Usage: r.Usage, Models: r.Models, Worker: r.Worker, Took: r.Took})
			err = s.publish(ctx, &nats.Msg{Subject: s.cfg.subject(done, runOf(c.result), extra+rand.Text()), Data: told})
		}
	}
	if err == nil || taken(err) {
		_ = m.Ack()
	}
}

// work runs the worker in a run of its own, whose books are told with the result
// and whose Budget is what was lent: outside of a run no call is counted.
func (s *serving) work(ctx context.Context, msg *message, r *reply) {
	st, err := msg.decode(ctx, s.store)
	if err != nil {
		r.Failed = failureOf(err)
		return
	}
	var out swarm.Output
	lent := msg.Lend
	own := swarm.Swarm{
		Planner: alone{}, Concurrency: 1, Rounds: 1,
		Budget: swarm.Budget{Cost: lent.Cost, Tokens: lent.Tokens(), Calls: lent.Calls, Merge: min(lent.Cost, 1)},
		Observe: func(e swarm.Event) {
			if e.Kind == swarm.CallEnded && e.Model == "" {
				r.Usage = r.Usage.Plus(*e.Usage)
			}
		},
		Worker: swarm.WorkerFunc(func(ctx context.Context, own swarm.Subtask) (swarm.Output, error) {
			st.Run = own.Run
			var err error
			out, err = s.worker.Work(ctx, st)
			books := swarm.Output{Usage: out.Usage, Models: out.Models} // of workers elsewhere still
			out.Usage, out.Models = nil, nil
			return books, err
		}),
	}
	a, err := own.Run(ctx, swarm.Task{Goal: "one subtask"})
	r.Models = a.Report.Models
	for res := range a.Results() {
		err = nil
		if failed, ok := errors.AsType[*swarm.SubtaskError](res.Err); ok {
			err = failed.Err
		}
	}
	if err == nil {
		r.Out, err = encode(&out)
	}
	if err != nil {
		r.Failed = failureOf(err)
	}
}

// alone plans one subtask.
type alone struct{}

func (alone) Plan(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
	return add(swarm.Step{ID: "s", Do: "the subtask"})
}

func (alone) Merge(context.Context, swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
	return swarm.Verdict{}, nil
}

func (alone) Window() int { return 0 }
