package swarm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// fault is what is wrong with a step: the field, what stands there, and in
// what way.
type fault struct{ field, value, mend string }

func bad(field, value, mend string, args ...any) *fault {
	return &fault{field, value, fmt.Sprintf(mend, args...)}
}

// check tells whether a step may join the plan, and binds its references. The
// lock is held.
func (r *run) check(s Step) (*step, error) {
	written := clip(s.ID, 80)
	st := &step{Step: s}
	f := r.name(st, written)
	if f == nil {
		f = fieldsOf(&st.Step)
	}
	if f == nil {
		f = r.bindInput(st)
	}
	if f == nil {
		f = r.bindNeeds(st)
	}
	if f != nil {
		return nil, &PlanError{Step: written, Field: f.field, Value: clip(f.value, 80), Mend: f.mend}
	}
	if st.Est <= 0 {
		st.Est = estimate(st.Do, st)
	}
	if twin := r.repeated(st); twin != nil {
		return nil, &PlanError{Step: written, Field: "do", Value: clip(st.Do, 80), Mend: fmt.Sprintf("repeats step %q: same instruction, same input", twin.ID)}
	}
	bytes := bytesOf(&s) + len(st.ID) - len(s.ID)
	if wrong := r.within(st, bytes); wrong != "" {
		return nil, &PlanError{Step: written, Mend: wrong}
	}
	r.size.Bytes += bytes
	r.size.Steps++
	r.repeats[st.Do] = append(r.repeats[st.Do], len(r.steps))
	return st, nil
}

// name gives a step its full ID.
func (r *run) name(st *step, written string) *fault {
	if !validID(st.ID) {
		return bad("id", st.ID, "must be 1 to 64 letters, digits, '_', '-' or '.'")
	}
	st.ID = strconv.Itoa(r.round) + "/" + st.ID
	if _, ok := r.byID[st.ID]; ok {
		return bad("id", written, "is taken by an earlier step of this round: choose another")
	}
	return nil
}

// fieldsOf tells which field of a step is missing, or does not go with the
// others.
func fieldsOf(s *Step) *fault {
	switch {
	case strings.TrimSpace(s.Do) == "":
		return bad("do", "", "is empty: say what a worker must do")
	case s.Over > Each:
		return bad("over", s.Over.String(), "is not a plan's to use: choose once, chunks, items, list or each")
	case len(s.Select) > 0 && s.Over != Chunks:
		return bad("select", s.Select[0], "goes with over chunks only, not %s", s.Over)
	case len(s.Items) > 0 && s.Over != Items:
		return bad("items", s.Items[0], "goes with over items only, not %s", s.Over)
	case s.Of != "" && s.Over != List && s.Over != Each:
		return bad("of", s.Of, "goes with over list or each only, not %s", s.Over)
	}
	return nil
}

// bytesOf is what a step takes of Limits.Bytes.
func bytesOf(s *Step) int {
	n := len(s.ID) + len(s.Do) + len(s.Of) + len(s.Schema) + len(s.Tier)
	for _, list := range [...][]string{s.Select, s.Items, s.Needs} {
		for _, text := range list {
			n += len(text)
		}
	}
	return n
}

// bindInput finds what a step fans out over.
func (r *run) bindInput(st *step) *fault {
	switch st.Over {
	case Chunks:
		chunks, unknown := r.selected(st.Select)
		if unknown != "" {
			return bad("select", unknown, "is no source and no chunk: the sources are %s", r.names())
		}
		if len(chunks) == 0 && len(st.Select) > 0 {
			return bad("select", st.Select[0], "has no chunk to read: the source is empty")
		}
		if len(chunks) == 0 {
			return bad("over", "chunks", "has nothing to read, for the task has no chunks")
		}
		st.chunks = chunks
	case Items:
		if len(st.Items) == 0 {
			return bad("items", "", "is empty: list one item for each subtask")
		}
		st.items = st.Items
	case List, Each:
		of, err := r.find(st.Of)
		if err != "" {
			return bad("of", st.Of, "%s", err)
		}
		if st.Over == List && (of.Over == List || of.Over == Each || len(of.results) != 1) {
			return bad("of", st.Of, "must be a step with a single result, which holds the list")
		}
		if st.Over == List && of.Schema != SchemaList {
			return bad("of", st.Of, "must be a step whose output is a list")
		}
		st.of = of
		st.Of = of.ID
		st.depth = of.depth + 1
	}
	return nil
}

// bindNeeds finds the steps that a step needs.
func (r *run) bindNeeds(st *step) *fault {
	if len(st.Needs) == 0 {
		return nil
	}
	needs := make([]string, 0, len(st.Needs))
	for _, id := range st.Needs {
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
	st.Needs = needs
	slices.SortFunc(st.needs, func(a, b *step) int { return a.n - b.n })
	return nil
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
