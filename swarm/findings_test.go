package swarm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// sentences is a worker that finds each sentence of a chunk, with its place.
func sentences(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
	var out swarm.Output
	at := 0
	for s := range strings.SplitAfterSeq(st.Chunk.Text, ".") {
		if text := strings.TrimSpace(s); text != "" {
			cite := st.Chunk.Cite(at+strings.Index(s, text), at+len(s))
			out.Findings = append(out.Findings, swarm.Finding{Text: text, Evidence: []swarm.Citation{cite}, Confidence: 0.5})
		}
		at += len(s)
	}
	return out, nil
}

func TestEachFindingOfAChunkReachesTheMergeWithItsOwnEvidence(t *testing.T) {
	src := sourceOf("doc", "One is a. Two is b.", "", " Three is c.")
	src.Chunks[0].Line, src.Chunks[0].Path = 7, "Numbers"
	var merged []swarm.Result
	s := swarm.Swarm{Worker: swarm.WorkerFunc(sentences), Planner: script{
		steps: []swarm.Step{{ID: "r", Do: "read", Over: swarm.Chunks}},
		merge: func(_ swarm.Brief, rs []swarm.Result, _ *swarm.AnswerWriter) (swarm.Verdict, error) {
			merged = rs
			return swarm.Verdict{}, nil
		},
	}}
	a, err := s.Run(t.Context(), swarm.Task{Goal: "g", Sources: []swarm.Source{src}})
	if err != nil || a.Coverage.Done != 2 || a.Coverage.Abstained != 1 {
		t.Fatal(err, a.Coverage)
	}
	cite := func(id, path string, line, start, end int, quote string) swarm.Citation {
		return swarm.Citation{Source: "doc", Chunk: id, Path: path, Line: line, Start: start, End: end, Quote: quote}
	}
	want := [][]swarm.Finding{{
		{Text: "One is a.", Evidence: []swarm.Citation{cite("doc#1", "Numbers", 7, 0, 9, "One is a.")}, Confidence: 0.5},
		{Text: "Two is b.", Evidence: []swarm.Citation{cite("doc#1", "Numbers", 7, 10, 19, "Two is b.")}, Confidence: 0.5},
	}, {
		{Text: "Three is c.", Evidence: []swarm.Citation{cite("doc#3", "", 0, 20, 31, "Three is c.")}, Confidence: 0.5},
	}}
	var got [][]swarm.Finding
	for i := range merged {
		got = append(got, merged[i].Out.Findings)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	var quotes []string
	for c := range merged[0].Out.Evidence() {
		if quotes = append(quotes, c.Quote); len(quotes) == 2 {
			break
		}
	}
	if text := merged[0].Out.Text(); text != "One is a.\nTwo is b." || !slices.Equal(quotes, []string{"One is a.", "Two is b."}) {
		t.Errorf("%q, quotes %q", text, quotes)
	}
}

func TestAnOutputTellsTheConfidenceOfItsSurestFinding(t *testing.T) {
	out := swarm.Output{Findings: []swarm.Finding{{Confidence: 0.2}, {Confidence: 0.9}, {}}}
	if none := (swarm.Output{}); out.Confidence() != 0.9 || none.Confidence() != 0 || none.Text() != "" {
		t.Error(out.Confidence(), none.Confidence(), none.Text())
	}
	if n := len(swarm.Say().Findings); n != 0 {
		t.Errorf("nothing that was said is %d findings", n)
	}
}

// Chunks that overlap are quoted twice.
func TestWhatIsSaidTwiceOfOnePlaceIsFoldedForAPlannerWithAWindow(t *testing.T) {
	at := func(start int, text string, more ...swarm.Citation) swarm.Finding {
		return swarm.Finding{Text: text, Evidence: append([]swarm.Citation{{Source: "doc", Chunk: fmt.Sprint("c", start%7), Start: start, End: start + 5, Quote: "words"}}, more...)}
	}
	beside := swarm.Citation{Source: "doc", Start: 90, End: 95}
	outs := []swarm.Output{
		{Findings: []swarm.Finding{at(10, "a"), at(10, "b"), at(10, "a")}},    // again in one output
		{Findings: []swarm.Finding{at(10, "a")}},                              // nothing is left
		{Findings: []swarm.Finding{at(20, "a"), at(10, "b"), at(30, "c")}},    // one of three
		{Findings: []swarm.Finding{at(10, "a", beside), at(10, "a", beside)}}, // more evidence
		swarm.Say("a", "a"), // of no place
		swarm.Say("a"),
	}
	for window, want := range map[int]string{
		0:    "0:a,b,a 1:a 2:a,b,c 3:a,a 4:a,a 5:a",
		9999: "0:a,b 2:a,c 3:a 4:a,a 5:a",
	} {
		var got []string
		p := script{window: window, steps: []swarm.Step{items(len(outs))}, merge: func(_ swarm.Brief, rs []swarm.Result, _ *swarm.AnswerWriter) (swarm.Verdict, error) {
			for i := range rs {
				got = append(got, fmt.Sprint(rs[i].Index, ":", strings.ReplaceAll(rs[i].Out.Text(), "\n", ",")))
			}
			return swarm.Verdict{}, nil
		}}
		a, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			return outs[st.Index], nil
		})}).Run(t.Context(), task)
		if err != nil || strings.Join(got, " ") != want || a.Coverage.Missing != nil {
			t.Errorf("window %d: %v, %q, want %q; missing %q", window, err, got, want, a.Coverage.Missing)
		}
		for r := range a.Results() { // they stay whole
			if !reflect.DeepEqual(r.Out, outs[r.Index]) {
				t.Errorf("window %d: result %d became %+v", window, r.Index, r.Out)
			}
		}
	}
}

func TestAResultNamesItsChunkOrItem(t *testing.T) {
	src := sourceOf("doc", "well", "fail", "none")
	cut, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := swarm.Swarm{Concurrency: 1, Rounds: 1, Planner: script{steps: []swarm.Step{
		{ID: "c", Do: "read", Over: swarm.Chunks},
		{ID: "ce", Do: "check", Over: swarm.Each, Of: "c"},
		{ID: "i", Do: "look", Over: swarm.Items, Items: []string{"fail x", "y"}},
		{ID: "ie", Do: "check", Over: swarm.Each, Of: "i"},
		{ID: "l", Do: "list", Form: swarm.FormList},
		{ID: "u", Do: "unfold", Over: swarm.List, Of: "l"},
		{ID: "ue", Do: "check", Over: swarm.Each, Of: "u"},
		{ID: "cut", Do: "stop", Over: swarm.Items, Items: []string{"p", "q"}, Needs: []string{"ue"}},
	}}, Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		switch st.Step.ID {
		case "1/l":
			return swarm.Say("fail m", "n"), nil
		case "1/cut":
			cancel()
			return swarm.Output{}, ctx.Err()
		}
		return echo(ctx, st)
	})}
	a, err := s.Run(cut, swarm.Task{Goal: "g", Sources: []swarm.Source{src}})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	want := map[string]string{
		"1/c/0": "done doc#1", "1/c/1": "failed doc#2", "1/c/2": "abstained doc#3",
		"1/ce/0": "done doc#1", "1/ce/1": "skipped doc#2", "1/ce/2": "abstained doc#3",
		"1/i/0": "failed fail x", "1/i/1": "done y", "1/ie/0": "skipped fail x", "1/ie/1": "done y",
		"1/l/0": "done ", "1/u/0": "failed fail m", "1/u/1": "done n", "1/ue/0": "skipped fail m", "1/ue/1": "done n",
		"1/cut/0": "cancelled p", "1/cut/1": "cancelled q",
	}
	n := 0
	for r := range a.Results() {
		got := r.Outcome.String() + " " + r.Item
		if r.Chunk != nil {
			got += r.Chunk.ID
			if r.Chunk.Text != []string{"well", "fail", "none"}[r.Index] {
				t.Errorf("%s is of %+v", r.ID(), r.Chunk)
			}
		}
		if n++; got != want[r.ID()] {
			t.Errorf("%s: %q, want %q", r.ID(), got, want[r.ID()])
		}
	}
	if n != len(want) {
		t.Errorf("%d results, want %d", n, len(want))
	}
}

// The second subtask ends only once the observer has the first one's result;
// the third begins after that.
func TestAnObserverGetsEachResultWhileTheRunGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := make(chan string, 1)
		var seen []string
		begun := false
		s := swarm.Swarm{
			Planner: script{steps: []swarm.Step{{ID: "t", Do: "look", Over: swarm.Items, Items: []string{"a", "b", "none", "fail"}}, {ID: "e", Do: "check", Over: swarm.Each, Of: "t"}}},
			Observe: func(e swarm.Event) {
				if e.Kind != swarm.SubtaskEnded {
					if e.Result != nil {
						t.Errorf("%v has a result", e.Kind)
					}
					return
				}
				if e.Result == nil { // the engine's own decision
					seen = append(seen, fmt.Sprint(e.Step, "/", e.Index, " ", e.Outcome))
					return
				}
				r := e.Result
				if r.Outcome != e.Outcome || r.Index != e.Index || r.Step.ID != e.Step || r.Err != e.Err || r.Usage != e.Usage {
					t.Errorf("%+v of %+v", r, e)
				}
				seen = append(seen, fmt.Sprint(r.ID(), " ", r.Outcome, " ", r.Item, " ", r.Out.Text()))
				if len(seen) == 1 {
					if begun {
						t.Error("the last subtask began before the first result was told")
					}
					first <- r.Out.Text()
				}
			},
			Concurrency: 1,
			Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
				time.Sleep(time.Second)
				switch {
				case st.Step.ID == "1/t" && st.Index == 1:
					if got := <-first; got != "a" {
						t.Errorf("the first result says %q", got)
					}
				case st.Item == "fail":
					begun = true
				}
				return echo(ctx, st)
			}),
		}
		a, err := s.Run(t.Context(), task)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(seen)
		want := []string{
			"1/e/0 done a a <a>", "1/e/1 done b b <b>", "1/e/2 abstained", "1/e/3 skipped",
			"1/t/0 done a a", "1/t/1 done b b", "1/t/2 abstained none ", "1/t/3 failed fail ",
		}
		if !slices.Equal(seen, want) || a.Coverage.Subtasks != 8 {
			t.Errorf("%q\nwant %q", seen, want)
		}
	})
}

// wholeAnswer is the answer of a run with results of all kinds, and its events.
func wholeAnswer(t *testing.T) (*swarm.Answer, []swarm.Event) {
	t.Helper()
	var l log
	src := sourceOf("doc", "One is a. Two is b.", "fail", "")
	src.Chunks[0].Places = []swarm.Place{{Path: "P › Q", Head: "| x |"}}
	a, err := (&swarm.Swarm{Observe: l.observe, Planner: script{
		steps: []swarm.Step{{ID: "r", Do: "read", Over: swarm.Chunks}, {ID: "i", Do: "look", Over: swarm.Items, Items: []string{"it"}}},
		merge: func(_ swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			v := swarm.Verdict{Status: swarm.Partly}
			for c := range rs[0].Out.Evidence() {
				v.Citations = append(v.Citations, *c)
			}
			return v, writeAnswer(w, "a [1], b [2]")
		},
	}, Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		if err := spend(ctx, dear, swarm.Usage{In: 2}, swarm.Usage{In: 1}, 0); err != nil || st.Chunk == nil {
			return swarm.Output{Findings: swarm.Say("y").Findings, Doubts: []string{"unsure"}, Usage: &swarm.Usage{Calls: 1, Out: 3}}, err
		}
		if st.Chunk.Text == "fail" {
			return swarm.Output{}, errBroken
		}
		return sentences(ctx, st)
	})}).Run(t.Context(), swarm.Task{Goal: "g", Sources: []swarm.Source{src}})
	if err != nil {
		t.Fatal(err)
	}
	return a, l.events
}

// roundTrip reads back what a value is as JSON, and compares both as JSON.
func roundTrip[T any](t *testing.T, v T) (back T) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if again, err := json.Marshal(back); err != nil || !bytes.Equal(again, text) {
		t.Errorf("%v: read back as\n%s\nis\n%s", err, again, text)
	}
	return back
}

func TestResultsEventsAndAnswersAreReadBackFromJSON(t *testing.T) {
	a, events := wholeAnswer(t)
	n := 0
	same := func(r, back *swarm.Result) {
		n++
		if back.ID() != r.ID() || back.Item != r.Item || back.Outcome != r.Outcome || back.Attempts != r.Attempts || !reflect.DeepEqual(back.Out, r.Out) || !reflect.DeepEqual(back.Usage, r.Usage) {
			t.Errorf("%s became\n%+v\nof\n%+v", r.ID(), back, r)
		}
		if (r.Chunk == nil) != (back.Chunk == nil) || r.Chunk != nil && back.Chunk.ID != r.Chunk.ID {
			t.Errorf("%s: the chunk became %+v", r.ID(), back.Chunk)
		}
		if (r.Err == nil) != (back.Err == nil) || r.Err != nil && back.Err.Error() != r.Err.Error() {
			t.Errorf("%s: the error became %v", r.ID(), back.Err)
		}
	}
	for r := range a.Results() {
		back := roundTrip(t, *r)
		same(r, &back)
	}
	for _, e := range events {
		back := roundTrip(t, e)
		if (e.Result == nil) != (back.Result == nil) {
			t.Errorf("%v: the result became %v", e.Kind, back.Result)
		} else if e.Result != nil {
			same(e.Result, back.Result)
		}
	}
	if n != 8 {
		t.Errorf("%d results were compared, want each of 4 twice", n)
	}
	back := roundTrip(t, *a)
	if a.Status != swarm.Partly || back.Status != a.Status || back.Complete || !slices.Equal(back.Citations, a.Citations) || !reflect.DeepEqual(back.Coverage, a.Coverage) {
		t.Errorf("%+v\nof\n%+v", back, a)
	}
	if c := back.Citations; len(c) != 2 || c[1].Path != "P › Q" || c[1].Head != "| x |" || c[1].Quote != "Two is b." {
		t.Errorf("%+v", c)
	}
	if hand := roundTrip(t, swarm.Result{Index: 3}); hand.Step != nil || hand.ID() != "3" {
		t.Errorf("a result without a step became %q", hand.ID())
	}
	if err := new(swarm.Result).UnmarshalJSON([]byte(`{"outcome":"odd"}`)); err == nil {
		t.Error("an outcome that is none was read")
	}
}

func TestStatusesAreNamedBothWays(t *testing.T) {
	for status, name := range map[swarm.Status]string{
		swarm.Answered: "answered", swarm.Partly: "partly", swarm.NotInTexts: "not in the texts", swarm.ReadMore: "read more",
	} {
		text, err := status.MarshalText()
		var back swarm.Status
		if wrong := back.UnmarshalText(text); err != nil || wrong != nil || string(text) != name || status.String() != name || back != status {
			t.Errorf("%v %v: %q became %v", err, wrong, text, back)
		}
	}
	kept := swarm.Partly
	if err := kept.UnmarshalText([]byte("complete")); err == nil || kept != swarm.Partly || swarm.Status(9).String() != "unknown" {
		t.Errorf("%v: %v, %v", err, kept, swarm.Status(9))
	}
}

func TestAnAnswerHasTheStatusOfItsLastMergeThatEndedWell(t *testing.T) {
	for name, c := range map[string]struct {
		merges   []swarm.Verdict
		broken   int // the merge that fails, from 1
		rounds   int
		want     swarm.Status
		complete bool
	}{
		"answered":                  {[]swarm.Verdict{{}}, 0, 1, swarm.Answered, true},
		"answered, lacking a thing": {[]swarm.Verdict{{Missing: "x"}, {Missing: "x"}}, 0, 2, swarm.Answered, false},
		"partly":                    {[]swarm.Verdict{{Status: swarm.Partly}}, 0, 1, swarm.Partly, false},
		"not in the texts":          {[]swarm.Verdict{{Status: swarm.NotInTexts}}, 0, 1, swarm.NotInTexts, false},
		"more, then answered":       {[]swarm.Verdict{{Status: swarm.ReadMore, Missing: "x"}, {}}, 0, 2, swarm.Answered, true},
		"more, and no more rounds":  {[]swarm.Verdict{{Status: swarm.ReadMore, Missing: "x"}, {Status: swarm.ReadMore, Missing: "y"}}, 0, 2, swarm.ReadMore, false},
		"no merge ended well":       {[]swarm.Verdict{{}}, 1, 1, swarm.ReadMore, false},
		"the second broke off":      {[]swarm.Verdict{{Status: swarm.Partly, Missing: "x"}, {}}, 2, 2, swarm.Partly, false},
	} {
		p := everyRound(func(round int, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			if round == c.broken {
				return c.merges[round-1], errBroken
			}
			return c.merges[round-1], writeAnswer(w, "text")
		})
		a, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}).Run(t.Context(), task)
		if a.Status != c.want || a.Complete != c.complete || a.Rounds != c.rounds || (err != nil) != (c.broken == 1) {
			t.Errorf("%s: %v, complete %v, %d rounds, %v", name, a.Status, a.Complete, a.Rounds, err)
		}
	}
	if a, err := (&swarm.Swarm{}).Run(t.Context(), task); err == nil || a.Status != swarm.ReadMore {
		t.Errorf("a run that is not valid: %v, %v", a.Status, err)
	}
}

func TestCoverageNamesEmptyFailedAndUnreadChunks(t *testing.T) {
	read := []string{"found", "none", "none", "fail", "fail", "none or found", "fail or none", "", ""}
	a := mustRun(t, func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		first, second, twice := strings.Cut(st.Chunk.Text, " or ")
		if twice && st.Step.ID == "1/again" {
			first = second
		}
		switch first {
		case "fail":
			return swarm.Output{}, errBroken
		case "none":
			return swarm.Output{}, nil
		}
		return swarm.Say(first), nil
	}, swarm.Task{Goal: "g", Sources: []swarm.Source{sourceOf("doc", read...)}},
		swarm.Step{ID: "r", Do: "read", Over: swarm.Chunks, Select: []string{"doc#1-7"}},
		swarm.Step{ID: "again", Do: "read again", Over: swarm.Chunks, Select: []string{"doc#1-7"}})
	c := a.Coverage
	if c.ChunksRead != 5 || c.ChunksKnown != 9 || !slices.Equal(c.Unread, []string{"doc#4 to doc#5", "doc#8 to doc#9"}) ||
		!slices.Equal(c.FailedChunks, []string{"doc#4 to doc#5"}) || !slices.Equal(c.Empty, []string{"doc#2 to doc#3", "doc#7"}) {
		t.Errorf("%+v", c)
	}
}

func TestRunsOfChunksPastTheMostAreCounted(t *testing.T) {
	texts := slices.Repeat([]string{"found", "none"}, 40)
	a := mustRun(t, echo, swarm.Task{Goal: "g", Sources: []swarm.Source{sourceOf("doc", texts...)}}, swarm.Step{ID: "r", Do: "read", Over: swarm.Chunks})
	if e := a.Coverage.Empty; len(e) != 33 || e[31] != "doc#64" || e[32] != "and 8 chunks more" || a.Coverage.Unread != nil || a.Coverage.FailedChunks != nil {
		t.Errorf("%+v", a.Coverage)
	}
}

func TestConfidencesAreBroughtIntoTheirRange(t *testing.T) {
	own := swarm.Output{Findings: []swarm.Finding{{Text: "a", Confidence: math.NaN()}, {Text: "b", Confidence: 0.5}, {Text: "c", Confidence: math.Inf(1)}, {Text: "d", Confidence: -1}}}
	a := mustRun(t, func(context.Context, swarm.Subtask) (swarm.Output, error) { return own, nil }, task, items(1))
	for r := range a.Results() {
		roundTrip(t, *r)
		for i, want := range []float64{0, 0.5, 1, 0} {
			if got := r.Out.Findings[i].Confidence; got != want {
				t.Errorf("%s: %v, want %v", r.Out.Findings[i].Text, got, want)
			}
		}
	}
	if own.Findings[3].Confidence != -1 {
		t.Error("the worker's own slice was changed")
	}
}

func TestANestedSwarmLeadsBackByFinding(t *testing.T) {
	cite := func(quote string) swarm.Citation {
		return swarm.Citation{Source: "doc", Chunk: "doc#1", Quote: quote, Line: len(quote), Verified: true}
	}
	from := []swarm.Result{
		{Out: swarm.Output{Findings: []swarm.Finding{
			{Text: "The rent is 5.", Evidence: []swarm.Citation{cite("rent: 5")}},
			{Text: "It is due on day 1.", Evidence: []swarm.Citation{cite("due: 1")}},
			{Text: "Of a pet nothing is said."},
		}}},
		{Out: swarm.Output{Findings: []swarm.Finding{{Text: "The deposit is 9 [1], or 8 [2].", Evidence: []swarm.Citation{cite("deposit: 9"), cite("deposit: 8")}}}}},
	}
	verdict := swarm.Verdict{}
	inner := swarm.Swarm{Rounds: 1, Worker: swarm.WorkerFunc(sentences), Planner: script{
		steps: []swarm.Step{{ID: "r", Do: "read", Over: swarm.Chunks}},
		merge: func(_ swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			for i := range rs {
				for c := range rs[i].Out.Evidence() {
					c := *c
					c.Verified = true
					verdict.Citations = append(verdict.Citations, c)
				}
			}
			return verdict, writeAnswer(w, "[1] to [4]")
		},
	}}
	chunk := swarm.Chunk{Source: "doc", ID: "result-1#2", Text: "As it stands.", End: 13}
	out, err := inner.Work(t.Context(), swarm.Subtask{Step: &swarm.Step{ID: "1/a", Do: "Sum up."}, Chunk: &chunk, From: from})
	if err != nil || len(out.Findings) != 1 {
		t.Fatal(err, out)
	}
	var got []string
	for c := range out.Evidence() {
		got = append(got, fmt.Sprint(c.Source, " ", c.Quote, " ", c.Line, " ", c.Verified))
	}
	want := []string{
		"doc As it stands. 0 true", "doc rent: 5 7 true", "doc due: 1 6 true", "inner-result-1 Of a pet nothing is said. 0 false", "doc deposit: 9 10 true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if verdict.Citations[1].Quote != "The rent is 5." || !verdict.Citations[3].Verified {
		t.Errorf("the planner's citations were changed: %+v", verdict.Citations)
	}
}

func TestANestedSwarmsListIsAFindingAnItem(t *testing.T) {
	for text, want := range map[string][]string{
		` ["a", "b \"c\"", "ü"] `:          {"a", `b "c"`, "ü"},
		`[1, {"k": "v"}, null, ["x"]]`:     {"1", `{"k": "v"}`, "null", `["x"]`},
		"one\r\n\n  two \nthree":           {"one", "two", "three"},
		"only":                             {"only"},
		"[1] says so\n[2] does not":        {"[1] says so", "[2] does not"},
		"null":                             {"null"},
		"[]":                               nil,
		" \n":                              nil,
		"[\"a\",\n\"b\"]\nand that is all": {`["a",`, `"b"]`, "and that is all"},
	} {
		inner := swarm.Swarm{Rounds: 1, Worker: swarm.WorkerFunc(echo), Planner: script{steps: []swarm.Step{items(1)}, merge: func(_ swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			return swarm.Verdict{}, writeAnswer(w, text)
		}}}
		step := swarm.Step{ID: "1/l", Do: "List.", Form: swarm.FormList}
		out, err := inner.Work(t.Context(), swarm.Subtask{Step: &step})
		var got []string
		for _, f := range out.Findings {
			got = append(got, f.Text)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %q, want %q", text, err, got, want)
		}
		step.Must = true
		if _, err := inner.Work(t.Context(), swarm.Subtask{Step: &step}); (err == nil) != (want != nil) {
			t.Errorf("%q, where it must find something: %v", text, err)
		}
	}
}

func TestALaterRoundIsToldTheBestFindingsOfEachStep(t *testing.T) {
	var digest string
	p := script{plan: func(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
		if b.Round > 1 {
			digest = b.Known[0].Digest
			return nil
		}
		return add(items(3))
	}, merge: func(swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
		return swarm.Verdict{Status: swarm.ReadMore, Missing: "more"}, nil
	}}
	a, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Index == 2 {
			return swarm.Output{}, nil
		}
		n := float64(st.Index) / 10
		return swarm.Output{Findings: []swarm.Finding{{Text: fmt.Sprint("poor ", st.Index), Confidence: n}, {Text: fmt.Sprint("good\n", st.Index), Confidence: 0.8 + n}}}, nil
	})}).Run(t.Context(), task)
	if want := "4 findings in 2 parts, 1 parts without one, 0 failed\n- good 1\n- good 0\n- poor 1\n- poor 0"; err != nil || digest != want || a.Status != swarm.ReadMore {
		t.Errorf("%v: %q, want %q", err, digest, want)
	}
}

// Each result has findings of 20 tokens and more; a reducer that hands all of
// them on is cut by whole findings, from the end.
func TestAReducedResultLosesItsLastFindingsFirst(t *testing.T) {
	several := func(st swarm.Subtask) swarm.Output {
		var out swarm.Output
		for k := range 3 {
			f := finding(fmt.Sprintf("f%03d-%d", st.Index, k), 20).Findings[0]
			f.Evidence = append(f.Evidence, swarm.Citation{Source: "also " + f.Evidence[0].Source})
			out.Findings = append(out.Findings, f)
		}
		return out
	}
	var merged []swarm.Result
	p := script{window: 400, steps: []swarm.Step{items(12)}, merge: func(_ swarm.Brief, rs []swarm.Result, _ *swarm.AnswerWriter) (swarm.Verdict, error) {
		merged = rs
		return swarm.Verdict{}, nil
	}}
	whole := map[string]int{}
	s := swarm.Swarm{Planner: p, Concurrency: 1, Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		return several(st), nil
	}), Reducer: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		var out swarm.Output
		for i := range st.From {
			out.Findings = append(out.Findings, st.From[i].Out.Findings...)
		}
		whole[st.ID()] = len(out.Findings)
		return out, nil
	})}
	a, err := s.Run(t.Context(), task)
	if err != nil || len(merged) == 0 {
		t.Fatal(err, merged)
	}
	cut := 0
	for i := range merged {
		r := &merged[i]
		if r.Step.Over != swarm.Reduce {
			continue
		}
		n := len(r.Out.Findings)
		if n == 0 {
			t.Fatalf("%s lost everything", r.ID())
		}
		if n < whole[r.ID()] {
			cut++
		}
		if tokens := swarm.EstimateTokens(r.Out.Text()); tokens > 100 {
			t.Errorf("%s has %d tokens", r.ID(), tokens)
		}
		for k, f := range r.Out.Findings { // a finding that stays is whole, unless it is the only one
			if n > 1 && (len(f.Evidence) != 2 || f.Evidence[0].Source != strings.Fields(f.Text)[0] || len(strings.Fields(f.Text)) != 21) {
				t.Errorf("finding %d of %s: %+v", k, r.ID(), f)
			}
		}
	}
	if missing := strings.Join(a.Coverage.Missing, "\n"); cut == 0 || !strings.Contains(missing, "the end of ") || strings.Contains(missing, "the last citations of ") {
		t.Errorf("%d were cut, missing %q", cut, missing)
	}
	for r := range a.Results() {
		if r.Step.Over == swarm.Reduce && len(r.Out.Findings) != whole[r.ID()] {
			t.Errorf("the result %s itself was cut", r.ID())
		}
	}
}

func TestACitationOfAPartOfAChunkHasItsPlace(t *testing.T) {
	text := "Intro\n| a | b |\n| 1 |  2 |\nlast"
	c := swarm.Chunk{Source: "s", ID: "s#2", Path: "A", Text: text, Start: 100, End: 100 + len(text), Line: 40, Places: []swarm.Place{
		{Path: "A"}, {At: 16, Path: "A › B", Head: "| a | b |"}, {At: 27, Path: "C"},
	}}
	for _, w := range []struct {
		from, to int
		want     swarm.Citation
	}{
		{0, 5, swarm.Citation{Path: "A", Line: 40, Start: 100, End: 105, Quote: "Intro"}},
		{16, 26, swarm.Citation{Path: "A › B", Head: "| a | b |", Line: 42, Start: 116, End: 126, Quote: "| 1 | 2 |"}},
		{20, len(text), swarm.Citation{Path: "A › B", Head: "| a | b |", Line: 42, Start: 120, End: 100 + len(text), Quote: "| 2 | last"}},
		{len(text), len(text), swarm.Citation{Path: "C", Line: 43, Start: 100 + len(text), End: 100 + len(text)}},
	} {
		w.want.Source, w.want.Chunk = "s", "s#2"
		if got := c.Cite(w.from, w.to); got != w.want {
			t.Errorf("[%d, %d): %+v, want %+v", w.from, w.to, got, w.want)
		}
	}
	if c.Line = 0; c.Cite(20, 22).Line != 0 {
		t.Error("a line is made up where the chunk's is unknown")
	}
}

// A merge that is too long is asked for again with half of the findings, also
// where they are all of one result.
func TestFindingsOfOneResultAreHalved(t *testing.T) {
	w := swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
		var out swarm.Output
		for i := range 8 {
			out.Findings = append(out.Findings, swarm.Finding{Text: fmt.Sprint("finding ", i), Confidence: float64(i) / 10})
		}
		return out, nil
	})
	var got []int
	merges := func(results []swarm.Result) error {
		n := 0
		for _, r := range results {
			n += len(r.Out.Findings)
		}
		if got = append(got, n); n > 2 {
			return &swarm.CallError{Class: swarm.ClassTooLong}
		}
		return nil
	}
	a, err := (&swarm.Swarm{Planner: tight{merges}, Worker: w}).Run(t.Context(), swarm.Task{Goal: "g"})
	if err != nil || !slices.Equal(got, []int{8, 4, 2}) || !strings.Contains(strings.Join(a.Coverage.Missing, "; "), "findings that the merge had no room for") {
		t.Errorf("%v, merges of %v findings, missing %q", err, got, a.Coverage.Missing)
	}
}

// tight is a planner of one step whose merges may refuse what they are given.
type tight struct{ merge func([]swarm.Result) error }

func (tight) Plan(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
	return add(swarm.Step{ID: "a", Do: "find"})
}

func (tight) Window() int { return 10_000 }

func (p tight) Merge(_ context.Context, _ swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	return swarm.Verdict{}, p.merge(results)
}
