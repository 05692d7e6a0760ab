package pool

import (
	"context"
	"testing"

	"github.com/db31e724/go-swarm/internal/chat"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// atOnce is a backend that answers in no time.
type atOnce struct{}

func (atOnce) Do(context.Context, chat.Request) (chat.Reply, error) {
	return chat.Reply{Text: "done", Usage: swarm.Usage{In: 10, Out: 2}, UsageKnown: true}, nil
}

// BenchmarkDo is what all policies together cost a call on a healthy backend.
func BenchmarkDo(b *testing.B) {
	p, err := newPool(Config{Backends: []model.Backend{{Model: "m", RPM: 1 << 40, TPM: 1 << 40}}}, func(model.Backend, int) (attempter, error) { return atOnce{}, nil })
	if err != nil {
		b.Fatal(err)
	}
	r := ask("x")
	r.Tokens = 10
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
