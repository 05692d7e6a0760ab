// Package observe holds listeners to a run's events, for [swarm.Swarm]'s
// Observe: a structured log ([Zap]), progress for people ([Progress]) and JSON
// lines ([JSON]). [Tee] joins several into one.
//
//	run ──events, in order──▶ Tee ─┬▶ Zap
//	                               ├▶ Progress
//	                               └▶ JSON
//
// A listener is called for every event of a run, on a goroutine of that run; the
// run waits for a slow listener. Those of this package start no goroutine, keep no
// event, ignore kinds that they do not know, and are safe for several runs at once.
package observe

import (
	"encoding/json"
	"io"
	"slices"
	"sync"

	"github.com/db31e724/go-swarm/swarm"
)

// Tee returns a listener that passes each event to each of fs, in order. nil
// listeners are skipped. If one panics, those after it do not get the event.
func Tee(fs ...func(swarm.Event)) func(swarm.Event) {
	fs = slices.DeleteFunc(slices.Clone(fs), func(f func(swarm.Event)) bool { return f == nil })
	return func(e swarm.Event) {
		for _, f := range fs {
			f(e)
		}
	}
}

// JSON returns a listener that writes each event to w as one line of JSON, in
// one call of Write. The lines hold the whole run, with goal, instructions, results
// and answer, but no keys. Durations are in nanoseconds, costs in nano-dollars.
//
// After an error of w nothing more is written, so that an incomplete line is the
// last. To learn of the error, wrap w.
func JSON(w io.Writer) func(swarm.Event) {
	var mu sync.Mutex
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	broken := false
	return func(e swarm.Event) {
		mu.Lock()
		defer mu.Unlock()
		if !broken {
			broken = enc.Encode(e) != nil
		}
	}
}
