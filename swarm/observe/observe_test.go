package observe_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/observe"
	"github.com/db31e724/go-swarm/swarm/swarmtest"
)

// aRun is a whole run: two steps, a retry, a failure, an answer in two pieces.
func aRun() []swarm.Event {
	e := func(at time.Duration, k swarm.Kind, set func(*swarm.Event)) swarm.Event {
		ev := swarm.Event{Kind: k, At: at, Run: "r1", Round: 1}
		if set != nil {
			set(&ev)
		}
		return ev
	}
	price := &swarm.Price{In: swarm.Dollar, Out: swarm.Dollar}
	return []swarm.Event{
		e(0, swarm.RunStarted, func(e *swarm.Event) { e.Text, e.Tokens = "GOAL-WORDS", 9000 }),
		e(time.Second, swarm.StepAdded, func(e *swarm.Event) { e.Step, e.Text, e.To = "1/a", "STEP-WORDS", 3 }),
		e(time.Second, swarm.StepAdded, func(e *swarm.Event) { e.Step, e.Text, e.To = "1/b", "STEP-WORDS", -1 }),
		e(time.Second, swarm.StepRefused, func(e *swarm.Event) {
			e.Step, e.Err = "1/c", &swarm.PlanError{Step: "c", Field: "do", Mend: "is empty"}
		}),
		e(2*time.Second, swarm.SubtaskStarted, func(e *swarm.Event) { e.Step = "1/a" }),
		e(3*time.Second, swarm.CallEnded, func(e *swarm.Event) {
			e.Step, e.Role, e.Model, e.Price = "1/a", swarm.RoleWorker, "small", price
			e.Usage = &swarm.Usage{Calls: 1, In: 15000, Out: 345, Cost: 42_000_000}
		}),
		e(3*time.Second, swarm.Retrying, func(e *swarm.Event) {
			e.Step, e.Wait, e.Err = "1/a", time.Second, errors.New("busy")
		}),
		e(4*time.Second, swarm.SubtaskEnded, func(e *swarm.Event) {
			e.Step, e.To, e.Outcome = "1/a", 1, swarm.Done
			e.Result = &swarm.Result{Out: swarm.Say("FINDING-WORDS", "more"), Step: &swarm.Step{ID: "1/a"}, Outcome: swarm.Done}
		}),
		e(4*time.Second, swarm.SubtaskEnded, func(e *swarm.Event) { e.Step, e.Index, e.To, e.Outcome = "1/a", 1, 2, swarm.Done }),
		e(4*time.Second, swarm.SubtaskEnded, func(e *swarm.Event) {
			e.Step, e.Index, e.To, e.Outcome, e.Err = "1/a", 2, 3, swarm.Failed, errors.New("broke")
		}),
		e(5*time.Second, swarm.PlanEnded, nil),
		e(6*time.Second, swarm.StepUnfolded, func(e *swarm.Event) { e.Step, e.To = "1/b", 4 }),
		e(7*time.Second, swarm.SubtaskEnded, func(e *swarm.Event) {
			e.Step, e.To, e.Outcome = "1/b", 4, swarm.Cancelled
		}),
		e(8*time.Second, swarm.MergeStarted, nil),
		e(9*time.Second, swarm.AnswerText, func(e *swarm.Event) { e.Text = "ANSWER-WORDS " }),
		e(9*time.Second, swarm.AnswerText, func(e *swarm.Event) { e.Text = "ANSWER-WORDS" }),
		e(10*time.Second, swarm.MergeEnded, nil),
		e(10*time.Second, swarm.RunEnded, func(e *swarm.Event) {
			e.Answer = &swarm.Answer{Run: "r1", Text: "ANSWER-WORDS", Complete: true, Rounds: 1}
		}),
	}
}

func play(f func(swarm.Event), events []swarm.Event) {
	for _, e := range events {
		f(e)
	}
}

func TestTeeHandsEachEventToAllInTheirOrder(t *testing.T) {
	var got []string
	to := func(name string) func(swarm.Event) {
		return func(e swarm.Event) { got = append(got, name+" "+e.Kind.String()) }
	}
	f := observe.Tee(to("a"), nil, to("b"))
	f(swarm.Event{Kind: swarm.RunStarted})
	f(swarm.Event{Kind: swarm.RunEnded})
	if want := "a run-started,b run-started,a run-ended,b run-ended"; strings.Join(got, ",") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestTeeOfNothingListensToNothing(t *testing.T) {
	observe.Tee()(swarm.Event{})
	observe.Tee(nil, nil)(swarm.Event{})
}

func TestJSONWritesALineForEachEvent(t *testing.T) {
	var out bytes.Buffer
	events := aRun()
	play(observe.JSON(&out), events)
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != len(events) {
		t.Fatalf("%d lines for %d events", len(lines), len(events))
	}
	for i, line := range lines {
		var got struct {
			Kind  string        `json:"kind"`
			Run   string        `json:"run"`
			At    time.Duration `json:"at"`
			Error string        `json:"error"`
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		e := events[i]
		if got.Kind != e.Kind.String() || got.Run != e.Run || got.At != e.At {
			t.Errorf("line %d is of %+v, the event was %s at %v", i+1, got, e.Kind, e.At)
		}
		if e.Err != nil && got.Error != e.Err.Error() {
			t.Errorf("line %d: error %q, want %q", i+1, got.Error, e.Err)
		}
	}
}

type failingWriter struct{ writes int }

func (w *failingWriter) Write([]byte) (int, error) {
	w.writes++
	return 0, errors.New("disk full")
}

func TestJSONWritesNothingAfterAnError(t *testing.T) {
	w := &failingWriter{}
	play(observe.JSON(w), aRun())
	if w.writes != 1 {
		t.Errorf("%d writes, want 1", w.writes)
	}
}

// Every line, and the answer in the last, can be read back and says the same.
func TestLinesAndAnswersAreReadBack(t *testing.T) {
	var lines bytes.Buffer
	s := swarm.Swarm{
		Planner: &swarmtest.Planner{Rounds: []swarmtest.Round{{
			Steps: []swarm.Step{
				{ID: "a", Do: "x", Over: swarm.Items, Items: []string{"one", "two", "bad"}},
				{ID: "a", Do: "again"},
				{ID: "b", Do: "y", Needs: []string{"a"}},
			},
			Err: errors.New("cut"), Verdict: swarm.Verdict{Missing: "more", Citations: []swarm.Citation{{Source: "s", Quote: "q é"}}},
		}}},
		Worker: &swarmtest.Worker{Script: func(st swarm.Subtask) swarmtest.Act {
			if st.Item == "bad" {
				return swarmtest.Act{Err: errors.New("broke")}
			}
			return swarmtest.Act{Spends: &swarm.Usage{In: 7, Out: 3}, Price: &swarm.Price{In: swarm.Dollar}}
		}},
		Observe: observe.JSON(&lines),
	}
	a, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[swarm.Kind]bool{}
	for line := range strings.Lines(lines.String()) {
		var e swarm.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		var again bytes.Buffer
		observe.JSON(&again)(e)
		if again.String() != line || e.Kind == 0 {
			t.Errorf("read back as\n%sis\n%s", again.String(), line)
		}
		kinds[e.Kind] = true
	}
	for _, k := range []swarm.Kind{swarm.StepRefused, swarm.SubtaskEnded, swarm.CallEnded, swarm.PlanEnded, swarm.RunEnded} {
		if !kinds[k] {
			t.Errorf("no %v was told", k)
		}
	}
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var back swarm.Answer
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if again, _ := json.Marshal(back); !bytes.Equal(again, text) || back.Report.Subtasks != a.Report.Subtasks || back.Report.Usage != a.Report.Usage {
		t.Errorf("read back as\n%s\nis\n%s", again, text)
	}
}
