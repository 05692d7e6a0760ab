package pool

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// crowded is a server that counts ratio tokens for each that is estimated, and
// refuses prompt and reply that are together over a limit.
func crowded(limit int, ratio float64) *script {
	return &script{do: func(_ context.Context, _ int, r model.Request) (model.Reply, error) {
		time.Sleep(time.Second)
		in := int(ratio * float64(r.EstimateTokens()))
		if in+r.MaxOut > limit {
			return model.Reply{}, model.HTTPError(r, 400, http.Header{}, fmt.Appendf(nil,
				`{"error":{"message":"maximum context length is %d tokens, your request has %d input tokens and asks for %d"}}`, limit, in, r.MaxOut))
		}
		return model.Reply{Text: "done", Usage: swarm.Usage{In: in, Out: 2}}, nil
	}}
}

func TestReplyIsGivenWhatThePromptLeaves(t *testing.T) {
	for _, c := range []struct {
		name    string
		backend model.Backend
		ratio   float64
		words   int // of the prompt
		calls   [2]int
	}{
		{"learnt", model.Backend{Model: "m"}, 1, 500, [2]int{2, 3}},
		{"learnt, of a server that counts more", model.Backend{Model: "m"}, 1.9, 500, [2]int{2, 3}},
		{"learnt, little room", model.Backend{Model: "m"}, 1.3, 2500, [2]int{2, 3}},
		{"known", model.Backend{Model: "m", Context: 4096}, 1, 500, [2]int{1, 2}},
		{"known, of a server that counts more", model.Backend{Model: "m", Context: 4096}, 1.9, 500, [2]int{2, 3}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := crowded(4096, c.ratio)
			p := poolOf(t, Config{Backends: []model.Backend{c.backend}}, s)
			r := ask(strings.Repeat("word ", c.words))
			r.MaxOut = 8192
			for i, want := range c.calls {
				if _, err := p.Do(t.Context(), r); err != nil || s.calls != want {
					t.Errorf("%s, call %d: %v after %d attempts, want %d", c.name, i, err, s.calls, want)
				}
			}
			long := ask(strings.Repeat("word ", 5000)) // does not fit by itself
			if _, err := p.Do(t.Context(), long); classOf(t, err) != swarm.ClassTooLong {
				t.Errorf("%s: %v", c.name, err)
			}
		})
	}
}

// Calls that are refused side by side all find their way.
func TestManyCallsLearnOfTheRoomAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := poolOf(t, Config{}, crowded(4096, 1.2))
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				r := ask(strings.Repeat("word ", 500))
				r.MaxOut = 8192
				if _, err := p.Do(t.Context(), r); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

// The whole reply is asked for where there is room for it.
func TestReplyGoesWhereItHasRoom(t *testing.T) {
	synctest.Test(t, replyGoesWhereItHasRoom)
}

func replyGoesWhereItHasRoom(t *testing.T) {
	small, large := crowded(4096, 1), crowded(100_000, 1)
	p := poolOf(t, Config{Backends: []model.Backend{{Model: "small", Context: 4096}, {Model: "large"}}}, small, large)
	r := ask("short")
	r.MaxOut = 8192
	if _, err := p.Do(t.Context(), r); err != nil || small.calls > 0 || large.calls != 1 {
		t.Errorf("%v after %d and %d calls", err, small.calls, large.calls)
	}
}

// A server that goes on refusing is not asked for ever.
func TestRefusalsForRoomEnd(t *testing.T) {
	s := &script{do: func(_ context.Context, _ int, r model.Request) (model.Reply, error) {
		return model.Reply{}, &swarm.CallError{Class: swarm.ClassTooLong, Status: 400, Err: &model.NoRoom{Limit: 4096, Err: errors.New("told so")}}
	}}
	r := ask("short")
	r.MaxOut = 8192
	_, err := poolOf(t, Config{}, s).Do(t.Context(), r)
	if classOf(t, err) != swarm.ClassTooLong || !strings.Contains(err.Error(), "4096") || s.calls > maxLearned+1 {
		t.Errorf("%v after %d calls", err, s.calls)
	}
}
