package workers_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

func TestHedgingIsASetting(t *testing.T) {
	if testing.Short() {
		t.Skip("statistics of thousands of calls")
	}
	for hedge, want := range map[float64][2]int{0: {1020, 1050}, .01: {1005, 1010}, -1: {1000, 1000}} {
		synctest.Test(t, func(t *testing.T) {
			r := straggling()
			if got := r.run(t, 1, workers.Config{Limits: model.Limits{Hedge: hedge}}); got.calls < want[0] || got.calls > want[1] || got.lost > 0 {
				t.Errorf("Hedge %v: %+v, want %d to %d calls", hedge, got, want[0], want[1])
			}
		})
	}
}

// A server that fails every call for ten seconds costs a run without a breaker
// what its attempts cannot wait for.
func TestBreakerIsASetting(t *testing.T) {
	if testing.Short() {
		t.Skip("statistics of thousands of calls")
	}
	for breaker, lost := range map[int]bool{0: false, -1: true} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			r := row{mean: rowCall, meets: func(*rand.Rand, int) (time.Duration, *fate) {
				if time.Since(begin) < 10*time.Second {
					return rowCall, &fate{wrong: &mock.Error{Message: "oops"}}
				}
				return rowCall, nil
			}}
			if got := r.run(t, 1, workers.Config{Limits: model.Limits{Breaker: breaker, Retries: -1, Attempts: 3}}); got.lost > 0 != lost {
				t.Errorf("Breaker %d: %+v", breaker, got)
			}
		})
	}
}

func TestSettingsThatMakeNoSenseAreRefused(t *testing.T) {
	for want, c := range map[string]workers.Config{
		"Hedge":      {Limits: model.Limits{Hedge: 5}},
		"Retries":    {Limits: model.Limits{Retries: 20}},
		"FirstToken": {Limits: model.Limits{FirstToken: -time.Second}},
		"Idle":       {Limits: model.Limits{Idle: -time.Second}},
	} {
		c.Backends = []model.Backend{{Model: "m"}}
		if _, err := workers.NewPool(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
