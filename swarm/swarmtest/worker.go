package swarmtest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/db31e724/go-swarm/swarm"
)

// TestWorker tests a worker's contract. Workers made by newWorker get ordinary and
// unusual subtasks (texts of many kinds, empty items, a missing chunk, unknown
// schemas …) and then extra, which you can fit to your worker. It fails t if a
// worker
//
//   - panics, ends its goroutine, or does not return;
//   - changes the subtask, whose data is shared;
//   - returns a text that is not UTF-8, a confidence outside of 0 to 1, or a
//     citation outside of its chunk, or marks a quote Verified that is not at
//     its offsets;
//   - does not return promptly when its context is cancelled, before or while
//     it works;
//   - makes calls in a nested run that are not booked to the run around it;
//   - is not safe for concurrent use, as far as the race detector sees;
//   - leaves a goroutine behind.
//
// An error from Work does not break the contract. If a worker has a method Close,
// it is called at the end, before goroutines are counted.
func TestWorker(t testing.TB, newWorker func() swarm.Worker, extra ...swarm.Subtask) {
	t.Helper()
	s := newSuite(t, "worker")
	names, subtasks := oddSubtasks()
	for i, st := range extra {
		names, subtasks = append(names, fmt.Sprintf("extra subtask %d", i)), append(subtasks, st)
	}
	w := newWorker()
	for i, st := range subtasks {
		s.work(names[i], w, st)
	}
	s.workAtOnce(w, subtasks)
	s.workNested(w)
	s.close(w)

	w = newWorker()
	for i, st := range subtasks {
		s.workCancelled(names[i], w, st)
	}
	s.work("after others were cancelled", w, subtasks[0])
	s.close(w)
	s.leftBehind()
}

// work runs one subtask and looks at what comes of it.
func (s *suite) work(name string, w swarm.Worker, st swarm.Subtask) {
	s.Helper()
	before := snapshot(st, st.From)
	var out swarm.Output
	var err error
	returned := s.run(context.Background(), name, func(ctx context.Context) { out, err = w.Work(ctx, st) })
	s.unchanged(name, "the subtask", before, snapshot(st, st.From))
	if !returned || err != nil {
		return
	}
	var chunks []*swarm.Chunk
	if st.Chunk != nil {
		chunks = append(chunks, st.Chunk)
	}
	for i := range out.Findings {
		f := &out.Findings[i]
		if !utf8.ValidString(f.Text) {
			s.failf(name, "finding %d: the text is not valid UTF-8: %.400q", i+1, f.Text)
		}
		if f.Confidence < 0 || f.Confidence > 1 || f.Confidence != f.Confidence {
			s.failf(name, "finding %d: a confidence of %v is not within 0 to 1", i+1, f.Confidence)
		}
		s.citations(fmt.Sprintf("%s, finding %d", name, i+1), f.Evidence, chunks, st.From, false)
	}
}

// workAtOnce runs all subtasks at the same time, twice over; what that breaks
// is for the race detector to see.
func (s *suite) workAtOnce(w swarm.Worker, subtasks []swarm.Subtask) {
	s.Helper()
	var wg sync.WaitGroup
	for range 2 {
		for _, st := range subtasks {
			wg.Go(func() {
				s.call(context.Background(), "many at once", func(ctx context.Context) { w.Work(ctx, st) })
			})
		}
	}
	wg.Wait()
	s.stop()
}

// workNested lets the worker work in a run that a subtask of another run
// started: what it spends is the outer run's too.
func (s *suite) workNested(w swarm.Worker) {
	s.Helper()
	const name = "in a nested run"
	read := Round{Steps: []swarm.Step{{ID: "read", Do: "Find what the text says of the port.", Over: swarm.Chunks}}}
	task := ownBrief().Task
	inner := &swarm.Swarm{Planner: &Planner{Rounds: []Round{read}}, Worker: w}
	var within swarm.Report
	outer := swarm.Swarm{
		Planner: &Planner{Rounds: []Round{{Steps: []swarm.Step{{ID: "ask", Do: goal}}}}},
		Worker: swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
			a, err := inner.Run(ctx, task)
			within = a.Report
			return swarm.Say(a.Text), err
		}),
	}
	s.run(context.Background(), name, func(ctx context.Context) {
		if a, _ := outer.Run(ctx, task); a.Report.Usage != within.Usage {
			s.failf(name, "the nested run used %+v, and the run around it %+v", within.Usage, a.Report.Usage)
		}
	})
}

// workCancelled cancels a subtask before it starts, and at moments after. A
// worker that is done by then is not caught; one that is slow is.
func (s *suite) workCancelled(name string, w swarm.Worker, st swarm.Subtask) {
	s.Helper()
	for _, after := range []time.Duration{0, 100 * time.Microsecond, 2 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(context.Background(), after)
		s.run(ctx, fmt.Sprintf("%s, cancelled after %v", name, after), func(ctx context.Context) { w.Work(ctx, st) })
		cancel()
	}
}
