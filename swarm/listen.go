package swarm

import (
	"sync"
	"sync/atomic"
	"time"
)

// mostQueued is how many events may wait for the observer before the run
// waits for it.
const mostQueued = 512

// listener is what a run has told: the report, which is a fold over the
// events, and the queue of those that the observer has not seen. All of it but
// err and late is guarded by the run's lock. Producers wait for room before they
// begin what will make events (run.lock), never in the middle, so that nothing
// sees a run half changed.
type listener struct {
	on      bool
	closed  bool
	hurried bool // the run is cancelled: nobody waits for room
	queue   []Event
	news    sync.Cond
	room    sync.Cond
	err     error // the observer's panic
	report  Report
	late    atomic.Bool // what is queued, but the last event, is dropped
}

// lock takes the run's lock to do something that the observer is told of. It
// waits while the observer is behind.
func (r *run) lock() {
	l := &r.events
	r.mu.Lock()
	for l.on && len(l.queue) >= mostQueued && !l.hurried {
		l.room.Wait()
	}
}

// emit folds an event into the report and queues it for the observer. The
// lock is held.
func (r *run) emit(e Event) {
	l := &r.events
	if l.closed {
		return // the run is over, and its report the caller's
	}
	e.Run, e.At = r.id, time.Since(r.start)
	if e.Round == 0 {
		e.Round = r.round
	}
	l.report.Add(e)
	if e.Kind == CallEnded && r.history != nil {
		r.putSpent()
	}
	if l.on {
		l.queue = append(l.queue, e)
		l.news.Signal()
	}
}

// deliver is the life of the observer's goroutine. If the observer panics, or
// ends the goroutine, it is not called again and the run goes on without it.
func (r *run) deliver() {
	l := &r.events
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		l.on, l.queue = false, nil
		l.room.Broadcast()
	}()
	for batch := []Event(nil); ; {
		r.mu.Lock()
		for len(l.queue) == 0 && !l.closed {
			l.news.Wait()
		}
		batch, l.queue = l.queue, batch[:0]
		l.room.Broadcast()
		r.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		guarded("the observer", &l.err, func() error {
			for _, e := range batch {
				if e.Kind == RunEnded || !l.late.Load() {
					r.swarm.Observe(e)
				}
			}
			return nil
		})
		if l.err != nil {
			return
		}
	}
}
