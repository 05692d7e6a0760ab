package swarm

import (
	"sync"
	"sync/atomic"
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
	index   int
	kind    Kind
	outcome Outcome
	plain   bool // the result has neither usage nor error: it need not be read
}

// listener is what a run has told: the report, which is a fold over the
// events, and the queue of those that the observer has not seen. All of it but
// late is guarded by the run's lock. Producers wait for room before they begin
// what will make records (run.lock), never in the middle, so that nothing sees
// a run half changed.
type listener struct {
	on      bool
	closed  bool
	hurried bool // the run is cancelled: nobody waits for room
	waiting int  // producers that wait for room
	asleep  bool // the observer's goroutine waits for news
	buf     []record
	news    sync.Cond
	room    sync.Cond
	err     error         // the observer's panic
	now     time.Duration // since the run's start, as it is told; it never goes back
	report  Report
	late    atomic.Bool // what is queued, but the last event, is dropped
}

func (l *listener) init(mu *sync.Mutex, on bool) {
	l.on = on
	l.news.L, l.room.L = mu, mu
}

// put appends a record. The lock is held.
func (l *listener) put(rec record) {
	if !l.on {
		return
	}
	l.buf = append(l.buf, rec)
	if l.asleep {
		l.asleep = false
		l.news.Signal()
	}
}

// hurry lets nobody wait for the observer any more. The lock is held.
func (l *listener) hurry() {
	l.hurried = true
	l.room.Broadcast()
}

// close lets the observer's goroutine end once it has delivered all. The lock
// is held.
func (l *listener) close() {
	l.closed = true
	l.news.Signal()
}

// lock takes the run's lock to do something that the observer is told of. It
// waits while the observer is behind. The clock is read before, for reading it
// costs a good part of what the lock is held for.
func (r *run) lock() {
	l := &r.events
	var at time.Duration
	if r.swarm.Observe != nil {
		at = time.Since(r.start)
	}
	r.mu.Lock()
	for l.on && len(l.buf) >= mostQueued && !l.hurried {
		l.waiting++
		l.room.Wait()
		l.waiting--
		at = time.Since(r.start)
	}
	l.now = max(l.now, at)
}

// emit folds an event into the report and queues it for the observer. The
// lock is held.
func (r *run) emit(e Event) {
	l := &r.events
	if l.closed {
		return // the run is over, and its report the caller's
	}
	l.now = max(l.now, time.Since(r.start))
	e.Run, e.At = r.id, l.now
	if e.Round == 0 {
		e.Round = r.round
	}
	l.report.Add(e)
	if l.on {
		l.put(record{event: &e})
	}
}

// deliver is the life of the observer's goroutine. If the observer panics, or
// ends the goroutine, it is not called again and the run goes on without it.
func (r *run) deliver() error {
	l := &r.events
	var batch []record
	defer func() {
		r.mu.Lock()
		l.on, l.buf = false, nil
		l.room.Broadcast()
		r.mu.Unlock()
	}()
	for {
		r.mu.Lock()
		for len(l.buf) == 0 && !l.closed {
			l.asleep = true
			l.news.Wait()
		}
		l.asleep = false
		batch, l.buf = l.buf, batch[:0]
		if l.waiting > 0 {
			l.room.Broadcast()
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
			r.events.err = *err
			r.mu.Unlock()
		}
	}()
	guarded("the observer", err, func() error {
		for i := range batch {
			e := r.made(&batch[i])
			if e.Kind == RunEnded || !r.events.late.Load() {
				r.swarm.Observe(e)
			}
		}
		return nil
	})
}

// made makes the event that a record stands for.
func (r *run) made(rec *record) Event {
	if rec.event != nil {
		return *rec.event
	}
	e := Event{Kind: rec.kind, At: rec.at, Run: r.id, Round: rec.step.round, Step: rec.step.ID, Index: rec.index}
	if rec.kind == SubtaskEnded {
		e.To, e.Outcome = e.Index+1, rec.outcome
		if !rec.plain {
			res := &rec.step.results[rec.index]
			e.Usage, e.Err = res.Usage, res.Err
		}
	}
	return e
}
