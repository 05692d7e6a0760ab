package swarm

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// bad tells what is wrong with a step: the field, what stands there, and in what
// way.
func bad(field, value, mend string, args ...any) *PlanError {
	return &PlanError{Field: field, Value: clip(value, 80), Mend: fmt.Sprintf(mend, args...)}
}

// check tells whether a step may join the plan, and binds its references. The
// lock is held.
func (p *planning) check(s Step) (*step, error) {
	st := &step{Step: s, bytes: bytesOf(&s)}
	for _, look := range [...]func(*step) *PlanError{p.name, fieldsOf, p.bindInput, p.bindNeeds, p.bindShown, p.bindTools, p.bindCalc, p.repeated, p.within} {
		if wrong := look(st); wrong != nil {
			wrong.Step = clip(s.ID, 80)
			return nil, wrong
		}
	}
	if st.Est <= 0 {
		st.Est = estimate(st)
	}
	p.size.Bytes += st.bytes
	p.size.Steps++
	p.repeats[st.Do] = append(p.repeats[st.Do], st)
	return st, nil
}

// name gives a step its full ID.
func (p *planning) name(st *step) *PlanError {
	if !validID.MatchString(st.ID) {
		return bad("id", st.ID, "must be 1 to 64 letters, digits, '_', '-' or '.'")
	}
	written := st.ID
	st.ID = strconv.Itoa(p.run.round) + "/" + written
	st.bytes += len(st.ID) - len(written)
	if p.byID[st.ID] != nil {
		return bad("id", written, "is taken by an earlier step of this round: choose another")
	}
	return nil
}

// fieldsOf tells which field of a step is missing, or does not go with the
// others.
func fieldsOf(s *step) *PlanError {
	texts := s.Over == Chunks || s.Over == Sections || s.Over == Sources
	switch {
	case strings.TrimSpace(s.Do) == "" && s.Over != Calc:
		return bad("do", "", "is empty: say what a worker must do")
	case s.Over > Calc:
		return bad("over", s.Over.String(), "is not a plan's to use: choose once, chunks, sections, sources, items, list, each or calc")
	case len(s.Select) > 0 && !texts && s.Lookup == 0:
		return bad("select", s.Select[0], "goes with over chunks, sections or sources only, or with lookup, not with %s", s.Over)
	case len(s.Where) > 0 && !texts:
		return bad("where", s.Where[0], "goes with over chunks, sections or sources only, not %s", s.Over)
	case s.Level < 0 || s.Level > mostLevel || s.Level > 0 && s.Over != Sections:
		return bad("level", strconv.Itoa(s.Level), "must be from 0 to %d with over sections, else 0", mostLevel)
	case s.Widen && len(s.Where)+len(s.Select) == 0:
		return bad("widen", "true", "goes with select or where only: without them all is read")
	case len(s.Items) > 0 && s.Over != Items:
		return bad("items", s.Items[0], "goes with over items only, not %s", s.Over)
	case s.Form != FormFindings && s.Form != FormList && s.Form != FormText:
		return bad("form", string(s.Form), `is not known: it is "" for findings, %q or %q`, FormList, FormText)
	case len(s.Schema) > 0 && s.Form != FormFindings:
		return bad("schema", "", "goes with findings only, not with the form %q", s.Form)
	case len(s.Schema) > 0 && !json.Valid(s.Schema):
		return bad("schema", string(s.Schema), "is not JSON")
	case s.Of != "" && s.Over != List && s.Over != Each:
		return bad("of", s.Of, "goes with over list or each only, not %s", s.Over)
	case s.Lookup < 0 || s.Lookup > mostLookup:
		return bad("lookup", strconv.Itoa(s.Lookup), "must be from 0 to %d", mostLookup)
	case s.Calc != "" && s.Over != Calc:
		return bad("calc", s.Calc, "goes with over calc only, not %s", s.Over)
	case s.Over == Calc && strings.TrimSpace(s.Calc) == "":
		return bad("calc", "", "is empty: write the expression")
	case s.Over == Calc && len(s.Needs) == 0:
		return bad("needs", "", "is empty: name the steps whose findings are calculated with")
	case s.Over == Calc && (s.Form != "" || len(s.Schema) > 0 || s.Lookup > 0 || len(s.Context)+len(s.Tools) > 0):
		return bad("over", "calc", "has no worker: leave out output, fields, lookup, context and tools")
	}
	return nil
}

// mostLevel is that of headings which sections may be made of.
const mostLevel = 6

// mostLookup is how many chunks a subtask may be shown by Lookup.
const mostLookup = 64

// bytesOf is what a step takes of Limits.Bytes.
func bytesOf(s *Step) int {
	n := len(s.ID) + len(s.Do) + len(s.Of) + len(s.Schema) + len(s.Calc) + len(s.Note) + len(s.Goal)
	for _, list := range [...][]string{s.Select, s.Where, s.Items, s.Needs, s.Context, s.Tools} {
		for _, text := range list {
			n += len(text)
		}
	}
	return n
}

// bindInput finds what a step fans out over.
func (p *planning) bindInput(st *step) *PlanError {
	switch st.Over {
	case Chunks, Sections, Sources:
		return p.bindPieces(st)
	case Items:
		if len(st.Items) == 0 {
			return bad("items", "", "is empty: list one item for each subtask")
		}
		st.items = st.Items
	case List, Each:
		of, err := p.find(st.Of)
		if err != "" {
			return bad("of", st.Of, "%s", err)
		}
		if of.rest != nil && st.Over == Each {
			return bad("of", st.Of, "widens what it reads, and each cannot follow it: use list, or leave widen out")
		}
		if st.Over == List && (of.Over == List || of.Over == Each || len(of.results) != 1 || of.rest != nil) {
			st.listed = &step{Step: Step{ID: st.ID + ".of", Do: "Put the findings into a list.", Needs: []string{of.ID}}, needs: []*step{of}, depth: of.depth + 1, worker: WorkerFunc(joined), computed: true}
			if of.rest != nil {
				st.listed.needs = append(st.listed.needs, of.rest)
				st.listed.depth++
			}
			st.depth += st.listed.depth - of.depth
		}
		st.of, st.Of, st.depth = of, of.ID, st.depth+of.depth+1
	}
	return nil
}

// bindNeeds finds the steps that a step needs.
func (p *planning) bindNeeds(st *step) *PlanError {
	if len(st.Needs) == 0 {
		return nil
	}
	needs := make([]string, 0, len(st.Needs))
	for _, id := range st.Needs {
		n, err := p.find(id)
		if err != "" {
			return bad("needs", id, "%s", err)
		}
		if !slices.Contains(st.needs, n) {
			st.needs, needs = append(st.needs, n), append(needs, n.ID)
			if n.rest != nil {
				st.needs, st.depth = append(st.needs, n.rest), max(st.depth, n.rest.depth+1)
			}
		}
		st.depth = max(st.depth, n.depth+1)
	}
	st.Needs = needs
	slices.SortFunc(st.needs, func(a, b *step) int { return a.n - b.n })
	return nil
}

// bindTools looks whether the run has the tools that a step names.
func (p *planning) bindTools(st *step) *PlanError {
	var names []string
	for _, t := range p.run.swarm.Tools {
		names = append(names, t.Name)
	}
	for _, name := range st.Tools {
		if !slices.Contains(names, name) {
			return bad("tools", name, "is no tool of this run: Swarm.Tools has %s", oneLine(names))
		}
	}
	return nil
}

// find returns the step that an ID, as a planner writes it, names.
func (p *planning) find(id string) (*step, string) {
	if id == "" {
		return nil, "is empty: name an earlier step"
	}
	round := p.run.round
	for _, full := range [...]string{strconv.Itoa(round) + "/" + id, id} {
		if st := p.byID[full]; st != nil {
			return st, ""
		}
	}
	for round--; round > 0; round-- {
		full := strconv.Itoa(round) + "/" + id
		if p.byID[full] != nil {
			return nil, fmt.Sprintf("is not a step of this round: did you mean %q?", full)
		}
	}
	return nil, "is not written yet: a step may only use steps before it"
}

// repeated tells whether there is an earlier step with the same instruction and
// input. One of an earlier round that did not end well as a whole may be repeated.
func (p *planning) repeated(st *step) *PlanError {
	for _, e := range p.repeats[st.Do] {
		if e.same(st) && (e.round == p.run.round || e.whole()) {
			return bad("do", st.Do, "repeats step %q: same instruction, same input", e.ID)
		}
	}
	return nil
}

// same tells whether two steps with the same instruction have the same input.
func (s *step) same(o *step) bool {
	return s.Over == o.Over && s.of == o.of && s.Form == o.Form && s.Goal == o.Goal && s.Lookup == o.Lookup &&
		s.Calc == o.Calc && string(s.Schema) == string(o.Schema) && slices.Equal(s.context, o.context) && slices.Equal(s.Tools, o.Tools) &&
		slices.Equal(s.needs, o.needs) && slices.Equal(s.chunks, o.chunks) && slices.Equal(s.items, o.items)
}

// remade tells whether a later round carried out the same step whole.
func (p *planning) remade(st *step) bool {
	return slices.ContainsFunc(p.repeats[st.Do], func(e *step) bool { return e.round > st.round && e.same(st) && e.whole() })
}

// whole tells whether all subtasks of a step ended well.
func (s *step) whole() bool {
	t := s.tally()
	return t[Done]+t[Abstained] == len(s.results)
}

// within tells whether the step fits the limits; if not, which it exceeds.
func (p *planning) within(st *step) *PlanError {
	max := p.limits()
	n := st.count()
	if st.rest != nil {
		n += len(st.rest.chunks)
	}
	switch {
	case p.size.Steps+1 > max.Steps:
		return bad("", "", "is one more than the %d steps that a run may have", max.Steps)
	case p.size.Subtasks+n > max.Subtasks:
		return bad("", "", "would make %d subtasks, and a run may have %d in all, of which %d are taken", n, max.Subtasks, p.size.Subtasks)
	case st.depth+1 > max.Depth:
		return bad("", "", "is step %d of a chain, and chains may have %d", st.depth+1, max.Depth)
	case p.size.Bytes+st.bytes > max.Bytes:
		return bad("", "", "has %d bytes, and plans may have %d in all, of which %d are taken", st.bytes, max.Bytes, p.size.Bytes)
	}
	return nil
}

func (p *planning) limits() Limits {
	l := p.run.swarm.Limits
	return Limits{cmp.Or(l.Steps, 10000), cmp.Or(l.Subtasks, 1<<20), cmp.Or(l.Depth, 10000), cmp.Or(l.Bytes, 64<<20)}
}

// estimate guesses the tokens of one subtask's call from the size of its
// input: a quarter of a byte count, for this only orders the queue.
func estimate(st *step) int {
	bytes := 0
	for _, c := range st.chunks {
		bytes += len(c.Text)
	}
	for _, item := range st.items {
		bytes += len(item)
	}
	return (len(st.Do)+bytes/max(len(st.chunks)+len(st.items), 1))/4 + 200
}

var validID = regexp.MustCompile(`^[\w.-]{1,64}$`)

// clip cuts s to about n bytes, at a rune.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
