package planner

import (
	"errors"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

func reading(sel ...string) string {
	return steps(`{"id":"a","do":"x","over":"chunks","select":["` + strings.Join(sel, `","`) + `"],"items":[],"of":"","needs":[],"output":"finding"}`)
}

func TestPlanSelectsPartsAsOutlinesNameThem(t *testing.T) {
	b := lease()
	b.Task.Sources = append(b.Task.Sources, source("odd#1", "", "one"), source("a#2", "", "x", "y"))
	for _, c := range []struct {
		name, want string
		sel        []string
	}{
		{"source", "lease.txt", []string{"lease.txt"}},
		{"chunk", "lease.txt#2", []string{"lease.txt#2"}},
		{"range", "lease.txt#1 lease.txt#2", []string{"lease.txt#1-2"}},
		{"as in the outline", "lease.txt#1 lease.txt#2", []string{"lease.txt [#1-#2]"}},
		{"with a dash of print", "lease.txt#1 lease.txt#2", []string{"lease.txt #1 – #2"}},
		{"overlapping", "notes.txt lease.txt#1 lease.txt#2", []string{"lease.txt#1-2", "lease.txt#2", "notes.txt"}},
		{"a source that looks like a part", "odd#1 a#2#2", []string{"odd#1", "a#2#2"}},
		{"unknown source", "other.txt#1", []string{"other.txt#1"}},
	} {
		l, _ := serve(t, Config{Mends: -1}, say(reading(c.sel...)))
		a, err := plan(t, l, b)
		if err != nil || strings.Join(a.steps[0].Select, " ") != c.want {
			t.Errorf("%s: %v, %v; want %s", c.name, a.steps, err, c.want)
		}
	}
}

func TestPlanTakesNumbersAloneForTheOnlySource(t *testing.T) {
	b := lease()
	b.Task.Sources = b.Task.Sources[:1]
	l, _ := serve(t, Config{Mends: -1}, say(reading("#1-#2")))
	a, err := plan(t, l, b)
	if err != nil || len(a.steps[0].Select) != 2 {
		t.Errorf("%v, %v", a.steps, err)
	}
}

func TestPlanIsToldOfPartsThatAreNotThere(t *testing.T) {
	for sel, want := range map[string]string{
		"lease.txt#2-3": "its chunks are #1-2",
		"lease.txt#0":   "its chunks are #1-2",
		"lease.txt#2-1": "its chunks are #1-2",
		"#1":            "write the source's name before #",
	} {
		l, s := serve(t, Config{}, say(reading(sel)), say(reading("lease.txt")))
		a, err := plan(t, l, lease())
		if err != nil || len(a.steps) != 1 || !strings.Contains(asked(t, s, 1), `step "a": select "`+sel) || !strings.Contains(asked(t, s, 1), want) {
			t.Errorf("%s: %v, %v:\n%s", sel, a.steps, err, asked(t, s, 1))
		}
	}
}

func TestPlanLeavesChunksOfOtherNamesAlone(t *testing.T) {
	b := swarm.Brief{Round: 1, Task: swarm.Task{Goal: "?", Sources: []swarm.Source{{Name: "s", Chunks: []swarm.Chunk{{Source: "s", ID: "part 7", Text: "x"}}}, {Name: "none"}}}}
	for _, sel := range []string{"part 7", "s#1", "none#1"} {
		got, err := selected(b.Task.Sources, swarm.Step{ID: "a", Select: []string{sel}})
		if err != nil || len(got) != 1 || got[0] != sel {
			t.Errorf("%q: %v, %v", sel, got, err)
		}
	}
	_, err := selected(lease().Task.Sources, swarm.Step{ID: "a", Select: []string{"#3"}})
	if e, ok := errors.AsType[*swarm.PlanError](err); !ok || e.Step != "a" || e.Field != "select" {
		t.Error(err)
	}
}
