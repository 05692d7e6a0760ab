package pool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// A server that sends the status of an overload and then dawdles over its text
// is asked again: the clock that ended the reading is not the caller's word.
func TestARefusalWhoseTextIsCutOffByAClockIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{do: func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
			if n > 0 {
				return ok("done")
			}
			<-ctx.Done()
			return model.Reply{}, &swarm.CallError{Class: swarm.ClassCancelled, Status: 504, Err: ctx.Err()}
		}}
		p := poolOf(t, Config{Limits: model.Limits{AttemptTime: time.Second, Hedge: -1}}, s)
		if r, err := p.Do(t.Context(), ask("x")); err != nil || r.Text != "done" {
			t.Errorf("%q, %v", r.Text, err)
		}
	})
}
