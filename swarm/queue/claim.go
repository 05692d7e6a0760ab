package queue

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// claimed is a worker's word that it is at a subtask, which it renews while it is. A
// server that crashed forgets what it has handed out, and hands it out again "for the
// first time": the claim tells the second worker of the first, and how often the
// subtask was begun.
type claimed struct {
	server  *serving
	subject string
	result  string // subject of the result

	mu   sync.Mutex
	held bool   // it has the claim
	last uint64 // sequence of the claim as this worker wrote it
	word word
}

// word is what stands in a claim.
type word struct {
	Workers []string // that began it and did not give it back, in order; the last is at it
	Free    bool     // nobody is: it was given back
}

// put replaces the claim if it is still the one of that sequence; 0: there is none.
func (c *claimed) put(ctx context.Context, w word, last uint64) error {
	data, _ := json.Marshal(w)
	a, err := c.server.js.PublishMsg(ctx, &nats.Msg{Subject: c.subject, Data: data}, jetstream.WithExpectLastSequencePerSubject(last))
	if err != nil {
		return err
	}
	c.word, c.last = w, a.Sequence
	return nil
}

// own says that a claim is this worker's.
func (c *claimed) own(w word) bool {
	n := len(w.Workers)
	return !w.Free && n > 0 && w.Workers[n-1] == c.server.cfg.Worker
}

// take claims the subtask and returns who began it, this worker last; none: its result
// is there. While another worker is at it, it waits for the result, or
// until that one's claim was not renewed for two thirds of AckWait.
func (c *claimed) take(ctx context.Context) (begun []string, err error) {
	wait := c.server.cfg.AckWait
	var seen uint64
	var since time.Time
	sent := false // a claim whose acknowledgement may be lost
	for {
		if there, err := c.answered(ctx); there || err != nil {
			return nil, err
		}
		old, last, err := c.read(ctx)
		if err != nil {
			return nil, err
		}
		if last != seen {
			seen, since = last, time.Now()
		}
		if sent && c.own(old) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.held, c.last, c.word = true, last, old
			return old.Workers, nil
		}
		if last == 0 || old.Free || time.Since(since) > wait*2/3 {
			begun = append(slices.Clip(old.Workers), c.server.cfg.Worker)
			c.mu.Lock()
			err := c.put(ctx, word{Workers: begun}, last)
			c.held = err == nil
			c.mu.Unlock()
			if sent = true; err == nil {
				// It may have been answered between the two looks.
				if there, err := c.answered(ctx); there || err != nil {
					return nil, err
				}
				return begun, nil
			}
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if last == 0 {
				continue // another one was quicker: its claim can be read now
			}
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(min(wait/6, 5*time.Second)):
		}
	}
}

// read returns the claim as it stands and its sequence, 0 where there is none.
func (c *claimed) read(ctx context.Context) (w word, last uint64, err error) {
	m, err := c.server.get(ctx, claim, c.subject)
	if m == nil || err != nil {
		return w, 0, err
	}
	_ = json.Unmarshal(m.Data, &w) // what cannot be read is nobody's
	return w, m.Sequence, nil
}

func (c *claimed) answered(ctx context.Context) (bool, error) {
	m, err := c.server.get(ctx, done, c.result)
	return m != nil, err
}

// free gives the claim back, as if the subtask had not been begun.
func (c *claimed) free() {
	c.say(func(w *word) { w.Free, w.Workers = true, w.Workers[:len(w.Workers)-1] })
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = false
}

// say writes the claim anew. Where another worker has it by now nothing is written, and
// one of the two results comes second. A server that crashed may have lost the claim, or
// the acknowledgement of the last one.
func (c *claimed) say(change func(*word)) {
	ctx, stop := context.WithTimeout(context.Background(), c.server.cfg.AckWait/3)
	defer stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.word
	if !c.held {
		return
	}
	if change(&w); c.put(ctx, w, c.last) != nil {
		if old, last, err := c.read(ctx); err == nil && (last == 0 || c.own(old)) {
			_ = c.put(ctx, w, last)
		}
	}
}
