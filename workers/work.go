package workers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// Most tokens of a reply where nobody names any.
const (
	defaultOut     = 1024
	defaultLongOut = 2048 // of a list, a text, or the records in a text
	defaultItemOut = 128  // of each item of a pack, if that is more
)

// mostSaid is how many runes of a reply that could not be read are shown to its
// writer again.
const mostSaid = 4000

func (c *Config) check() error {
	switch t := c.Temperature; {
	case c.Doer != nil && (len(c.Backends) > 0 || c.Limits != (model.Limits{})):
		return errors.New("workers: Backends and Limits are not used beside a Doer, which has its own: leave them out")
	case c.ToolTurns < 0 || c.ToolTokens < 0:
		return fmt.Errorf("workers: ToolTurns is %d and ToolTokens %d: they must not be negative, 0 stands for the default", c.ToolTurns, c.ToolTokens)
	case c.MaxOut < 0:
		return fmt.Errorf("workers: MaxOut is %d: it must not be negative, 0 stands for the default", c.MaxOut)
	case t != nil && !(*t >= 0 && *t <= 2):
		return fmt.Errorf("workers: Temperature is %v: it must be from 0 to 2, or nil for the server's own", *t)
	}
	return checkTools(c.Tools)
}

// Work runs one subtask. A finding over a chunk cites the passage that it quotes,
// with its place in the source, if the passage occurs in the chunk (runs of white
// space compare as one space); otherwise it cites the whole chunk, unverified. A
// quote of several passages, such as rows that are not adjacent, makes several
// citations. A finding made from earlier results keeps the evidence that it refers
// to; if no finding refers to any, each gets all their evidence, the best first. A
// chunk that fits no backend's context is split in halves, down to eighths, and
// their findings form one output. The error is a *swarm.CallError.
func (p *Pool) Work(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
	if st.Step == nil {
		return swarm.Output{}, &swarm.CallError{Class: swarm.ClassInvalid, Err: errors.New("the subtask has no step")}
	}
	return p.inParts(ctx, &st, 0)
}

// work asks for a reply, and once more where that can help.
func (p *Pool) work(ctx context.Context, st *swarm.Subtask) (swarm.Output, error) {
	backends, maxOut := 0, 0 // it is not known
	if p.own != nil {
		backends, maxOut = p.own.Backends(), p.own.MaxOut()
	}
	avoid, err := p.unable.check(ctx, backends)
	if err != nil {
		return swarm.Output{}, err
	}
	s := shapeOf(st)
	if s.record != nil {
		made, err := p.records.Compile(s.record)
		if err == nil && made.Types != nil && !slices.Contains(made.Types.ToStrings(), "object") {
			err = fmt.Errorf("the schema: its root is of type %s: a record is an object", strings.Join(made.Types.ToStrings(), ", "))
		}
		if err != nil {
			return swarm.Output{}, &swarm.CallError{Class: swarm.ClassInvalid, Err: fmt.Errorf("step %s: %w", st.Step.ID, err)}
		}
	}
	prompt := p.cfg.Prompt(*st)
	r := model.Request{
		Messages: prompt, Schema: s.schema(), Temperature: p.cfg.Temperature,
		MaxOut: st.Step.MaxOut, DefaultOut: p.defaultOut(s, st.Pack), Avoid: avoid,
	}
	most := cmp.Or(st.Step.MaxOut, r.DefaultOut) // of an output
	talk, err := p.converse(st, len(prompt))
	if err != nil {
		return swarm.Output{}, err
	}
	defer talk.running.Wait()
	output := func(r *reading) swarm.Output {
		seen := *st // with what tools returned among its texts
		seen.Found = append(slices.Clip(st.Found), talk.read...)
		out := r.output(&seen, s, most)
		out.Read = talk.read
		return out
	}
	var first *reading // what a first reply said, as far as it could be read
	for widened := false; ; {
		reply, err := talk.do(ctx, r)
		if !widened && isClass(err, swarm.ClassCut) {
			widened = true
			unfit := p.unable.note(ctx, reply, err, false)
			if unfit != nil {
				return swarm.Output{}, unfit
			}
			wider := r
			wider.Avoid = append(slices.Clip(avoid), reply.Backend)
			wider.MaxOut = 2 * cmp.Or(r.MaxOut, max(maxOut, r.DefaultOut))
			if again, wrong := talk.do(ctx, wider); !isClass(wrong, swarm.ClassTooLong) {
				r, reply, err = wider, again, wrong
			}
		}
		if err != nil && !errors.Is(err, model.ErrEmpty) {
			if first != nil && !first.fatal && ctx.Err() == nil {
				return output(first), nil
			}
			return swarm.Output{}, cmp.Or(p.unable.note(ctx, reply, err, false), err)
		}
		got := read(&p.records, reply.Text, s, st.Step.Must)
		unfit := p.unable.note(ctx, reply, nil, !got.fatal)
		if st.Pack > 1 && !got.fatal {
			got.faults = nil
		}
		switch {
		case len(got.faults) == 0, first != nil && !got.fatal:
			return output(&got), nil
		case first != nil && !first.fatal:
			return output(first), nil
		case unfit != nil:
			return swarm.Output{}, unfit
		case first != nil:
			return swarm.Output{}, &swarm.CallError{
				Class: swarm.ClassBroken, Model: reply.Model, Backend: reply.Backend,
				Err: fmt.Errorf("the reply cannot be read, nor could the one before it: %s", strings.Join(got.faults, "; ")),
			}
		}
		first = &got
		r.Messages = append(prompt[:len(prompt):len(prompt)],
			model.Message{Role: "assistant", Content: cmp.Or(findings.Line(reply.Text, mostSaid), "(nothing)")},
			model.Message{Role: "user", Content: "That cannot be read: " + strings.Join(got.faults, "; ") + ". Reply again with the one JSON object alone, mended."})
	}
}

func isClass(err error, c swarm.Class) bool {
	ce, ok := errors.AsType[*swarm.CallError](err)
	return ok && ce.Class == c
}

// defaultOut is the room for a reply where neither step nor backend names one.
func (p *Pool) defaultOut(s shape, pack int) int {
	if s.form != swarm.FormFindings || s.record != nil && s.quotes {
		return cmp.Or(p.cfg.MaxOut, defaultLongOut)
	}
	return cmp.Or(p.cfg.MaxOut, max(defaultOut, defaultItemOut*pack))
}
