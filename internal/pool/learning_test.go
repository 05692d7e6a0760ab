package pool

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// counting tells prompt tokens as a server with its own tokenizer and window
// does.
func counting(ratio float64, window int) *script {
	s := &script{}
	s.do = func(_ context.Context, _ int, r model.Request) (model.Reply, error) {
		n := int(ratio * float64(r.EstimateTokens()))
		if window > 0 {
			n = min(n, window)
		}
		return model.Reply{Text: "done", Usage: swarm.Usage{In: n, Out: 2}}, nil
	}
	return s
}

func words(n int) model.Request { return ask(strings.Repeat("word ", n)) }

func TestContextIsFilledByTheBackendsOwnTokens(t *testing.T) {
	for ratio, fits := range map[float64]bool{1: true, 3: false} {
		s := counting(ratio, 0)
		p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", Context: 4000}}}, s)
		long := words(2000) // some 2000 tokens by estimate
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
		return swarm.Say("x"), err
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
				return swarm.Output{}, nil
			}
			return swarm.Say("x"), err
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
			narrow = &script{do: func(context.Context, int, model.Request) (model.Reply, error) {
				return model.Reply{}, refusal(class, 400)
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

// The pool ends an attempt whose stream does not begin, or falls silent: an API
// sets no clock.
func TestClocksOfStreams(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits model.Limits
		plays  []time.Duration // waits before the API calls OnData, OnText, OnText
		class  swarm.Class
		took   time.Duration
		words  string
	}{
		{"no data", model.Limits{}, []time.Duration{time.Hour}, swarm.ClassTimeout, 3 * time.Minute, "FirstToken"},
		{"no data, set", model.Limits{FirstToken: 5 * time.Second}, []time.Duration{time.Hour}, swarm.ClassTimeout, 5 * time.Second, "FirstToken"},
		{"by AttemptTime", model.Limits{AttemptTime: time.Minute}, []time.Duration{time.Hour}, swarm.ClassTimeout, time.Minute, "FirstToken"},
		{"by AttemptTime, which is less", model.Limits{AttemptTime: time.Minute, FirstToken: time.Hour}, []time.Duration{time.Hour}, swarm.ClassTimeout, time.Minute, "AttemptTime"},
		{"thinking", model.Limits{Idle: time.Second}, []time.Duration{time.Second, 30 * time.Second, 0}, "", 31 * time.Second, ""},
		{"silent", model.Limits{}, []time.Duration{0, time.Second, time.Hour}, swarm.ClassTimeout, 46 * time.Second, "Idle"},
		{"silent, set", model.Limits{Idle: 7 * time.Second}, []time.Duration{0, 0, time.Hour}, swarm.ClassTimeout, 7 * time.Second, "Idle"},
		{"slow but well", model.Limits{Idle: 7 * time.Second}, []time.Duration{6 * time.Second, 6 * time.Second, 6 * time.Second}, "", 18 * time.Second, ""},
		{"longer than AttemptTime, never silent", model.Limits{AttemptTime: 9 * time.Second, Idle: 8 * time.Second}, []time.Duration{3 * time.Second, 3 * time.Second, 7 * time.Second}, "", 13 * time.Second, ""},
		{"all of CallTime", model.Limits{AttemptTime: 9 * time.Second, CallTime: 10 * time.Second, Idle: 8 * time.Second}, []time.Duration{3 * time.Second, 3 * time.Second, 7 * time.Second}, swarm.ClassTimeout, 10 * time.Second, "CallTime"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{do: func(ctx context.Context, _ int, r model.Request) (model.Reply, error) {
				for i, wait := range c.plays {
					select {
					case <-time.After(wait):
					case <-ctx.Done():
						return model.Reply{}, model.NetworkError(ctx, ctx.Err())
					}
					if i == 0 {
						r.OnData()
					} else {
						r.OnText("x")
					}
				}
				return ok("xx")
			}}
			c.limits.Attempts = 1
			p := poolOf(t, Config{Limits: c.limits, Backends: []model.Backend{{Model: "m", Stream: true}}}, s)
			start := time.Now()
			_, err := p.Do(t.Context(), ask("x"))
			if took := time.Since(start); took != c.took || (err == nil) != (c.class == "") || err != nil && (classOf(t, err) != c.class || !strings.Contains(err.Error(), c.words)) {
				t.Errorf("%s: %v after %v, want %s %q after %v", c.name, err, took, c.class, c.words, c.took)
			}
		})
	}
}
