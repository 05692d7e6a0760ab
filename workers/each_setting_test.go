package workers_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

// outcome is what a bench saw of some subtasks.
type outcome struct {
	err  error // the first
	took time.Duration
	log  []mock.Entry
	peak int
}

func (o outcome) body(i int) string { return string(o.log[i].Body) }

// errs says whether there is an error that holds all of these words.
func (o outcome) errs(words ...string) bool {
	for _, w := range words {
		if o.err == nil || !strings.Contains(o.err.Error(), w) {
			return false
		}
	}
	return o.err != nil
}

// bench runs n subtasks at once on a pool of the configuration, whose one
// backend is that of a mock with this brain; nil: it says yes at once.
func bench(t *testing.T, n int, brain mock.Brain, c workers.Config, b model.Backend) (o outcome) {
	t.Helper()
	m := mock.Small()
	if m.Brain = brain; brain == nil {
		m.Brain = func(context.Context, mock.Request) (mock.Reply, error) { return yes, nil }
	}
	s := mock.NewHandler(mock.Config{Models: []mock.Model{m}, Keep: -1})
	if b.Model == "" {
		b.Model = m.ID
	}
	if b.BaseURL == "" {
		b.BaseURL = "http://mock/v1"
	}
	if b.Client == nil {
		b.Client = &http.Client{Transport: s.Transport()}
	}
	c.Backends = []model.Backend{b}
	p, err := workers.NewPool(c)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	start := time.Now()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range n {
		wg.Go(func() {
			_, err := p.Work(t.Context(), swarm.Subtask{
				Step: &swarm.Step{ID: "1/ask", Do: "Say whether it is so.", Over: swarm.Items}, Goal: "Is it so?", Item: fmt.Sprintf("item %d", i),
			})
			mu.Lock()
			defer mu.Unlock()
			o.err = errors.Join(o.err, err)
		})
	}
	wg.Wait()
	o.took = time.Since(start)
	synctest.Wait()
	o.log = s.Log()
	o.peak = peak(o.log)
	return o
}

var yes = mock.Reply{Text: `{"findings":[{"answer":"yes","confidence":0.5}]}`}

func lasts(d time.Duration) mock.Brain {
	return func(ctx context.Context, _ mock.Request) (mock.Reply, error) {
		select {
		case <-time.After(d):
			return yes, nil
		case <-ctx.Done():
			return mock.Reply{}, ctx.Err()
		}
	}
}

func always(f fate) mock.Brain {
	return func(context.Context, mock.Request) (mock.Reply, error) { return f.reply() }
}

// streams answers with pieces, after these waits.
func streams(waits ...time.Duration) mock.Brain {
	pieces := mock.Events(
		`{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"{\"findings\":[{\"answer\":\"yes\","},"finish_reason":null}]}`,
		`{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"\"quote\":\"\",\"confidence\":0.5}]}"},"finish_reason":"stop"}]}`,
		"[DONE]")
	for i, w := range waits {
		pieces[i].After = w
	}
	return func(context.Context, mock.Request) (mock.Reply, error) {
		return mock.Reply{Raw: &mock.Raw{Header: http.Header{"Content-Type": {"text/event-stream"}}, Pieces: pieces}}, nil
	}
}

var (
	broken = fate{wrong: &mock.Error{Message: "oops"}}
	held   = limited("a minute", time.Minute, "Retry-After", "60")
)

// once is limited for the first call only.
func once(f fate) mock.Brain {
	var n atomic.Int32
	return func(context.Context, mock.Request) (mock.Reply, error) {
		if n.Add(1) == 1 {
			return f.reply()
		}
		return yes, nil
	}
}

type (
	config  = workers.Config
	backend = model.Backend
)

// configEffects change a setting, and say what should have been seen and was
// not.
var configEffects = map[string]func(*testing.T) error{
	"Backends": func(t *testing.T) error {
		if _, err := workers.NewPool(config{}); err == nil {
			return errors.New("a pool without backends was made")
		}
		return nil
	},
	"Doer": func(t *testing.T) error {
		p, err := workers.NewPool(config{Doer: doer{}})
		if err != nil {
			return err
		}
		out, err := p.Work(t.Context(), swarm.Subtask{Step: &swarm.Step{ID: "1/ask", Do: "Say.", Over: swarm.Items}, Item: "x"})
		if err != nil || out.Text() != "mine" || p.Slots() != 0 {
			return fmt.Errorf("%+v, %v, %d slots", out, err, p.Slots())
		}
		return nil
	},
	"Limits": func(t *testing.T) error { return nil }, // see limitEffects
	"MaxOut": func(t *testing.T) error {
		if o := bench(t, 1, nil, config{MaxOut: 77}, backend{}); o.log[0].Request.MaxTokens != 77 {
			return fmt.Errorf("%d tokens asked for", o.log[0].Request.MaxTokens)
		}
		return nil
	},
	"Temperature": func(t *testing.T) error {
		cold := .25
		with, without := bench(t, 1, nil, config{Temperature: &cold}, backend{}), bench(t, 1, nil, config{}, backend{})
		if !strings.Contains(with.body(0), `"temperature":0.25`) || strings.Contains(without.body(0), "temperature") {
			return fmt.Errorf("sent %s and %s", with.body(0), without.body(0))
		}
		return nil
	},
	"Tools":      func(t *testing.T) error { return nil }, // see TestWhatToolsReturnIsCitedAndVerified
	"ToolTurns":  func(t *testing.T) error { return nil }, // see TestEndlessLoopsOfCallsAreBounded
	"ToolTokens": func(t *testing.T) error { return nil }, // see TestResultsOfToolsAreCutWhereThereIsNoRoom
	"Prompt": func(t *testing.T) error {
		o := bench(t, 1, nil, config{Prompt: func(st swarm.Subtask) []model.Message {
			return []model.Message{{Role: "user", Content: "mine: " + st.Item}}
		}}, backend{})
		if m := o.log[0].Request.Messages; len(m) != 1 || m[0].Content != "mine: item 0" {
			return fmt.Errorf("sent %v", m)
		}
		return nil
	},
}

// limitEffects are what configEffects are, of the limits.
var limitEffects = map[string]func(*testing.T) error{
	"ReachTime": func(t *testing.T) error {
		for _, d := range []time.Duration{5 * time.Second, 30 * time.Second} {
			if o := bench(t, 3, nil, config{Limits: model.Limits{ReachTime: d}}, backend{Client: &http.Client{Transport: nowhere{}}}); o.took > d || o.took < d/2 || !o.errs("nobody has reached") {
				return fmt.Errorf("%v: %v after %v", d, o.err, o.took)
			}
		}
		return nil
	},
	"Attempts": func(t *testing.T) error {
		for _, n := range []int{1, 3, 8} {
			if o := bench(t, 1, always(broken), config{Limits: model.Limits{Attempts: n, Breaker: -1}}, backend{}); len(o.log) != n || o.err == nil {
				return fmt.Errorf("%d: %d calls", n, len(o.log))
			}
		}
		return nil
	},
	"AttemptTime": func(t *testing.T) error {
		for _, d := range []time.Duration{3 * time.Second, 30 * time.Second} {
			if o := bench(t, 1, lasts(time.Hour), config{Limits: model.Limits{AttemptTime: d, Attempts: 1}}, backend{}); o.took != d || !o.errs("timeout", d.String()) {
				return fmt.Errorf("%v: %v after %v", d, o.err, o.took)
			}
		}
		return nil
	},
	"CallTime": func(t *testing.T) error {
		for _, d := range []time.Duration{5 * time.Second, time.Minute} {
			if o := bench(t, 1, lasts(time.Hour), config{Limits: model.Limits{AttemptTime: 2 * time.Second, Attempts: 1000, CallTime: d}}, backend{}); o.took > d || o.took < d/2 || o.err == nil {
				return fmt.Errorf("%v: %v after %v", d, o.err, o.took)
			}
		}
		return nil
	},
	"MaxWait": func(t *testing.T) error {
		if o := bench(t, 1, once(held), config{Limits: model.Limits{MaxWait: 30 * time.Second}}, backend{}); !o.errs("1m0s", "30s") || o.took > time.Second {
			return fmt.Errorf("30s: %v after %v, want both waits named at once", o.err, o.took)
		}
		if o := bench(t, 1, once(held), config{Limits: model.Limits{MaxWait: 90 * time.Second}}, backend{}); o.err != nil || o.took < time.Minute {
			return fmt.Errorf("90s: %v after %v, want the wait kept", o.err, o.took)
		}
		return nil
	},
	"FirstToken": func(t *testing.T) error {
		for d, well := range map[time.Duration]bool{5 * time.Second: false, 20 * time.Second: true} {
			if o := bench(t, 1, streams(10*time.Second), config{Limits: model.Limits{FirstToken: d, Attempts: 1}}, backend{Stream: true}); (o.err == nil) != well || o.took != min(d, 10*time.Second) {
				return fmt.Errorf("%v: %v after %v", d, o.err, o.took)
			}
		}
		return nil
	},
	"Idle": func(t *testing.T) error {
		for d, well := range map[time.Duration]bool{5 * time.Second: false, 20 * time.Second: true} {
			if o := bench(t, 1, streams(time.Second, 10*time.Second), config{Limits: model.Limits{Idle: d, Attempts: 1}}, backend{Stream: true}); (o.err == nil) != well || o.took != time.Second+min(d, 10*time.Second) {
				return fmt.Errorf("%v: %v after %v", d, o.err, o.took)
			}
		}
		return nil
	},
	"Breaker": func(t *testing.T) error {
		// Two at a time: what is under way when the first fails is the same
		// each time.
		calls := map[int]int{}
		for _, n := range []int{2, 20, -1} {
			calls[n] = len(bench(t, 30, func(context.Context, mock.Request) (mock.Reply, error) {
				time.Sleep(10 * time.Millisecond)
				return broken.reply()
			}, config{Limits: model.Limits{Breaker: n, Attempts: 4, CallTime: 20 * time.Second, Retries: -1}}, backend{Slots: 2}).log)
		}
		if calls[2] >= calls[20] || calls[20] >= calls[-1] || calls[-1] != 120 {
			return fmt.Errorf("calls by Breaker: %v", calls)
		}
		return nil
	},
	"Retries": func(t *testing.T) error {
		if testing.Short() {
			return nil // it takes hundreds of calls
		}
		// Of 200 subtasks that each fail once, how many calls were repeated by the
		// time that the last had been sent for the first time?
		early := map[float64]int{}
		for _, share := range []float64{.02, 1, -1} {
			var mu sync.Mutex
			seen := map[string]bool{}
			bench(t, 200, func(ctx context.Context, r mock.Request) (mock.Reply, error) {
				time.Sleep(100 * time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				prompt := r.Messages[len(r.Messages)-1].Content
				again := seen[prompt]
				seen[prompt] = true
				if again && len(seen) < 200 {
					early[share]++
				}
				if !again && len(seen)%2 == 0 {
					return broken.reply()
				}
				return yes, nil
			}, config{Limits: model.Limits{Retries: share}}, backend{Slots: 8})
		}
		if early[.02] > 25 || early[1] < 60 || early[-1] < 60 {
			return fmt.Errorf("repeated before the last first attempt, by Retries: %v", early)
		}
		return nil
	},
	"Hedge": func(t *testing.T) error {
		if testing.Short() {
			return nil // it takes hundreds of calls
		}
		calls := map[float64]int{}
		for _, share := range []float64{-1, .01, .1} {
			var n atomic.Int32
			calls[share] = len(bench(t, 400, func(ctx context.Context, r mock.Request) (mock.Reply, error) {
				if n := n.Add(1); n > 100 && n%20 == 0 {
					return lasts(10*time.Second)(ctx, r)
				}
				return lasts(100*time.Millisecond)(ctx, r)
			}, config{Limits: model.Limits{Hedge: share}}, backend{Slots: 8}).log)
		}
		if calls[-1] != 400 || calls[.01] <= 400 || calls[.01] > 405 || calls[.1] <= calls[.01] {
			return fmt.Errorf("calls by Hedge: %v", calls)
		}
		return nil
	},
}

// doer is a stranger's client of models.
type doer struct{}

func (doer) Do(context.Context, model.Request) (model.Reply, error) {
	return model.Reply{Text: `{"findings":[{"answer":"mine","confidence":0.5}]}`}, nil
}

func (d doer) Attempt(ctx context.Context, r model.Request) (model.Reply, error) { return d.Do(ctx, r) }

// nowhere is a transport to a host where nobody listens.
type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
}

func TestEachSettingHasAnEffect(t *testing.T) {
	for of, effects := range map[reflect.Type]map[string]func(*testing.T) error{
		reflect.TypeFor[config]():       configEffects,
		reflect.TypeFor[backend]():      backendEffects,
		reflect.TypeFor[model.Limits](): limitEffects,
	} {
		for f := range of.Fields() {
			if _, ok := effects[f.Name]; !ok && f.IsExported() {
				t.Errorf("%s.%s is a setting without a test that sees its effect", of, f.Name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(effects)) {
			t.Run(of.Name()+"."+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					if err := effects[name](t); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}
