package pool

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// onePlan is a planner of a single step.
type onePlan struct{ step swarm.Step }

func (p onePlan) Plan(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
	return add(p.step)
}

func (onePlan) Window() int { return 0 }

func (p onePlan) Merge(_ context.Context, _ swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	_, err := io.WriteString(w, "merged")
	return swarm.Verdict{}, err
}

// runOn runs a step over n items whose subtasks are calls to p.
func runOn(t *testing.T, p *Pool, n, places int) (*swarm.Answer, []swarm.Event) {
	t.Helper()
	var mu sync.Mutex
	var events []swarm.Event
	items := make([]string, n)
	for i := range items {
		items[i] = "item"
	}
	s := swarm.Swarm{
		Planner:     onePlan{swarm.Step{ID: "a", Do: "call", Over: swarm.Items, Items: items}},
		Concurrency: places,
		Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			reply, err := p.Do(ctx, ask("x"))
			return swarm.Say(reply.Text), err
		}),
		Observe: func(e swarm.Event) {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, e)
		},
	}
	answer, err := s.Run(t.Context(), swarm.Task{Goal: "g"})
	if answer == nil {
		t.Fatal(err)
	}
	return answer, events
}

func count(events []swarm.Event, k swarm.Kind) (n int) {
	for _, e := range events {
		if e.Kind == k {
			n++
		}
	}
	return n
}

func TestWaitingCallsGiveTheirPlaceUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Every first attempt is told to wait a second. Two places would take
		// ten seconds over twenty subtasks that kept them.
		var mu sync.Mutex
		first := 0
		s := &script{do: func(_ context.Context, n int, _ model.Request) (model.Reply, error) {
			mu.Lock()
			defer mu.Unlock()
			if first < 20 {
				first++
				return model.Reply{}, refusal(swarm.ClassServer, 500)
			}
			return ok("done")
		}}
		start := time.Now()
		answer, events := runOn(t, poolOf(t, Config{Limits: model.Limits{Breaker: -1}}, s), 20, 2)
		if answer.Coverage.Done != 20 {
			t.Errorf("coverage %+v", answer.Coverage)
		}
		if took := time.Since(start); took > 10*backoffBase {
			t.Errorf("took %v: the waits were not shared", took)
		}
		if n := count(events, swarm.Retrying); n != 20 {
			t.Errorf("%d Retrying events, want 20", n)
		}
		for _, e := range events {
			if e.Kind == swarm.Retrying && (e.Model != "m" || e.Wait <= 0 || e.Err == nil) {
				t.Errorf("event %+v lacks model, wait or error", e)
			}
		}
	})
}

func TestEveryAttemptIsBookedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		price := &swarm.Price{In: swarm.Dollar, Out: 2 * swarm.Dollar}
		s := &script{do: func(ctx context.Context, n int, _ model.Request) (model.Reply, error) {
			switch n {
			case 0:
				return model.Reply{}, refusal(swarm.ClassRateLimited, 429) // costs nothing
			case 1: // cut in the middle, usage not told
				return model.Reply{Text: "some words came"}, refusal(swarm.ClassNetwork, 0)
			case 2: // no connection was made
				return model.Reply{Unsent: true}, refusal(swarm.ClassNetwork, 0)
			}
			return ok("done")
		}}
		p := poolOf(t, Config{Backends: []model.Backend{{Name: "b", Model: "m", Price: price}}}, s)
		_, events := runOn(t, p, 1, 1)
		prompt := ask("x").EstimateTokens()
		var got []swarm.Usage
		for _, e := range events {
			if e.Kind == swarm.CallEnded {
				got = append(got, *e.Usage)
			}
		}
		want := []swarm.Usage{
			{Calls: 1},
			{Calls: 1, In: prompt, Out: swarm.EstimateTokens("some words came"), AtLeast: true},
			{Calls: 1},
			{Calls: 1, In: 10, Out: 2},
		}
		if len(got) != len(want) {
			t.Fatalf("%d attempts booked, want %d", len(got), len(want))
		}
		for i := range want {
			want[i].Cost = price.Cost(want[i])
			if got[i] != want[i] {
				t.Errorf("attempt %d: %+v, want %+v", i, got[i], want[i])
			}
		}
	})
}

func TestLessonIsToldOnceInARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{do: fails(
			&swarm.CallError{Class: swarm.ClassInvalid, Status: 400, Err: &model.Learned{What: "no schemas", Err: errors.New("no")}},
			&swarm.CallError{Class: swarm.ClassInvalid, Status: 400, Err: &model.Learned{Err: errors.New("no")}})}
		p := poolOf(t, Config{}, s)
		answer, events := runOn(t, p, 4, 4)
		if n := count(events, swarm.Learned); n != 1 || answer.Coverage.Done != 4 {
			t.Errorf("%d Learned events, coverage %+v", n, answer.Coverage)
		}
	})
}

func TestPanicOfAReaderGivesTheSlotBack(t *testing.T) {
	s := &script{do: func(_ context.Context, n int, r model.Request) (model.Reply, error) {
		r.OnText("x")
		return ok("x")
	}}
	p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", Slots: 1}}}, s)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		r := ask("x")
		r.OnText = func(string) { panic("reader") }
		p.Do(t.Context(), r)
	}()
	r := ask("x")
	r.OnText = func(string) {}
	if _, err := p.Do(t.Context(), r); err != nil {
		t.Error(err)
	}
}
