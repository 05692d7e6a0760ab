package queue_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/queue"
)

// BenchmarkQueue hands subtasks whose workers do nothing to two workers of sixteen
// slots, all in this process, 64 at a time.
func BenchmarkQueue(b *testing.B) {
	for name, size := range map[string]int{"1KB": 1 << 10, "16KB": 16 << 10} {
		b.Run(name, func(b *testing.B) {
			server, err := queue.Embedded(queue.Embedding{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer server.Close()
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan error, 2)
			for range 2 {
				nc, err := server.Connect()
				if err != nil {
					b.Fatal(err)
				}
				defer nc.Close()
				go func() { ended <- queue.Serve(ctx, nc, swarm.WorkerFunc(echo), queue.Config{}) }()
			}
			nc, err := server.Connect()
			if err != nil {
				b.Fatal(err)
			}
			defer nc.Close()
			q, err := queue.New(ctx, nc, queue.Config{})
			if err != nil {
				b.Fatal(err)
			}
			defer q.Close()
			item := strings.Repeat("x", size)
			var n atomic.Int64
			b.SetParallelism(32)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := q.Work(ctx, swarm.Subtask{Step: &swarm.Step{ID: "s"}, Index: int(n.Add(1)), Item: item}); err != nil {
						b.Error(err)
					}
				}
			})
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "subtasks/s")
			cancel()
			for range 2 {
				<-ended
			}
		})
	}
}
