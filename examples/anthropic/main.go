// Anthropic gives the library a protocol that it does not know: Anthropic's
// native Messages API, as a model.API (api.go). Planner and workers share one
// pool over it. Without ANTHROPIC_API_KEY it asks a small fake (fake.go).
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"

	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

func main() {
	url, key := "https://api.anthropic.com", os.Getenv("ANTHROPIC_API_KEY")
	if key == "" {
		f := &fake{}
		defer f.listen().Close()
		url = f.url
	}
	if _, err := run(context.Background(), os.Stdout, url, key, 4); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, url, key string, chunks int) (*swarm.Answer, error) {
	const name = "claude-haiku-4-5"
	limits := model.Limits{Hedge: -1} // of a hedge that is cut off only "at least" is known
	pool, err := workers.NewPool(workers.Config{Limits: limits, Backends: []model.Backend{{
		Model: name, Slots: 8, API: &anthropic{url: url, key: key, model: name, client: http.DefaultClient},
		Price: &swarm.Price{In: swarm.Dollar, Cached: swarm.Dollar / 10, Written: swarm.Dollar * 5 / 4, Out: 5 * swarm.Dollar},
	}}})
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	large, err := planner.New(planner.Config{Doer: pool})
	if err != nil {
		return nil, err
	}
	s := swarm.Swarm{Planner: large, Worker: workers.Check(pool, workers.Quotes), Concurrency: pool.Slots()}
	answer, err := s.Run(ctx, swarm.Task{Goal: "When does the lock close?", Sources: harbour(chunks)})
	fmt.Fprintf(out, "%s\n%d calls, %s\n", answer.Text, answer.Report.Usage.Calls, answer.Report.Usage.Cost)
	return answer, err
}
