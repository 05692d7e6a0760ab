package pool

import (
	"context"
	"testing"

	"github.com/db31e724/go-swarm/swarm/model"
)

// BenchmarkPolicies is what breaker, retry budget and hedging cost a call on a
// healthy backend, beside what the pool costs without them, one call at a time.
func BenchmarkPolicies(b *testing.B) {
	for name, c := range map[string]Config{"all": {}, "none": {Limits: model.Limits{Breaker: -1, Retries: -1, Hedge: -1}}} {
		b.Run(name, func(b *testing.B) {
			c.Backends = []model.Backend{{Model: "m", API: atOnce{}}}
			p, err := New(c)
			if err != nil {
				b.Fatal(err)
			}
			r := ask("x")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Do(context.Background(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
