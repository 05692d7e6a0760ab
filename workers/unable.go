package workers

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	// mostCounted is how many backends of runs are remembered.
	mostCounted = 1024
	// saidRunes is how much of an unreadable reply an error shows.
	saidRunes = 80
)

// unable finds out, per run and backend, models that cannot write what is asked
// for, so that a run of thousands does not pay one to the last chunk.
type unable struct {
	mu  sync.Mutex
	all []*replies // in the order of their first reply
}

// replies are those of a backend in a run.
type replies struct {
	run, backend string
	model        string
	all          int
	unreadable   int
	said         string // the beginning of the last that could not be read
}

// err says that a model is unable, if it is.
func (r *replies) err() error {
	if r.all < leastReplies || float64(r.unreadable) < unableShare*float64(r.all) {
		return nil
	}
	return &swarm.CallError{Class: swarm.ClassBroken, Model: r.model, Backend: r.backend, Err: fmt.Errorf(
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
	i := slices.IndexFunc(u.all, func(r *replies) bool { return r.run == run && r.backend == reply.Backend })
	if i < 0 {
		u.all = append(u.all[max(0, len(u.all)-mostCounted+1):], &replies{run: run, backend: reply.Backend})
		i = len(u.all) - 1
	}
	r := u.all[i]
	if r.all++; readable {
		return nil
	}
	r.unreadable++
	r.model, r.said = reply.Model, findings.Line(reply.Text, saidRunes)
	if ce, ok := errors.AsType[*swarm.CallError](err); ok {
		r.model = ce.Model
	}
	return r.err()
}

// check returns the backends that a call of ctx's run is to avoid. If they are
// all that there are, of so many, it returns an error: nothing is to be sent.
func (u *unable) check(ctx context.Context, backends int) (avoid []string, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	run, known := swarm.CallerOf(ctx).Run, 0
	for _, r := range u.all {
		if r.run != run {
			continue
		}
		known++
		if is := r.err(); is != nil {
			avoid, err = append(avoid, r.backend), is
		}
	}
	if len(avoid) < max(backends, known) {
		err = nil
	}
	return avoid, err
}
