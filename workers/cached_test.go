package workers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

// Providers bill what they read from a prefix cache at one price and what they
// write into it at another: the account must come to the bill, streamed or not.
func TestAccountIsTheBillWherePromptsAreCached(t *testing.T) {
	for _, stream := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m := mock.Small()
			m.Prefix = mock.Prefixes()
			m.Price = &mock.Price{In: 10, Cached: 1, Written: 12.5, Out: 40}
			s := mock.NewHandler(mock.Config{Models: []mock.Model{m}})
			p, err := workers.NewPool(workers.Config{Limits: model.Limits{Hedge: -1}, Backends: []model.Backend{{
				Model: m.ID, BaseURL: "http://mock/v1", Client: &http.Client{Transport: s.Transport()}, Slots: 1, Stream: stream,
				Price: &swarm.Price{In: 10 * swarm.Dollar, Cached: swarm.Dollar, Written: 25 * swarm.Dollar / 2, Out: 40 * swarm.Dollar},
			}}})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			src := swarm.Source{Name: "log"}
			for i := range 6 {
				text := fmt.Sprintf("Day %d. The lock was open.", i)
				src.Chunks = append(src.Chunks, swarm.Chunk{Source: "log", ID: fmt.Sprint("log#", i), Text: text, Start: 100 * i, End: 100*i + len(text)})
			}
			rules := strings.Repeat("Read with care what follows and leave nothing out. ", 200)
			run := swarm.Swarm{Planner: asking("Find it."), Worker: p, Budget: swarm.Budget{Cost: swarm.Dollar}}
			a, err := run.Run(t.Context(), swarm.Task{Goal: rules + "When was the lock open?", Sources: []swarm.Source{src}})
			if err != nil {
				t.Fatal(err)
			}
			b, u := s.Bill()[m.ID], a.Report.Usage
			if b.Usage.Written == 0 || b.Usage.Cached == 0 {
				t.Fatalf("nothing was written or read: %+v", b.Usage)
			}
			if int64(u.Cost) != b.Cost || u.Written != b.Usage.Written || u.Cached != b.Usage.Cached || u.In != b.Usage.In {
				t.Errorf("stream %t: account %+v, bill %+v", stream, u, b)
			}
		})
	}
}
