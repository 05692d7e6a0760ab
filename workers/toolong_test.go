package workers

import (
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// A subtask without a chunk has nothing to be cut in two: it goes to a wider
// backend, or says what is too long and what to do.
func TestItemsAndResultsTooLongGoToAWiderBackend(t *testing.T) {
	long := strings.Repeat("The garden is kept by all who live there. ", 200)
	from := earlier()
	from[0].Out.Findings[0].Text = long
	for name, st := range map[string]swarm.Subtask{
		"item":    {Step: &swarm.Step{ID: "1/a", Do: "Say who keeps the garden.", Over: swarm.Items}, Goal: "Who?", Item: long},
		"results": {Step: &swarm.Step{ID: "1/b", Do: "Say who keeps the garden.", Over: swarm.Once, Needs: []string{"1/find"}}, Goal: "Who?", From: from},
	} {
		narrow, wide := &narrow{server: says(finding("all", "")), holds: 5000}, says(finding("all", ""))
		backends := []model.Backend{narrow.backend(), wide.backend()}
		backends[0].Name, backends[0].Context = "narrow", 4000
		backends[1].Name, backends[1].Context = "wide", 16_000
		if out, err := narrow.pool(t, Config{Backends: backends}).Work(t.Context(), st); err != nil || out.Text() != "all" {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
		if narrow.refused != 1 || len(wide.seen) != 1 {
			t.Errorf("%s: %d calls at the narrow backend and %d at the wide one, want one each", name, narrow.refused, len(wide.seen))
		}

		_, err := narrow.pool(t, Config{Backends: backends[:1]}).Work(t.Context(), st)
		if !isClass(err, swarm.ClassTooLong) || !strings.Contains(err.Error(), "narrow") || !strings.Contains(err.Error(), "4000") || !strings.Contains(err.Error(), "wider Context") {
			t.Errorf("%s: %v, want backend, limit and mend named", name, err)
		}
		backends[0].Context = 1500 // known beforehand: nothing is sent
		before := narrow.refused
		_, err = narrow.pool(t, Config{Backends: backends[:1]}).Work(t.Context(), st)
		if !isClass(err, swarm.ClassTooLong) || !strings.Contains(err.Error(), "1500") || !strings.Contains(err.Error(), "wider Context") || narrow.refused != before {
			t.Errorf("%s: %v, want limit and mend named, and nothing sent", name, err)
		}
	}
}
