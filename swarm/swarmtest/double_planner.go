package swarmtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// Round is what a [Planner] does in one round.
type Round struct {
	Steps []swarm.Step
	Pause time.Duration // delay before each step, like the time a model takes to write it
	Err   error         // what Plan returns after the steps

	Verdict  swarm.Verdict // of the merge
	MergeErr error         // what Merge returns after the text
}

// Planner is a scripted planner for tests: in round n it does what Rounds[n-1]
// says, in later rounds nothing. Merge writes a line "ID: text" for each result. It
// records the arguments of its calls. It is safe for concurrent use, and must not
// be copied after its first use.
type Planner struct {
	Rounds []Round
	Tokens int // what Window returns: the most tokens of results that a merge is given; 0: any number

	mu      sync.Mutex
	briefs  []swarm.Brief
	refused []error
	merged  [][]swarm.Result
}

func (p *Planner) round(n int) Round {
	if n < 1 || n > len(p.Rounds) {
		return Round{}
	}
	return p.Rounds[n-1]
}

// Plan adds the round's steps. It stops at the first step that is refused because
// the plan is closed or the run has ended; it only records other refusals.
func (p *Planner) Plan(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error {
	p.mu.Lock()
	p.briefs = append(p.briefs, b)
	p.mu.Unlock()
	r := p.round(b.Round)
	for _, st := range r.Steps {
		if err := (Act{Wait: r.Pause}).wait(ctx); err != nil {
			return err
		}
		err := add(st)
		if err == nil {
			continue
		}
		p.mu.Lock()
		p.refused = append(p.refused, err)
		p.mu.Unlock()
		if errors.Is(err, swarm.ErrPlanClosed) || ctx.Err() != nil {
			return err
		}
	}
	return r.Err
}

// Merge writes the results and returns the round's verdict.
func (p *Planner) Merge(ctx context.Context, b swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	p.mu.Lock()
	p.merged = append(p.merged, slices.Clone(results))
	p.mu.Unlock()
	for i := range results {
		if err := context.Cause(ctx); err != nil {
			return swarm.Verdict{}, err
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", results[i].ID(), results[i].Out.Text()); err != nil {
			return swarm.Verdict{}, err
		}
	}
	r := p.round(b.Round)
	return r.Verdict, r.MergeErr
}

// Window returns Tokens.
func (p *Planner) Window() int { return p.Tokens }

// Briefs returns the brief of each call of Plan, in order.
func (p *Planner) Briefs() []swarm.Brief { return copyOf(&p.mu, &p.briefs) }

// Refused returns the errors that add returned, in order.
func (p *Planner) Refused() []error { return copyOf(&p.mu, &p.refused) }

// Merged returns the results of each call of Merge, in order.
func (p *Planner) Merged() [][]swarm.Result { return copyOf(&p.mu, &p.merged) }

// copyOf copies what a mutex guards.
func copyOf[T any](mu *sync.Mutex, list *[]T) []T {
	mu.Lock()
	defer mu.Unlock()
	return slices.Clone(*list)
}
