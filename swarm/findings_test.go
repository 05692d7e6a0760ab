package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

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
		src := swarm.Source{Name: "doc"}
		for i := range outs {
			src.Chunks = append(src.Chunks, swarm.Chunk{Source: "doc", ID: fmt.Sprint("doc#", i+1), Text: "words"})
		}
		p := script{window: window, steps: []swarm.Step{{ID: "read", Do: "read", Over: swarm.Chunks}}, merge: func(_ swarm.Brief, rs []swarm.Result, _ *swarm.AnswerWriter) (swarm.Verdict, error) {
			for i := range rs {
				got = append(got, fmt.Sprint(rs[i].Index, ":", strings.ReplaceAll(rs[i].Out.Text(), "\n", ",")))
			}
			return swarm.Verdict{}, nil
		}}
		a, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			return outs[st.Index], nil
		})}).Run(t.Context(), swarm.Task{Goal: "g", Sources: []swarm.Source{src}})
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

// What two items, two steps or two written texts say alike are two things.
func TestWhatIsSaidToSeveralQuestionsIsNotFolded(t *testing.T) {
	yes := swarm.Output{Findings: []swarm.Finding{{Text: "yes", Evidence: []swarm.Citation{{Source: "doc", End: 5, Quote: "words"}}}}}
	src := swarm.Source{Name: "doc", Chunks: []swarm.Chunk{{Source: "doc", ID: "doc#1", Text: "words"}, {Source: "doc", ID: "doc#2", Text: "words", Start: 9}}}
	n := 0
	p := script{window: 9999, steps: []swarm.Step{
		{ID: "items", Do: "ask", Over: swarm.Items, Items: []string{"a", "b"}},
		{ID: "other", Do: "ask too", Over: swarm.Items, Items: []string{"a"}},
		{ID: "written", Do: "write", Over: swarm.Chunks, Form: swarm.FormText},
	}, merge: func(_ swarm.Brief, rs []swarm.Result, _ *swarm.AnswerWriter) (swarm.Verdict, error) {
		n = len(rs)
		return swarm.Verdict{}, nil
	}}
	_, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
		return yes, nil
	})}).Run(t.Context(), swarm.Task{Goal: "g", Sources: []swarm.Source{src}})
	if err != nil || n != 5 {
		t.Errorf("%d of 5 results reach the merge, %v", n, err)
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
