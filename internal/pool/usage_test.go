package pool

import (
	"context"
	"errors"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// What a server refused costs nothing, also inside a reply of success; what
// broke off is booked by what came.
func TestWhatIsBookedOfAFailure(t *testing.T) {
	for _, c := range []struct {
		name  string
		class swarm.Class
		reply model.Reply
		in    bool
		out   bool
	}{
		{"overloaded", swarm.ClassOverloaded, model.Reply{}, false, false},
		{"server", swarm.ClassServer, model.Reply{}, false, false},
		{"in the middle", swarm.ClassServer, model.Reply{Text: "half a reply"}, true, true},
		{"broken off", swarm.ClassNetwork, model.Reply{Text: "half a reply"}, true, true},
		{"broken off before the text", swarm.ClassNetwork, model.Reply{}, true, false},
		{"never sent", swarm.ClassNetwork, model.Reply{Unsent: true}, false, false},
		{"told", swarm.ClassServer, model.Reply{Usage: swarm.Usage{In: 10, Out: 2}}, true, true},
	} {
		s := &script{do: func(context.Context, int, model.Request) (model.Reply, error) {
			return c.reply, &swarm.CallError{Class: c.class, Status: 200, Err: errors.New("told so")}
		}}
		var booked swarm.Usage
		run := swarm.Swarm{
			Planner: onePlan{swarm.Step{ID: "a", Do: "call", Over: swarm.Items, Items: []string{"x"}}},
			Worker: swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
				_, err := poolOf(t, Config{Limits: model.Limits{Attempts: 1}}, s).Do(ctx, ask("x"))
				return swarm.Output{}, err
			}),
			Observe: func(e swarm.Event) {
				if e.Kind == swarm.CallEnded {
					booked = *e.Usage
				}
			},
		}
		run.Run(t.Context(), swarm.Task{Goal: "g"})
		if (booked.In > 0) != c.in || (booked.Out > 0) != c.out {
			t.Errorf("%s: %+v", c.name, booked)
		}
	}
}
