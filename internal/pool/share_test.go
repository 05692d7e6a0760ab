package pool

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

func TestRunsShareThePoolAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{do: takes(time.Second)}
		p := poolOf(t, Config{Limits: model.Limits{Hedge: -1}, Backends: []model.Backend{{Model: "m", Slots: 6}}}, s)
		var wg sync.WaitGroup
		// A large run with urgent calls comes first, and a small one later.
		ends := map[string]time.Duration{}
		var mu sync.Mutex
		start := time.Now()
		begin := func(run string, n int, priority int64) {
			for range n {
				wg.Go(func() {
					if _, err := p.do(t.Context(), ask("x"), swarm.Caller{Run: run, Priority: priority}); err != nil {
						t.Error(err)
					}
					mu.Lock()
					ends[run] = time.Since(start)
					mu.Unlock()
				})
			}
		}
		begin("large", 300, 1000)
		time.Sleep(10500 * time.Millisecond)
		begin("small", 30, 0)
		begin("third", 30, -5)
		wg.Wait()
		// Of six slots the small ones have two each: 15 seconds.
		for _, run := range []string{"small", "third"} {
			if took := ends[run] - 10500*time.Millisecond; took < 12*time.Second || took > 18*time.Second {
				t.Errorf("the %s run took %v, want a third of the slots", run, took)
			}
		}
		if ends["large"] != 60*time.Second {
			t.Errorf("the large run ended after %v, want no slot left idle", ends["large"])
		}
	})
}

func TestRunsThatAreOverAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", Slots: 2}}}, &script{do: takes(time.Second)})
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				if _, err := p.do(t.Context(), ask("x"), swarm.Caller{Run: fmt.Sprint(i)}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(p.queue.shares) > 1 {
			t.Errorf("%d runs are kept", len(p.queue.shares))
		}
	})
}

func TestARunThatBeginsNeedNotCatchUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{do: takes(time.Second)}
		p := poolOf(t, Config{Limits: model.Limits{Hedge: -1}, Backends: []model.Backend{{Model: "m", Slots: 4}}}, s)
		var wg sync.WaitGroup
		do := func(run string, n int) {
			for range n {
				wg.Go(func() {
					p.do(t.Context(), ask(run), swarm.Caller{Run: run})
				})
			}
		}
		do("old", 200)
		time.Sleep(20500 * time.Millisecond)
		do("new", 200)
		time.Sleep(10 * time.Second)
		s.mu.Lock()
		n := map[string]int{}
		for _, run := range s.prompts[len(s.prompts)-36:] {
			n[run]++
		}
		s.mu.Unlock()
		if n["old"] < 14 || n["new"] < 14 {
			t.Errorf("calls since the second run began: %v, want both alike", n)
		}
		wg.Wait()
	})
}
