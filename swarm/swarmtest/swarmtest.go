// Package swarmtest tests implementations of [swarm.Worker], [swarm.Planner] and
// swarm.Journal against their contracts, and has scripted doubles of worker and
// planner for the tests of programs that use swarms.
//
//	func TestContract(t *testing.T) {
//		swarmtest.TestWorker(t, func() swarm.Worker { return newMine() })
//	}
//
// The suites check only what can be seen from outside: what is returned, written
// and left behind. They use no subtests (but for TestElsewhere), and time only to give up on what hangs, so
// that they also run inside a bubble of testing/synctest. Run them under the race
// detector.
package swarmtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

const (
	// patience is how long a call may take that nobody cancels.
	patience = 2 * time.Minute
	// promptly is how long a call may take after its context was cancelled,
	// and how long what it started may take to be gone.
	promptly = 10 * time.Second
)

// suite is one conformance test that is being run.
type suite struct {
	testing.TB
	what string // "worker" or "planner"
	id   string // marks the goroutines of the calls that are made
	hung atomic.Bool

	late atomic.Pointer[string] // a merge whose writer was written to after it
}

const labelKey = "swarmtest"

var suites atomic.Int64

func newSuite(t testing.TB, what string) *suite {
	return &suite{TB: t, what: what, id: fmt.Sprint(suites.Add(1))}
}

// failf reports a breach of the contract in the case that name names.
func (s *suite) failf(name, format string, args ...any) {
	s.Helper()
	s.Errorf("swarmtest: %s: %s: %s", s.what, name, fmt.Sprintf(format, args...))
}

// call runs f and waits for it, and reports a panic, a Goexit, and that it
// takes too long: less patience is had once ctx has ended. It returns false if
// f has not returned as it should.
func (s *suite) call(ctx context.Context, name string, f func(context.Context)) bool {
	s.Helper()
	ended := make(chan string, 1)
	go func() {
		how := "it ended its goroutine (runtime.Goexit)"
		defer func() {
			if v := recover(); v != nil {
				how = fmt.Sprintf("it panicked: %v\n%s", v, debug.Stack())
			}
			ended <- how
		}()
		pprof.Do(ctx, pprof.Labels(labelKey, s.id), f)
		how = ""
	}()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	defer context.AfterFunc(ctx, func() { limit.Reset(promptly) })()
	select {
	case how := <-ended:
		if how != "" {
			s.failf(name, "%s", how)
		}
		return how == ""
	case <-limit.C:
		why := fmt.Sprintf("after %v", patience)
		if ctx.Err() != nil {
			why = fmt.Sprintf("%v after its context was cancelled", promptly)
		}
		s.failf(name, "it had not returned %s", why)
		s.hung.Store(true)
		return false
	}
}

// run is call for the test's own goroutine.
func (s *suite) run(ctx context.Context, name string, f func(context.Context)) bool {
	s.Helper()
	defer s.stop()
	return s.call(ctx, name, f)
}

// stop ends the test if a call hangs: what follows would only hang as well.
func (s *suite) stop() {
	if s.hung.Load() {
		s.FailNow()
	}
}

// close closes what is tested, if it can be closed: idle connections are its
// own until then.
func (s *suite) close(tested any) {
	switch c := tested.(type) {
	case interface{ Close() error }:
		if err := c.Close(); err != nil {
			s.failf("closing", "%v", err)
		}
	case interface{ Close() }:
		c.Close()
	}
}

// leftBehind reports goroutines that the suite's calls started and that still
// run. Nothing tells when a goroutine of a stranger ends, so it looks again
// and again, at growing intervals, until promptly has passed.
func (s *suite) leftBehind() {
	s.Helper()
	var stacks []string
	for wait := time.Millisecond; wait < promptly; wait *= 2 {
		if stacks = s.goroutines(); len(stacks) == 0 {
			return
		}
		time.Sleep(wait)
	}
	s.failf("goroutines", "%d are left after all calls have returned, the first:\n%s", len(stacks), stacks[0])
}

// goroutines returns the stacks of the goroutines that descend from the
// suite's calls; the runtime hands labels down to them. Those of idle HTTP
// connections are the transport's, which calls share.
func (s *suite) goroutines() []string {
	var out bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&out, 1); err != nil {
		s.Fatalf("swarmtest: list goroutines: %v", err)
	}
	mine := fmt.Sprintf("%q:%q", labelKey, s.id)
	var stacks []string
	for block := range strings.SplitSeq(out.String(), "\n\n") {
		if strings.Contains(block, mine) && !strings.Contains(block, "net/http.(*persistConn)") && !strings.Contains(block, "net/http.(*http2") {
			stacks = append(stacks, block)
		}
	}
	return stacks
}

// unchanged reports that something which others share is not as it was.
func (s *suite) unchanged(name, what, before, after string) {
	s.Helper()
	if after != before {
		s.failf(name, "it changed %s, which others share: from\n%.400s\nto\n%.400s", what, before, after)
	}
}

// snapshot is all that v and the results in it hold, to see whether it was
// changed. A result's JSON only names its step and its chunk.
func snapshot(v any, results []swarm.Result) string {
	all := []any{v}
	for i := range results {
		all = append(all, results[i].Step, results[i].Chunk)
	}
	b, err := json.Marshal(all)
	if err != nil {
		return fmt.Sprintf("%#v", v)
	}
	return string(b)
}
