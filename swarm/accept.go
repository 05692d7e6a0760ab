package swarm

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/db31e724/go-swarm/swarm/internal/schedule"
)

// plan lets the planner write the plan of this round, on a goroutine of its
// own, and waits for it. It returns how many steps were accepted.
func (r *run) plan() (accepted int, err error) {
	r.mu.Lock()
	before := len(r.steps)
	r.planOpen = true
	b := r.brief()
	round := r.round
	r.mu.Unlock()
	ctx := context.WithValue(r.stepCtx, scopeKey{}, &scope{run: r})
	err = r.apart("the planner's Plan", func() error {
		return r.swarm.Planner.Plan(ctx, b, func(s Step) error { return r.add(round, s) })
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.planOpen = false
	accepted = len(r.steps) - before
	if err != nil {
		if r.coverage.PlanCut != "" {
			r.coverage.PlanCut += "; "
		}
		r.coverage.PlanCut += fmt.Sprintf("round %d: %v", round, err)
	}
	r.tell(Event{Kind: PlanEnded, Err: err})
	r.changed.Broadcast()
	return accepted, err
}

// add is what a planner hands its steps to.
func (r *run) add(round int, s Step) error {
	r.enterLock()
	defer r.mu.Unlock()
	if !r.planOpen || round != r.round {
		return ErrPlanClosed
	}
	if r.stepCtx.Err() != nil {
		return cause(r.stepCtx)
	}
	st, err := r.check(s)
	if err != nil {
		r.tell(Event{Kind: StepRefused, Step: clip(s.ID, 80), Err: err})
		return err
	}
	r.enter(st)
	return nil
}

// mostEst bounds what a step's estimate counts for in the queue, so that the
// longest path that Limits allow is still a number.
const mostEst = 1 << 30

// enter puts an accepted step into the machine. The lock is held.
func (r *run) enter(st *step) {
	sp := schedule.Spec{Est: int64(min(st.Est, mostEst))}
	count := -1
	switch st.Over {
	case Once:
		count = 1
	case Chunks:
		count = len(st.chunks)
	case Items:
		count = len(st.items)
	case Reduce:
		count = len(st.groups)
	case List:
		sp.Mode = schedule.Unfold
	case Each:
		sp.Mode = schedule.Follow
		if st.of.results != nil {
			count = len(st.of.results)
		}
	}
	sp.Count = count
	if st.of != nil {
		sp.Of = st.of.n
		st.of.used = true
		if st.Over == Each {
			st.of.followers = append(st.of.followers, st)
		}
		of := st.of
		sp.Ended = func(i int) schedule.Outcome {
			if i >= len(of.results) {
				return schedule.Pending
			}
			return schedule.Outcome(of.results[i].Outcome)
		}
	}
	for _, n := range st.needs {
		sp.Needs = append(sp.Needs, n.n)
		if st.Over != Reduce {
			n.used = true
		}
	}
	if count >= 0 {
		r.unfold(st, count)
	}
	st.n = len(r.steps)
	st.round = r.round
	r.steps = append(r.steps, st)
	r.byID[st.ID] = st.n
	r.tell(Event{Kind: StepAdded, Step: st.ID, Text: st.Do, To: count})
	r.machine.Add(sp)
	r.book()
	r.hire()
}

// unfold makes room for a step's results once their number is known.
func (r *run) unfold(st *step, count int) {
	st.results = make([]Result, count)
	r.size.Subtasks += count
	r.coverage.Subtasks += count
}

// check tells whether a step may join the plan, and binds its references. The
// lock is held.
func (r *run) check(s Step) (*step, error) {
	written := clip(s.ID, 80)
	bad := func(field, value, mend string, args ...any) (*step, error) {
		return nil, &PlanError{Step: written, Field: field, Value: clip(value, 80), Mend: fmt.Sprintf(mend, args...)}
	}
	if !validID(s.ID) {
		return bad("id", s.ID, "must be 1 to 64 letters, digits, '_', '-' or '.'")
	}
	s.ID = strconv.Itoa(r.round) + "/" + s.ID
	if _, ok := r.byID[s.ID]; ok {
		return bad("id", written, "is taken by an earlier step of this round: choose another")
	}
	if strings.TrimSpace(s.Do) == "" {
		return bad("do", "", "is empty: say what a worker must do")
	}
	if s.Over > Each {
		return bad("over", s.Over.String(), "is not a plan's to use: choose once, chunks, items, list or each")
	}
	if len(s.Select) > 0 && s.Over != Chunks {
		return bad("select", s.Select[0], "goes with over chunks only, not %s", s.Over)
	}
	if len(s.Items) > 0 && s.Over != Items {
		return bad("items", s.Items[0], "goes with over items only, not %s", s.Over)
	}
	if s.Of != "" && s.Over != List && s.Over != Each {
		return bad("of", s.Of, "goes with over list or each only, not %s", s.Over)
	}
	st := &step{}
	bytes := len(s.ID) + len(s.Do) + len(s.Of) + len(s.Schema) + len(s.Tier)
	for _, name := range s.Select {
		bytes += len(name)
	}
	switch s.Over {
	case Chunks:
		chunks, unknown := r.selected(s.Select)
		if unknown != "" {
			return bad("select", unknown, "is no source and no chunk: the sources are %s", r.names())
		}
		if len(chunks) == 0 && len(s.Select) > 0 {
			return bad("select", s.Select[0], "has no chunk to read: the source is empty")
		}
		if len(chunks) == 0 {
			return bad("over", "chunks", "has nothing to read, for the task has no chunks")
		}
		st.chunks = chunks
	case Items:
		if len(s.Items) == 0 {
			return bad("items", "", "is empty: list one item for each subtask")
		}
		for _, it := range s.Items {
			bytes += len(it)
		}
		st.items = s.Items
	case List, Each:
		of, err := r.find(s.Of)
		if err != "" {
			return bad("of", s.Of, "%s", err)
		}
		if s.Over == List && (of.Over == List || of.Over == Each || len(of.results) != 1) {
			return bad("of", s.Of, "must be a step with a single result, which holds the list")
		}
		if s.Over == List && of.Schema != SchemaList {
			return bad("of", s.Of, "must be a step whose output is a list")
		}
		st.of = of
		s.Of = of.ID
		st.depth = of.depth + 1
	}
	if len(s.Needs) > 0 {
		needs := make([]string, 0, len(s.Needs))
		for _, id := range s.Needs {
			bytes += len(id)
			n, err := r.find(id)
			if err != "" {
				return bad("needs", id, "%s", err)
			}
			if !slices.Contains(st.needs, n) {
				st.needs = append(st.needs, n)
				needs = append(needs, n.ID)
			}
			st.depth = max(st.depth, n.depth+1)
		}
		s.Needs = needs
		slices.SortFunc(st.needs, func(a, b *step) int { return a.n - b.n })
	}
	if s.Est <= 0 {
		s.Est = estimate(s.Do, st)
	}
	st.Step = s
	if twin := r.repeated(st); twin != nil {
		return bad("do", s.Do, "repeats step %q: same instruction, same input", twin.ID)
	}
	if err := r.within(st, bytes); err != "" {
		return bad("", "", "%s", err)
	}
	r.size.Bytes += bytes
	r.size.Steps++
	r.repeats[s.Do] = append(r.repeats[s.Do], len(r.steps))
	return st, nil
}

// find returns the step that an ID, as a planner writes it, names.
func (r *run) find(id string) (*step, string) {
	if id == "" {
		return nil, "is empty: name an earlier step"
	}
	if n, ok := r.byID[strconv.Itoa(r.round)+"/"+id]; ok {
		return r.steps[n], ""
	}
	if n, ok := r.byID[id]; ok {
		return r.steps[n], ""
	}
	for round := r.round - 1; round > 0; round-- {
		full := strconv.Itoa(round) + "/" + id
		if _, ok := r.byID[full]; ok {
			return nil, fmt.Sprintf("is not a step of this round: did you mean %q?", full)
		}
	}
	return nil, "is not written yet: a step may only use steps before it"
}

// selected returns the chunks that names of sources or IDs of chunks stand
// for, in the order of the sources, each once; or the first unknown name.
func (r *run) selected(names []string) (chunks []*Chunk, unknown string) {
	if len(names) == 0 {
		return r.chunks, ""
	}
	want := make(map[string]bool, len(names))
	for _, n := range names {
		want[n] = false
	}
	for i := range r.task.Sources {
		if _, ok := want[r.task.Sources[i].Name]; ok {
			want[r.task.Sources[i].Name] = true
		}
	}
	for _, c := range r.chunks {
		_, bySource := want[c.Source]
		_, byID := want[c.ID]
		if byID {
			want[c.ID] = true
		}
		if bySource || byID {
			chunks = append(chunks, c)
		}
	}
	for _, n := range names {
		if !want[n] {
			return nil, n
		}
	}
	return chunks, ""
}

// names lists the sources for an error, as many as fit a line.
func (r *run) names() string {
	var b strings.Builder
	for i := range r.task.Sources {
		if b.Len() > 300 {
			fmt.Fprintf(&b, " and %d more", len(r.task.Sources)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(r.task.Sources[i].Name))
	}
	if b.Len() == 0 {
		return "none"
	}
	return b.String()
}

// repeated returns an earlier step with the same instruction and input.
func (r *run) repeated(st *step) *step {
	for _, n := range r.repeats[st.Do] {
		e := r.steps[n]
		if e.Over == st.Over && e.of == st.of && e.Schema == st.Schema && e.Tier == st.Tier &&
			slices.Equal(e.needs, st.needs) && slices.Equal(e.chunks, st.chunks) && slices.Equal(e.items, st.items) {
			return e
		}
	}
	return nil
}

// within tells whether the step fits the limits; if not, which it exceeds.
func (r *run) within(st *step, bytes int) string {
	max := r.limits()
	n := len(st.chunks) + len(st.items)
	if st.Over == Once {
		n = 1
	}
	if st.Over == Each {
		n = len(st.of.results)
	}
	switch {
	case r.size.Steps+1 > max.Steps:
		return fmt.Sprintf("is one more than the %d steps that a run may have", max.Steps)
	case r.size.Subtasks+n > max.Subtasks:
		return fmt.Sprintf("would make %d subtasks, and a run may have %d in all, of which %d are taken", n, max.Subtasks, r.size.Subtasks)
	case st.depth+1 > max.Depth:
		return fmt.Sprintf("is step %d of a chain, and chains may have %d", st.depth+1, max.Depth)
	case r.size.Bytes+bytes > max.Bytes:
		return fmt.Sprintf("has %d bytes, and plans may have %d in all, of which %d are taken", bytes, max.Bytes, r.size.Bytes)
	}
	return ""
}

func (r *run) limits() Limits {
	l := r.swarm.Limits
	return Limits{
		Steps:    orDefault(l.Steps, 10000),
		Subtasks: orDefault(l.Subtasks, 1<<20),
		Depth:    orDefault(l.Depth, 10000),
		Bytes:    orDefault(l.Bytes, 64<<20),
	}
}

// estimate guesses the tokens of one subtask's call from the size of its
// input: a quarter of a byte count, for this only orders the queue.
func estimate(do string, st *step) int {
	bytes, n := 0, 1
	switch {
	case len(st.chunks) > 0:
		n = len(st.chunks)
		for _, c := range st.chunks {
			bytes += len(c.Text)
		}
	case len(st.items) > 0:
		n = len(st.items)
		for _, it := range st.items {
			bytes += len(it)
		}
	}
	return (len(do)+bytes/n)/4 + 200
}

func validID(id string) bool {
	if len(id) == 0 || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '.':
		default:
			return false
		}
	}
	return true
}

// clip cuts s to about n bytes, at a rune.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}
