package pool

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// together makes n calls at once and waits for them.
func together(t *testing.T, p *Pool, n int, r model.Request) {
	t.Helper()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if _, err := p.Do(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// hundred is a prompt of some hundred tokens.
var hundred = strings.Repeat("word ", 92)

func TestRPMSpreadsCalls(t *testing.T) {
	for rpm, want := range map[int]time.Duration{0: 0, 6: 110 * time.Second, 60: 11 * time.Second, 600: 200 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{do: takes(0)}
			p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", RPM: rpm}}}, s)
			start := time.Now()
			together(t, p, 12, ask("x"))
			if took := time.Since(start); took < want || took > want+want/10 {
				t.Errorf("RPM %d: 12 calls took %v, want some %v", rpm, took, want)
			}
		})
	}
}

func TestTPMHoldsForCallsTogether(t *testing.T) {
	for tpm, want := range map[int]int{0: 30, 1000: 5, 3000: 15} { // calls of 200 tokens
		synctest.Test(t, func(t *testing.T) {
			s := &script{do: func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
				rep, err := takes(time.Second)(ctx, n, r)
				rep.Usage = swarm.Usage{In: 100, Out: 100}
				return rep, err
			}}
			p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", TPM: tpm}}}, s)
			r := ask(hundred) // and a reply of 100
			start := time.Now()
			together(t, p, 30, r)
			first := 0
			for _, at := range s.at {
				if at.Sub(start) < time.Minute {
					first++
				}
			}
			if first != want {
				t.Errorf("TPM %d: %d calls in the first minute, want %d", tpm, first, want)
			}
		})
	}
}

func TestTPMTakesBackWhatACallDidNotUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{do: takes(time.Second)} // 12 tokens are used
		p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", TPM: 1000}}}, s)
		r := ask(hundred)
		start := time.Now()
		together(t, p, 30, r)
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("30 calls that use 12 tokens each took %v at 1000 a minute", took)
		}
	})
}

func TestCallsReturnSlowlyAfterACommonWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wait := 4 * time.Second
		var mu sync.Mutex
		var until time.Time
		s := &script{do: func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
			if rep, err := takes(time.Second)(ctx, n, r); err != nil {
				return rep, err
			}
			mu.Lock()
			defer mu.Unlock()
			if n >= 200 && until.IsZero() {
				until = time.Now().Add(wait)
			}
			if left := time.Until(until); left > 0 {
				return model.Reply{}, after(left)
			}
			return ok("done")
		}}
		p := poolOf(t, Config{Limits: model.Limits{Attempts: 20}}, s)
		together(t, p, 600, ask("x"))
		at := map[time.Duration]int{} // calls by the second of the return
		early := 0
		for _, sent := range s.at {
			switch since := sent.Sub(until); {
			case since >= 0:
				at[since/time.Second]++
			case since > -wait:
				early++
			}
		}
		if early > 0 {
			t.Errorf("%d calls left before the wait was over", early)
		}
		if at[0] == 0 || at[0] > 24 || at[5] < 48 {
			t.Errorf("calls that left in each second after the wait: %v, want few first and 64 soon", at)
		}
	})
}

func TestSlotsBoundWhatIsFoundOut(t *testing.T) {
	for slots, want := range map[int]int{0: 64, 3: 3, 100: 100} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{do: takes(time.Second)}
			p := poolOf(t, Config{Backends: []model.Backend{{Model: "m", Slots: slots}}}, s)
			together(t, p, 1000, ask("x"))
			if s.peak != want {
				t.Errorf("Slots %d: %d calls in flight at most, want %d", slots, s.peak, want)
			}
		})
	}
}

func TestRunsShareWhatIsLearntOfABackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &limited{work: always(time.Second), refusal: time.Millisecond, atOnce: 4, rng: newSim(1, 1).rng}
		p, err := New(Config{Backends: []model.Backend{{Model: "m", API: s}}})
		if err != nil {
			t.Fatal(err)
		}
		together(t, p, 100, ask("first run"))
		before := s.refused
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() { together(t, p, 50, ask(fmt.Sprint("run ", i))) })
		}
		wg.Wait()
		if more := s.refused - before; more > 8 {
			t.Errorf("%d of the later runs' 150 calls were refused: they did not know what the first had learnt", more)
		}
	})
}

func TestBackendThatRefusesAllLeavesItsCallsToTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		no := refusal(swarm.ClassRateLimited, 429)
		bad := &script{do: func(_ context.Context, n int, _ model.Request) (model.Reply, error) {
			time.Sleep(time.Millisecond + time.Duration(n)*time.Microsecond) // so that no two refusals come at once
			return model.Reply{}, no
		}}
		good := &script{do: takes(time.Second)}
		p := poolOf(t, Config{Backends: []model.Backend{{Name: "bad", Model: "m"}, {Name: "good", Model: "m", Slots: 4}}}, bad, good)
		together(t, p, 200, ask("x"))
		// Some 36 until it is asked one at a time, and from then on one in 8 s.
		if bad.calls > 50 {
			t.Errorf("%d calls at the backend that refuses all", bad.calls)
		}
		together(t, p, 1, ask("afterwards"))
	})
}
