// Anthropic gives the library a protocol that it does not know: Anthropic's
// native Messages API, as a model.API (api.go). Planner and workers share one
// pool over it. Without ANTHROPIC_API_KEY it asks a small fake.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"sync"

	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/swarm/source"
	"github.com/db31e724/go-swarm/workers"
)

const harbour = "Berth 2 is free. Boats come and go. The lock closes at a wind of nine."

func main() {
	url, key := "https://api.anthropic.com", os.Getenv("ANTHROPIC_API_KEY")
	if key == "" {
		server := httptest.NewServer(&fake{})
		defer server.Close()
		url = server.URL
	}
	if _, err := run(context.Background(), os.Stdout, url, key, harbour); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, url, key, text string) (*swarm.Answer, error) {
	const name = "claude-haiku-4-5"
	pool, err := workers.NewPool(workers.Config{Limits: model.Limits{Hedge: -1}, Backends: []model.Backend{{ // of a hedge that is cut off only "at least" is known
		Model: name, Slots: 8, API: &anthropic{url: url, key: key, model: name},
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
	sources, err := source.Chunk(source.Text{Name: "harbour", Body: text}, source.Options{Size: 60})
	if err != nil {
		return nil, err
	}
	s := swarm.Swarm{Planner: large, Worker: workers.Check(pool, workers.Quotes), Concurrency: pool.Slots()}
	answer, err := s.Run(ctx, swarm.Task{Goal: "When does the lock close?", Sources: []swarm.Source{sources}})
	fmt.Fprintf(out, "%s\n%d calls, %s\n", answer.Text, answer.Report.Usage.Calls, answer.Report.Usage.Cost)
	return answer, err
}

// fake plays Anthropic's API on loopback by rote, and keeps the bill.
type fake struct {
	sync.Mutex
	bill swarm.Usage // what was told
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q struct {
		System, Messages []json.RawMessage
		Choice           struct{ Name string } `json:"tool_choice"`
	}
	json.NewDecoder(r.Body).Decode(&q)
	f.Lock()
	defer f.Unlock()
	f.bill.Calls++
	found := regexp.MustCompile(`The lock[^.]*\.`).Find(q.Messages[0])
	reply := map[string]string{
		"plan":     `{"steps":[{"id":"read","do":"Find it.","over":"chunks","select":[],"items":[],"of":"","needs":[],"output":"finding"}]}`,
		"findings": fmt.Sprintf(`{"findings":[{"answer":%q,"quote":%q,"confidence":1}]}`, found, found),
		"answer":   fmt.Sprintf(`{"work":"","answer":"%s [1]","status":"answered","missing":""}`, found),
	}[q.Choice.Name]
	send := func(format string, args ...any) { fmt.Fprintf(w, "data: "+format+"\n\n", args...) }
	in, kept, out := len(q.Messages[0])/4, 200*len(q.System), len(reply)/4
	send(`{"type":"message_start","message":{"usage":{"input_tokens":%d,"cache_read_input_tokens":%d,"output_tokens":1}}}`, in, kept)
	send(`{"type":"content_block_start","content_block":{"type":"tool_use","name":%q}}`, q.Choice.Name)
	send(`{"type":"content_block_delta","delta":{"partial_json":%q}}`, reply[:9])
	send(`{"type":"content_block_delta","delta":{"partial_json":%q}}`, reply[9:])
	send(`{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":%d}}`, out)
	send(`{"type":"message_stop"}`)
	f.bill = f.bill.Plus(swarm.Usage{In: in + kept, Cached: kept, Out: out})
}
