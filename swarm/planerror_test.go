package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

// addAll adds steps in one round and returns add's errors.
func addAll(t *testing.T, limits swarm.Limits, tk swarm.Task, steps ...swarm.Step) []error {
	t.Helper()
	var errs []error
	p := script{plan: func(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
		for _, st := range steps {
			errs = append(errs, add(st))
		}
		return nil
	}}
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo), Rounds: 1, Limits: limits, Tools: []swarm.Tool{{Name: "search"}, {Name: "fetch"}}}
	if a, err := s.Run(t.Context(), tk); err != nil && a.Coverage.Subtasks > 0 {
		t.Fatal(err)
	}
	return errs
}

func TestPlanErrorNamesFieldValueAndMend(t *testing.T) {
	ok := swarm.Step{ID: "a", Do: "first"}
	list := swarm.Step{ID: "l", Do: "list", Form: swarm.FormList}
	two := swarm.Step{ID: "two", Do: "two", Over: swarm.Items, Items: []string{"x", "y"}, Form: swarm.FormList}
	for name, c := range map[string]struct {
		bad                swarm.Step
		field, value, mend string
	}{
		"no id":             {swarm.Step{Do: "x"}, "id", "", "must be 1 to 64"},
		"id with a slash":   {swarm.Step{ID: "2/t", Do: "x"}, "id", "2/t", "must be 1 to 64"},
		"id with a rune":    {swarm.Step{ID: "té", Do: "x"}, "id", "té", "must be 1 to 64"},
		"id too long":       {swarm.Step{ID: strings.Repeat("x", 65), Do: "x"}, "id", strings.Repeat("x", 65), "must be 1 to 64"},
		"id taken":          {swarm.Step{ID: "a", Do: "x"}, "id", "a", "taken"},
		"no instruction":    {swarm.Step{ID: "b", Do: " \n"}, "do", "", "empty"},
		"reduce":            {swarm.Step{ID: "b", Do: "x", Over: swarm.Reduce}, "over", "reduce", "choose"},
		"unknown over":      {swarm.Step{ID: "b", Do: "x", Over: 99}, "over", "unknown", "choose"},
		"select off":        {swarm.Step{ID: "b", Do: "x", Select: []string{"doc"}}, "select", "doc", "over chunks, sections or sources only"},
		"items off":         {swarm.Step{ID: "b", Do: "x", Over: swarm.Chunks, Items: []string{"i"}}, "items", "i", "over items only"},
		"of off":            {swarm.Step{ID: "b", Do: "x", Over: swarm.Chunks, Of: "a"}, "of", "a", "over list or each only"},
		"unknown source":    {swarm.Step{ID: "b", Do: "x", Over: swarm.Chunks, Select: []string{"doc", "dog"}}, "select", "dog", `"doc"`},
		"source of nothing": {swarm.Step{ID: "b", Do: "x", Over: swarm.Chunks, Select: []string{"empty"}}, "select", "empty", "no chunk"},
		"no items":          {swarm.Step{ID: "b", Do: "x", Over: swarm.Items}, "items", "", "empty"},
		"no list":           {swarm.Step{ID: "b", Do: "x", Over: swarm.List}, "of", "", "name an earlier step"},
		"unknown of":        {swarm.Step{ID: "b", Do: "x", Over: swarm.Each, Of: "z"}, "of", "z", "not written yet"},
		"unknown form":      {swarm.Step{ID: "b", Do: "x", Form: "scorecard"}, "form", "scorecard", `"list"`},
		"schema of a list":  {swarm.Step{ID: "b", Do: "x", Form: swarm.FormList, Schema: []byte("{}")}, "schema", "", "findings only"},
		"schema no JSON":    {swarm.Step{ID: "b", Do: "x", Schema: []byte("{")}, "schema", "{", "not JSON"},
		"where off":         {swarm.Step{ID: "b", Do: "x", Where: []string{"w"}}, "where", "w", "over chunks, sections or sources only"},
		"where nothing":     {swarm.Step{ID: "b", Do: "x", Over: swarm.Chunks, Where: []string{"zebra"}}, "where", "zebra", "stands in none"},
		"widen off":         {swarm.Step{ID: "b", Do: "x", Over: swarm.Chunks, Widen: true}, "widen", "true", "select or where"},
		"unknown tool":      {swarm.Step{ID: "b", Do: "x", Tools: []string{"search", "sing"}}, "tools", "sing", "Swarm.Tools has search, fetch"},
		"unknown context":   {swarm.Step{ID: "b", Do: "x", Context: []string{"dog"}}, "context", "dog", `"doc"`},
		"level of chunks":   {swarm.Step{ID: "b", Do: "x", Over: swarm.Chunks, Level: 1}, "level", "1", "from 0 to 6 with over sections"},
		"deep level":        {swarm.Step{ID: "b", Do: "x", Over: swarm.Sections, Level: 7}, "level", "7", "from 0 to 6 with over sections"},
		"much lookup":       {swarm.Step{ID: "b", Do: "x", Lookup: 99}, "lookup", "99", "from 0 to 64"},
		"calc off":          {swarm.Step{ID: "b", Do: "x", Calc: "1"}, "calc", "1", "over calc only"},
		"calc of nothing":   {swarm.Step{ID: "b", Do: "x", Over: swarm.Calc, Calc: "1"}, "needs", "", "is empty"},
		"no calc":           {swarm.Step{ID: "b", Do: "x", Over: swarm.Calc, Needs: []string{"a"}}, "calc", "", "is empty"},
		"calc of no step":   {swarm.Step{ID: "b", Do: "x", Over: swarm.Calc, Needs: []string{"a"}, Calc: "len(zebra)"}, "calc", "len(zebra)", "zebra"},
		"calc with tools":   {swarm.Step{ID: "b", Do: "x", Over: swarm.Calc, Needs: []string{"a"}, Calc: "1", Tools: []string{"search"}}, "over", "calc", "has no worker"},
		"calc with fields":  {swarm.Step{ID: "b", Do: "x", Over: swarm.Calc, Needs: []string{"a"}, Calc: "1", Lookup: 1}, "over", "calc", "has no worker"},
		"no such part":      {swarm.Step{ID: "b", Do: "x", Over: swarm.Chunks, Select: []string{"doc#1-2"}}, "select", "doc#1-2", "its chunks are #1-1"},
		"part of any":       {swarm.Step{ID: "b", Do: "x", Over: swarm.Chunks, Select: []string{"#1"}}, "select", "#1", "write the source's name before #"},
		"itself":            {swarm.Step{ID: "b", Do: "x", Over: swarm.Each, Of: "b"}, "of", "b", "not written yet"},
		"unknown need":      {swarm.Step{ID: "b", Do: "x", Needs: []string{"a", "z"}}, "needs", "z", "not written yet"},
		"empty need":        {swarm.Step{ID: "b", Do: "x", Needs: []string{""}}, "needs", "", "name an earlier step"},
		"repeated":          {swarm.Step{ID: "b", Do: "first"}, "do", "first", `repeats step "1/a"`},
		"repeated items":    {swarm.Step{ID: "b", Do: "two", Over: swarm.Items, Items: []string{"x", "y"}, Form: swarm.FormList}, "do", "two", `repeats step "1/two"`},
	} {
		t.Run(name, func(t *testing.T) {
			tk := swarm.Task{Goal: "g", Sources: []swarm.Source{sourceOf("doc", "one"), sourceOf("empty")}}
			errs := addAll(t, swarm.Limits{}, tk, ok, list, two, c.bad)
			e, is := errors.AsType[*swarm.PlanError](errs[3])
			if !is {
				t.Fatalf("add: %v (before: %v)", errs[3], errs[:3])
			}
			if e.Step != c.bad.ID && len(c.bad.ID) < 64 || e.Field != c.field || e.Value != c.value || !strings.Contains(e.Mend, c.mend) {
				t.Errorf("%+v", *e)
			}
			text := e.Error()
			for _, part := range []string{"step ", fmt.Sprintf("%q", e.Step), c.field, c.mend} {
				if !strings.Contains(text, part) {
					t.Errorf("%q does not say %q", text, part)
				}
			}
		})
	}
}

func TestStepsWithOtherToolsAreOthers(t *testing.T) {
	a := swarm.Step{ID: "a", Do: "x", Tools: []string{"search"}}
	b, c := a, a
	b.ID, b.Tools = "b", []string{"fetch"}
	c.ID = "c"
	errs := addAll(t, swarm.Limits{}, task, a, b, c)
	if errs[0] != nil || errs[1] != nil || errs[2] == nil || !strings.Contains(errs[2].Error(), "repeats") {
		t.Errorf("%v", errs)
	}
	s := swarm.Swarm{Planner: script{steps: []swarm.Step{a}}, Worker: swarm.WorkerFunc(echo), Rounds: 1}
	if _, err := s.Run(t.Context(), task); err == nil || !strings.Contains(err.Error(), "is no tool of this run: Swarm.Tools has none") {
		t.Errorf("without tools: %v", err)
	}
}

func TestChunksWithoutASource(t *testing.T) {
	errs := addAll(t, swarm.Limits{}, task, swarm.Step{ID: "a", Do: "x", Over: swarm.Chunks}, swarm.Step{ID: "b", Do: "x", Over: swarm.Chunks, Select: []string{"doc"}})
	for i, want := range []string{"no chunks", "the sources are none"} {
		if errs[i] == nil || !strings.Contains(errs[i].Error(), want) {
			t.Errorf("%v", errs[i])
		}
	}
}

func TestPlanErrorsStayShort(t *testing.T) {
	long := strings.Repeat("ü", 100_000)
	var many []swarm.Source
	for i := range 1000 {
		many = append(many, sourceOf(fmt.Sprint("source number ", i), "x"))
	}
	errs := addAll(t, swarm.Limits{}, swarm.Task{Goal: "g", Sources: many},
		swarm.Step{ID: long, Do: "x"},
		swarm.Step{ID: "b", Do: "x", Needs: []string{long}},
		swarm.Step{ID: "c", Do: "x", Over: swarm.Chunks, Select: []string{long}})
	for _, err := range errs {
		if err == nil || len(err.Error()) > 1000 || strings.Contains(err.Error(), "�") {
			t.Errorf("%d bytes", len(fmt.Sprint(err)))
		}
	}
}

func TestLimitsHoldInCode(t *testing.T) {
	tk := swarm.Task{Goal: "g", Sources: []swarm.Source{sourceOf("doc", "one", "two", "three")}}
	once := func(id string, needs ...string) swarm.Step { return swarm.Step{ID: id, Do: "do " + id, Needs: needs} }
	for name, c := range map[string]struct {
		limits swarm.Limits
		steps  []swarm.Step // the last is refused
		mend   string
	}{
		"steps":       {swarm.Limits{Steps: 2}, []swarm.Step{once("a"), once("b"), once("c")}, "one more than the 2 steps"},
		"subtasks":    {swarm.Limits{Subtasks: 3}, []swarm.Step{once("a"), {ID: "b", Do: "x", Over: swarm.Chunks}}, "would make 3 subtasks"},
		"depth":       {swarm.Limits{Depth: 2}, []swarm.Step{once("a"), once("b", "a"), once("c", "b")}, "chains may have 2"},
		"depth each":  {swarm.Limits{Depth: 1}, []swarm.Step{once("a"), {ID: "b", Do: "x", Over: swarm.Each, Of: "a"}}, "chains may have 1"},
		"bytes do":    {swarm.Limits{Bytes: 100}, []swarm.Step{once("a"), {ID: "b", Do: strings.Repeat("x", 100)}}, "plans may have 100"},
		"bytes items": {swarm.Limits{Bytes: 100}, []swarm.Step{once("a"), {ID: "b", Do: "x", Over: swarm.Items, Items: []string{strings.Repeat("x", 100)}}}, "plans may have 100"},
		"bytes names": {swarm.Limits{Bytes: 100}, []swarm.Step{once("a"), {ID: "b", Do: "x", Over: swarm.Chunks, Select: strings.Fields(strings.Repeat("doc ", 40))}}, "plans may have 100"},
		"each":        {swarm.Limits{Subtasks: 5}, []swarm.Step{{ID: "a", Do: "x", Over: swarm.Chunks}, {ID: "b", Do: "y", Over: swarm.Each, Of: "a"}}, "would make 3 subtasks"},
	} {
		t.Run(name, func(t *testing.T) {
			errs := addAll(t, c.limits, tk, c.steps...)
			for _, err := range errs[:len(errs)-1] {
				if err != nil {
					t.Fatal(err)
				}
			}
			if e, ok := errors.AsType[*swarm.PlanError](errs[len(errs)-1]); !ok || !strings.Contains(e.Mend, c.mend) {
				t.Errorf("%v", errs[len(errs)-1])
			}
		})
	}
}

func TestALaterRoundKnowsWhatWasFoundAndAsked(t *testing.T) {
	var briefs []swarm.Brief
	var errs []error
	p := script{
		plan: func(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
			briefs = append(briefs, b)
			if b.Round == 1 {
				_ = add(swarm.Step{ID: "other", Do: "list", Over: swarm.Items, Items: []string{"none", "fail", "x"}})
				return add(swarm.Step{ID: "t1", Do: "find", Over: swarm.Items, Items: []string{"alpha"}})
			}
			errs = append(errs,
				add(swarm.Step{ID: "r", Do: "find", Over: swarm.Items, Items: []string{"alpha"}}), // repeats round 1
				add(swarm.Step{ID: "n", Do: "more", Needs: []string{"other"}}),                    // which round?
				add(swarm.Step{ID: "t1", Do: "more", Needs: []string{"1/t1"}}),
				add(swarm.Step{ID: "t2", Do: "own", Over: swarm.Each, Of: "t1"}), // its own t1
				add(swarm.Step{ID: "t3", Do: "own too", Over: swarm.Each, Of: "2/t1"}))
			return nil
		},
		merge: func(b swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			for i := range rs {
				fmt.Fprintf(w, "%s=%s;", rs[i].ID(), rs[i].Out.Text())
			}
			return swarm.Verdict{Missing: []string{"", "the beta", ""}[b.Round]}, nil
		},
	}
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}
	a, err := s.Run(t.Context(), task)
	if err != nil || a.Complete || a.Rounds != 2 {
		t.Fatal(err, a.Complete, a.Rounds)
	}
	if want := "1/other/2=x;2/t2/0=<<alpha>>;2/t3/0=<<alpha>>;"; a.Text != want {
		t.Errorf("got  %s\nwant %s", a.Text, want)
	}
	b := briefs[1]
	if b.Asked != "the beta" || !b.Last || briefs[0].Last || briefs[0].Asked != "" || briefs[0].Known != nil {
		t.Errorf("%+v", b)
	}
	if len(b.Known) != 2 || b.Known[1].Step != "1/t1" || b.Known[1].Do != "find" || !strings.Contains(b.Known[1].Digest, "alpha") {
		t.Errorf("%+v", b.Known)
	}
	if d := b.Known[0].Digest; !strings.Contains(d, "1 findings in 1 parts, 1 parts without one, 1 failed") {
		t.Error(d)
	}
	for i, want := range []string{`repeats step "1/t1"`, `did you mean "1/other"?`, "", "", ""} {
		if got := fmt.Sprint(errs[i]); want == "" && errs[i] != nil || !strings.Contains(got, want) {
			t.Errorf("add %d: %v", i, errs[i])
		}
	}
}

func TestTheDigestOfALaterRoundIsBounded(t *testing.T) {
	var known []swarm.Known
	p := script{
		plan: func(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
			known = b.Known
			for i := range 100 {
				long := strings.Repeat(fmt.Sprint("word", i, " "), 2000)
				if err := add(swarm.Step{ID: fmt.Sprint("t", i), Do: fmt.Sprint(b.Round, long), Over: swarm.Items, Items: []string{long}}); err != nil {
					return err
				}
			}
			return nil
		},
		merge: func(swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
			return swarm.Verdict{Missing: "more"}, nil
		},
	}
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}
	if _, err := s.Run(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	tokens := 0
	for _, k := range known {
		tokens += swarm.EstimateTokens(k.Do) + swarm.EstimateTokens(k.Digest)
	}
	if len(known) == 0 || tokens > 6000 {
		t.Errorf("%d steps, %d tokens", len(known), tokens)
	}
}

func TestSelectTakesPartsAsOutlinesNameThem(t *testing.T) {
	two := []swarm.Source{sourceOf("lease", "a", "b", "c"), sourceOf("odd#1", "d"), sourceOf("a#2", "e", "f"), sourceOf("end ", "g", "h", "i"), sourceOf("list [", "j", "k")}
	two[2].Chunks[1].ID = "part 7" // not numbered
	for _, c := range []struct {
		name, want string
		sel        []string
		alone      bool // lease is the only source
	}{
		{"a source", "a b c", []string{"lease"}, false},
		{"a chunk", "b", []string{"lease#2"}, false},
		{"a range", "b c", []string{"lease#2-3"}, false},
		{"as in the outline", "a b", []string{"lease [#1-#2]"}, false},
		{"with a dash of print", "a b", []string{"lease #1 – #2"}, false},
		{"overlapping, in the order of the sources", "b c d", []string{"odd#1", "lease#2-3", "lease#3"}, false},
		{"a source that looks like a part", "d", []string{"odd#1"}, false},
		{"a chunk of another name", "f", []string{"part 7"}, false},
		{"a range of a name with a space at its end", "h i", []string{"end #2-3"}, false},
		{"a range of a name with a bracket at its end", "k", []string{"list [#2"}, false},
		{"numbers alone", "a b", []string{"#1-2"}, true},
		{"a part of what is not numbered", "", []string{"a#2#1-2"}, false},
		{"backwards", "", []string{"lease#2-1"}, false},
		{"from nothing", "", []string{"lease#0-1"}, false},
		{"past the end", "", []string{"lease#3-4"}, false},
		{"beyond any number", "", []string{"lease#1-99999999999999999999"}, false},
	} {
		tk := swarm.Task{Goal: "g", Sources: two}
		if c.alone {
			tk.Sources = two[:1]
		}
		var read []string
		p := script{plan: func(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
			return add(swarm.Step{ID: "r", Do: "read", Over: swarm.Chunks, Select: c.sel})
		}}
		_, err := (&swarm.Swarm{Planner: p, Concurrency: 1, Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			read = append(read, st.Chunk.Text)
			return swarm.Say("x"), nil
		})}).Run(t.Context(), tk)
		e, refused := errors.AsType[*swarm.PlanError](err)
		if got := strings.Join(read, " "); got != c.want || refused != (c.want == "") || refused && e.Field != "select" {
			t.Errorf("%s: read %q, want %q; %v", c.name, got, c.want, err)
		}
	}
}

func TestAStepThatFailedMayBeRepeatedInTheNextRound(t *testing.T) {
	var repeats []error
	p := script{plan: func(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
		other := add(swarm.Step{ID: "other", Do: "classify", Over: swarm.Items, Items: []string{"ticket 0"}})
		err := add(swarm.Step{ID: "s", Do: "classify", Over: swarm.Items, Items: []string{"ticket 1"}})
		if repeats = append(repeats, err); (other != nil) != (b.Round > 1) {
			t.Errorf("round %d: a step that is done: %v", b.Round, other)
		}
		if twice := add(swarm.Step{ID: "twice", Do: "classify", Over: swarm.Items, Items: []string{"ticket 1"}}); twice == nil {
			t.Errorf("round %d: a step stands twice", b.Round)
		}
		return nil
	}, merge: func(_ swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
		return swarm.Verdict{Missing: strings.Repeat("ticket 1", 2-min(len(rs), 2))}, writeAll(w, rs)
	}}
	failures := 0
	a, err := (&swarm.Swarm{Planner: p, Rounds: 4, Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Item == "ticket 1" && failures < 2 {
			failures++
			return swarm.Output{}, errBroken
		}
		return swarm.Say("billing"), nil
	})}).Run(t.Context(), task)
	if err != nil || !a.Complete || a.Rounds != 3 || len(a.Coverage.Missing) > 0 || fmt.Sprint(repeats) != "[<nil> <nil> <nil>]" {
		t.Errorf("%v after %d rounds, %v, missing %q", err, a.Rounds, repeats, a.Coverage.Missing)
	}
}
