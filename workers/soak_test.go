package workers_test

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

var soak = flag.Duration("soak", 0, "run TestSoak for so long")

// TestSoak runs one swarm after another on one pool over loopback, 30 % of the
// calls faulty, and sees that heap, goroutines and connections stay flat;
// `make soak` does for some minutes.
func TestSoak(t *testing.T) {
	if *soak <= 0 {
		t.Skip("run by `make soak`")
	}
	var ids []string
	for _, f := range mock.Faults() {
		// Those that take their time, end the use of the only backend, or take
		// the server away from all calls (X10, X17) are for examples/chaos,
		// where time is virtual.
		quick := f.MinGap == 0 && f.Class != "timeout" && f.Class != "overloaded" && f.Class != "rate-limited"
		if quick && !f.Client && (f.Recovery == mock.Again || f.Recovery == mock.Unharmed) && f.Group != "H" && f.Group != "E" && f.ID < "X6" && f.ID != "X10" && f.ID != "X17" && f.ID != "F07b" && f.ID != "F33" && f.ID != "F46" {
			ids = append(ids, f.ID)
		}
	}
	const slots = 16
	small := mock.Small()
	server := mock.NewServer(mock.Config{
		Models: []mock.Model{small}, Keep: 64,
		Faults: []mock.FaultRule{{IDs: ids, Rate: 0.3, Attempts: 1}},
	})
	defer server.Close()
	pool, err := workers.NewPool(workers.Config{
		Backends: []model.Backend{{BaseURL: server.URL(), Model: small.ID, Slots: slots, Price: &swarm.Price{}}},
		Limits:   model.Limits{AttemptTime: 10 * time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()

	const fanOut = 500
	var heaps []uint64
	var goroutines, conns []int
	lost, rounds := 0, 0
	for end := time.Now().Add(*soak); time.Now().Before(end); rounds++ {
		p := planner.Fixed{
			Steps: []swarm.Step{{ID: "read", Do: "Find the code.", Over: swarm.Items}},
			Into: func(_ context.Context, _ swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
				fmt.Fprintf(w, "%d results", len(results))
				return swarm.Verdict{}, nil
			},
		}
		for i := range fanOut {
			p.Steps[0].Items = append(p.Steps[0].Items, fmt.Sprintf("The code of lamp %d in round %d is K%d.", i, rounds, i*7919))
		}
		s := swarm.Swarm{Planner: p, Worker: pool}
		a, err := s.Run(t.Context(), swarm.Task{Goal: "What is the code?"})
		if err != nil {
			t.Fatal(err)
		}
		lost += a.Coverage.Failed
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		heaps = append(heaps, m.HeapAlloc)
		goroutines = append(goroutines, runtime.NumGoroutine())
		_, open := server.Connections()
		conns = append(conns, open)
	}
	bill := server.Bill()[small.ID]
	t.Logf("%d runs, %d calls served, %d refused, %d subtasks lost", rounds, bill.Calls, bill.Refused, lost)
	if rounds < 6 {
		t.Fatalf("only %d runs in %v: give it more time", rounds, *soak)
	}
	third := rounds / 3
	first, last := mean(heaps[third:2*third]), mean(heaps[2*third:])
	t.Logf("heap after a run: %.1f MB in the second third, %.1f MB in the last", first/1e6, last/1e6)
	t.Logf("goroutines after a run: %v", goroutines)
	t.Logf("open connections after a run: %v", conns)
	if last > 1.2*first+4e6 {
		t.Errorf("the heap grows: %.1f MB, then %.1f MB", first/1e6, last/1e6)
	}
	if g := goroutines[rounds-1]; g > goroutines[third]+16 {
		t.Errorf("goroutines grow: %d, then %d", goroutines[third], g)
	}
	if most := slices.Max(conns); most > 2*slots {
		t.Errorf("%d connections are open after a run of %d slots", most, slots)
	}
	if lost > 0 {
		t.Errorf("%d subtasks were lost", lost)
	}
}

func mean(xs []uint64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += float64(x)
	}
	return sum / float64(len(xs))
}
