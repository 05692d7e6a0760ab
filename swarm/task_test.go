package swarm_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

func TestChunksMustBelongToTheirSource(t *testing.T) {
	for name, c := range map[string]swarm.Chunk{
		"of another source": {Source: "b", ID: "1", Text: "x", End: 1},
		"without an ID":     {Source: "a", Text: "x", End: 1},
		"with another's ID": {Source: "a", ID: "b#1", Text: "x", End: 1},
	} {
		s := swarm.Swarm{Planner: script{}, Worker: swarm.WorkerFunc(echo)}
		_, err := s.Run(t.Context(), swarm.Task{Goal: "g", Sources: []swarm.Source{sourceOf("b", "one"), {Name: "a", Chunks: []swarm.Chunk{c}}}})
		if err == nil || !strings.Contains(err.Error(), "Sources[1].Chunks[0]") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestKindsAndOutcomesReadBackFromJSON(t *testing.T) {
	line, err := json.Marshal(swarm.Event{Kind: swarm.SubtaskEnded, Outcome: swarm.Skipped, Run: "r", Index: 2, To: 5})
	if err != nil {
		t.Fatal(err)
	}
	var back swarm.Event
	if err := json.Unmarshal(line, &back); err != nil || back.Kind != swarm.SubtaskEnded || back.Outcome != swarm.Skipped {
		t.Errorf("%s came back as %+v, %v", line, back, err)
	}
	if err := json.Unmarshal([]byte(`{"kind":"of-tomorrow"}`), &back); err != nil || back.Kind != 0 {
		t.Errorf("an unknown kind came back as %v, %v", back.Kind, err)
	}
	if err := json.Unmarshal([]byte(`{"outcome":"lost"}`), &back); err == nil {
		t.Error("an unknown outcome was taken")
	}
}

func TestUnreadChunksAreNamedInRuns(t *testing.T) {
	src := sourceOf("a", "one", "two", "three", "four", "five")
	ids := make([]string, 0, 5)
	for _, c := range src.Chunks {
		ids = append(ids, c.ID)
	}
	step := swarm.Step{ID: "t", Do: "read", Over: swarm.Chunks, Select: []string{ids[1]}}
	a := mustRun(t, echo, swarm.Task{Goal: "g", Sources: []swarm.Source{src, sourceOf("b", "six")}}, step)
	want := []string{ids[0], ids[2] + " to " + ids[4], "b#1"}
	if !slices.Equal(a.Coverage.Unread, want) {
		t.Errorf("unread %q, want %q", a.Coverage.Unread, want)
	}
}

func TestUnreadRunsAreBounded(t *testing.T) {
	texts := make([]string, 100)
	for i := range texts {
		texts[i] = "text"
	}
	src := sourceOf("a", texts...)
	step := swarm.Step{ID: "t", Do: "read", Over: swarm.Chunks}
	for i := 0; i < len(texts); i += 2 {
		step.Select = append(step.Select, src.Chunks[i].ID)
	}
	a := mustRun(t, echo, swarm.Task{Goal: "g", Sources: []swarm.Source{src}}, step)
	if u := a.Coverage.Unread; len(u) != 33 || u[32] != "and 18 chunks more" {
		t.Errorf("%d runs, the last %q", len(u), u[len(u)-1])
	}
}

func TestWhatIsMadeByHandHasAnID(t *testing.T) {
	r, st := swarm.Result{Index: 3}, swarm.Subtask{Index: 4}
	if r.ID() != "3" || st.ID() != "4" {
		t.Errorf("%q, %q", r.ID(), st.ID())
	}
	r.Step, st.Step = &swarm.Step{ID: "1/a"}, &swarm.Step{ID: "1/b"}
	if r.ID() != "1/a/3" || st.ID() != "1/b/4" {
		t.Errorf("%q, %q", r.ID(), st.ID())
	}
}

func TestChunkPlaces(t *testing.T) {
	c := swarm.Chunk{Path: "A; B", Text: "one\ntwo\nsix", Start: 10, End: 21, Line: 5, Places: []swarm.Place{{0, "A", "h"}, {4, "A", ""}, {8, "B", ""}}}
	for offset, want := range map[int]swarm.Place{-1: c.Places[0], 0: c.Places[0], 3: c.Places[0], 4: c.Places[1], 8: c.Places[2], 99: c.Places[2]} {
		if got := c.PlaceAt(offset); got != want {
			t.Errorf("at %d: %+v, want %+v", offset, got, want)
		}
	}
	if got := (&swarm.Chunk{Path: "A"}).PlaceAt(7); got != (swarm.Place{Path: "A"}) {
		t.Errorf("a chunk without places: %+v", got)
	}
	for _, want := range []swarm.Chunk{
		{Path: "A; B", Text: "one\n", Start: 10, End: 14, Line: 5, Places: c.Places[:1]},
		{Path: "A; B", Text: "o\nsix", Start: 16, End: 21, Line: 6, Places: []swarm.Place{{0, "A", ""}, {2, "B", ""}}},
		{Path: "A; B", Text: "", Start: 21, End: 21, Line: 7, Places: []swarm.Place{{0, "B", ""}}},
	} {
		if got := c.Part(want.Start-c.Start, want.End-c.Start); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

func TestSectionsOfChunksWithoutPlaces(t *testing.T) {
	s := swarm.Source{Chunks: []swarm.Chunk{{Path: "A", Text: "a"}, {Path: "A", Text: "b"}, {Path: "B", Text: "c"}}}
	got := slices.Collect(s.Sections())
	want := []swarm.Section{{"A", 1, 2, []string{"a", "b"}, 2}, {"B", 3, 3, []string{"c"}, 1}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	s = swarm.Source{Chunks: []swarm.Chunk{{Text: "abc", End: 3, Places: []swarm.Place{{At: 0, Path: "A"}, {At: 9, Path: "past the text"}}}}}
	if got := slices.Collect(s.Sections()); len(got) != 1 || got[0].Path != "A" || got[0].Text[0] != "abc" {
		t.Errorf("%+v", got)
	}
	if got := slices.Collect(new(swarm.Source).Sections()); got != nil {
		t.Errorf("a source without chunks has %+v", got)
	}
}
