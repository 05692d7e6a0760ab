package pool

import (
	"context"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// contend lets two runs of these weights, each with urgency and calls enough,
// use a pool of some slots for so long, and returns how many calls of each were
// sent.
func contend(t *testing.T, a, b func(context.Context) context.Context, slots int, d time.Duration) (na, nb int) {
	s := &script{do: takes(time.Second)}
	p := poolOf(t, Config{Limits: model.Limits{Hedge: -1}, Backends: []model.Backend{{Model: "m", Slots: slots}}}, s)
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var wg sync.WaitGroup
	for run, weigh := range map[string]func(context.Context) context.Context{"a": a, "b": b} {
		for i := range 2 * slots * int(d/time.Second) {
			wg.Go(func() {
				who := swarm.Caller{Run: run, Priority: int64(i)}
				if run == "a" {
					who.Priority += 1000 // urgency counts within a run alone
				}
				p.do(weigh(ctx), ask(run), who)
			})
		}
	}
	wg.Wait()
	for _, run := range s.prompts {
		if run == "a" {
			na++
		} else {
			nb++
		}
	}
	return na, nb
}

func weighing(w float64) func(context.Context) context.Context {
	return func(ctx context.Context) context.Context { return WithWeight(ctx, w) }
}

func unweighed(ctx context.Context) context.Context { return ctx }

func TestRunsShareSlotsByWeight(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b func(context.Context) context.Context
		want float64 // of a's calls to b's
	}{
		{"three to one", weighing(3), unweighed, 3},
		{"one to three", unweighed, weighing(3), 1. / 3},
		{"two and six", weighing(2), weighing(6), 1. / 3},
		{"half", weighing(.5), weighing(1), .5},
		{"none named", unweighed, unweighed, 1},
		{"zero is one", weighing(0), weighing(1), 1},
		{"negative is one", weighing(-7), weighing(2), .5},
		{"NaN is one", weighing(math.NaN()), weighing(1), 1},
		{"infinite is the most", weighing(math.Inf(1)), weighing(100), 1},
		{"next to nothing is the least", weighing(1e-300), weighing(.01), 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			a, b := contend(t, c.a, c.b, 8, 50*time.Second)
			if got := float64(a) / float64(b); math.Abs(got/c.want-1) > .05 || a+b < 8*48 {
				t.Errorf("%s: %d calls and %d, want %.2f to one and no slot idle", c.name, a, b, c.want)
			}
		})
	}
}

func TestNoWeightStarvesARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := contend(t, weighing(math.MaxFloat64), unweighed, 2, 400*time.Second)
		if b < 6 || a < 90*b {
			t.Errorf("%d calls of the heavy run and %d of the other, want a hundred to one", a, b)
		}
	})
}
