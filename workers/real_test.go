package workers_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

// TestRunAgainstARealServer reads 20 chunks with the model SWARM_REAL_MODEL at
// the base URL SWARM_REAL_URL, the key SWARM_REAL_KEY being optional. What it
// answers does not matter: every chunk has to be answered for.
func TestRunAgainstARealServer(t *testing.T) {
	base, name := os.Getenv("SWARM_REAL_URL"), os.Getenv("SWARM_REAL_MODEL")
	if base == "" || name == "" {
		t.Skip("SWARM_REAL_URL and SWARM_REAL_MODEL name no server and no model of it: nothing real to ask")
	}
	p, err := workers.NewPool(workers.Config{Backends: []model.Backend{{
		BaseURL: base, Model: name, Key: os.Getenv("SWARM_REAL_KEY"), Slots: 16, Context: 8192,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	source := swarm.Source{Name: "ledger"}
	for i := range 20 {
		text := fmt.Sprintf("On day %d a payment of %d crowns was made.\n\n", i, 100*i) +
			strings.Repeat("Nothing else happened on that day that anybody wrote down.\n", 10+5*i)
		source.Chunks = append(source.Chunks, swarm.Chunk{Source: "ledger", ID: fmt.Sprint("ledger#", i), Text: text, End: len(text)})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	run := swarm.Swarm{Planner: asking("Who was paid?"), Worker: p, Concurrency: 16, Observe: func(e swarm.Event) {
		if e.Kind == swarm.Learned {
			t.Log(e.Text)
		}
	}}
	a, err := run.Run(ctx, swarm.Task{Goal: "Who was paid?", Sources: []swarm.Source{source}})
	for r := range a.Results() {
		if r.Outcome != swarm.Done && r.Outcome != swarm.Abstained {
			t.Errorf("chunk %d: %v: %v", r.Index, r.Outcome, cmp.Or(r.Err, err))
		}
	}
	if a.Coverage.ChunksRead != 20 {
		t.Errorf("%v: %+v", err, a.Coverage)
	}
}
