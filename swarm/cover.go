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
