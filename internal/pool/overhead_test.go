package pool

import (
	"context"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// atOnce is a backend that answers in no time.
type atOnce struct{}

func (atOnce) Attempt(context.Context, model.Request) (model.Reply, error) {
	return model.Reply{Text: "done", Usage: swarm.Usage{In: 10, Out: 2}}, nil
}

// BenchmarkDo is what all policies together cost a call on a healthy backend.
func BenchmarkDo(b *testing.B) {
	p, err := New(Config{Backends: []model.Backend{{Model: "m", RPM: 1 << 40, TPM: 1 << 40, API: atOnce{}}}})
	if err != nil {
		b.Fatal(err)
	}
	r := ask("x")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := p.Do(context.Background(), r); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
