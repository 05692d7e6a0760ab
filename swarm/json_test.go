package swarm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

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
