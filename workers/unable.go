package workers

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

const (
	// A model is taken to be unable to write what a run asks for once it has
	// sent leastReplies in that run, of which unableShare could not be read.
	leastReplies = 40
	unableShare  = .9
	// mostRuns is how many runs are remembered.
	mostRuns = 64
	// saidRunes is how much of an unreadable reply an error shows.
	saidRunes = 80
)

// unable finds out, per run and backend, models that cannot write what is asked
// for, so that a run of thousands does not pay one to the last chunk.
type unable struct {
	mu   sync.Mutex
	runs []runReplies // the latest, in the order of their first reply
}

// runReplies are those of a run by backend.
type runReplies struct {
	run string
	by  map[string]*replies
}

type replies struct {
	model      string
	all        int
	unreadable int
	said       string // the beginning of the last that could not be read
}

// of returns the replies of a run, or nil.
func (u *unable) of(run string) map[string]*replies {
	for _, r := range u.runs {
		if r.run == run {
			return r.by
		}
	}
	return nil
}

// err says that a model is unable, if it is.
func (r *replies) err(backend string) error {
	if r.all < leastReplies || float64(r.unreadable) < unableShare*float64(r.all) {
		return nil
	}
	return &swarm.CallError{Class: swarm.ClassBroken, Model: r.model, Backend: backend, Err: fmt.Errorf(
		"the model does not write what it is asked for: %d of its %d replies in this run cannot be read, the last one began %q", r.unreadable, r.all, r.said)}
}

// note takes what a call of ctx's run brought: a reply that could be read or
// not, or the error of one that was cut. It returns an error if the model that
// wrote it is unable.
func (u *unable) note(ctx context.Context, reply model.Reply, err error, readable bool) error {
	run := swarm.CallerOf(ctx).Run
	if run == "" || err != nil && !isClass(err, swarm.ClassCut) {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	of := u.of(run)
	if of == nil {
		of = map[string]*replies{}
		u.runs = append(u.runs, runReplies{run, of})
		u.runs = u.runs[max(0, len(u.runs)-mostRuns):]
	}
	r := of[reply.Backend]
	if r == nil {
		r = &replies{}
		of[reply.Backend] = r
	}
	if r.all++; readable {
		return nil
	}
	r.unreadable++
	r.model, r.said = reply.Model, findings.Line(reply.Text, saidRunes)
	if ce, ok := errors.AsType[*swarm.CallError](err); ok {
		r.model = ce.Model
	}
	return r.err(reply.Backend)
}

// check returns the backends that a call of ctx's run is to avoid. If they are
// all that there are, of so many, it returns an error: nothing is to be sent.
func (u *unable) check(ctx context.Context, backends int) (avoid []string, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	of := u.of(swarm.CallerOf(ctx).Run)
	for name, r := range of {
		if is := r.err(name); is != nil {
			avoid, err = append(avoid, name), is
		}
	}
	if len(avoid) < max(backends, len(of)) {
		err = nil
	}
	return avoid, err
}
