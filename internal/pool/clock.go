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
//
// Its timer is not set anew with each sign of life: it looks, when it rings,
// how long ago the last one was.
type clock struct {
	end    context.CancelCauseFunc
	sent   time.Time
	left   time.Duration // of the call's time
	pool   *Pool
	at     *backend
	others uint64 // that could take the call
	again  bool   // it is the call's first attempt, and others would follow
	idle   time.Duration

	mu      sync.Mutex
	timer   *time.Timer   // nil: stopped
	heard   time.Time     // the last sign of life
	silence time.Duration // the longest
	setting string        // that says so
	words   string        // on a longer one
	flowing bool          // text has come
	held    bool          // the silence is the reader's
}

// watch returns the request as it goes to the slot's backend, under a clock
// that calls end. left is the rest of the call's time.
func (c *call) watch(end context.CancelCauseFunc, s slot, left time.Duration, hedge bool) (model.Request, *clock) {
	l := &c.pool.limits
	k := &clock{
		end: end, sent: s.ticket.sent, left: left, pool: c.pool, at: s.backend, others: c.fits &^ s.bit, again: c.sent == 0 && l.Attempts > 1,
		heard: s.ticket.sent, silence: l.AttemptTime, setting: "AttemptTime", words: "no whole reply came",
	}
	r := c.Request
	r.MaxOut, r.OnReset, r.OnData, r.OnBytes = s.est.Est.Out, nil, nil, func() { k.hear(heardBytes) }
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
		k.idle, r.OnData = l.Idle, func() { k.hear(heardData) }
		r.OnText = func(text string) {
			if tell != nil {
				k.hear(heardReading)
				c.shown = true
				tell(text)
			}
			k.hear(heardText)
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
	case k.timer == nil: // stopped in this moment
	case took >= k.left:
		k.end(errCallTime)
	case k.held:
		k.wait(k.silence)
	case silent < k.silence:
		k.wait(k.silence - silent)
	case !k.flowing && k.again && took < k.left*3/4 && k.pool.queue.cold(k.at, k.others):
		k.setting = "CallTime"
		k.wait(min(k.silence, k.left*3/4-took))
	default:
		k.end(timeout{fmt.Errorf("%s within %v (%s)", k.words, max(k.silence, silent.Truncate(time.Second)), k.setting)})
	}
}

// wait sets the timer. The lock is held.
func (k *clock) wait(d time.Duration) { k.timer.Reset(max(1, min(d, k.left-time.Since(k.sent)))) }

// sign is what is heard of a server.
type sign uint8

const (
	heardBytes   sign = iota // that may be no data
	heardData                // of a stream
	heardReading             // text came that is being read, which may take any time
	heardText                // came, and was read
)

// hear notes a sign of life. From the first text on, the longest silence is idle.
func (k *clock) hear(s sign) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := time.Now(); s != heardBytes || !k.flowing && now.Sub(k.sent) < k.left/2 {
		k.heard = now
	}
	if k.held = s == heardReading; s == heardText && !k.flowing {
		k.flowing, k.silence, k.setting, k.words = true, k.idle, "Idle", "the stream fell silent: nothing came"
		k.wait(k.idle)
	}
}

// stop ends the clock.
func (k *clock) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.timer != nil {
		k.timer.Stop()
		k.timer = nil
	}
}

// cold says that b has answered no call yet, and that none of the others takes
// calls.
func (q *queue) cold(b *backend, others uint64) bool {
	q.mu.Lock()
	answered := b.answered
	q.mu.Unlock()
	return !answered && !q.useful(others)
}
