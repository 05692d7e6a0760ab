package workers

import (
	"fmt"
	"sync/atomic"

	"github.com/db31e724/go-swarm/swarm"
)

// mostFruitless is how many subtasks a pool lets end without a reply that can
// be read, or that came in time, before it takes its models for unable to do
// what is asked and sends no more. One that can be read settles it for good. A
// server that is away or busy does not count.
const mostFruitless = 16

// fruitless watches whether the models of a pool can do their work at all: it
// keeps a run of thousands from paying a model that answers in word salad to
// the last chunk.
type fruitless struct {
	able atomic.Bool
	vain atomic.Int32
}

func (f *fruitless) learn(err error) {
	switch {
	case err == nil:
		f.able.Store(true)
	case isClass(err, swarm.ClassBroken), isClass(err, swarm.ClassCut), isClass(err, swarm.ClassTimeout):
		f.vain.Add(1)
	}
}

func (f *fruitless) check() error {
	n := f.vain.Load()
	if f.able.Load() || n < mostFruitless {
		return nil
	}
	return &swarm.CallError{Class: swarm.ClassBroken, Err: fmt.Errorf("not sent: %d subtasks before it got no reply in time that can be read, and none did", n)}
}
