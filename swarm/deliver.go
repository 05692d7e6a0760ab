package swarm

import (
	"runtime"
	"sync"
	"time"
)

// mostQueued is how many records may wait for the observer before the run
// waits for it.
const mostQueued = 512

// record is an event before it is delivered: that a subtask started or ended
// stands in its fields, all else in event.
type record struct {
	event   *Event
	step    *step
	at      time.Duration
	index   int32
	kind    Kind
	outcome Outcome
	plain   bool // the result has neither usage nor error: it need not be read
}

// queue holds the records that the observer has not seen. All of it is
// guarded by the run's lock. Producers wait before they begin what will make
// records (enterLock), never in the middle, so that nothing sees a run half
// changed.
type queue struct {
	on      bool
	closed  bool
	asleep  bool // the observer's goroutine waits for news
	due     bool // the observer's goroutine was woken, and has not come yet
	waiting int  // producers that wait for room
	buf     []record
	news    sync.Cond
	room    sync.Cond
	err     error // the observer's panic
}

func (q *queue) init(mu *sync.Mutex, on bool) {
	q.on = on
	q.news.L, q.room.L = mu, mu
	if on {
		q.buf = make([]record, 0, mostQueued+64)
	}
}

// put appends a record. The lock is held.
func (q *queue) put(rec record) {
	if !q.on {
		return
	}
	q.buf = append(q.buf, rec)
	if q.asleep {
		q.asleep, q.due = false, true
		q.news.Signal()
	}
}

// close lets the observer's goroutine end once it has delivered all.
func (q *queue) close() {
	q.closed = true
	q.news.Signal()
}

// tell folds an event into the report and queues it for the observer. The
// lock is held.
func (r *run) tell(e Event) {
	if r.queue.closed {
		return // the run is over, and its report the caller's
	}
	e.Run = r.id
	r.now = max(r.now, time.Since(r.start))
	e.At = r.now
	if e.Round == 0 {
		e.Round = r.round
	}
	r.report.Add(e)
	if r.queue.on {
		r.queue.put(record{event: &e})
	}
}

// emit is Emit within a run.
func (r *run) emit(s *scope, e Event) {
	switch e.Kind {
	case RunStarted, StepAdded, StepUnfolded, PlanEnded, SubtaskStarted, SubtaskEnded, CallEnded, MergeStarted, AnswerText, MergeEnded, RunEnded:
		return // the run's books and the answer are made of these
	}
	r.enterLock()
	defer r.mu.Unlock()
	s.fill(&e)
	r.tell(e)
}

// fill says in an event whose it is.
func (s *scope) fill(e *Event) {
	e.Role = RolePlanner
	if s.work != nil {
		e.Role = RoleWorker
		e.Step, e.Index = s.work.step.ID, int(s.work.ref.Index)
		e.Round = s.work.step.round
	}
}

// deliver is the life of the observer's goroutine. If the observer panics, or
// ends the goroutine, it is not called again and the run goes on without it.
func (r *run) deliver() error {
	q := &r.queue
	var batch []record
	defer func() {
		r.mu.Lock()
		q.on = false
		q.buf = nil
		q.room.Broadcast()
		r.mu.Unlock()
	}()
	for {
		r.letBurst(-1) // fewer and larger batches
		r.lock()
		for spin := 0; len(q.buf) == 0 && !q.closed; spin++ {
			if spin < 16 { // sleeping and being woken costs more than letting others run
				q.due = true
				r.mu.Unlock()
				runtime.Gosched()
				r.lock()
				continue
			}
			q.asleep = true
			q.news.Wait()
		}
		q.asleep, q.due = false, false
		batch, q.buf = q.buf, batch[:0]
		if q.waiting > 0 {
			q.room.Broadcast()
		}
		r.mu.Unlock()
		if len(batch) == 0 {
			return nil
		}
		var err error
		r.observe(batch, &err)
		if err != nil {
			return nil
		}
	}
}

// observe delivers a batch.
func (r *run) observe(batch []record, err *error) {
	defer func() {
		if *err != nil {
			r.mu.Lock()
			r.queue.err = *err
			r.mu.Unlock()
		}
	}()
	guarded("the observer", err, func() error {
		for i := range batch {
			r.swarm.Observe(r.made(&batch[i]))
		}
		return nil
	})
}

// made makes the event that a record stands for.
func (r *run) made(rec *record) Event {
	if rec.event != nil {
		return *rec.event
	}
	e := Event{Kind: rec.kind, At: rec.at, Run: r.id, Round: rec.step.round, Step: rec.step.ID, Index: int(rec.index)}
	if rec.kind == SubtaskEnded {
		e.To, e.Outcome = e.Index+1, rec.outcome
		if !rec.plain {
			res := &rec.step.results[rec.index]
			e.Usage, e.Err = res.Usage, res.Err
		}
	}
	return e
}
