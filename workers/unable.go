package workers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

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
	runs map[string]map[string]*replies // by run and backend
	old  []string                       // runs, in the order of their first reply
}

// replies are those of one backend in one run.
type replies struct {
	model      string
	all        int
	unreadable int
	said       string // the beginning of the last that could not be read
}

func (r *replies) unable() bool {
	return r.all >= leastReplies && float64(r.unreadable) >= unableShare*float64(r.all)
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
	of := u.runs[run]
	if of == nil {
		if u.runs == nil {
			u.runs = map[string]map[string]*replies{}
		}
		if u.old = append(u.old, run); len(u.old) > mostRuns {
			delete(u.runs, u.old[0])
			u.old = u.old[1:]
		}
		of = map[string]*replies{}
		u.runs[run] = of
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
	r.model, r.said = reply.Model, clip(reply.Text, saidRunes)
	if ce, ok := errors.AsType[*swarm.CallError](err); ok {
		r.model = ce.Model
	}
	if !r.unable() {
		return nil
	}
	return r.err(reply.Backend)
}

// check returns the backends that a call of ctx's run is to avoid. If they are
// all that there are, of so many, it returns an error: nothing is to be sent.
func (u *unable) check(ctx context.Context, backends int) (avoid []string, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	of := u.runs[swarm.CallerOf(ctx).Run]
	for name, r := range of {
		if r.unable() {
			avoid = append(avoid, name)
			err = r.err(name)
		}
	}
	if len(avoid) < max(backends, len(of)) {
		err = nil
	}
	return avoid, err
}

func (r *replies) err(backend string) error {
	return &swarm.CallError{Class: swarm.ClassBroken, Model: r.model, Backend: backend, Err: fmt.Errorf(
		"the model does not write what it is asked for: %d of its %d replies in this run cannot be read, the last one began %q", r.unreadable, r.all, r.said)}
}

// clip returns the first n runes of s on one line.
func clip(s string, n int) string {
	s = strings.Join(strings.Fields(s[:min(len(s), 8*n)]), " ")
	if utf8.RuneCountInString(s) <= n {
		return strings.ToValidUTF8(s, "")
	}
	return string([]rune(s)[:n-1]) + "…"
}
