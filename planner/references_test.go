package planner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
)

func TestMergeLeavesNumbersInJSONAlone(t *testing.T) {
	for said, want := range map[string]string{
		`{"nile":[2],"page":[1, 2]}`:               "",
		`{"years":[7],"n":1}`:                      "",
		" {\"years\":[7, 2],\n\"s\":\"see [2]\"} ": "{\"years\":[7, 2],\n\"s\":\"see [2]\"} ",
		`[1990, 2]`:                        "",
		`[[2], [1]]`:                       "",
		"```json\n{\"years\":[2]}\n```":    "",
		`{x} is in [2].`:                   `{x} is in [1].`,
		`[2] says so; [7] does not.`:       `[1] says so; does not.`,
		`{"years":[2]} is the answer [1].`: `{"years":[1]} is the answer [2].`,
		`{"years":[2]`:                     `{"years":[1]`,
	} {
		if want == "" {
			want = said
		}
		reply, err := json.Marshal(map[string]any{"answer": said, "complete": true, "missing": ""})
		if err != nil {
			t.Fatal(err)
		}
		l, _ := serve(t, Config{}, say(string(reply)))
		text, v, err := merge(t, l, lease(), found("one", "two"))
		if err != nil || text != want {
			t.Errorf("%q became %q, want %q (%v)", said, text, want, err)
		}
		if json.Valid([]byte(said)) && len(v.Citations) != 2 {
			t.Errorf("%q: %d citations beside it", said, len(v.Citations))
		}
	}
}

func TestFixedLeavesDataAlone(t *testing.T) {
	data := found("x")[0]
	data.Out.Findings[0].Text = `{"years":[1],"page":[7]}`
	rs := append(found("one"), data)
	var w swarm.AnswerWriter
	v, err := Fixed{}.Merge(t.Context(), swarm.Brief{}, rs, &w)
	if want := "one [1]\n\n" + data.Out.Text() + "\n"; err != nil || w.String() != want || len(v.Citations) != 2 {
		t.Errorf("%v %q, want %q; %v", err, w.String(), want, v.Citations)
	}
	var plain swarm.AnswerWriter
	if _, err := (Fixed{}).Merge(t.Context(), swarm.Brief{}, []swarm.Result{{Out: swarm.Say("a[1] and [7]")}}, &plain); err != nil || plain.String() != "a[1] and [7]\n" {
		t.Errorf("%v %q: nothing is cited, so no number refers to anything", err, plain.String())
	}
}

func TestWindowCallsNobodysPrompt(t *testing.T) {
	l, _ := serve(t, Config{MergePrompt: func(b swarm.Brief, _ string) Prompt {
		return Prompt{User: b.Task.Sources[0].Name}
	}})
	if l.Window() <= 0 {
		t.Error(l.Window())
	}
}

// The README's pattern, with more items than any model would read at once.
func TestPlainFunctionsAreNeverGivenAReducingStep(t *testing.T) {
	items := make([]string, 3000)
	for i := range items {
		items[i] = fmt.Sprintf("item number %d with a little more text to read in it", i)
	}
	s := swarm.Swarm{
		Planner: Fixed{Steps: []swarm.Step{{ID: "shout", Do: "Write it in capitals.", Over: swarm.Items, Items: items}}},
		Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			return swarm.Say(strings.ToUpper(st.Item)), nil
		}),
	}
	a, err := s.Run(t.Context(), swarm.Task{Goal: "Shout."})
	if want := strings.ToUpper(strings.Join(items, "\n\n")) + "\n"; err != nil || a.Text != want || a.Coverage.Subtasks != 3000 {
		t.Errorf("%v, %d bytes of %d, %+v", err, len(a.Text), len(want), a.Coverage)
	}
}

// A last step that fails does not hide from the model what was found before it.
func TestMergeIsShownWhatAFailedStepRead(t *testing.T) {
	l, s := serveBrain(t, Config{}, func(_ context.Context, r mock.Request) (mock.Reply, error) {
		if r.SchemaName == "plan" {
			return say(steps(once("facts", "Find the revenue."), once("memo", "Write a memo.", "facts"))), nil
		}
		return say(`{"work":"","answer":"Acme has 120 million.","status":"answered","missing":""}`), nil
	})
	a, err := (&swarm.Swarm{Planner: l, Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Step.ID == "1/memo" {
			return swarm.Output{}, errors.New("the model declined")
		}
		return swarm.Say("Acme has a revenue of 120 million."), nil
	})}).Run(t.Context(), swarm.Task{Goal: "Compare."})
	if err != nil || len(a.Coverage.Missing) != 1 {
		t.Fatal(err, a.Coverage)
	}
	got := asked(t, s, 1)
	for _, want := range []string{"a revenue of 120 million", "missing: step 1/memo: 1 of 1 failed: subtask 1/memo/0: the model declined"} {
		if !strings.Contains(got, want) {
			t.Errorf("the merge prompt lacks %q:\n%s", want, got)
		}
	}
}
