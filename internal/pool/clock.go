package pool

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/db31e724/go-swarm/swarm/model"
)

// timeout is the end of an attempt by its own clock, in words.
type timeout struct{ error }

// clock ends an attempt that is silent for too long: a reply in one piece for
// AttemptTime, a stream before its first text for FirstToken, after it for Idle.
//
// Whatever comes sets it back; bytes that are no data do so before the first
// text, and in the first half of the call's time alone, so that there is time
// for another attempt where a proxy keeps a dead call alive. A server that has
// never answered may be loading its model, and would begin anew with another
// attempt: the first one has three quarters of the call's time, unless another
// backend takes calls or no attempt would follow.
type clock struct {
	end  context.CancelCauseFunc
	cold func() bool // the server may be loading
	sent time.Time
	left time.Duration // of the call's time

	mu      sync.Mutex
	timer   *time.Timer
	heard   time.Time     // the last sign of life
	silence time.Duration // the longest
	setting string        // that says so
	words   string        // on a longer one
	flowing bool          // text has come
	held    bool          // the silence is not the server's
}

// watch returns the request as it goes to the slot's backend, under a clock
// that calls end. left is the rest of the call's time.
func (c *call) watch(end context.CancelCauseFunc, s slot, left time.Duration, hedge bool) (model.Request, *clock) {
	l, now := c.pool.limits, time.Now()
	k := &clock{end: end, sent: now, heard: now, left: left, silence: l.AttemptTime, setting: "AttemptTime", words: "no whole reply came"}
	lone, others := c.sent == 0 && l.Attempts > 1, c.fits&^s.bit
	k.cold = func() bool { return lone && c.pool.queue.cold(s.backend, others) }
	r := c.Request
	r.MaxOut, r.OnReset, r.OnData, r.OnBytes = s.est.Est.Out, nil, nil, func() { k.sign(false) }
	if hedge {
		r.OnText = nil
	}
	if tell := r.OnText; tell != nil || s.Stream {
		if c.shown && !hedge {
			c.shown = false
			c.OnReset()
		}
		k.words = "the stream did not begin in time: nothing came"
		if l.FirstToken <= k.silence {
			k.silence, k.setting = l.FirstToken, "FirstToken"
		}
		r.OnData = func() { k.sign(true) }
		r.OnText = func(text string) {
			if tell != nil {
				k.stop()
				c.shown = true
				tell(text)
			}
			k.flow(l.Idle)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.timer = time.AfterFunc(min(k.silence, left), k.ring)
	return r, k
}

// ring ends the attempt, unless it has more time by now.
func (k *clock) ring() {
	k.mu.Lock()
	defer k.mu.Unlock()
	took, silent := time.Since(k.sent), time.Since(k.heard)
	switch {
	case k.held:
	case took >= k.left:
		k.end(errCallTime)
	case silent < k.silence:
		k.set()
	case !k.flowing && took < k.left*3/4 && k.cold():
		k.setting = "CallTime"
		k.timer.Reset(min(k.silence, k.left*3/4-took+1))
	default:
		k.end(timeout{fmt.Errorf("%s within %v (%s)", k.words, max(k.silence, silent.Truncate(time.Second)), k.setting)})
	}
}

// set begins another silence. The lock is held.
func (k *clock) set() {
	k.held = false
	k.timer.Reset(max(1, min(k.silence, k.left-time.Since(k.sent))))
}

// sign notes that something came: data, or bytes that are none.
func (k *clock) sign(data bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	if data || !k.flowing && now.Sub(k.sent) < k.left/2 {
		k.heard = now
		k.set()
	}
}

// flow notes that text came: from now on the longest silence is idle.
func (k *clock) flow(idle time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.heard, k.flowing = time.Now(), true
	k.silence, k.setting, k.words = idle, "Idle", "the stream fell silent: nothing came"
	k.set()
}

// stop holds the clock: who reads the text may take any time.
func (k *clock) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held = true
	k.timer.Stop()
}

// cold says that b has answered no call yet, and that none of the others takes
// calls.
func (q *queue) cold(b *backend, others uint64) bool {
	q.mu.Lock()
	answered := b.answered
	q.mu.Unlock()
	return !answered && !q.useful(others)
}
