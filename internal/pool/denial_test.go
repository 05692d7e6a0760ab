package pool

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// denying answers calls well but for those whose numbers are given, from 0.
func denying(e *swarm.CallError, calls ...int) *script {
	return &script{do: func(_ context.Context, n int, _ model.Request) (model.Reply, error) {
		for _, c := range calls {
			if c == n {
				return model.Reply{}, e
			}
		}
		return ok("done")
	}}
}

// A gateway, or a firewall before it, denies a single call.
func TestOneDenialDoesNotStopABackend(t *testing.T) {
	for name, e := range map[string]*swarm.CallError{
		"403":          refusal(swarm.ClassAuth, 403),
		"404":          refusal(swarm.ClassNotFound, 404),
		"401 by a key": refusal(swarm.ClassAuth, 401),
	} {
		for _, first := range []int{0, 1, 20} { // 0: before anything was answered
			if name == "401 by a key" && first == 0 {
				continue
			}
			synctest.Test(t, func(t *testing.T) {
				s := denying(e, first, first+1, first+3)
				p := poolOf(t, Config{Backends: []model.Backend{{Name: "gate", Model: "m"}}}, s)
				lost := 0
				for range 40 {
					if _, err := p.Do(t.Context(), ask("x")); err != nil {
						lost++
						if classOf(t, err) != e.Class || !strings.Contains(err.Error(), "at gate") || !strings.Contains(err.Error(), "told so") {
							t.Errorf("%s: %v, want the backend and its reason named", name, err)
						}
					}
				}
				if lost != 3 || s.calls != 40 {
					t.Errorf("%s after %d answers: %d of 40 calls lost, %d sent, want the denied ones lost alone", name, first, lost, s.calls)
				}
			})
		}
	}
}

func TestDeniedCallGoesToAnotherBackend(t *testing.T) {
	for _, e := range []*swarm.CallError{refusal(swarm.ClassAuth, 403), refusal(swarm.ClassNotFound, 404), refusal(swarm.ClassAuth, 401)} {
		synctest.Test(t, func(t *testing.T) {
			gate, other := denying(e, 1), &script{do: takes(0)}
			p := poolOf(t, Config{}, gate, other)
			for range 10 {
				if _, err := p.Do(t.Context(), ask("x")); err != nil {
					t.Error(err)
				}
			}
			if gate.calls != 2 || other.calls != 9 {
				t.Errorf("%d and %d calls, want the other asked first after the denial", gate.calls, other.calls)
			}
			time.Sleep(2 * denialsKept)
			if _, err := p.Do(t.Context(), ask("x")); err != nil || gate.calls != 3 {
				t.Errorf("%v, %d calls at the first backend, want it asked again some time after", err, gate.calls)
			}
		})
	}
}

func TestDenialsInARowStopABackend(t *testing.T) {
	for _, e := range []*swarm.CallError{refusal(swarm.ClassAuth, 403), refusal(swarm.ClassNotFound, 404), refusal(swarm.ClassAuth, 401)} {
		synctest.Test(t, func(t *testing.T) {
			s := denying(e, 1, 2, 3, 4, 5)
			p := poolOf(t, Config{Backends: []model.Backend{{Name: "gate", Model: "m"}}}, s)
			var last error
			for range 10 {
				_, last = p.Do(t.Context(), ask("x"))
			}
			if s.calls != 1+mostDenials || classOf(t, last) != e.Class || !strings.Contains(last.Error(), "at gate") ||
				!strings.Contains(last.Error(), "no longer asked") || !strings.Contains(last.Error(), "3 calls in a row") {
				t.Errorf("%d calls sent, the last error %v", s.calls, last)
			}
		})
	}
}

func TestPlainDenialStopsABackendAtOnce(t *testing.T) {
	for _, c := range []struct {
		e     *swarm.CallError
		after int // answers
	}{
		{refusal(swarm.ClassAuth, 401), 0},
		{refusal(swarm.ClassQuota, 402), 0},
		{refusal(swarm.ClassQuota, 429), 5},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := denying(c.e, c.after)
			p := poolOf(t, Config{}, s)
			for i := range c.after + 3 {
				if _, err := p.Do(t.Context(), ask("x")); (err != nil) != (i >= c.after) {
					t.Errorf("call %d: %v", i, err)
				}
			}
			if s.calls != c.after+1 {
				t.Errorf("%s after %d answers: %d calls sent, want none after it", c.e.Class, c.after, s.calls)
			}
		})
	}
}
