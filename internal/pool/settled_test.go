package pool

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// weather is a run over backends that fail, stall and answer late, at random.
type weather struct {
	seed     uint64
	slots    []int
	failing  float64 // share of attempts
	late     float64 // share of attempts that take long
	budget   swarm.Budget
	patience time.Duration // 0: without end
	hedge    float64
	retries  float64
	breaker  int
}

var drawWeather = rapid.Custom(func(t *rapid.T) weather {
	w := weather{
		seed:    rapid.Uint64().Draw(t, "seed"),
		slots:   rapid.SliceOfN(rapid.IntRange(1, 6), 1, 3).Draw(t, "slots"),
		failing: rapid.Float64Range(0, .5).Draw(t, "failing"),
		late:    rapid.Float64Range(0, .1).Draw(t, "late"),
		hedge:   rapid.SampledFrom([]float64{0, .3, -1}).Draw(t, "hedge"),
		retries: rapid.SampledFrom([]float64{0, .01, -1}).Draw(t, "retries"),
		breaker: rapid.SampledFrom([]int{0, 2, -1}).Draw(t, "breaker"),
	}
	if rapid.Bool().Draw(t, "has budget") {
		w.budget.Cost = swarm.Money(rapid.IntRange(1, 200).Draw(t, "dollars")) * swarm.Dollar / 1000
	}
	if rapid.IntRange(0, 3).Draw(t, "has patience") == 0 {
		w.patience = time.Duration(rapid.IntRange(1, 60_000).Draw(t, "patience")) * time.Millisecond
	}
	return w
})

func TestRandomWeatherSettlesEveryAttemptOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWeather.Draw(rt, "weather")
		synctest.Test(t, func(t *testing.T) { w.run(t) })
	})
}

// run checks that no backend has more in flight than slots, that all slots
// come back, that each attempt is booked once, that the budget holds, and that
// no prompt is lost that could be had.
func (w weather) run(t *testing.T) {
	const prompts = 120
	rng, mu := rand.New(rand.NewPCG(w.seed, 0)), sync.Mutex{}
	price := &swarm.Price{In: swarm.Dollar, Out: 10 * swarm.Dollar}
	faults := []swarm.Class{swarm.ClassServer, swarm.ClassNetwork, swarm.ClassOverloaded, swarm.ClassBroken, swarm.ClassRateLimited}
	var scripts []*script
	var backends []model.Backend
	for _, n := range w.slots {
		backends = append(backends, model.Backend{Model: "m", Slots: n, Price: price})
		scripts = append(scripts, &script{do: func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
			mu.Lock()
			took := time.Duration(50+rng.IntN(200)) * time.Millisecond
			if rng.Float64() < w.late {
				took *= 20
			}
			bad, class := rng.Float64() < w.failing, faults[rng.IntN(len(faults))]
			mu.Unlock()
			reply, err := takes(took)(ctx, n, r)
			if err == nil && bad {
				return model.Reply{}, refusal(class, 0)
			}
			return reply, err
		}})
	}
	p := poolOf(t, Config{
		Backends: backends, Limits: model.Limits{Attempts: 60, Hedge: w.hedge, Retries: w.retries, Breaker: w.breaker, CallTime: 5 * time.Hour},
	}, scripts...)
	booked := 0
	run := swarm.Swarm{
		Planner: onePlan{swarm.Step{ID: "a", Do: "call", Over: swarm.Items, Items: make([]string, prompts)}},
		Worker: swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
			reply, err := p.Do(ctx, ask("x"))
			return swarm.Say(reply.Text), err
		}),
		Concurrency: 16, Budget: w.budget,
		Observe: func(e swarm.Event) {
			if e.Kind == swarm.CallEnded {
				booked++
			}
		},
	}
	ctx := t.Context()
	if w.patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, w.patience)
		defer cancel()
	}
	answer, _ := run.Run(ctx, swarm.Task{Goal: "g"})
	calls := 0
	for i, s := range scripts {
		calls += s.calls
		if busy := p.queue.backends[i].limit.busy; s.peak > w.slots[i] || s.inFlight != 0 || busy != 0 {
			t.Errorf("backend %d: %d at once on %d slots, %d still in flight, %d slots out", i, s.peak, w.slots[i], s.inFlight, busy)
		}
	}
	u := answer.Report.Usage
	if booked != calls || u.Calls != calls {
		t.Errorf("%d attempts, %d booked, %d reported", calls, booked, u.Calls)
	}
	if w.budget.Cost > 0 && u.Cost > w.budget.Cost {
		t.Errorf("%v spent of %v", u.Cost, w.budget.Cost)
	}
	if w.budget.Cost == 0 && w.patience == 0 && answer.Coverage.Done != prompts {
		t.Errorf("%+v", answer.Coverage)
		for r := range answer.Results() {
			if r.Err != nil {
				t.Fatal(r.Err)
			}
		}
	}
	if len(p.queue.waiting) != 0 || p.queue.again != 0 {
		t.Errorf("%d calls still wait, %d of them retries", len(p.queue.waiting), p.queue.again)
	}
}
