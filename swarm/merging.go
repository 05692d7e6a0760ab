package swarm

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// merging makes the answer of a round: it chooses the results, brings them
// into the planner's window (reduce.go), and lets the planner write. It belongs
// to the goroutine that goes through the rounds; writing, answer, lost and reduced are also
// guarded by the run's lock.
type merging struct {
	run      *run
	window   int  // most tokens of results that the planner reads; 0: unbounded
	writing  bool // the planner is, in Merge
	stale    bool // answer is an earlier round's: the next text replaces it
	answer   strings.Builder
	finished *string // by the last merge that ended well
	verdict  Verdict
	complete bool // by the last merge nothing is missing
	known    []Known
	lost     []string // steps that failed and were to be merged
	reduced  Tally    // subtasks of reducing steps
}

// write merges the results of all rounds into the answer, of fewer results
// where the planner's model or the budget does not allow all of them.
func (m *merging) write() error {
	r := m.run
	results := m.fit(m.results())
	if err := cause(r.ctx); err != nil && m.window > 0 {
		return err
	}
	s := &scope{run: r, planner: true, merging: true}
	r.mu.Lock()
	m.stale = m.answer.Len() > 0
	w := NewAnswerWriter(func(text string, reset bool) error {
		r.lock()
		defer r.mu.Unlock()
		m.emitText(text, reset)
		return nil
	})
	m.writing = true
	r.emit(Event{Kind: MergeStarted})
	b := r.mergeBrief()
	r.mu.Unlock()
	ctx := context.WithValue(r.ctx, scopeKey{}, s)
	at := Record{Kind: recordMerge, Index: r.round}
	if r.history != nil {
		at.Key = mergeKey(&b, results)
	}
	var v Verdict
	var rec mergeRecord
	known, err := r.history.get(at, &rec)
	if known {
		v = rec.Verdict
		for _, what := range rec.Missing {
			r.miss(what, nil)
		}
		_, err = io.WriteString(w, rec.Text)
	} else if err == nil {
		had := len(r.missing)
		if v, err = m.ask(ctx, b, results, w); err == nil {
			if err = r.history.put(at, mergeRecord{w.String(), v, r.missing[had:]})(); err != nil {
				r.stop(err)
			}
		}
	}
	w.close()
	r.mu.Lock()
	defer r.mu.Unlock()
	s.end()
	m.writing = false
	if err == nil {
		m.verdict = v
		m.complete = v.Missing == ""
		text := w.String()
		m.finished = &text
		if m.stale { // and nothing was written
			m.emitText("", true)
		}
		if !m.complete && r.round < r.most {
			m.known = r.digest()
		}
	} else if m.finished == nil { // what was written of it stays
		m.verdict.Citations = v.Citations
	}
	r.emit(Event{Kind: MergeEnded, Text: v.Missing, Err: err})
	return err
}

// ask lets the planner write the answer. Where that is too much it leaves out about
// half of the findings, the least sure.
func (m *merging) ask(ctx context.Context, b Brief, results []Result, w *AnswerWriter) (v Verdict, err error) {
	r := m.run
	for {
		calls := r.account.plannerCalls()
		err = r.callPlanner("the planner's Merge", func() (err error) {
			v, err = r.swarm.Planner.Merge(ctx, b, results, w)
			return err
		})
		if !tooMuch(err, r.account.plannerCalls() > calls) {
			return v, err
		}
		read, texts := apart(results)
		ps, total := portions(read)
		if len(ps) < 2 {
			return v, err
		}
		w.Reset()
		results = append(m.leaveOut(ps, total, total/2), texts...)
		r.mu.Lock()
		b = r.mergeBrief()
		r.mu.Unlock()
	}
}

// tooMuch tells whether a merge can be made of fewer results: they do not fit
// the model's context, or its first call does not fit the budget.
func tooMuch(err error, called bool) bool {
	if over, ok := as[*BudgetError](err); ok && over != nil {
		return !called && (over.Limit == "cost" || over.Limit == "tokens")
	}
	call, ok := as[*CallError](err)
	return ok && call != nil && call.Class == ClassTooLong
}

// emitText adds to the answer and tells the observer. The lock is held.
func (m *merging) emitText(text string, reset bool) {
	if reset || m.stale {
		m.stale, reset = false, true
		m.answer.Reset()
	}
	m.answer.WriteString(text)
	m.run.emit(Event{Kind: AnswerText, Text: text, Reset: reset})
}

// restore takes the last finished text for the answer, if there is one.
func (m *merging) restore() bool {
	m.run.mu.Lock()
	defer m.run.mu.Unlock()
	if m.finished != nil && *m.finished != m.answer.String() {
		m.emitText(*m.finished, true)
	}
	return m.finished != nil
}

// results returns, in plan order, what the merge reads: all results that are
// done of the steps that no other step uses, and of those that are to be kept.
// Where such a step has none, the merge gets those of the steps that it read;
// where a subtask of it that follows another one failed, the result that it
// read. If all is of a single step, that step's own slice is returned: a
// million results are not copied.
func (m *merging) results() []Result {
	r := m.run
	r.mu.Lock()
	defer r.mu.Unlock()
	m.lost = nil
	chosen := map[*step][]bool{} // by subtask
	for _, s := range r.steps {
		if s.Over != Reduce && (!s.used || s.Keep) {
			m.choose(chosen, s)
		}
	}
	if len(chosen) == 1 {
		for s := range chosen {
			if s.tally()[Done] == len(s.results) {
				return slices.Clip(s.results)
			}
		}
	}
	var out []Result
	for _, s := range r.steps {
		for i, take := range chosen[s] {
			if take && s.results[i].Outcome == Done {
				out = append(out, s.results[i])
			}
		}
	}
	return out
}

// choose takes a step's results, and what it read where it has none.
func (m *merging) choose(chosen map[*step][]bool, s *step) {
	if took, ok := chosen[s]; ok && !slices.Contains(took, false) {
		return
	}
	chosen[s] = slices.Repeat([]bool{true}, len(s.results))
	if m.run.plan.remade(s) || s.needless() || s.rest != nil && s.rest.tally()[Done] > 0 {
		return
	}
	t := s.tally()
	switch {
	case t[Done] == 0:
		for _, n := range s.needs {
			m.choose(chosen, n)
		}
		if s.of != nil {
			m.choose(chosen, s.of)
		}
	case s.Over == Each:
		for i := range s.results {
			for at := s; at.Over == Each && unwell(at.results[i].Outcome); {
				at = at.of
				if chosen[at] == nil {
					chosen[at] = make([]bool, len(at.results))
				}
				chosen[at][i] = true
			}
		}
	}
	if failed := t[Failed] + t[Skipped]; failed > 0 {
		what := fmt.Sprintf("step %s: %d of %d failed", s.ID, failed, len(s.results))
		var inputs []string
		for i := range s.results {
			r := &s.results[i]
			name := r.Item
			if r.Chunk != nil {
				name = cmp.Or(r.Chunk.Path, r.Chunk.ID)
			}
			if unwell(r.Outcome) && name != "" && len(inputs) < mostNamed {
				inputs = append(inputs, clip(name, 80))
			}
		}
		if len(inputs) > 0 {
			what += " (" + strings.Join(inputs, ", ") + ")"
		}
		if i := slices.IndexFunc(s.results, func(r Result) bool { return r.Err != nil }); i >= 0 {
			what += ": " + errText(s.results[i].Err)
		}
		m.lost = append(m.lost, what)
	}
}

func unwell(o Outcome) bool { return o == Failed || o == Skipped || o == Cancelled }

// tally counts a step's subtasks by outcome.
func (s *step) tally() (t Tally) {
	for i := range s.results {
		t[s.results[i].Outcome]++
	}
	return t
}

// partial is the worker of reducing steps where no Reducer is set: it lets the
// planner merge a group of the results.
func (m *merging) partial(ctx context.Context, st Subtask) (Output, error) {
	r := m.run
	s := &scope{run: r, work: scopeOf(ctx).work, planner: true}
	r.mu.Lock()
	b := r.mergeBrief()
	b.MaxOut = st.Step.MaxOut
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		s.end()
	}()
	var w AnswerWriter
	v, err := r.swarm.Planner.Merge(context.WithValue(ctx, scopeKey{}, s), b, st.From, &w)
	w.close()
	f := Finding{Text: w.String(), Evidence: v.Citations}
	if err != nil || strings.TrimSpace(f.Text) == "" {
		return Output{}, err
	}
	for i := range st.From {
		f.Confidence = max(f.Confidence, st.From[i].Out.Confidence())
	}
	return Output{Findings: []Finding{f}}, nil
}
