package pool

import (
	"context"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

func holdsNothing() *script {
	return &script{do: func(context.Context, int, model.Request) (model.Reply, error) {
		return model.Reply{}, refusal(swarm.ClassTooLong, 400)
	}}
}

func TestCallTooLongForItsBackendGoesToAWiderOne(t *testing.T) {
	for name, c := range map[string]struct {
		narrow, wide model.Backend
		want         int // calls at the other
	}{
		"wider":                    {model.Backend{Model: "a", Context: 4000}, model.Backend{Model: "b", Context: 8000}, 1},
		"not wider":                {model.Backend{Model: "a", Context: 8000}, model.Backend{Model: "b", Context: 8000}, 0},
		"another model, not told":  {model.Backend{Model: "a"}, model.Backend{Model: "b"}, 1},
		"the same model, not told": {model.Backend{Model: "a"}, model.Backend{Model: "a"}, 0},
	} {
		narrow, wide := holdsNothing(), &script{do: takes(0)}
		p := poolOf(t, Config{Backends: []model.Backend{c.narrow, c.wide}}, narrow, wide)
		_, err := p.Do(t.Context(), ask("x"))
		if narrow.calls != 1 || wide.calls != c.want || (err == nil) != (c.want == 1) {
			t.Errorf("%s: %v after %d and %d calls, want %d at the other", name, err, narrow.calls, wide.calls, c.want)
		}
	}
}

func TestCallTooLongForAllNamesLimitAndMend(t *testing.T) {
	for name, contexts := range map[string][]int{"one backend": {4000}, "two": {4000, 3000}} {
		var backends []model.Backend
		var scripts []*script
		for i, n := range contexts {
			backends = append(backends, model.Backend{Model: string(rune('a' + i)), Context: n})
			scripts = append(scripts, holdsNothing())
		}
		_, err := poolOf(t, Config{Backends: backends}, scripts...).Do(t.Context(), ask("x"))
		if classOf(t, err) != swarm.ClassTooLong || !strings.Contains(err.Error(), "call to a") || !strings.Contains(err.Error(), "4000") ||
			!strings.Contains(err.Error(), "told so") || !strings.Contains(err.Error(), "shorten") || !strings.Contains(err.Error(), "wider Context") {
			t.Errorf("%s: %v, want the backend, its limit and the mend named", name, err)
		}
		if scripts[0].calls != 1 {
			t.Errorf("%s: sent %d times to the backend that refused it", name, scripts[0].calls)
		}
	}
}
