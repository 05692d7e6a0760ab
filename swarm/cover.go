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
	read := make(map[*Chunk]bool, len(r.chunks))
	for _, s := range r.steps {
		for i, ch := range s.chunks {
			if out := s.results[i].Outcome; out == Done || out == Abstained {
				read[ch] = true
			}
		}
	}
	c.ChunksRead = len(read)
	c.Unread = r.unread(read)
	return c
}

const mostUnread = 32

// unread names the runs of chunks that were not read.
func (r *run) unread(read map[*Chunk]bool) []string {
	var runs []string
	left := len(r.chunks) - len(read)
	for i := 0; i < len(r.chunks); i++ {
		from := r.chunks[i]
		if read[from] {
			continue
		}
		if len(runs) == mostUnread {
			return append(runs, fmt.Sprintf("and %d chunks more", left))
		}
		first := i
		for i+1 < len(r.chunks) && !read[r.chunks[i+1]] && r.chunks[i+1].Source == from.Source {
			i++
		}
		name := from.ID
		if i > first {
			name += " to " + r.chunks[i].ID
		}
		left -= i + 1 - first
		runs = append(runs, name)
	}
	return runs
}

// brief is what the planner is told in this round. The lock is held.
func (r *run) brief() Brief {
	b := Brief{
		Run: r.id, Round: r.round, Last: r.round == r.most,
		Task: r.task, Max: r.plan.limits(), Known: r.merge.known, Window: r.merge.window,
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
	var found []*Result
	tally := s.tally()
	for i := range s.results {
		if s.results[i].Outcome == Done {
			found = append(found, &s.results[i])
		}
	}
	slices.SortStableFunc(found, func(a, b *Result) int { return cmp.Compare(b.Out.Confidence, a.Out.Confidence) })
	var b strings.Builder
	fmt.Fprintf(&b, "%d findings, %d without one, %d failed", tally[Done], tally[Abstained], tally[Failed]+tally[Skipped])
	for _, f := range found {
		line := strings.Join(strings.Fields(f.Out.Text), " ")
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
