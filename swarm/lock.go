package swarm

import (
	"runtime"
	"time"
)

// How a run's lock is taken. Workers that do next to nothing come back for it
// every fifth of a microsecond; what a subtask costs is then what its memory
// costs to move from one processor to another, and that goroutines go to
// sleep and are woken. So nobody sleeps before having spun, and a goroutine
// that takes one turn after the other is left alone for a few microseconds.
// Where workers do real work, none of this is noticed.

// enterLock takes the run's lock to do something that the observer is told
// of. It waits while the observer is behind. The clock is read before, for
// reading it costs a good part of what the lock is held for.
func (r *run) enterLock() {
	var at time.Duration
	if r.swarm.Observe != nil {
		at = time.Since(r.start)
	}
	r.lock()
	for r.queue.on && len(r.queue.buf) >= mostQueued {
		r.queue.waiting++
		r.queue.room.Wait()
		r.queue.waiting--
		at = time.Since(r.start)
	}
	r.now = max(r.now, at)
}

// leaveLock gives the lock back, and lets the observer's goroutine go first
// if it is wanted and has not found a processor.
func (r *run) leaveLock() {
	yield := r.queue.due && len(r.queue.buf) >= mostQueued/2
	r.mu.Unlock()
	if yield {
		runtime.Gosched()
	}
}

// lock spins and yields before it lets the mutex put it to sleep: once some
// sleep there, the mutex hands itself from one to the next, a switch of
// goroutines each time.
func (r *run) lock() {
	for range 16 {
		for range 100 {
			if r.mu.TryLock() {
				return
			}
		}
		runtime.Gosched()
	}
	r.mu.Lock()
}

// turned notes whose turn it was, and how many it has had in a row. The lock
// is held.
func (r *run) turned(desk int32) {
	if seen := r.burst.Load(); int32(seen>>32) == desk {
		r.burst.Store(seen + 1)
	} else {
		r.burst.Store(uint64(desk)<<32 | 1)
	}
}

// letBurst waits while another worker goroutine takes one turn after the
// other, at most some 20 µs.
func (r *run) letBurst(desk int32) {
	seen := r.burst.Load()
	if int32(seen>>32) == desk || uint32(seen) < 2 {
		return
	}
	for loops := 1 << 12; loops <= 1<<15; loops *= 2 { // 1 to 10 µs
		for range loops {
		}
		now := r.burst.Load()
		if now == seen || now>>32 != seen>>32 {
			return
		}
		seen = now
	}
}
