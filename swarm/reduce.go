package swarm

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// portion is a result with one finding on its way to the merge.
type portion struct {
	result *Result
	tokens int
	stuck  bool // reducing it failed: it goes in as it is, or not at all
}

// Shown beside a result's text and quotes: its number, source, confidence.
const overheadTokens = 12

func size(r *Result) int {
	n := 0
	var last *Citation // whose place is not shown again
	for i := range r.Out.Findings {
		f := &r.Out.Findings[i]
		n += overheadTokens + EstimateTokens(f.Text)
		if i > 0 && f.restsAs(&r.Out.Findings[i-1]) {
			continue
		}
		for k := range f.Evidence {
			c := &f.Evidence[k]
			n += overheadTokens
			if c.Quote != f.Text {
				n += EstimateTokens(c.Quote)
			}
			if last == nil || c.Path != last.Path {
				n += EstimateTokens(c.Path)
			}
			if last == nil || c.Head != last.Head {
				n += EstimateTokens(c.Head)
			}
			last = c
		}
	}
	return n
}

// restsAs says that a finding rests on the same evidence as the one before it, which
// is then shown once.
func (f *Finding) restsAs(before *Finding) bool { return slices.Equal(f.Evidence, before.Evidence) }

// fit brings results into the window: while they exceed it, groups of them
// are reduced by further steps, level by level, each group to a quarter of
// its size at most. It ends when they fit, or when a level did not shrink by
// a twentieth; what does not fit then is left out and named. Texts of the answer
// stand last, as they are.
func (m *merging) fit(results []Result) []Result {
	if m.window == 0 {
		return results
	}
	results, texts := apart(fold(results))
	ps, total := portions(results)
	if total <= m.window {
		return append(results, texts...)
	}
	group := m.window // most tokens that one reduction reads
	for level := 1; total > m.window && cause(m.run.ctx) == nil; level++ {
		next, smaller := m.level(level, ps, group)
		now := 0
		for i := range next {
			now += next[i].tokens
		}
		stuck := now >= total-total/20 && smaller == group
		group = smaller
		if stuck {
			m.emitNarrowed(fmt.Sprintf("reducing level %d hardly shortened the results (%d to %d tokens): no further level", level, total, now))
		}
		if ps, total = next, now; stuck {
			break
		}
	}
	return append(m.leaveOut(ps, total, m.window), texts...)
}

// fold leaves out findings that say of the same places what an earlier one says to
// the same question, and results of which nothing is left.
func fold(results []Result) []Result {
	type said struct {
		step               *Step
		item, text, places string
	}
	seen := map[said]bool{}
	var places []byte
	var of *Result
	again := func(f Finding) bool {
		if len(f.Evidence) == 0 || of.written() {
			return false
		}
		places = places[:0]
		for i := range f.Evidence {
			c := &f.Evidence[i]
			places = fmt.Appendf(places, "%q %d-%d %q\n", c.Source, c.Start, c.End, c.Quote)
		}
		key := said{of.Step, of.Item, f.Text, string(places)}
		had := seen[key]
		seen[key] = true
		return had
	}
	if !slices.ContainsFunc(results, func(r Result) bool { of = &r; return slices.ContainsFunc(r.Out.Findings, again) }) {
		return results
	}
	clear(seen)
	var out []Result
	for _, r := range results {
		of = &r
		if r.Out.Findings = slices.DeleteFunc(slices.Clone(r.Out.Findings), again); len(r.Out.Findings) > 0 {
			out = append(out, r)
		}
	}
	return out
}

// portions returns the results as portions, one for each finding, and the tokens
// of all.
func portions(results []Result) (ps []portion, total int) {
	ps = make([]portion, 0, len(results))
	for i := range results {
		fs := results[i].Out.Findings
		for k := range fs {
			one := results[i]
			one.Out.Findings = fs[k : k+1 : k+1]
			tokens := size(&one)
			if k > 0 && fs[k].restsAs(&fs[k-1]) {
				tokens = overheadTokens + EstimateTokens(fs[k].Text)
			}
			ps = append(ps, portion{result: &one, tokens: tokens})
			total += tokens
		}
	}
	return ps, total
}

// written says that a result is a text of the answer, which stands in it as it
// is: it is not shortened, and takes next to nothing of the window.
func (r *Result) written() bool { return r.Step != nil && r.Step.Form == FormText }

// apart returns the results that a merge reads, and the texts of the answer.
func apart(results []Result) (read, texts []Result) {
	if !slices.ContainsFunc(results, func(r Result) bool { return r.written() }) {
		return slices.Clip(results), nil
	}
	for i := range results {
		if results[i].written() {
			texts = append(texts, results[i])
		} else {
			read = append(read, results[i])
		}
	}
	return read, texts
}

// level reduces the portions once, in groups of so many tokens. Portions that
// are stuck, and groups that are a single portion as short as a reduced one,
// pass through. It returns the size of the next level's groups: half of it
// where a group did not fit the context of who reduces.
func (m *merging) level(level int, ps []portion, most int) ([]portion, int) {
	limit := most / 4
	passes := func(g []portion) bool { return len(g) == 1 && (g[0].stuck || g[0].tokens <= limit) }
	var parts [][]portion
	var groups [][]Result // the parts that do not pass
	for rest := ps; len(rest) > 0; {
		n := 1
		for sum := rest[0].tokens; n < len(rest) && !rest[0].stuck && !rest[n].stuck && sum+rest[n].tokens <= most; n++ {
			sum += rest[n].tokens
		}
		parts = append(parts, rest[:n])
		if !passes(rest[:n]) {
			rs := make([]Result, n)
			for k := range rs {
				rs[k] = *rest[k].result
			}
			groups = append(groups, rs)
		}
		rest = rest[n:]
	}
	if len(groups) == 0 {
		return ps, most
	}
	st := m.addReduce(level, groups, limit)
	m.run.work.settle()
	var next []portion
	var bare, cut []string // results that lost citations, and text
	smaller := most
	at := 0 // in the step
	for _, part := range parts {
		if passes(part) {
			next = append(next, part...)
			continue
		}
		res := st.results[at]
		at++
		switch res.Outcome {
		case Done:
			cites, text := shorten(&res, limit)
			if cites {
				bare = append(bare, res.ID())
			}
			if text {
				cut = append(cut, res.ID())
			}
			next = append(next, portion{result: &res, tokens: size(&res)})
		case Abstained: // nothing of the group bears on the goal
		default:
			fewer := len(part) > 1 && tooMuch(res.Err, true)
			if fewer {
				smaller = most / 2
			}
			for _, p := range part {
				p.stuck = !fewer
				next = append(next, p)
			}
		}
	}
	m.leftOut(fmt.Sprintf("the last citations of %d reduced results, which were longer than %d tokens", len(bare), limit), bare)
	m.leftOut(fmt.Sprintf("the end of %d reduced results, which were longer than %d tokens", len(cut), limit), cut)
	return next, smaller
}

// addReduce adds the step of one level, whose outputs have limit tokens at the
// most, and returns it. Plans cannot name it.
func (m *merging) addReduce(level int, groups [][]Result, limit int) *step {
	r := m.run
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, g := range groups {
		n += len(g)
	}
	r.emit(Event{Kind: Narrowed, Text: fmt.Sprintf("%d results exceed the window of %d tokens: level %d shortens them in %d groups", n, m.window, level, len(groups))})
	st := &step{groups: groups, worker: cmp.Or[Worker](r.swarm.Reducer, WorkerFunc(m.partial)), Step: Step{
		ID:     strconv.Itoa(r.round) + "/reduce-" + strconv.Itoa(level),
		Do:     "Shorten the findings.",
		Over:   Reduce,
		Est:    m.window,
		MaxOut: max(limit, 1),
	}}
	for k := 2; r.plan.byID[st.ID] != nil; k++ { // a plan has taken the name
		st.ID = strconv.Itoa(r.round) + "/reduce-" + strconv.Itoa(level) + "-" + strconv.Itoa(k)
	}
	r.work.reduce()
	r.plan.enter(st)
	return st
}

// shorten cuts a reduced result to a limit of tokens: the last findings go
// first, of the only one then the last citations, then text. It tells which it cut.
func shorten(res *Result, limit int) (cites, text bool) {
	fs := &res.Out.Findings
	*fs = slices.Clone(*fs)
	for len(*fs) > 1 && size(res) > limit {
		text = true
		*fs = (*fs)[:len(*fs)-1]
	}
	f := &(*fs)[0]
	for n := len(f.Evidence) - 1; size(res) > limit && n > 0; n-- {
		cites = true
		f.Evidence = f.Evidence[:n:n]
	}
	for over := size(res) - limit; over > 0 && len(f.Text) > 0; over = size(res) - limit {
		text = true
		keep := len(f.Text) - max(over*2, 16)
		if keep <= 0 {
			f.Text = ""
			break
		}
		f.Text = clip(strings.TrimSuffix(f.Text, "…"), keep)
	}
	return cites, text
}

// leaveOut keeps what fits so many tokens, reduced portions and best confidence
// first, and names the rest. It keeps one in any case: that nothing was found
// must not be said where something was.
func (m *merging) leaveOut(ps []portion, total, most int) []Result {
	least := slices.Clone(ps)
	slices.SortStableFunc(least, worth)
	drop := map[*Result]bool{}
	for n := 0; n < len(least)-1 && total > most; n++ {
		drop[least[n].result] = true
		total -= least[n].tokens
	}
	out := make([]Result, 0, len(ps))
	var names []string
	for _, p := range ps {
		r := p.result
		if !drop[r] {
			if last := len(out) - 1; last >= 0 && out[last].Step == r.Step && out[last].Index == r.Index {
				out[last].Out.Findings = append(slices.Clip(out[last].Out.Findings), r.Out.Findings...)
			} else {
				out = append(out, *r)
			}
			continue
		}
		if len(names) <= mostNamed {
			names = append(names, r.ID())
		}
	}
	noun := "findings"
	if len(drop) == 1 {
		noun = "finding"
	}
	m.leftOut(fmt.Sprintf("%d %s that the merge had no room for", len(drop), noun), slices.Compact(names))
	return out
}

// mostNamed is how many results are named that the merge does not get whole.
const mostNamed = 8

// leftOut says what the merge does not get of some results, if there are any.
func (m *merging) leftOut(what string, of []string) {
	if len(of) == 0 {
		return
	}
	what += ": " + strings.Join(of[:min(len(of), mostNamed)], ", ")
	if len(of) > mostNamed {
		what += " …"
	}
	m.run.miss(what, nil)
	m.emitNarrowed(what)
}

// worth orders portions by what is left out first.
func worth(a, b portion) int {
	switch {
	case a.stuck && !b.stuck:
		return -1
	case b.stuck && !a.stuck:
		return 1
	}
	return cmp.Compare(a.result.Out.Confidence(), b.result.Out.Confidence())
}

func (m *merging) emitNarrowed(what string) {
	m.run.mu.Lock()
	defer m.run.mu.Unlock()
	m.run.emit(Event{Kind: Narrowed, Text: what})
}
