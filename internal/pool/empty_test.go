package pool

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

func TestEmptyReplyIsAskedForOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		empty := &swarm.CallError{Class: swarm.ClassBroken, Status: 200, Err: model.ErrEmpty}
		s := &script{do: fails(empty)}
		if _, err := poolOf(t, Config{}, s).Do(t.Context(), ask("x")); err != nil || s.calls != 2 {
			t.Errorf("%v after %d calls", err, s.calls)
		}
		s = &script{do: fails(empty, empty, empty)}
		if _, err := poolOf(t, Config{}, s).Do(t.Context(), ask("x")); !errors.Is(err, model.ErrEmpty) || s.calls != 2 {
			t.Errorf("%v after %d calls", err, s.calls)
		}
	})
}

// What came is told, and not that nothing came.
func TestTimeLimitTellsWhatCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{do: func(ctx context.Context, n int, r model.Request) (model.Reply, error) {
			if n > 0 {
				return takes(time.Hour)(ctx, n, r)
			}
			return model.Reply{}, &swarm.CallError{Class: swarm.ClassBroken, Status: 200, Err: model.ErrEmpty}
		}}
		_, err := poolOf(t, Config{Limits: model.Limits{CallTime: time.Minute}}, s).Do(t.Context(), ask("x"))
		if classOf(t, err) != swarm.ClassTimeout || !strings.Contains(err.Error(), "(CallTime)") || !strings.Contains(err.Error(), "the reply is empty") {
			t.Error(err)
		}
	})
}

func TestServerThatNobodyReachesIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{do: func(context.Context, int, model.Request) (model.Reply, error) {
			return model.Reply{Unsent: true}, refusal(swarm.ClassNetwork, 0)
		}}
		p := poolOf(t, Config{}, s)
		p.queue.backends[0].BaseURL = "http://models.test:8080/secret/v1"
		_, err := p.Do(t.Context(), ask("x"))
		if err == nil || !strings.Contains(err.Error(), "models.test:8080 in 10s") || !strings.Contains(err.Error(), "ReachTime") || strings.Contains(err.Error(), "secret") {
			t.Error(err)
		}
	})
}
