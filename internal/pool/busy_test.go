package pool

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm/model"
)

// A long wait at one backend is no reason to fail, nor to sleep through it,
// where another backend is busy but of use.
func TestLongWaitGoesToABackendThatIsBusy(t *testing.T) {
	for _, wait := range []time.Duration{100 * time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			a, b := &script{do: fails(after(wait))}, &script{do: takes(3 * time.Second)}
			p := poolOf(t, Config{Backends: []model.Backend{{Model: "a", Slots: 1}, {Model: "b", Slots: 1}}}, b, a)
			start := time.Now()
			var wg sync.WaitGroup
			wg.Go(func() { p.Do(t.Context(), ask("busy")) })
			synctest.Wait()
			if _, err := p.Do(t.Context(), ask("x")); err != nil || a.calls != 1 || b.calls != 2 || time.Since(start) != 6*time.Second {
				t.Errorf("%v after %v, %d and %d calls, want the busy backend's next slot", err, time.Since(start), a.calls, b.calls)
			}
			wg.Wait()
		})
	}
}

// A pool smaller than its load is no fault of the calls that queue.
func TestWaitForAFirstSlotIsNotTheCallsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{do: takes(8 * time.Second)}
		p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", Slots: 1}}, Limits: model.Limits{CallTime: 10 * time.Second}}, s)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := p.Do(t.Context(), ask("x")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}
