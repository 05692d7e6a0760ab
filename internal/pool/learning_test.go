package pool

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/internal/chat"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// counting tells prompt tokens as a server with its own tokenizer and window
// does.
func counting(ratio float64, window int) *script {
	s := &script{}
	s.do = func(_ context.Context, _ int, r chat.Request) (chat.Reply, error) {
		n := int(ratio * float64(EstimatePrompt(r)))
		if window > 0 {
			n = min(n, window)
		}
		return chat.Reply{Text: "done", Usage: swarm.Usage{In: n, Out: 2}, UsageKnown: true}, nil
	}
	return s
}

func words(n int) Request { return ask(strings.Repeat("word ", n)) }

func TestContextIsFilledByTheBackendsOwnTokens(t *testing.T) {
	for ratio, fits := range map[float64]bool{1: true, 3: false} {
		s := counting(ratio, 0)
		p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", Context: 4000}}}, s)
		long := words(2000) // some 2000 tokens by estimate
		long.Tokens = 2000
		for range 20 {
			if _, err := p.Do(t.Context(), words(300)); err != nil {
				t.Fatal(err)
			}
		}
		_, err := p.Do(t.Context(), long)
		if fits && err != nil || !fits && classOf(t, err) != swarm.ClassTooLong {
			t.Errorf("a tokenizer of %v times the tokens: %v", ratio, err)
		}
	}
}

func TestReservationsFollowTheBackendsTokenizer(t *testing.T) {
	s := counting(3, 0)
	p := poolOf(t, Config{Limits: model.Limits{Hedge: -1}}, s)
	var ests []int
	w := swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
		_, err := p.Do(ctx, words(300))
		return swarm.Output{Text: "x"}, err
	})
	run := swarm.Swarm{
		Planner: onePlan{swarm.Step{ID: "a", Do: "call", Over: swarm.Items, Items: make([]string, 10)}}, Worker: w, Concurrency: 1,
		Observe: func(e swarm.Event) {
			if e.Kind == swarm.CallEnded {
				ests = append(ests, e.Est.In-e.Usage.In)
			}
		},
	}
	if _, err := run.Run(t.Context(), swarm.Task{Goal: "g"}); err != nil {
		t.Fatal(err)
	}
	if len(ests) != 10 || ests[0] >= 0 || ests[9] < 0 {
		t.Errorf("upper estimates less what was used: %v, want the first too small and the last not", ests)
	}
}

// Ollama cuts a prompt to its window and says nothing.
func TestSilentWindowIsLearntAndTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := counting(1, 2048)
		p := poolOf(t, Config{}, s)
		var mu sync.Mutex
		var told []swarm.Event
		cut := 0
		n := 0
		w := swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
			n++
			_, err := p.Do(ctx, words(500*n))
			if err != nil && classOf(t, err) == swarm.ClassTooLong {
				cut++
				return swarm.Output{Abstain: true}, nil
			}
			return swarm.Output{Text: "x"}, err
		})
		run := swarm.Swarm{
			Planner: onePlan{swarm.Step{ID: "a", Do: "call", Over: swarm.Items, Items: make([]string, 16)}}, Worker: w, Concurrency: 1,
			Observe: func(e swarm.Event) {
				mu.Lock()
				defer mu.Unlock()
				if e.Kind == swarm.Learned {
					told = append(told, e)
				}
			},
		}
		if _, err := run.Run(t.Context(), swarm.Task{Goal: "g"}); err != nil {
			t.Fatal(err)
		}
		if len(told) != 1 || !strings.Contains(told[0].Text, "2048") || told[0].Model != "m" {
			t.Errorf("events %+v, want one with the window", told)
		}
		if cut < 5 || s.calls > 12 {
			t.Errorf("%d calls were found to be too long, %d sent, want most not sent at all", cut, s.calls)
		}
	})
}

func TestCallTooLongGoesToAWiderBackend(t *testing.T) {
	for _, class := range []swarm.Class{swarm.ClassTooLong, ""} {
		narrow := counting(1, 2048)
		if class != "" {
			narrow = &script{do: func(context.Context, int, chat.Request) (chat.Reply, error) {
				return chat.Reply{}, refusal(class, 400)
			}}
		}
		same, wide := counting(1, 0), counting(1, 0)
		size := 10_000
		if class == "" {
			size = 1000
		}
		p := poolOf(t, Config{Backends: []model.Backend{
			{Model: "narrow", Context: 10_000}, {Model: "same", Context: size}, {Model: "wide", Context: 20_000},
		}}, narrow, same, wide)
		var err error
		for n := 3000; n < 6000 && err == nil; n += 500 {
			_, err = p.Do(t.Context(), words(n))
		}
		if err != nil || wide.calls == 0 {
			t.Errorf("%q: %v, %d calls at the wide backend", class, err, wide.calls)
		}
		if class != "" && same.calls > 0 {
			t.Errorf("a backend that is no wider was asked")
		}
	}
}

func TestClocksOfStreamsAreSettings(t *testing.T) {
	for _, c := range []struct {
		cfg         Config
		first, idle time.Duration
	}{
		{Config{}, time.Minute, 30 * time.Second},
		{Config{Limits: model.Limits{AttemptTime: time.Minute}}, 30 * time.Second, 15 * time.Second},
		{Config{Limits: model.Limits{FirstToken: 5 * time.Second, Idle: 7 * time.Second}}, 5 * time.Second, 7 * time.Second},
	} {
		var got chat.Request
		s := &script{do: func(_ context.Context, _ int, r chat.Request) (chat.Reply, error) {
			got = r
			return ok("done")
		}}
		if _, err := poolOf(t, c.cfg, s).Do(t.Context(), ask("x")); err != nil || got.First != c.first || got.Idle != c.idle {
			t.Errorf("%v: first %v, idle %v, want %v and %v", err, got.First, got.Idle, c.first, c.idle)
		}
	}
}

// What may have been cut is done again where it can be done in parts, from the
// first call on where the figure looks like a window, else from the second
// that is clearly longer.
func TestPromptThatMayBeCutIsTooLongWhereThereAreParts(t *testing.T) {
	for _, c := range []struct {
		window, context int
		parts           bool
		first, second   bool // too long
	}{
		{window: 2048, parts: true, first: true, second: true},
		{window: 2048},
		{window: 2700, parts: true, second: true},
		{window: 2700, context: 2700, first: true, second: true},
		{window: 0, parts: true},
	} {
		p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", Context: c.context}}}, counting(1.5, c.window))
		for i, want := range []bool{c.first, c.second} {
			r := words(2000 + 300*i)
			r.Parts, r.Tokens = c.parts, 1900+300*i // more than is thought
			_, err := p.Do(t.Context(), r)
			if want && classOf(t, err) != swarm.ClassTooLong || !want && err != nil {
				t.Errorf("%+v: call %d: %v", c, i, err)
			}
		}
	}
}

func TestMadeUpFiguresAreDoubtedOnce(t *testing.T) {
	s := &script{do: func(context.Context, int, chat.Request) (chat.Reply, error) {
		return chat.Reply{Text: "done", Usage: swarm.Usage{In: 2048, Out: 2}, UsageKnown: true}, nil
	}}
	p := poolOf(t, Config{}, s)
	doubted := 0
	for i := range 40 {
		r := words(1000)
		r.Parts, r.Tokens = true, 1000+i
		if i == 3 {
			r.Tokens = 100
		}
		if _, err := p.Do(t.Context(), r); err != nil {
			doubted++
		}
	}
	if doubted != 3 {
		t.Errorf("%d calls were doubted, want those before a short prompt showed the figure to be made up", doubted)
	}
}
