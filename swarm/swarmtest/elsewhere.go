package swarmtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

// TestElsewhere tests a way to have subtasks worked on in another process: through
// returns a worker whose subtasks w works on, over it. Each test calls it once, and
// ends what it began by t.Cleanup.
//
// It asks that the worker is given all that it may go by, byte by byte; that outputs and
// errors come back as they were; that usage is booked by model, once, and a limit holds;
// that equal subtasks are worked on each; and that a cancel reaches the worker.
func TestElsewhere(t *testing.T, through func(t *testing.T, w swarm.Worker) swarm.Worker) {
	t.Run("subtasks arrive whole", func(t *testing.T) { arriveWhole(t, through) })
	t.Run("errors keep their class", func(t *testing.T) { keepErrors(t, through) })
	t.Run("equal subtasks are each worked on", func(t *testing.T) { workOnEqual(t, through) })
	t.Run("books and limits hold", func(t *testing.T) { bookElsewhere(t, through) })
	t.Run("a cancel reaches the worker", func(t *testing.T) { cancelElsewhere(t, through) })
}

type over = func(t *testing.T, w swarm.Worker) swarm.Worker

func arriveWhole(t *testing.T, through over) {
	odd := "not UTF-8: \xff\xfe, a zero \x00, and \u2028"
	large := strings.Repeat("A large text. ", 200_000) + odd
	chunk := func(id, text string) *swarm.Chunk {
		return &swarm.Chunk{
			Source: "s", ID: id, Path: "a › b", Text: text, Start: 3, End: 3 + len(text), Line: 2,
			Places: []swarm.Place{{Path: "a"}, {At: 1, Path: "b", Head: "| h |"}},
		}
	}
	said := swarm.Finding{Text: odd, Data: json.RawMessage(`{ "b": 1,  "a": "\u00e4" }`), Evidence: []swarm.Citation{{Quote: odd, Start: 1, End: 2, Verified: true}}, Confidence: .5}
	earlier := &swarm.Step{ID: "1/read", Do: "read", Over: swarm.Items, Items: make([]string, 10_000)}
	from := []swarm.Result{{Step: earlier, Index: 7, Item: "an item", Outcome: swarm.Done, Out: swarm.Output{Findings: []swarm.Finding{said}}}}
	step := &swarm.Step{ID: "1/s", Do: "do\xff it", Over: swarm.Each, Form: swarm.FormList, Schema: json.RawMessage(`{"type": "object"}`), Tools: []string{"t"}, MaxOut: 9, Must: true, Lookup: 2}
	whole := swarm.Subtask{
		Step: step, Index: 4, Goal: odd, Item: large, Pack: 2, Chunk: chunk("s#1", large), Context: []*swarm.Chunk{chunk("s#2", "context")},
		Found: []*swarm.Chunk{chunk("s#3", odd)}, From: from, Missing: []string{"1/x: 1 of 2 parts failed"}, Priority: 5,
		Feedback: []swarm.Feedback{{Said: odd, Wrong: "all"}},
	}
	var given atomic.Pointer[swarm.Subtask]
	given.Store(&swarm.Subtask{})
	back := swarm.Output{Findings: []swarm.Finding{said, {Text: large}}, Read: []*swarm.Chunk{chunk("tool:t#1", odd)}, Doubts: []string{"a doubt"}}
	w := through(t, swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		given.Store(&st)
		return back, nil
	}))
	out, err := w.Work(t.Context(), whole)
	if err != nil {
		t.Fatal(err)
	}
	out.Usage, out.Models = nil, nil
	if !reflect.DeepEqual(out, back) {
		t.Error("the output came back as another one")
	}
	got := given.Load()
	for field, want := range reflect.ValueOf(whole).Fields() {
		if field.Name == "Run" || field.Name == "From" { // a run's own, and told in part
			continue
		}
		if have := reflect.ValueOf(*got).FieldByIndex(field.Index); !reflect.DeepEqual(have.Interface(), want.Interface()) {
			t.Errorf("the worker was given another %s", field.Name)
		}
	}
	if len(got.From) != 1 || got.From[0].ID() != from[0].ID() || got.From[0].Item != from[0].Item || !reflect.DeepEqual(got.From[0].Out, from[0].Out) {
		t.Errorf("the worker was given another From: %+v", got.From)
	}
}

func keepErrors(t *testing.T, through over) {
	for name, err := range map[string]error{
		"a call's":   &swarm.CallError{Class: swarm.ClassTooLong, Status: 400, Code: "too_long", Model: "m", Err: errors.New("too long")},
		"a budget's": &swarm.BudgetError{Limit: "cost", Max: "$1.00", Spent: "$1.00", Needs: "$0.10"},
		"a plain":    errors.New("it is raining"),
	} {
		w := through(t, swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) { return swarm.Output{}, err }))
		_, got := w.Work(t.Context(), swarm.Subtask{Item: name})
		if got == nil || got.Error() != err.Error() || reflect.TypeOf(got) != reflect.TypeOf(err) && name != "a plain" {
			t.Errorf("%s error came back as %T: %v", name, got, got)
		}
	}
	w := through(t, swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) { panic("oh") }))
	_, err := w.Work(t.Context(), swarm.Subtask{Item: "panic"})
	if p, ok := errors.AsType[*swarm.PanicError](err); !ok || fmt.Sprint(p.Value) != "oh" || len(p.Stack) == 0 {
		t.Errorf("a panic came back as %T: %v", err, err)
	}
}

func workOnEqual(t *testing.T, through over) {
	var n atomic.Int64
	w := through(t, swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
		return swarm.Say(fmt.Sprint(n.Add(1))), nil
	}))
	a, err := runStep(t, w, 20)
	said := map[string]bool{}
	for r := range a.Results() {
		said[r.Out.Text()] = true
	}
	if err != nil || len(said) != 20 || n.Load() != 20 {
		t.Errorf("%v: 20 equal subtasks were worked on %d times, and gave %d results", err, n.Load(), len(said))
	}
}

func bookElsewhere(t *testing.T, through over) {
	price := &swarm.Price{In: swarm.Dollar}
	var made atomic.Int64
	call := func(ctx context.Context, model string) error {
		held, err := swarm.Reserve(ctx, swarm.Call{Model: model, Price: price, Est: swarm.Usage{In: 1000}})
		if err != nil {
			return err
		}
		made.Add(1)
		held.Settle(swarm.Usage{In: 900, Out: 10}, nil)
		return nil
	}
	w := through(t, swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		err := errors.Join(call(ctx, "a"), call(ctx, "b"))
		return swarm.Say("x"), err
	}))
	a, err := runStep(t, w, 10)
	one := swarm.Usage{Calls: 10, In: 9000, Out: 100, Cost: 10 * price.Cost(swarm.Usage{In: 900, Out: 10})}
	if err != nil || made.Load() != 20 || a.Report.Models["a"] != one || a.Report.Models["b"] != one || a.Report.Usage != one.Plus(one) {
		t.Errorf("%v: %d calls were made, and booked as %+v", err, made.Load(), a.Report.Models)
	}
	if r := a.Report; len(r.Elsewhere) == 0 {
		t.Error("the report does not say who worked")
	}
}

func cancelElsewhere(t *testing.T, through over) {
	begun, ended := make(chan struct{}), make(chan struct{})
	w := through(t, swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
		close(begun)
		<-ctx.Done()
		close(ended)
		return swarm.Output{}, context.Cause(ctx)
	}))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	if _, err := w.Work(ctx, swarm.Subtask{Item: "x"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a subtask that was cancelled returned %v", err)
	}
	<-ended
}

// runStep runs a plan of one step over equal items.
func runStep(t *testing.T, w swarm.Worker, items int) (*swarm.Answer, error) {
	t.Helper()
	s := swarm.Swarm{Worker: w, Planner: &Planner{Rounds: []Round{{Steps: []swarm.Step{
		{ID: "s", Do: "do it", Over: swarm.Items, Items: make([]string, items)},
	}}}}}
	return s.Run(t.Context(), swarm.Task{Goal: "test"})
}
