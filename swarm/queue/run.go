package queue

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/db31e724/go-swarm/swarm"
)

// Queue is a [swarm.Worker] whose subtasks are worked on by the processes that
// Serve the queue. While a subtask waits for its result its place in the run is free,
// so Swarm.Concurrency need not be as large as all workers together. Usage comes with
// the results and is booked by model. It serves one run; safe for concurrent use.
type Queue struct {
	*link
	nc    *nats.Conn
	enc   encoder
	ahead chan struct{} // turns
	ended context.Context
	end   context.CancelCauseFunc
	group sync.WaitGroup

	mu      sync.Mutex
	waiting map[string]*waiting    // by key
	early   map[string][]byte      // results that were there before they were asked for
	extra   map[string]swarm.Usage // by model, of workers whose result came second: told with the next one
	told    []string               // the keys of their messages, which are removed then
}

// waiting is a subtask that was handed over.
type waiting struct {
	reply   chan []byte // holds one
	since   time.Time
	subtask swarm.Subtask
}

var errClosed = errors.New("queue: the Queue is closed")

// New makes the run's side of a queue, with streams that are not there yet. Close it
// once the run has ended.
func New(ctx context.Context, nc *nats.Conn, cfg Config) (*Queue, error) {
	cfg.Run = cmp.Or(cfg.Run, strings.ToLower(rand.Text()))
	l, err := connect(ctx, nc, cfg)
	if err != nil {
		return nil, err
	}
	q := &Queue{
		link: l, nc: nc, enc: encoder{store: newStore(l)}, ahead: make(chan struct{}, l.cfg.Ahead),
		waiting: map[string]*waiting{}, early: map[string][]byte{}, extra: map[string]swarm.Usage{},
	}
	q.ended, q.end = context.WithCancelCause(context.WithoutCancel(ctx))
	caught := make(chan struct{}) // closed once the results that were there at first have been read
	once := sync.OnceFunc(func() { close(caught) })
	q.group.Go(func() {
		for q.ended.Err() == nil {
			_ = q.try(q.ended, func() error { return q.follow(once) })
		}
	})
	q.group.Go(q.sweep)
	select {
	case <-caught:
		return q, nil
	case <-ctx.Done():
		q.Close()
		return nil, context.Cause(ctx)
	}
}

// Close ends what New began. Subtasks that are still under way fail; what workers
// make of them is kept for the next process of the same run.
func (q *Queue) Close() {
	q.end(errClosed)
	q.group.Wait()
}

// follow takes the run's results as they come, until the consumer fails, as it does
// where the stream is deleted. It calls caught whenever it has read all that are there.
func (q *Queue) follow(caught func()) error {
	consumer, err := q.js.OrderedConsumer(q.ended, q.cfg.stream(done), jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{q.cfg.subject(done, q.cfg.Run, "*")}, DeliverPolicy: jetstream.DeliverAllPolicy,
	})
	if err != nil {
		return err
	}
	if consumer.CachedInfo().NumPending == 0 {
		caught()
	}
	broken := make(chan error, 1)
	reading, err := consumer.Consume(func(m jetstream.Msg) {
		q.take(m.Subject()[strings.LastIndexByte(m.Subject(), '.')+1:], m.Data())
		if meta, err := m.Metadata(); err == nil && meta.NumPending == 0 {
			caught()
		}
	}, jetstream.PullMaxMessages(1024), jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
		if errors.Is(err, jetstream.ErrNoHeartbeat) || errors.Is(err, nats.ErrConnectionReconnecting) {
			return // it is mended by the client
		}
		select {
		case broken <- err:
		default:
		}
	}))
	if err != nil {
		return err
	}
	defer func() {
		reading.Stop()
		<-reading.Closed()
	}()
	select {
	case <-q.ended.Done():
		return nil
	case <-broken:
		_, err = q.streams(q.ended) // it may have been deleted
		return err
	}
}

// extra begins the key of what a worker used whose result came second.
const extra = "extra-"

// take gives a result to who waits for it, or keeps it until somebody does.
func (q *Queue) take(key string, data []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if strings.HasPrefix(key, extra) {
		var r reply
		if decode(data, &r) == nil {
			q.add(&r)
			q.told = append(q.told, key)
		}
		return
	}
	w := q.waiting[key]
	if w == nil {
		q.early[key] = data
		return
	}
	delete(q.waiting, key)
	w.reply <- data
}

// Work hands the subtask over and waits for its result. Where ctx ends, the
// subtask is taken back, or the worker that is at it is told to stop, and what
// that has used until then is still booked if it says so within a second.
func (q *Queue) Work(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
	if q.ended.Err() != nil {
		return swarm.Output{}, errClosed
	}
	if q.cfg.Lend != (swarm.Usage{}) {
		// What is lent is held until the subtask ends, after what was used has been
		// booked. Who has it may be waiting for a place: this one must not keep its own.
		unpark := swarm.Park(ctx)
		_, err := swarm.Reserve(ctx, swarm.Call{Backend: q.cfg.Name, Model: "elsewhere", Price: &swarm.Price{}, Est: q.cfg.Lend})
		unpark()
		if err != nil {
			return swarm.Output{}, err
		}
	}
	select { // waiting for a turn keeps the place, so that the engine chooses late
	case q.ahead <- struct{}{}:
	case <-ctx.Done():
		return swarm.Output{}, context.Cause(ctx)
	}
	turn := sync.OnceFunc(func() { <-q.ahead })
	defer turn()
	m, err := q.enc.encode(ctx, &st, q.cfg.Lend)
	if err != nil {
		return swarm.Output{}, err
	}
	w, err := q.register(ctx, m, st)
	switch {
	case err != nil && ctx.Err() != nil: // it may have been handed over all the same
		return q.takeBack(ctx, m.Key, w)
	case err != nil:
		q.drop(m.Key)
		return swarm.Output{}, err
	}
	// The turn is given on before a place is waited for: those that hold the places
	// may be waiting for a turn.
	unpark := swarm.Park(ctx)
	defer func() { turn(); unpark() }()
	select {
	case data := <-w.reply:
		return q.answer(ctx, data)
	case <-q.ended.Done():
		return swarm.Output{}, errClosed
	case <-ctx.Done():
		return q.takeBack(ctx, m.Key, w)
	}
}

// register waits for the result of a message, and hands it over where there is none.
// A failure that an earlier process was told is no result: the subtask is tried again.
func (q *Queue) register(ctx context.Context, m *message, st swarm.Subtask) (*waiting, error) {
	w := &waiting{reply: make(chan []byte, 1), since: time.Now(), subtask: st}
	q.mu.Lock()
	base := m.Key
	for n := 2; q.waiting[m.Key] != nil; n++ { // of two that are alike in all
		m.Key = fmt.Sprintf("%s-%d", base, n)
	}
	early := q.early[m.Key]
	delete(q.early, m.Key)
	q.waiting[m.Key] = w
	q.mu.Unlock()
	data, err := encode(m)
	if err != nil {
		return w, err
	}
	if early != nil {
		var r reply
		if err := decode(early, &r); err == nil && r.Failed == nil {
			q.take(m.Key, early)
			return w, nil
		}
		if err := errors.Join(q.purge(ctx, done, m.Key), q.purge(ctx, claim, m.Key)); err != nil {
			return w, err
		}
	}
	return w, q.handOver(ctx, m.Key, data)
}

func (q *Queue) drop(key string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.waiting, key)
}

// handOver publishes a message. That it is there already, from this process or an
// earlier one, is as good.
func (q *Queue) handOver(ctx context.Context, key string, data []byte) error {
	err := q.try(ctx, func() error {
		// Where ctx ends meanwhile, the answer is waited for all the same: what is
		// stored after it was taken back would be worked on for nobody.
		_, err := q.js.Publish(context.WithoutCancel(ctx), q.cfg.subject(work, q.cfg.Run, key), data)
		return err
	})
	if err != nil && !taken(err) {
		return fmt.Errorf("queue: publish: %w", err)
	}
	return nil
}

func (q *Queue) purge(ctx context.Context, kind, key string) error {
	if err := q.kept[kind].Purge(ctx, jetstream.WithPurgeSubject(q.cfg.subject(kind, q.cfg.Run, key))); err != nil {
		return fmt.Errorf("queue: take back: %w", err)
	}
	return nil
}

// takeBack removes a subtask that nobody has begun, and tells who has begun it to
// stop.
func (q *Queue) takeBack(ctx context.Context, key string, w *waiting) (swarm.Output, error) {
	tell := func() { _ = q.nc.Publish(q.cfg.subject("cancel", q.cfg.Run), []byte(key)) }
	tell()
	purging, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	_ = q.purge(purging, work, key)
	tell() // it may have been given to somebody meanwhile
	late, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer stop()
	select {
	case data := <-w.reply:
		out, err := q.answer(late, data)
		return out, errors.Join(context.Cause(ctx), err)
	case <-late.Done():
	case <-q.ended.Done():
	}
	q.drop(key)
	return swarm.Output{}, context.Cause(ctx)
}

// answer reads a reply.
func (q *Queue) answer(ctx context.Context, data []byte) (out swarm.Output, err error) {
	var r reply
	if err := decode(data, &r); err != nil {
		return out, err
	}
	swarm.Emit(ctx, swarm.Event{Kind: swarm.WorkedElsewhere, Text: r.Worker, Wait: r.Took})
	if r.Part != "" {
		r.Out, err = q.enc.store.load(ctx, r.Part)
	}
	if err == nil && r.Out != nil {
		err = decode(r.Out, &out)
	}
	q.mu.Lock()
	q.add(&r)
	out.Models, q.extra = q.extra, map[string]swarm.Usage{}
	told := q.told
	q.told = nil
	q.mu.Unlock()
	for _, key := range told { // who goes on with the run must not book it again
		_ = q.purge(ctx, done, key)
	}
	if used := out.Models[""]; used != (swarm.Usage{}) {
		out.Usage = &used
	}
	delete(out.Models, "")
	if r.Failed != nil {
		err = r.Failed.error()
	}
	return out, err
}

// sweep hands over again what is neither in the queue nor answered: a server that
// crashed may have lost it, or somebody has deleted the streams.
func (q *Queue) sweep() {
	for tick := time.Tick(q.cfg.AckWait); ; {
		select {
		case <-q.ended.Done():
			return
		case <-tick:
		}
		old := map[string]swarm.Subtask{}
		q.mu.Lock()
		for key, w := range q.waiting {
			if time.Since(w.since) > q.cfg.AckWait {
				old[key] = w.subtask
			}
		}
		q.mu.Unlock()
		for key, st := range old {
			q.look(key, st)
		}
	}
}

// look hands a subtask over again where nothing is known of it any more.
func (q *Queue) look(key string, st swarm.Subtask) {
	ctx, stop := context.WithTimeout(q.ended, q.cfg.AckWait)
	defer stop()
	for _, kind := range []string{work, done} {
		s, err := q.js.Stream(ctx, q.cfg.stream(kind))
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
			q.enc.forget()
			if _, err := q.streams(ctx); err != nil {
				return
			}
			continue
		case err != nil:
			return
		}
		m, err := s.GetLastMsgForSubject(ctx, q.cfg.subject(kind, q.cfg.Run, key))
		switch {
		case err == nil && kind == done:
			q.take(key, m.Data)
			return
		case !errors.Is(err, jetstream.ErrMsgNotFound):
			return // it waits, or is being worked on; or the server is away
		}
	}
	m, err := q.enc.encode(ctx, &st, q.cfg.Lend) // what it refers to may be lost too
	if err != nil {
		return
	}
	m.Key = key
	if data, err := encode(m); err == nil {
		_ = q.handOver(ctx, key, data)
	}
}

// add books what a reply tells, to be told with the next result. The lock is held.
func (q *Queue) add(r *reply) {
	for model, used := range r.Models {
		q.extra[model] = q.extra[model].Plus(used)
	}
	q.extra[""] = q.extra[""].Plus(r.Usage)
}
