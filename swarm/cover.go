package swarm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// covered returns the coverage as of now. The lock is held.
func (r *run) covered() Coverage {
	t := r.events.report.Subtasks
	for out, n := range r.merge.reduced {
		t[out] -= n
	}
	c := Coverage{Subtasks: r.plan.size.Subtasks, PlanCut: r.plan.cut, Missing: slices.Concat(r.missing, r.merge.lost)}
	c.Done, c.Abstained, c.Failed, c.Skipped, c.Cancelled = t[Done], t[Abstained], t[Failed], t[Skipped], t[Cancelled]
	c.ChunksKnown = len(r.chunks)
	if len(r.chunks) == 0 {
		return c
	}
	best := make(map[string]Outcome, len(r.chunks)) // Done, else Abstained, else Failed
	note := func(id string, out Outcome) {
		if had := best[id]; had == Pending || out != Pending && out < had {
			best[id] = out
		}
	}
	for _, s := range r.steps {
		if s.needless() {
			continue
		}
		for i := range s.results {
			out := s.results[i].Outcome
			if s.found != nil && (out == Done || out == Abstained) {
				for _, ch := range s.found[i] {
					note(ch.ID, out)
				}
			}
			if s.chunks == nil {
				continue
			}
			ch := s.chunks[i]
			if ch.Segments == nil {
				note(ch.ID, out)
			}
			for _, part := range ch.Segments {
				note(part.Chunk, out)
			}
		}
	}
	for _, out := range best {
		if out == Done || out == Abstained {
			c.ChunksRead++
		}
	}
	c.Unread = r.runs(func(ch *Chunk) bool { return best[ch.ID] == Pending || best[ch.ID] >= Failed })
	c.FailedChunks = r.runs(func(ch *Chunk) bool { return best[ch.ID] == Failed })
	c.Empty = r.runs(func(ch *Chunk) bool { return best[ch.ID] == Abstained })
	return c
}

const mostRuns = 32

// runs names the runs of chunks that are of a kind.
func (r *run) runs(of func(*Chunk) bool) []string {
	var runs []string
	for i := 0; i < len(r.chunks); i++ {
		from := r.chunks[i]
		if !of(from) {
			continue
		}
		if len(runs) == mostRuns {
			return append(runs, fmt.Sprintf("and %d chunks more", len(only(r.chunks[i:], of))))
		}
		first := i
		for i+1 < len(r.chunks) && of(r.chunks[i+1]) && r.chunks[i+1].Source == from.Source {
			i++
		}
		name := from.ID
		if i > first {
			name += " to " + r.chunks[i].ID
		}
		runs = append(runs, name)
	}
	return runs
}

// brief is what the planner is told in this round. The lock is held.
func (r *run) brief() Brief {
	b := Brief{
		Run: r.id, Round: r.round, Last: r.round == r.most,
		Task: r.task, Max: r.plan.limits(), Tools: r.swarm.Tools, Known: r.merge.known, Window: r.merge.window,
	}
	if r.round > 1 {
		b.Asked = r.merge.verdict.Missing
	}
	return b
}

// mergeBrief is what the planner is told for a merge. The lock is held.
func (r *run) mergeBrief() Brief {
	b := r.brief()
	b.Coverage = r.covered()
	return b
}

const (
	digestTokens = 300  // of one step
	knownTokens  = 4000 // of all
)

// digest tells for the next round what each step found: its best findings
// first, cut to a few hundred tokens. The lock is held.
func (r *run) digest() []Known {
	var known []Known
	left := knownTokens
	for _, s := range r.steps {
		if s.Over == Reduce {
			continue
		}
		k := Known{Step: s.ID, Do: clip(s.Do, 4*digestTokens), Digest: s.digest(min(digestTokens, left))}
		left -= EstimateTokens(k.Do) + EstimateTokens(k.Digest)
		known = append(known, k)
		if left <= 0 {
			break
		}
	}
	return known
}

func (s *step) digest(tokens int) string {
	var found []*Finding
	tally := s.tally()
	for i := range s.results {
		if r := &s.results[i]; r.Outcome == Done {
			for k := range r.Out.Findings {
				found = append(found, &r.Out.Findings[k])
			}
		}
	}
	slices.SortStableFunc(found, func(a, b *Finding) int { return cmp.Compare(b.Confidence, a.Confidence) })
	var b strings.Builder
	fmt.Fprintf(&b, "%d findings in %d parts, %d parts without one, %d failed", len(found), tally[Done], tally[Abstained], tally[Failed]+tally[Skipped])
	for _, f := range found {
		line := strings.Join(strings.Fields(f.Text), " ")
		if left := tokens - EstimateTokens(b.String()); EstimateTokens(line) > left {
			if left > 20 {
				b.WriteString("\n- " + clip(line, left*3))
			}
			break
		}
		b.WriteString("\n- " + line)
	}
	return b.String()
}

// allFailed returns, if no subtask of the run ended well, the first failure in
// plan order, or where the budget let none begin the first that was skipped; or
// the time limit, where that cut off some. What it cut off else is missing.
func (r *run) allFailed() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.events.report.Subtasks
	switch cut := t[Cancelled]; {
	case t[Done]+t[Abstained] == 0 && cut > 0:
		return r.because(cause(r.stepCtx), nil)
	case cut > 0:
		r.missing = append(r.missing, fmt.Sprintf("the time limit cut off %d subtasks", cut))
		return nil
	case t[Done]+t[Abstained] > 0:
		return nil
	}
	var skipped error
	for _, s := range r.steps {
		for i := range s.results {
			switch res := &s.results[i]; {
			case res.Outcome == Failed:
				return res.Err
			case res.Outcome == Skipped && skipped == nil:
				skipped = res.Err
			}
		}
	}
	return skipped
}

// because adds to the error that stopped the run the call that it waited for, if an
// attempt at that call had failed before: the merge's, or if no subtask ended well
// the first subtask's. The lock is held.
func (r *run) because(stopped, broke error) error {
	failing := func(err error) bool {
		ce, ok := as[*CallError](err)
		if ok {
			_, ok = as[*CallError](ce.Unwrap())
		}
		return ok
	}
	if failing(broke) {
		return fmt.Errorf("%w; merge: %w", stopped, broke)
	}
	if t := r.events.report.Subtasks; t[Done]+t[Abstained] > 0 {
		return stopped
	}
	for _, s := range r.steps {
		for i := range s.results {
			if err := s.results[i].Err; failing(err) {
				return fmt.Errorf("%w; %s: %w", stopped, subtaskID(&s.Step, i), err)
			}
		}
	}
	return stopped
}

// mostWhy is how many bytes of an error's text are shown beside others.
const mostWhy = 400

// errText returns what an error says, cut short. A stranger's Error may panic.
func errText(err error) string { return clip(fmt.Sprint(err), mostWhy) }

// miss notes in the coverage what the answer does not rest on.
func (r *run) miss(what string, why error) {
	if why != nil {
		what += ": " + errText(why)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missing = append(r.missing, what)
}
