package planner

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// problemsTold is the most problems that a request to mend names one by one.
const problemsTold = 20

// Plan asks the model for a plan and adds each step as soon as its closing brace
// has arrived. If steps or the reply are wrong, the model is told why and asked for
// the rest, at most Config.Mends times. Steps that add accepted are not asked for
// again, and are skipped if the model repeats them unchanged. By an empty plan in
// reply to such a request the model withdraws the refused steps.
//
// The error names what is still wrong, or is that of the call; accepted steps are
// carried out all the same. A plan without steps is an error in the first round; in
// later rounds it means that nothing is left to do.
func (l *LLM) Plan(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error {
	if err := l.checkSchema(&b.Task); err != nil {
		return err
	}
	p := &planning{ctx: ctx, most: l.cfg.PlanBytes, add: add, accepted: map[string]swarm.Step{}}
	for _, st := range b.Standing {
		p.order = append(p.order, st.ID)
	}
	base := messages(l.cfg.PlanPrompt(b, l.room(l.planOut())))
	ms := base
	schema := planSchema
	if len(b.Tools) > 0 {
		schema = toolsSchema
	}
	asked := false // for a plan that is not empty
	for mends := 0; ; mends++ {
		said, err := l.do(ctx, model.Request{Messages: ms, Schema: schema, MaxOut: l.cfg.PlanTokens, DefaultOut: l.planOut()}, p, true)
		switch {
		case p.stopped != nil:
			return p.stopped
		case errors.Is(err, errTooLong):
			return err
		case classOf(err) == swarm.ClassTooLong, classOf(err) == swarm.ClassBudget && l.cfg.Fallback != nil && len(p.order) == 0 && b.Round <= 1:
			// The prompt, or what was said until now, does not fit the model or
			// the budget: it will not write a better plan.
			return p.fail(l.cfg.Fallback, b, mends, []error{err})
		case err != nil && classOf(err) != swarm.ClassCut && !errors.Is(err, model.ErrEmpty):
			return err
		}
		problems, again := p.end(err), false
		if len(problems) == 0 {
			if len(p.order) > 0 || b.Round > 1 {
				return nil
			}
			problems = []error{errors.New("the plan has no step")}
			again, asked = asked, true
		}
		if again || mends >= l.cfg.Mends {
			return p.fail(l.cfg.Fallback, b, mends, problems)
		}
		ms = l.mended(base, said, p.mend(problems), l.planOut())
	}
}

// planning is one Plan: it reads the replies and remembers what was accepted.
type planning struct {
	ctx      context.Context
	most     int
	add      func(swarm.Step) error
	accepted map[string]swarm.Step
	order    []string // their IDs

	dec     *decoder
	refused []error // of the reply that is being read
	stopped error   // add will take no more
}

// again makes ready for a reply. Steps of an earlier attempt at it that were
// accepted stand.
func (p *planning) again() {
	p.refused = nil
	p.dec = newDecoder(p.most, p.step)
}

func (p *planning) read(text string) error {
	if err := p.dec.write(text); err != nil {
		return err
	}
	return p.stopped
}

// step takes a step as it was written.
func (p *planning) step(raw []byte) {
	if p.stopped != nil {
		return
	}
	s, err := readStep(raw)
	if err != nil {
		swarm.Emit(p.ctx, swarm.Event{Kind: swarm.StepRefused, Step: s.ID, Err: err})
		p.refused = append(p.refused, err)
		return
	}
	if old, ok := p.accepted[s.ID]; ok && reflect.DeepEqual(old, s) {
		return
	}
	if err = p.add(s); err == nil {
		p.accepted[s.ID] = s
		p.order = append(p.order, s.ID)
	} else if _, refused := errors.AsType[*swarm.PlanError](err); refused {
		p.refused = append(p.refused, err)
	} else {
		p.stopped = err
	}
}

// end returns all that is wrong with the reply that has been read.
func (p *planning) end(cut error) []error {
	problems := p.refused
	if classOf(cut) == swarm.ClassCut {
		return append(problems, errors.New("the reply was cut off at its token limit: write less"))
	}
	return append(problems, p.dec.close()...)
}

// mend asks for what is missing of the plan.
func (p *planning) mend(problems []error) string {
	var b strings.Builder
	b.WriteString("Your plan could not be used as a whole.\n")
	for i, err := range problems {
		if i == problemsTold {
			fmt.Fprintf(&b, "- and %d more problems\n", len(problems)-i)
			break
		}
		b.WriteString("- " + findings.Line(err.Error(), 600) + "\n")
	}
	for _, err := range problems {
		if refused, ok := errors.AsType[*swarm.PlanError](err); ok && refused.Field == "calc" {
			b.WriteString(mendCalc)
			break
		}
	}
	accepted, whole := "No step has been accepted yet.\n", ""
	if len(p.order) > 0 {
		names := findings.Line(strings.Join(p.order, ", "), 4000)
		accepted = "These steps were accepted and are being carried out; do not write them again, but later steps may refer to them: " + names + ".\n"
		whole = ` If nothing is missing any more, reply {"steps": []}.`
	}
	return b.String() + accepted + `Go on from there: reply with one JSON object {"steps": [ … ]} that holds only the steps that are still missing, mended.` + whole
}

// fail ends a plan that could not be mended.
func (p *planning) fail(fallback func(swarm.Brief) []swarm.Step, b swarm.Brief, mends int, problems []error) error {
	err := fmt.Errorf("not mended after %d requests: %w", mends, problems[0])
	if n := len(problems) - 1; n > 0 {
		err = fmt.Errorf("%w (and %d more problems)", err, n)
	}
	if fallback == nil || len(p.order) > 0 || b.Round > 1 {
		return err
	}
	for _, s := range fallback(b) {
		if e := p.add(s); e != nil {
			return errors.Join(err, fmt.Errorf("fallback: %w", e))
		}
	}
	return fmt.Errorf("%w; the fallback's steps were taken instead", err)
}

// ReadAll is a Config.Fallback for questions about documents: one step in which a
// worker reads each chunk with the goal in mind. Without sources it returns no
// step.
func ReadAll(b swarm.Brief) []swarm.Step {
	if slices.ContainsFunc(b.Task.Sources, func(s swarm.Source) bool { return len(s.Chunks) > 0 }) {
		return []swarm.Step{{ID: "read", Do: "Find what in this text answers the question, or is needed to answer it: for a calculation its inputs, for a summary the main points, for a judgement what is to be judged, how good or bad it is and why.", Over: swarm.Chunks}}
	}
	return nil
}
