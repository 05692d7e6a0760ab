package swarm

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/db31e724/go-swarm/swarm/internal/schedule"
)

// Run executes a task in rounds. In each round the planner plans, the subtasks run
// as soon as their steps are written, and the planner merges their results.
//
// Run returns an Answer in every case, with coverage, report, results and what is
// known. The error is non-nil if the run was cancelled, and otherwise exactly when
// the planner did not finish a text: its plan had no step, every subtask failed
// (the error is then the first failure) or was cut off by the time limit, or the
// merge was interrupted. After a cancel errors.Is finds both the context's error
// and its cause, and a planner whose Window is 0 still merges what is known. A
// panic in Observe is returned if there is no other error.
//
// Run returns once every goroutine of the run has ended. It waits for a worker that
// ignores its context, and for the current call of Observe. One second after a
// cancel, all events that Observe has not seen are dropped except the last.
//
// If ctx belongs to a subtask of another run, the run is nested: its calls are also
// booked to the outer run and count against the outer Budget. Safe for concurrent
// use.
func (s *Swarm) Run(ctx context.Context, t Task) (*Answer, error) {
	if err := s.valid(ctx, t); err != nil {
		return &Answer{Status: ReadMore}, err
	}
	r := newRun(ctx, s, t)
	defer r.cancel(context.Canceled)
	if err := r.openHistory(); err != nil {
		return &Answer{Status: ReadMore}, err
	}
	if d := s.Budget.Time; d > 0 {
		err := &BudgetError{Limit: "time", Max: d.String()}
		var stop, stopSteps context.CancelFunc
		r.ctx, stop = context.WithTimeoutCause(r.ctx, d, err)
		defer stop()
		r.stepCtx, stopSteps = context.WithTimeoutCause(r.ctx, d-d/5, err)
		defer stopSteps()
	}
	told := make(chan struct{}) // closed when Observe has been told all
	go func() {
		defer close(told)
		r.deliver()
	}()
	r.mu.Lock()
	started := Event{Kind: RunStarted, Text: t.Goal, Tokens: sourceTokens(t.Sources)}
	if h := r.history; h != nil && h.earlier.Usage.Calls > 0 {
		started.Usage, started.Price = &h.earlier.Usage, h.earlier.Large
	}
	r.emit(started)
	r.mu.Unlock()
	r.group.Go(r.watch)
	err := r.rounds()
	close(r.over)
	r.group.Wait()
	err = cmp.Or(err, r.closeHistory())
	a := r.finish(err)
	select {
	case <-told:
	case <-r.ctx.Done():
		late := time.AfterFunc(patience, func() { r.events.late.Store(true) })
		defer late.Stop()
	}
	<-told
	return a, cmp.Or(err, r.events.err)
}

const (
	defaultConcurrency = 32
	defaultRounds      = 2
)

// patience is how long a cancelled run waits before it says who keeps it, and
// for an observer that is behind.
const patience = time.Second

// run is one execution of a task: the order of its rounds, and what its parts
// share. The parts are planning, which takes the steps of a plan; working, which
// hands out subtasks; merging, which makes the answer; account, which admits
// calls; and listener, which tells what happens.
type run struct {
	swarm   *Swarm
	task    Task
	id      string
	root    string // ID of the outermost run
	outer   *scope // where the run was started in another one; nil: nowhere
	start   time.Time
	ctx     context.Context
	cancel  context.CancelCauseFunc
	stepCtx context.Context // ends when no step of a plan may begin or go on: with ctx, or earlier so that time is left to merge
	group   sync.WaitGroup  // planner calls, workers, the watcher
	over    chan struct{}   // closed when all rounds are done
	chunks  []*Chunk        // of all sources
	corpora map[unit]*corpus

	most    int // rounds
	account *account
	history *history // nil: nothing is kept
	merge   merging  // of the goroutine that goes through the rounds

	// mu guards what follows. The results of a subtask that has ended are read
	// without it.
	mu      sync.Mutex
	round   int
	steps   []*step
	missing []string // of the answer: Coverage.Missing
	plan    planning
	work    working
	events  listener
}

// step is an accepted step with its input and its results.
type step struct {
	Step
	n         int // its number in the machine
	round     int
	depth     int
	bytes     int      // of Limits.Bytes
	chunks    []*Chunk // Over Chunks
	items     []string // Items, List
	groups    [][]Result
	context   []*Chunk   // what all its subtasks see
	found     [][]*Chunk // Lookup: what each was shown
	lookIn    *corpus    // Lookup: where; nil: in all texts
	listed    *step      // List: makes the list of a step with several results
	rest      *step      // Widen: reads the rest if this one finds nothing
	after     *step      // it is the rest of this one
	of        *step
	needs     []*step
	used      bool // another step needs, follows or unfolds it
	followers []*step
	results   []Result
	worker    Worker
	computed  bool // by the engine itself, at no cost: nothing of it is recorded

	once    sync.Once // guards what follows
	from    []Result
	missing []string

	keyOnce sync.Once // guards what follows
	key     [16]byte  // of what all its subtasks go by
}

func newRun(ctx context.Context, s *Swarm, t Task) *run {
	r := &run{
		swarm: s,
		task:  t,
		outer: scopeOf(ctx),
		start: time.Now(),
		over:  make(chan struct{}),
		most:  cmp.Or(s.Rounds, defaultRounds),
	}
	r.account = &account{ledger: &ledger{}, budget: s.Budget, stop: r.stop}
	if r.outer == nil {
		r.id = "run-" + strings.ToLower(rand.Text()[:13])
		r.root = r.id
	} else {
		r.id = r.outer.nestedID()
		r.root = r.outer.run.root
		r.account.ledger = r.outer.run.account.ledger
	}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	r.stepCtx = r.ctx
	for i := range t.Sources {
		for j := range t.Sources[i].Chunks {
			r.chunks = append(r.chunks, &t.Sources[i].Chunks[j])
		}
	}
	r.corpora = map[unit]*corpus{
		{Over: Chunks}:  newCorpus(func() []*Chunk { return r.chunks }),
		{Over: Sources}: newCorpus(func() []*Chunk { return wholes(t.Sources, func(*Chunk) bool { return true }) }),
	}
	for level := range mostLevel + 1 {
		r.corpora[unit{Sections, level}] = newCorpus(func() []*Chunk { return sectionsOf(t.Sources, level) })
	}
	r.plan = planning{run: r, byID: map[string]*step{}, repeats: map[string][]*step{}}
	r.work = working{run: r, machine: schedule.New(cmp.Or(s.Concurrency, defaultConcurrency)), away: map[schedule.Ref]*running{}}
	r.work.changed.L = &r.mu
	r.merge.run = r
	r.merge.verdict.Status = ReadMore
	r.events.on = s.Observe != nil
	r.events.news.L, r.events.room.L = &r.mu, &r.mu
	return r
}

// rounds plans, works and merges until the answer is complete.
func (r *run) rounds() error {
	for r.round < r.most {
		r.mu.Lock()
		r.round++
		r.mu.Unlock()
		if err := r.askWindow(); err != nil {
			if r.round > 1 {
				r.miss(fmt.Sprintf("round %d", r.round), err)
				return nil
			}
			return err
		}
		accepted, err := r.plan.write()
		r.work.settle()
		if stopped := cause(r.ctx); stopped != nil {
			if r.merge.window == 0 && len(r.steps) > 0 && r.merge.write() != nil {
				r.merge.restore()
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.because(stopped, nil)
		}
		if accepted == 0 {
			if r.round > 1 {
				r.miss(fmt.Sprintf("round %d: no further step", r.round), err)
				return nil
			}
			return fmt.Errorf("plan: %w", cmp.Or(err, errors.New("it holds no step")))
		}
		if err := r.allFailed(); err != nil {
			return err
		}
		broke := r.merge.write()
		restored := broke != nil && r.merge.restore()
		switch stopped := cause(r.ctx); {
		case stopped != nil:
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.because(stopped, broke)
		case restored:
			r.miss(fmt.Sprintf("round %d: the merge broke off", r.round), broke)
			return nil
		case broke != nil:
			return fmt.Errorf("merge: %w", broke)
		case r.merge.complete:
			return nil
		}
	}
	return nil
}

// askWindow asks the planner how many tokens of results it reads.
func (r *run) askWindow() error {
	window := 0
	at := Record{Kind: recordWindow, Index: r.round} // the same groups are reduced again
	known, err := r.history.get(at, &window)
	if !known && err == nil {
		err = r.callPlanner("the planner's Window", func() error {
			window = max(r.swarm.Planner.Window(), 0)
			return nil
		})
		if err == nil {
			r.history.put(at, window)
		}
	}
	r.merge.window = window
	r.account.window.Store(int64(window))
	return err
}

// ctxOf returns what a step's subtasks end with.
func (r *run) ctxOf(s *step) context.Context {
	if s.groups != nil {
		return r.ctx // reducing is a part of merging
	}
	return r.stepCtx
}

// stop ends the run for a reason.
func (r *run) stop(why error) {
	r.cancel(why)
	r.halt()
}

// callPlanner runs a planner's call on a goroutine of its own and waits for it, so
// that a Goexit in it ends that goroutine and not the caller's.
func (r *run) callPlanner(in string, f func() error) error {
	err := errors.New(in + " did not return")
	done := make(chan struct{})
	r.group.Go(func() {
		defer close(done)
		guarded(in, &err, f)
	})
	<-done
	return err
}

// watch ends what has not started once the run is cancelled or its time for
// steps is over, and says who keeps it waiting after that.
func (r *run) watch() {
	select {
	case <-r.over:
		return
	case <-r.stepCtx.Done():
	}
	r.halt()
	wait := time.After(patience)
	whole := r.ctx.Done()
	for {
		select {
		case <-r.over:
			return
		case <-whole:
			whole = nil
			r.halt()
			wait = time.After(patience)
		case <-wait:
			r.tellStalled()
		}
	}
}

func (r *run) halt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.work.halt()
}

// tellStalled says who keeps a cancelled run waiting: the planner, and the first
// few subtasks that should have ended and have not.
func (r *run) tellStalled() {
	r.mu.Lock()
	defer r.mu.Unlock()
	var who []string
	switch {
	case r.plan.open:
		who = append(who, "the planner's Plan")
	case r.merge.writing && r.ctx.Err() != nil:
		who = append(who, "the planner's Merge")
	}
	for _, s := range r.steps {
		for i := range s.results {
			if r.ctxOf(s).Err() != nil && s.results[i].Outcome == Pending && len(who) < 8 {
				who = append(who, subtaskID(&s.Step, i))
			}
		}
	}
	if len(who) > 0 {
		r.emit(Event{Kind: Stalled, Text: "cancelled, but still working: " + strings.Join(who, ", ")})
	}
}

// finish makes the answer of what is known and tells the observer that the
// run has ended.
func (r *run) finish(err error) *Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.covered()
	whole := c.PlanCut == "" && len(c.Missing) == 0 && c.Cancelled == 0
	status := r.merge.verdict.Status
	if status == NotInTexts && c.Failed+c.Skipped+c.Cancelled > 0 {
		status = ReadMore // what was not read may say it
	}
	a := &Answer{
		Run:       r.id,
		Text:      r.merge.answer.String(),
		Citations: r.merge.verdict.Citations,
		Status:    status,
		Complete:  err == nil && r.merge.complete && status == Answered && whole,
		Rounds:    r.round,
		Coverage:  c,
		steps:     r.steps,
	}
	r.emit(Event{Kind: RunEnded, Answer: a, Err: err})
	a.Report = r.events.report
	r.events.closed = true
	r.events.news.Signal()
	return a
}
