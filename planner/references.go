package planner

import (
	"encoding/json"
	"io"
	"slices"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
)

// references passes an answer on to w. Prose has its references renumbered as
// it comes. JSON passes unchanged: an answer that begins with '{' or '[' is held
// until it is no JSON any more, or whole.
type references struct {
	w     io.Writer
	cites []swarm.Citation
	prose *findings.Renumber // nil: the answer is JSON, or numbers are not to be touched
	held  []byte             // may be JSON
	to    io.Writer          // w or prose; nil: it is not decided yet
}

// newReferences returns a writer over the citations that the model was shown;
// verbatim says that numbers are left as they are.
func newReferences(w io.Writer, cites []swarm.Citation, verbatim bool) *references {
	if verbatim {
		return &references{cites: cites, to: w}
	}
	return &references{w: w, cites: cites, prose: findings.NewRenumber(w, cites)}
}

func (r *references) Write(p []byte) (int, error) {
	if r.to != nil {
		return r.to.Write(p)
	}
	r.held = append(r.held, p...)
	if (r.held[0] == '{' || r.held[0] == '[') && (len(r.held) > preambleBytes || json.Valid(r.held) || beginsJSON(string(r.held))) {
		return len(p), nil
	}
	return len(p), r.pass(r.prose)
}

// pass passes on what was held, unless that was done.
func (r *references) pass(to io.Writer) (err error) {
	if r.to == nil {
		r.to = to
		_, err = to.Write(r.held)
	}
	return err
}

// more adds the citations of the text that follows to those of the text until now,
// which cannot refer to them.
func (r *references) more(cites []swarm.Citation) error {
	if r.prose == nil {
		r.cites = append(slices.Clip(r.cites), cites...)
		return nil
	}
	r.pass(r.prose) // with text below it is no JSON; the prose keeps its first error
	return r.prose.More(cites)
}

// Close passes on what was held.
func (r *references) Close() error {
	if r.to == nil && json.Valid(r.held) {
		r.prose = nil
		return r.pass(r.w)
	}
	if r.prose == nil {
		return nil
	}
	r.pass(r.prose) // it keeps its first error
	return r.prose.Close()
}

// Citations returns what [1], [2] … of the answer refer to.
func (r *references) Citations() []swarm.Citation {
	if r.prose == nil {
		return r.cites
	}
	return r.prose.Citations()
}
