package typed_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/typed"
)

// byHand is what people write in Map's place: an errgroup with a limit, the same
// encoding, and results over a channel.
func byHand(n int, yield func(out)) {
	results := make(chan out, 128)
	go func() {
		defer close(results)
		var g errgroup.Group
		g.SetLimit(32)
		for v := range ins(n) {
			g.Go(func() error {
				item, err := json.Marshal(v)
				if err != nil {
					return err
				}
				o, err := double(context.Background(), swarm.Subtask{Item: string(item)})
				if err != nil {
					return err
				}
				var made out
				if err := json.Unmarshal(o.Findings[0].Data, &made); err != nil {
					return err
				}
				results <- made
				return nil
			})
		}
		_ = g.Wait()
	}()
	for r := range results {
		yield(r)
	}
}

// BenchmarkMap tells what Map costs an item beside an errgroup with the same
// encoding: x/errgroup is the ratio of their times, of which they take turns.
func BenchmarkMap(b *testing.B) {
	const n = 10_000
	b.ReportAllocs()
	var ours, theirs time.Duration
	for b.Loop() {
		got, start := 0, time.Now()
		for r, err := range typed.Map[in, out](b.Context(), swarm.WorkerFunc(double), ins(n), "x") {
			if err != nil || r.Err != nil {
				b.Fatal(err, r.Err)
			}
			got++
		}
		ours += time.Since(start)
		b.StopTimer()
		start = time.Now()
		byHand(n, func(out) { got-- })
		theirs += time.Since(start)
		b.StartTimer()
		if got != 0 {
			b.Fatal(got)
		}
	}
	b.ReportMetric(float64(ours)/float64(theirs), "x/errgroup")
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N)/n, "ns/item")
}

// BenchmarkByHand is the other side alone, for its allocations.
func BenchmarkByHand(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		byHand(10_000, func(out) {})
	}
}
