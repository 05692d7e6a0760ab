package workers

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

const (
	// mostFruitless is how many subtasks a pool lets end without a reply that
	// can be read, or that came in time, before it takes its models for unable
	// to do what is asked and sends no more. One that can be read settles it for
	// good. A server that is away or busy does not count.
	mostFruitless = 16
	// fruitlessRest is how long after the last of them the pool sends nothing. A
	// server that hung when a program began may be well by its next run.
	fruitlessRest = time.Minute
)

// fruitless watches whether the models of a pool can do their work at all: it
// keeps a run of thousands from paying a model that answers in word salad to
// the last chunk.
type fruitless struct {
	able atomic.Bool
	vain atomic.Int32
	last atomic.Int64 // when a subtask ended in vain, in nanoseconds since 1970
}

func (f *fruitless) learn(err error) {
	switch {
	case err == nil:
		f.able.Store(true)
	case isClass(err, swarm.ClassBroken), isClass(err, swarm.ClassCut), isClass(err, swarm.ClassTimeout):
		f.last.Store(time.Now().UnixNano())
		f.vain.Add(1)
	}
}

func (f *fruitless) check() error {
	n := f.vain.Load()
	if f.able.Load() || n < mostFruitless || time.Since(time.Unix(0, f.last.Load())) >= fruitlessRest {
		return nil
	}
	return &swarm.CallError{Class: swarm.ClassBroken, Err: fmt.Errorf("not sent: %d subtasks before it got no reply in time that can be read, and none did", n)}
}
