package planner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

// BenchmarkFirstSubtask measures the time from the last byte of a plan's first
// step on the wire to the arrival of the first worker's call at its server:
// decoder, scheduler, prompt, pool and loopback together. Beside it the same
// where the plan is awaited whole; the rest of the plan takes the large model
// 20 ms here, some two tokens, and as many seconds as it has steps in life.
func BenchmarkFirstSubtask(b *testing.B) {
	b.Run("streamed", func(b *testing.B) { firstSubtask(b, false) })
	b.Run("whole", func(b *testing.B) { firstSubtask(b, true) })
}

func firstSubtask(b *testing.B, whole bool) {
	written, arrived := make(chan time.Time, 1), make(chan time.Time, 64)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case strings.Contains(string(body), `"model":"small"`):
			arrived <- time.Now()
			answerSmall(w)
		case strings.Contains(string(body), `"steps"`):
			w.Header().Set("Content-Type", "text/event-stream")
			event(w, `{"steps":[`+planStep(1))
			written <- time.Now()
			time.Sleep(20 * time.Millisecond)
			event(w, `,`+planStep(2)+`]}`)
			fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
		default:
			w.Header().Set("Content-Type", "text/event-stream")
			event(w, `{"work":"","answer":"done","status":"answered","missing":""}`)
			fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
		}
	}))
	defer srv.Close()
	llm, err := planner.New(planner.Config{Backends: []model.Backend{{BaseURL: srv.URL + "/v1", Model: "large"}}})
	if err != nil {
		b.Fatal(err)
	}
	defer llm.Close()
	model, err := workers.NewModel(model.Backend{BaseURL: srv.URL + "/v1", Model: "small"})
	if err != nil {
		b.Fatal(err)
	}
	defer model.Close()
	var p swarm.Planner = llm
	if whole {
		p = awaited{llm}
	}
	s := swarm.Swarm{Planner: p, Worker: model}
	b.ReportAllocs()
	var total time.Duration
	for b.Loop() {
		if _, err := s.Run(b.Context(), swarm.Task{Goal: "What is it?"}); err != nil {
			b.Fatal(err)
		}
		total += (<-arrived).Sub(<-written)
		for len(arrived) > 0 {
			<-arrived
		}
	}
	b.ReportMetric(float64(total.Microseconds())/float64(b.N), "µs/first")
}

// awaited hands over a plan only once all of it has been written.
type awaited struct{ swarm.Planner }

func (a awaited) Plan(ctx context.Context, b swarm.Brief, add func(swarm.Step) error) error {
	var steps []swarm.Step
	err := a.Planner.Plan(ctx, b, func(s swarm.Step) error {
		steps = append(steps, s)
		return nil
	})
	for _, s := range steps {
		if e := add(s); err == nil {
			err = e
		}
	}
	return err
}

func planStep(n int) string {
	return fmt.Sprintf(`{"id":"s%d","over":"once","do":"Say the number %d.","lookup":0,"select":[],"needs":[],"output":"findings","fields":[],"note":""}`, n, n)
}

func event(w http.ResponseWriter, text string) {
	quoted, _ := json.Marshal(text)
	fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%s}}]}\n\n", quoted)
	w.(http.Flusher).Flush()
}

func answerSmall(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"{\"findings\":[{\"answer\":\"1\",\"quote\":\"\",\"confidence\":1}]}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`)
}
