package swarm

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/db31e724/go-swarm/swarm/internal/schedule"
)

// Run executes a task: it lets the planner plan, runs the subtasks as the plan
// is written, and lets the planner merge what they found, round by round.
//
// It returns an Answer in every case, with coverage, report, results and what
// is known. The error is non-nil if the run was cancelled, and otherwise
// exactly when the planner did not finish a text: its plan had no step, every
// subtask failed (the error is then the first failure), or the merge broke
// off. A panic in Observe is the error where there is no other. Run returns
// once every goroutine of the run has ended; it waits for a
// worker that ignores its context. Safe for concurrent use.
func (s *Swarm) Run(ctx context.Context, t Task) (*Answer, error) {
	if err := s.valid(ctx, t); err != nil {
		return &Answer{}, err
	}
	r := newRun(ctx, s, t)
	defer r.cancel(context.Canceled)
	defer r.stopClocks()
	var listener errgroup.Group
	if s.Observe != nil {
		listener.Go(r.deliver)
	}
	r.begin()
	r.group.Go(r.watch)
	err := r.rounds()
	close(r.over)
	r.group.Wait() // nil: what fails on a goroutine of the run is the error of that subtask or phase
	a := r.finish(err)
	listener.Wait()
	if err == nil {
		err = r.queue.err
	}
	return a, err
}

const (
	defaultConcurrency = 32
	defaultRounds      = 2
	defaultWindow      = 24000
)

// run is one execution of a task. Everything below mu is guarded by it; the
// results of a subtask that has ended are read without it.
type run struct {
	swarm   *Swarm
	task    Task
	id      string
	start   time.Time
	ctx     context.Context
	cancel  context.CancelCauseFunc
	stepCtx context.Context // ends when no step may begin or go on: with ctx, or earlier so that time is left to merge
	clocks  []context.CancelFunc
	group   errgroup.Group // planner calls, workers, the watcher
	over    chan struct{}  // closed when all rounds are done

	places, most int
	window       int      // of this merge
	chunks       []*Chunk // of all sources

	mu      sync.Mutex
	machine *schedule.Machine
	steps   []*step
	byID    map[string]int
	repeats map[string][]int // instruction → steps, to find repeated ones
	size    Limits           // used so far

	round    int
	planOpen bool
	changed  sync.Cond // the run became quiet, or a phase ended
	hands    int       // worker goroutines that have no subtask yet
	desks    []*working
	idle     []int32                   // free entries of desks
	away     map[schedule.Ref]*working // parked, or waiting for their place

	burst    atomic.Uint64 // whose turn was the last (a desk), and how many it has had in a row
	now      time.Duration // since start, as the observer is told; it never goes back
	queue    queue
	report   Report
	reserved amount        // what calls in flight may come to
	settled  chan struct{} // closed when one of them has been settled
	coverage Coverage      // what the report does not count
	text     writer
	verdict  Verdict
	complete bool
	known    []Known
}

// step is an accepted step with its input and its results.
type step struct {
	Step
	n         int // its number in the machine
	round     int
	depth     int
	chunks    []*Chunk // Over Chunks
	items     []string // Items, List
	groups    [][]Result
	of        *step
	needs     []*step
	used      bool // another step needs, follows or unfolds it
	followers []*step
	results   []Result

	once    sync.Once // guards what follows
	from    []Result
	missing []string
}

var runs atomic.Int64

func newRun(ctx context.Context, s *Swarm, t Task) *run {
	r := &run{
		swarm:   s,
		task:    t,
		id:      "run-" + strconv.FormatInt(runs.Add(1), 10),
		start:   time.Now(),
		over:    make(chan struct{}),
		places:  orDefault(s.Concurrency, defaultConcurrency),
		most:    orDefault(s.Rounds, defaultRounds),
		window:  s.baseWindow(),
		byID:    map[string]int{},
		repeats: map[string][]int{},
		away:    map[schedule.Ref]*working{},
	}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	r.stepCtx = r.ctx
	r.settled = make(chan struct{})
	if b := s.Budget; b.Time > 0 {
		r.limitTime(b.Time)
	}
	r.machine = schedule.New(r.places)
	r.changed.L = &r.mu
	r.text.run = r
	for i := range t.Sources {
		for j := range t.Sources[i].Chunks {
			r.chunks = append(r.chunks, &t.Sources[i].Chunks[j])
		}
	}
	r.queue.init(&r.mu, s.Observe != nil)
	return r
}

func orDefault(v, d int) int {
	if v == 0 {
		return d
	}
	return v
}

// rounds plans, works and merges until the answer is complete.
func (r *run) rounds() error {
	for r.next() {
		accepted, err := r.plan()
		r.settle()
		if err := r.cancelled(); err != nil {
			return err
		}
		if accepted == 0 {
			if r.round > 1 {
				r.miss(fmt.Sprintf("round %d: no further step", r.round), err)
				return nil
			}
			if err == nil {
				err = errors.New("it holds no step")
			}
			return fmt.Errorf("plan: %w", err)
		}
		if err := r.allFailed(); err != nil {
			return err
		}
		if broke := r.merge(); broke != nil {
			restored := r.text.restore()
			if err := r.cancelled(); err != nil {
				return err
			}
			if restored {
				r.miss(fmt.Sprintf("round %d: the merge broke off", r.round), broke)
				return nil
			}
			return fmt.Errorf("merge: %w", broke)
		}
		if r.complete {
			break
		}
	}
	return nil
}

// next begins the next round, if one is left.
func (r *run) next() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.round == r.most {
		return false
	}
	r.round++
	return true
}

// cancelled returns the cause, if the run was cancelled.
func (r *run) cancelled() error {
	if r.ctx.Err() != nil {
		return cause(r.ctx)
	}
	return nil
}

// settle waits until the plan is closed and every subtask has ended.
func (r *run) settle() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.planOpen || !r.machine.Quiet() {
		r.changed.Wait()
	}
}

// watch ends what has not started once the run is cancelled, and says who
// keeps it waiting after that.
func (r *run) watch() error {
	select {
	case <-r.over:
		return nil
	case <-r.stepCtx.Done():
	}
	r.mu.Lock()
	r.halt()
	r.mu.Unlock()
	patience := time.NewTimer(time.Second)
	defer patience.Stop()
	select {
	case <-r.over:
		return nil
	case <-patience.C:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var who []string
	switch {
	case r.planOpen:
		who = append(who, "the planner's Plan")
	case r.text.opened != 0 && r.ctx.Err() != nil:
		who = append(who, "the planner's Merge")
	}
	for _, w := range r.desks {
		if w != nil && len(who) < 8 {
			who = append(who, w.step.ID+"/"+strconv.Itoa(int(w.ref.Index)))
		}
	}
	if len(who) > 0 {
		r.tell(Event{Kind: Stalled, Text: "cancelled, but still working: " + strings.Join(who, ", ")})
	}
	return nil
}

// halt ends what has not started. The lock is held.
func (r *run) halt() {
	r.machine.Cancel()
	r.book()
	r.grant()
	r.changed.Broadcast()
}

// allFailed returns the first failure in plan order, or where the budget let
// none begin the first that was skipped, if no subtask of the run ended well.
func (r *run) allFailed() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.report.Subtasks
	if t[Done]+t[Abstained] > 0 || t[Failed]+t[Skipped] == 0 {
		return nil
	}
	var skipped error
	for _, s := range r.steps {
		for i := range s.results {
			switch res := &s.results[i]; {
			case res.Outcome == Failed:
				return res.Err
			case res.Outcome == Skipped && skipped == nil:
				skipped = res.Err
			}
		}
	}
	return skipped
}

// miss notes in the coverage what the answer does not rest on.
func (r *run) miss(what string, why error) {
	if why != nil {
		what = fmt.Sprint(what, ": ", why) // a stranger's Error may panic
	}
	r.mu.Lock()
	r.coverage.Missing = append(r.coverage.Missing, what)
	r.mu.Unlock()
}

// finish makes the answer of what is known and tells the observer that the
// run has ended.
func (r *run) finish(err error) *Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := &Answer{
		Run:       r.id,
		Text:      r.text.String(),
		Citations: r.verdict.Citations,
		Complete:  err == nil && r.complete,
		Rounds:    r.round,
		Coverage:  r.covered(),
		steps:     r.steps,
	}
	e := Event{Kind: RunEnded, Run: r.id, Round: r.round, At: time.Since(r.start), Answer: a, Err: err}
	r.report.Add(e)
	a.Report = r.report
	r.queue.put(record{event: &e})
	r.queue.close()
	return a
}
