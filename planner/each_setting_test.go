package planner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// tried is what came of a plan and of a merge under some settings.
type tried struct {
	plan, merge         error
	planTook, mergeTook time.Duration
	steps               int
	log                 []mock.Entry
}

var (
	goodPlan  = say(`{"steps":[{"id":"a","do":"Find the rent.","over":"chunks"}]}`)
	goodMerge = say(`{"work":"","answer":"It is 700.","status":"answered","missing":""}`)
)

// try plans and merges once; brain nil does both well.
func try(t *testing.T, c Config, brain mock.Brain) (o tried) {
	t.Helper()
	if brain == nil {
		brain = func(_ context.Context, r mock.Request) (mock.Reply, error) {
			if r.SchemaName == "answer" {
				return goodMerge, nil
			}
			return goodPlan, nil
		}
	}
	l, s := serveBrain(t, c, brain)
	defer l.Close()
	b := swarm.Brief{Run: "r", Round: 1, Task: swarm.Task{Goal: "What is the rent?", Sources: []swarm.Source{{Name: "lease", Outline: "a lease"}}}}
	start := time.Now()
	o.plan = l.Plan(t.Context(), b, func(swarm.Step) error { o.steps++; return nil })
	o.planTook = time.Since(start)
	start = time.Now()
	_, o.merge = l.Merge(t.Context(), b, nil, new(swarm.AnswerWriter))
	o.mergeTook = time.Since(start)
	synctest.Wait()
	o.log = s.Log()
	return o
}

func takes(d time.Duration) mock.Brain {
	return func(ctx context.Context, _ mock.Request) (mock.Reply, error) {
		select {
		case <-time.After(d):
			return goodPlan, nil
		case <-ctx.Done():
			return mock.Reply{}, ctx.Err()
		}
	}
}

// pausing says the beginning of a plan after a time, and the rest after
// another.
func pausing(first, gap time.Duration) mock.Brain {
	return func(context.Context, mock.Request) (mock.Reply, error) {
		r := broken(`{"steps":[{"id":"a","do":"Find the rent.",`)
		r.Raw.Pieces[0].After = first
		rest := broken(`"over":"chunks"}]}`).Raw.Pieces[0]
		rest.After = gap
		end := mock.Events(`{"id":"x","object":"chat.completion.chunk","created":1,"model":"large","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, "[DONE]")
		r.Raw.Pieces = append(append(r.Raw.Pieces, rest), end...)
		r.Raw.End = mock.EndClean
		return r, nil
	}
}

func oops(context.Context, mock.Request) (mock.Reply, error) {
	return mock.Reply{}, &mock.Error{Message: "oops"}
}

var effects = map[string]func(*testing.T) error{
	"Doer": func(t *testing.T) error {
		l, s := serveBrain(t, Config{}, mock.Script(goodPlan))
		defer l.Close()
		over, err := New(Config{Doer: l.doer})
		if err != nil {
			return err
		}
		over.Close()
		err = over.Plan(t.Context(), swarm.Brief{Round: 1, Task: swarm.Task{Goal: "g"}}, func(swarm.Step) error { return nil })
		if _, twice := New(Config{Doer: l.doer, Backends: []model.Backend{{Model: "m"}}}); err != nil || len(s.Log()) != 1 || twice == nil {
			return fmt.Errorf("%v, %d calls, %v", err, len(s.Log()), twice)
		}
		return nil
	},
	"Context": func(t *testing.T) error {
		l, _ := serveBrain(t, Config{Context: 4096}, nil)
		defer l.Close()
		if _, err := New(Config{Context: -1}); l.Window() > 4096 || err == nil {
			return fmt.Errorf("window %d, %v", l.Window(), err)
		}
		return nil
	},
	"Limits": func(t *testing.T) error { return nil }, // see Attempts and those after it
	"Backends": func(t *testing.T) error { // its own settings are those of a pool's
		if _, err := New(Config{}); err == nil {
			return errors.New("a planner without a model was made")
		}
		return nil
	},
	"PlanPrompt": func(t *testing.T) error {
		o := try(t, Config{PlanPrompt: func(swarm.Brief, int) Prompt { return Prompt{User: "my plan"} }}, nil)
		if m := o.log[0].Request.Messages; len(m) != 1 || m[0].Content != "my plan" {
			return fmt.Errorf("asked %v", m)
		}
		return nil
	},
	"MergePrompt": func(t *testing.T) error {
		o := try(t, Config{MergePrompt: func(swarm.Brief, string) Prompt { return Prompt{User: "my merge"} }}, nil)
		if m := o.log[1].Request.Messages; len(m) != 1 || m[0].Content != "my merge" {
			return fmt.Errorf("asked %v", m)
		}
		return nil
	},
	"Fallback": func(t *testing.T) error {
		salad := func(context.Context, mock.Request) (mock.Reply, error) { return say("salad"), nil }
		without, with := try(t, Config{Mends: -1}, salad), try(t, Config{Mends: -1, Fallback: func(swarm.Brief) []swarm.Step {
			return []swarm.Step{{ID: "all", Do: "Find the rent.", Over: swarm.Once}}
		}}, salad)
		if without.steps != 0 || with.steps == 0 || without.plan == nil || with.plan == nil {
			return fmt.Errorf("%d steps without it (%v) and %d with it (%v)", without.steps, without.plan, with.steps, with.plan)
		}
		return nil
	},
	"Mends": func(t *testing.T) error {
		for n, calls := range map[int]int{-1: 1, 0: 3, 1: 2, 4: 5} {
			if o := try(t, Config{Mends: n}, func(_ context.Context, r mock.Request) (mock.Reply, error) {
				if r.SchemaName == "answer" {
					return goodMerge, nil
				}
				return say("salad"), nil
			}); len(o.log) != calls+1 || o.plan == nil {
				return fmt.Errorf("%d: %d calls for a plan, %v", n, len(o.log)-1, o.plan)
			}
		}
		return nil
	},
	"PlanBytes": func(t *testing.T) error {
		long := say(`{"steps":[` + strings.Repeat(" ", 5000) + `{"id":"a","do":"Find the rent.","over":"chunks"}]}`)
		small, large := try(t, Config{PlanBytes: 1000}, mock.Script(long, goodMerge)), try(t, Config{PlanBytes: 10_000}, mock.Script(long, goodMerge))
		if small.plan == nil || !strings.Contains(small.plan.Error(), "1000") || large.plan != nil || large.steps != 1 {
			return fmt.Errorf("%v with room for 1000 bytes, %v for 10000", small.plan, large.plan)
		}
		return nil
	},
	"PlanTokens": func(t *testing.T) error {
		if o := try(t, Config{PlanTokens: 123}, nil); o.log[0].Request.MaxTokens != 123 || o.log[1].Request.MaxTokens == 123 {
			return fmt.Errorf("%d and %d tokens asked for", o.log[0].Request.MaxTokens, o.log[1].Request.MaxTokens)
		}
		return nil
	},
	"AnswerTokens": func(t *testing.T) error {
		if o := try(t, Config{AnswerTokens: 321}, nil); o.log[1].Request.MaxTokens != 321 || o.log[0].Request.MaxTokens == 321 {
			return fmt.Errorf("%d and %d tokens asked for", o.log[0].Request.MaxTokens, o.log[1].Request.MaxTokens)
		}
		return nil
	},
	"MergeTokens": func(t *testing.T) error {
		for n, want := range map[int]int{0: 24_000, 1000: 1000, 1 << 30: 100_000} {
			l, _ := serve(t, Config{Backends: []model.Backend{{Context: 131_072}}, MergeTokens: n})
			if got := l.Window(); got < want || got > want*6/5 {
				return fmt.Errorf("%d: a window of %d tokens, want %d", n, got, want)
			}
		}
		return nil
	},
	"NoReferences": func(t *testing.T) error {
		for _, off := range []bool{false, true} {
			l, _ := serve(t, Config{NoReferences: off}, say(`{"answer":"In [2] and [7]."}`))
			text, v, err := merge(t, l, lease(), found("one", "two"))
			if want := map[bool]string{false: "In [1] and.", true: "In [2] and [7]."}[off]; err != nil || text != want || len(v.Citations) != map[bool]int{false: 1, true: 2}[off] {
				return fmt.Errorf("%v: %q, %v", off, text, err)
			}
		}
		return nil
	},
	"Attempts": func(t *testing.T) error {
		for _, n := range []int{1, 2} { // fewer than open the breaker
			if o := try(t, Config{Limits: model.Limits{Attempts: n}}, oops); len(o.log) != 2*n || o.plan == nil || o.merge == nil {
				return fmt.Errorf("%d: %d calls for plan and merge", n, len(o.log))
			}
		}
		return nil
	},
	"AttemptTime": func(t *testing.T) error {
		for _, d := range []time.Duration{3 * time.Second, 30 * time.Second} {
			if o := try(t, Config{Limits: model.Limits{AttemptTime: d, FirstToken: time.Hour, Attempts: 1}}, takes(time.Hour)); o.planTook != d || o.plan == nil {
				return fmt.Errorf("%v: %v after %v", d, o.plan, o.planTook)
			}
		}
		return nil
	},
	"CallTime": func(t *testing.T) error {
		for _, d := range []time.Duration{5 * time.Second, time.Minute} {
			if o := try(t, Config{Limits: model.Limits{AttemptTime: 2 * time.Second, Attempts: 1000, CallTime: d}}, takes(time.Hour)); o.planTook > d || o.planTook < d/2 || o.plan == nil {
				return fmt.Errorf("%v: %v after %v", d, o.plan, o.planTook)
			}
		}
		return nil
	},
	"FirstToken": func(t *testing.T) error {
		for d, well := range map[time.Duration]bool{5 * time.Second: false, 20 * time.Second: true} {
			if o := try(t, Config{Limits: model.Limits{FirstToken: d, Attempts: 1}}, pausing(10*time.Second, 0)); (o.plan == nil) != well || o.planTook != min(d, 10*time.Second) {
				return fmt.Errorf("%v: %v after %v", d, o.plan, o.planTook)
			}
		}
		return nil
	},
	"Idle": func(t *testing.T) error {
		for d, well := range map[time.Duration]bool{5 * time.Second: false, 20 * time.Second: true} {
			if o := try(t, Config{Limits: model.Limits{Idle: d, Attempts: 1}}, pausing(time.Second, 10*time.Second)); (o.plan == nil) != well || o.planTook != time.Second+min(d, 10*time.Second) {
				return fmt.Errorf("%v: %v after %v", d, o.plan, o.planTook)
			}
		}
		return nil
	},
}

func TestEachSettingHasAnEffect(t *testing.T) {
	for f := range reflect.TypeFor[Config]().Fields() {
		if _, ok := effects[f.Name]; !ok {
			t.Errorf("%s is a setting without a test that sees its effect", f.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(effects)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if err := effects[name](t); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
