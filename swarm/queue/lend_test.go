package queue_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/queue"
)

// Workers elsewhere make up to three calls of two models for each subtask, of which
// two are lent to them. The books equal the calls made, and the hard limits of the run hold.
func TestLendBooksByModel(t *testing.T) {
	price := &swarm.Price{In: swarm.Dollar}
	most := swarm.Usage{In: 1000}
	for _, budget := range []swarm.Budget{{Calls: 61}, {Cost: 61 * price.Cost(most)}, {}} {
		p := newPlace(t, queue.Config{Lend: swarm.Usage{Calls: 2, In: 2 * most.In, Cost: 2 * price.Cost(most)}})
		var made [2]atomic.Int64
		var refused atomic.Int64
		for _, name := range []string{"a", "b"} {
			p.serve(name, func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
				for i := range 1 + st.Index%3 {
					held, err := swarm.Reserve(ctx, swarm.Call{Model: fmt.Sprint("m", i%2), Price: price, Est: most})
					if _, over := errors.AsType[*swarm.BudgetError](err); over {
						refused.Add(1)
						break
					}
					if err != nil {
						return swarm.Output{}, err
					}
					made[i%2].Add(1)
					held.Settle(swarm.Usage{In: 900}, nil)
				}
				return swarm.Say("x"), nil
			})
		}
		a, _ := p.run(swarm.Swarm{Worker: p.queue(), Concurrency: 8, Budget: budget}, items(60))
		r := a.Report
		if int64(r.Models["m0"].Calls) != made[0].Load() || int64(r.Models["m1"].Calls) != made[1].Load() ||
			r.Usage.Cost != swarm.Money(r.Usage.Calls)*price.Cost(swarm.Usage{In: 900}) {
			t.Errorf("%+v: %d and %d calls were made, and booked as %+v", budget, made[0].Load(), made[1].Load(), r.Models)
		}
		if budget.Calls > 0 && r.Usage.Calls > budget.Calls || budget.Cost > 0 && r.Usage.Cost > budget.Cost {
			t.Errorf("%+v: %+v was spent", budget, r.Usage)
		}
		if refused.Load() == 0 {
			t.Errorf("%+v: nobody was refused a third call of two that were lent", budget)
		}
		if whole := budget == (swarm.Budget{}); whole != (a.Coverage.Done == 60) {
			t.Errorf("%+v: %d subtasks of 60 are done", budget, a.Coverage.Done)
		}
	}
}
