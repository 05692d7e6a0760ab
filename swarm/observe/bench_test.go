package observe_test

import (
	"io"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/observe"
)

// BenchmarkProgress is the cost of an event, a thousand of them a millisecond.
func BenchmarkProgress(b *testing.B) {
	b.Setenv("COLUMNS", "100")
	f := observe.Progress(io.Discard, observe.InPlace(true))
	f(swarm.Event{Kind: swarm.RunStarted, Run: "run-1"})
	e := swarm.Event{Kind: swarm.SubtaskEnded, Run: "run-1", Step: "1/read", To: 1, Outcome: swarm.Done}
	for b.Loop() {
		e.At += time.Microsecond
		f(e)
	}
}
