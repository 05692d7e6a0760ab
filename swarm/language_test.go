package swarm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/source"
)

const almanac = `# Almanac

Years are counted from 1900.

## Bridges

The iron bridge was built in the year 4. It carries carts.

The rope bridge was built in the year 31.

## Towers

### North

The north tower is 40 metres high.

### South

The south tower is 35 metres high. From the iron bridge it can be seen.
`

// sourced cuts a text into small chunks.
func sourced(t testing.TB, name, body string, size int) swarm.Source {
	t.Helper()
	text, err := source.Decode(name, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	src, err := source.Chunk(text, source.Options{Size: size})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// seen collects what the workers of a run are given.
type seen struct {
	sync.Mutex
	all []swarm.Subtask
}

func (s *seen) Work(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
	s.Lock()
	defer s.Unlock()
	s.all = append(s.all, st)
	return swarm.Output{}, nil
}

// plan runs a plan of these steps and returns the answer and the results by
// subtask.
func plan(t testing.TB, w swarm.Worker, sources []swarm.Source, steps ...swarm.Step) (*swarm.Answer, map[string]*swarm.Result) {
	t.Helper()
	a, err := (&swarm.Swarm{Planner: script{steps: steps}, Worker: w, Rounds: 1}).Run(t.Context(), swarm.Task{Goal: "the goal", Sources: sources})
	if err != nil || a.Coverage.PlanCut != "" {
		t.Fatal(err, a.Coverage.PlanCut)
	}
	results := map[string]*swarm.Result{}
	for r := range a.Results() {
		results[r.ID()] = r
	}
	return a, results
}

func TestSectionsAreReadExactlyAndCitedAtTheirPlace(t *testing.T) {
	for level, want := range map[int][]string{
		0: {"Almanac", "Almanac › Bridges", "Almanac › Towers › North", "Almanac › Towers › South"},
		1: {"Almanac"},
		2: {"Almanac", "Almanac › Bridges", "Almanac › Towers"},
		3: {"Almanac", "Almanac › Bridges", "Almanac › Towers › North", "Almanac › Towers › South"},
	} {
		for _, size := range []int{16, 40, 400} {
			src := sourced(t, "a.md", almanac, size)
			var w seen
			plan(t, &w, []swarm.Source{src}, swarm.Step{ID: "s", Do: "read", Over: swarm.Sections, Level: level, Where: []string{"almanac", "4", "31", "metres"}})
			var paths []string
			for _, st := range slices.SortedFunc(slices.Values(w.all), func(a, b swarm.Subtask) int { return a.Index - b.Index }) {
				c := st.Chunk
				paths = append(paths, c.Path)
				for _, line := range strings.FieldsFunc(c.Text, func(r rune) bool { return r == '\n' }) {
					at := strings.Index(c.Text, line)
					cite := c.Cite(at, at+len(line))
					if almanac[cite.Start:cite.End] != line || !strings.HasPrefix(cite.Path, c.Path) || level == 0 && cite.Path != c.Path ||
						strings.Count(almanac[:cite.Start], "\n")+1 != cite.Line || !strings.HasPrefix(cite.Chunk, "a.md#") {
						t.Errorf("level %d, size %d: %q is cited as %+v", level, size, line, cite)
					}
				}
				half := c.Part(len(c.Text)/2, len(c.Text))
				if cite := half.Cite(0, len(half.Text)); strings.Join(strings.Fields(almanac[cite.Start:cite.End]), " ") != cite.Quote {
					t.Errorf("level %d, size %d: a part is cited as %+v", level, size, cite)
				}
			}
			if !slices.Equal(paths, want) {
				t.Errorf("level %d, size %d: sections %q", level, size, paths)
			}
		}
	}
}

func TestSourcesAreReadWhole(t *testing.T) {
	a, b := sourced(t, "a.md", almanac, 16), sourced(t, "b.md", "One line.\n", 16)
	var w seen
	answer, _ := plan(t, &w, []swarm.Source{a, b},
		swarm.Step{ID: "all", Do: "read", Over: swarm.Sources},
		swarm.Step{ID: "part", Do: "read it", Over: swarm.Sources, Select: []string{"a.md#2-3"}})
	texts := map[string]string{}
	for _, st := range w.all {
		texts[st.ID()] = strings.Join(strings.Fields(st.Chunk.Text), " ")
	}
	if texts["1/all/0"] != strings.Join(strings.Fields(almanac), " ") || texts["1/all/1"] != "One line." || len(texts) != 3 || !strings.Contains(almanac, strings.TrimSpace(w.all[0].Chunk.Text[:9])) {
		t.Errorf("%q", texts)
	}
	if want := strings.Join(strings.Fields(a.Chunks[1].Text+" "+a.Chunks[2].Text), " "); texts["1/part/0"] != want {
		t.Errorf("%q, want %q", texts["1/part/0"], want)
	}
	if c := answer.Coverage; c.ChunksRead != c.ChunksKnown || len(c.Unread) > 0 {
		t.Errorf("%+v", c)
	}
}

func TestWhereReadsThePiecesWithTheWords(t *testing.T) {
	src := sourced(t, "a.md", almanac, 24)
	for _, c := range []struct {
		over  swarm.Over
		where []string
		want  string // what stands in all that is read, and in nothing else
	}{
		{swarm.Chunks, []string{"IRON bridge"}, "iron bridge"},
		{swarm.Sections, []string{"metres"}, "metres"},
		{swarm.Sources, []string{"rope", "zebra"}, "rope"},
	} {
		var w seen
		plan(t, &w, []swarm.Source{src, sourced(t, "b.md", "Nothing of it.\n", 24)}, swarm.Step{ID: "s", Do: "read", Over: c.over, Where: c.where})
		if len(w.all) == 0 {
			t.Errorf("%v where %q: nothing is read", c.over, c.where)
		}
		for _, st := range w.all {
			if !strings.Contains(st.Chunk.Text, c.want) {
				t.Errorf("%v where %q reads %q", c.over, c.where, st.Chunk.Text)
			}
		}
	}
}

func TestWidenReadsTheRestIfNothingWasFound(t *testing.T) {
	src := sourced(t, "a.md", almanac, 24)
	finds := func(words string) swarm.Worker {
		return swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			if st.Chunk != nil && strings.Contains(st.Chunk.Text, words) {
				return swarm.Say("found " + words), nil
			}
			return swarm.Output{}, nil
		})
	}
	step := swarm.Step{ID: "s", Do: "read", Over: swarm.Chunks, Where: []string{"iron"}, Widen: true}
	sum := swarm.Step{ID: "sum", Do: "sum up", Needs: []string{"s"}}
	a, results := plan(t, finds("iron"), []swarm.Source{src}, step)
	if a.Text != "found iron\n\nfound iron\n" && !strings.Contains(a.Text, "found iron") || a.Coverage.ChunksRead >= a.Coverage.ChunksKnown || len(a.Coverage.Unread) == 0 {
		t.Errorf("%q, %+v: the rest was read although something was found", a.Text, a.Coverage)
	}
	if len(results) != len(src.Chunks) {
		t.Errorf("%d results of %d chunks", len(results), len(src.Chunks))
	}
	a, _ = plan(t, finds("rope"), []swarm.Source{src}, step)
	if !strings.Contains(a.Text, "found rope") || a.Coverage.ChunksRead != a.Coverage.ChunksKnown {
		t.Errorf("%q, %+v: the rest was not read", a.Text, a.Coverage)
	}
	var w seen
	plan(t, swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		w.Work(ctx, st)
		return finds("rope").Work(ctx, st)
	}), []swarm.Source{src}, step, sum)
	if last := w.all[len(w.all)-1]; last.Step.ID != "1/sum" || len(last.From) != 1 {
		t.Errorf("a step that needs it is given %+v", last.From)
	}
	// Where the words stand nowhere, all is read at once.
	step.Where = []string{"zebra"}
	a, _ = plan(t, finds("rope"), []swarm.Source{src}, step)
	if a.Coverage.ChunksRead != a.Coverage.ChunksKnown || a.Coverage.Subtasks != len(src.Chunks) {
		t.Errorf("%+v", a.Coverage)
	}
}

func TestWorkersSeeContextAndGoalAsTheStepSays(t *testing.T) {
	src := sourced(t, "a.md", almanac, 24)
	var w seen
	plan(t, &w, []swarm.Source{src},
		swarm.Step{ID: "a", Do: "read", Over: swarm.Chunks, Select: []string{"a.md#2"}, Context: []string{"#1"}},
		swarm.Step{ID: "b", Do: "think", Goal: swarm.NoGoal},
		swarm.Step{ID: "c", Do: "think more", Goal: "another goal"})
	by := map[string]swarm.Subtask{}
	for _, st := range w.all {
		by[st.Step.ID] = st
	}
	if c := by["1/a"].Context; len(c) != 1 || c[0].ID != "a.md#1" || by["1/a"].Goal != "the goal" {
		t.Errorf("%+v", by["1/a"])
	}
	if by["1/b"].Goal != "" || by["1/c"].Goal != "another goal" {
		t.Errorf("goals %q and %q", by["1/b"].Goal, by["1/c"].Goal)
	}
}

func TestLookupShowsWhatMatchesTheSubtasksOwn(t *testing.T) {
	src := sourced(t, "a.md", almanac, 24)
	tower := func(c *swarm.Chunk) bool { return strings.Contains(c.Text, "south tower") }
	var w seen
	found := swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		w.Work(ctx, st)
		if st.Step.ID == "1/find" && strings.Contains(st.Chunk.Text, "rope bridge") {
			return swarm.Output{Findings: []swarm.Finding{{Text: "Which tower stands in the south?", Evidence: []swarm.Citation{st.Chunk.Cite(0, 8)}}}}, nil
		}
		return swarm.Output{}, nil
	})
	a, _ := plan(t, found, []swarm.Source{src},
		swarm.Step{ID: "items", Do: "look", Over: swarm.Items, Items: []string{"the rope bridge", "the south tower", "quux"}, Lookup: 2},
		swarm.Step{ID: "find", Do: "read", Over: swarm.Chunks, Select: []string{"#1-3"}},
		swarm.Step{ID: "check", Do: "check", Over: swarm.Each, Of: "find", Lookup: 1},
		swarm.Step{ID: "once", Do: "How high is the south tower?", Lookup: 1},
		swarm.Step{ID: "list", Do: "check each", Over: swarm.List, Of: "find", Lookup: 1})
	for _, st := range w.all {
		switch st.ID() {
		case "1/items/0":
			if len(st.Found) != 2 || !strings.Contains(st.Found[0].Text, "rope") {
				t.Errorf("%s is shown %+v", st.ID(), st.Found)
			}
		case "1/items/1", "1/once/0":
			if len(st.Found) == 0 || !tower(st.Found[0]) {
				t.Errorf("%s is shown %+v", st.ID(), st.Found)
			}
		case "1/list/0": // first where the finding stands, then what its words find
			if len(st.Found) != 2 || !strings.Contains(st.Found[0].Text, "rope bridge") || !tower(st.Found[1]) {
				t.Errorf("%s is shown %+v", st.ID(), st.Found)
			}
		case "1/items/2":
			if len(st.Found) != 0 {
				t.Errorf("%s is shown %+v", st.ID(), st.Found)
			}
		}
		if st.Step.ID == "1/check" && len(st.Found) > 0 && !tower(st.Found[0]) {
			t.Errorf("%s is shown %+v", st.ID(), st.Found)
		}
		if st.Step.ID == "1/list" && (st.Item != "Which tower stands in the south?" || len(st.From) != 1 || len(st.From[0].Out.Findings[0].Evidence) != 1) {
			t.Errorf("the list's entry is given as %+v", st)
		}
	}
	if a.Coverage.ChunksRead < 4 {
		t.Errorf("what lookups showed counts as read: %+v", a.Coverage)
	}
}

// searched is an index of one's own.
type searched struct{ chunk *swarm.Chunk }

func (s searched) Search(string, int) []*swarm.Chunk { return []*swarm.Chunk{nil, s.chunk} }

// A look-up in 20 MB leaves nearly all unread: the answer says so in a few names, and
// rightly, and the merge is told the same.
func TestWhatALookupLeavesUnreadIsToldRightAndShort(t *testing.T) {
	const perChunk, lookup = 800, 8
	size := 20 << 20
	if testing.Short() {
		size = 1 << 20
	}
	for _, sources := range []int{1, 700} {
		task := swarm.Task{Goal: "Where is the needle?"}
		perSource := size / perChunk / sources
		known := perSource * sources
		for s := range sources {
			src := swarm.Source{Name: fmt.Sprintf("f%d", s)}
			for i := range perSource {
				text := strings.Repeat(fmt.Sprintf("hay%d straw%d ", i%97, (i+s)%1009), perChunk/13)
				if n := s*perSource + i; n%(known/lookup) == 0 && n < known/lookup*lookup {
					text = "the needle"
				}
				src.Chunks = append(src.Chunks, swarm.Chunk{Source: src.Name, ID: fmt.Sprintf("f%d#%d", s, i+1), Text: text, Start: i * perChunk, End: (i + 1) * perChunk})
			}
			task.Sources = append(task.Sources, src)
		}
		var told swarm.Coverage
		found := map[string]bool{}
		a, err := (&swarm.Swarm{Planner: script{
			steps: []swarm.Step{{ID: "find", Do: "find", Over: swarm.Items, Items: []string{task.Goal}, Lookup: lookup}},
			merge: func(b swarm.Brief, _ []swarm.Result, _ *swarm.AnswerWriter) (swarm.Verdict, error) {
				told = b.Coverage
				return swarm.Verdict{}, nil
			},
		}, Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			for _, c := range st.Found {
				found[c.ID] = true
			}
			return swarm.Say("there"), nil
		})}).Run(t.Context(), task)
		c := a.Coverage
		if err != nil || len(found) != lookup || c.ChunksRead != lookup || c.ChunksKnown != known || fmt.Sprint(told) != fmt.Sprint(c) {
			t.Fatalf("%v: found %v, %+v, the merge was told %+v", err, found, c, told)
		}
		if len(c.Unread) > 33 || len(fmt.Sprint(c)) > 2000 {
			t.Errorf("%d runs in %d bytes", len(c.Unread), len(fmt.Sprint(c)))
		}
		unread := 0
		for _, run := range c.Unread {
			more := 0
			if n, _ := fmt.Sscanf(run, "and %d chunks more", &more); n == 1 {
				unread += more
				continue
			}
			from, to, _ := strings.Cut(run, " to ")
			name, number, _ := strings.Cut(from, "#")
			first, _ := strconv.Atoi(number)
			last := first
			if to != "" {
				last, _ = strconv.Atoi(to[strings.Index(to, "#")+1:])
			}
			for i := first; i <= last; i++ {
				if found[fmt.Sprintf("%s#%d", name, i)] {
					t.Errorf("%s is said to be unread, but %s#%d was read", run, name, i)
				}
			}
			unread += last - first + 1
		}
		if unread != known-lookup {
			t.Errorf("%d sources: %q are %d chunks, want %d", sources, c.Unread, unread, known-lookup)
		}
	}
}

func TestLookupAsksAnIndexOfOnesOwn(t *testing.T) {
	src := sourced(t, "a.md", almanac, 24)
	var w seen
	s := swarm.Swarm{Planner: script{steps: []swarm.Step{{ID: "a", Do: "look", Lookup: 3}}}, Worker: &w, Rounds: 1}
	if _, err := s.Run(t.Context(), swarm.Task{Goal: "g", Sources: []swarm.Source{src}, Index: searched{&src.Chunks[3]}}); err != nil {
		t.Fatal(err)
	}
	if f := w.all[0].Found; len(f) != 1 || f[0] != &src.Chunks[3] {
		t.Errorf("%+v", f)
	}
}

// records gives each chunk's line a record with evidence.
var records = swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
	if st.Item == "fail" {
		return swarm.Output{}, errors.New("broken")
	}
	data, _ := json.Marshal(map[string]any{"name": st.Item, "amount": len(st.Item)})
	return swarm.Output{Findings: []swarm.Finding{{Text: st.Item, Data: data, Evidence: []swarm.Citation{{Source: "s", Quote: st.Item}}}}}, nil
})

func TestCalculationsRunOverFindingsAndKeepTheirEvidence(t *testing.T) {
	in := swarm.Step{ID: "rows", Do: "read", Over: swarm.Items, Items: []string{"a", "bb", "cccc", "fail"}}
	calc := func(program string) *swarm.Result {
		t.Helper()
		_, results := plan(t, records, nil, in, swarm.Step{ID: "c", Do: "calculate", Over: swarm.Calc, Needs: []string{"rows"}, Calc: program})
		return results["1/c/0"]
	}
	for range 3 {
		r := calc(`sum(rows, .amount) / len(rows)`)
		if r.Outcome != swarm.Done || !strings.HasPrefix(r.Out.Text(), "2.33") || len(r.Out.Findings[0].Evidence) != 3 || len(r.Out.Doubts) != 1 {
			t.Errorf("%v %v: %+v", r.Outcome, r.Err, r.Out)
		}
	}
	if r := calc(`filter(steps["rows"], .amount > 1)`); len(r.Out.Findings) != 2 || r.Out.Findings[1].Evidence[0].Quote != "cccc" || !strings.Contains(string(r.Out.Findings[1].Data), `"cccc"`) {
		t.Errorf("%v: %+v", r.Err, r.Out)
	}
	if r := calc(`let a = "xxxxxxxxxxxxxxxx"; let b = a+a+a+a+a+a+a+a; sum(map(1..100000, sum(map(1..100000, 1))))`); r.Outcome != swarm.Failed {
		t.Errorf("an endless calculation: %v", r.Outcome)
	}
}

func TestAListGoesOnFromTheEntriesOfACalculation(t *testing.T) {
	_, results := plan(t, records, nil,
		swarm.Step{ID: "rows", Do: "read", Over: swarm.Items, Items: []string{"a", "bb", "a"}},
		swarm.Step{ID: "names", Do: "calculate", Over: swarm.Calc, Needs: []string{"rows"}, Calc: "uniq(map(rows, .name))"},
		swarm.Step{ID: "each", Do: "look", Over: swarm.List, Of: "names"})
	if a, b := results["1/each/0"], results["1/each/1"]; len(results) != 6 || a == nil || a.Item != "a" || b == nil || b.Item != "bb" {
		t.Errorf("%v", results)
	}
}

func TestAListIsMadeOfTheFindingsOfSeveralResults(t *testing.T) {
	var w seen
	both := swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		w.Work(ctx, st)
		if st.Step.ID == "1/in" {
			return swarm.Say(st.Item+"1", st.Item+"2"), nil
		}
		return swarm.Say("did " + st.Item), nil
	})
	a, _ := plan(t, both, nil, swarm.Step{ID: "in", Do: "read", Over: swarm.Items, Items: []string{"a", "b"}}, swarm.Step{ID: "each", Do: "do it", Over: swarm.List, Of: "in"})
	if strings.Count(a.Text, "did ") != 4 || !strings.Contains(a.Text, "did a1") || !strings.Contains(a.Text, "did b2") {
		t.Errorf("%q", a.Text)
	}
}

func TestCorpusOfAnySizeIsIndexedOnce(t *testing.T) {
	src := swarm.Source{Name: "big"}
	for i := range 3000 {
		src.Chunks = append(src.Chunks, swarm.Chunk{Source: "big", ID: fmt.Sprint("big#", i+1), Text: fmt.Sprintf("Entry %d tells of house number %d.", i, i)})
	}
	var items []string
	for i := range 200 {
		items = append(items, fmt.Sprintf("house number %d", i*7))
	}
	var w seen
	plan(t, &w, []swarm.Source{src}, swarm.Step{ID: "a", Do: "look", Over: swarm.Items, Items: items, Lookup: 1})
	for _, st := range w.all {
		if len(st.Found) != 1 || st.Found[0].ID != fmt.Sprint("big#", st.Index*7+1) {
			t.Fatalf("%q is shown %+v", st.Item, st.Found)
		}
	}
}
