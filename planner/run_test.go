package planner

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/swarm/swarmtest"
)

func TestPlannersKeepTheContract(t *testing.T) {
	t.Run("LLM", func(t *testing.T) {
		swarmtest.TestPlanner(t, func() swarm.Planner {
			l, _ := serveBrain(t, Config{}, mock.LargeBrain)
			return l
		}, lease())
	})
	t.Run("Fixed", func(t *testing.T) {
		swarmtest.TestPlanner(t, func() swarm.Planner {
			return Fixed{Steps: []swarm.Step{{ID: "read", Do: "find the rent", Over: swarm.Chunks}}}
		}, lease())
	})
}

// quoting is a worker that finds what a chunk says of rent.
var quoting = swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
	if st.Chunk == nil || !strings.Contains(st.Chunk.Text, "Rent") {
		return swarm.Output{}, nil
	}
	return swarm.Output{Findings: []swarm.Finding{{Text: st.Chunk.Text, Evidence: []swarm.Citation{{
		Source: st.Chunk.Source, Chunk: st.Chunk.ID, Start: st.Chunk.Start, End: st.Chunk.End, Quote: st.Chunk.Text, Verified: true,
	}}, Confidence: 0.9}}}, nil
})

func TestRunWithTheMocksLargeModel(t *testing.T) {
	l, s := serveBrain(t, Config{}, mock.LargeBrain)
	var text strings.Builder
	sw := swarm.Swarm{Planner: l, Worker: quoting, Observe: func(e swarm.Event) {
		if e.Kind == swarm.AnswerText {
			text.WriteString(e.Text)
		}
	}}
	a, err := sw.Run(t.Context(), lease().Task)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(a.Text, "1st") || !strings.Contains(a.Text, "[1]") || len(a.Citations) != 1 || a.Citations[0].Chunk != "lease.txt#1" {
		t.Errorf("%q, %+v", a.Text, a.Citations)
	}
	if text.String() != a.Text {
		t.Errorf("streamed %q, answer %q", text.String(), a.Text)
	}
	for _, e := range s.Log() {
		if e.Status != http.StatusOK {
			t.Errorf("the server refused a request: %s", e.Error)
		}
	}
}

// BenchmarkFirstStep measures the wall time from the last byte of the first
// step on the wire to add being called for it, over loopback HTTP: as the plan
// streams, and beside it with the plan awaited whole. The server writes the
// second step wholeAfter later.
func BenchmarkFirstStep(b *testing.B) {
	const wholeAfter = 20 * time.Millisecond
	first, second := `{"steps":[`+once("a", "x"), `,`+once("b", "y")+`]}`
	for _, awaited := range []bool{false, true} {
		name := "streamed"
		if awaited {
			name = "whole"
		}
		b.Run(name, func(b *testing.B) {
			sent := make(chan time.Time, 1)
			chunk := func(text string) string {
				return fmt.Sprintf(`data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":%q},"finish_reason":null}]}`+"\n\n", text)
			}
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "text/event-stream")
				io.WriteString(w, chunk(first))
				sent <- time.Now()
				w.(http.Flusher).Flush()
				time.Sleep(wholeAfter)
				io.WriteString(w, chunk(second))
				io.WriteString(w, `data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
			}))
			defer srv.Close()
			l, err := New(Config{Backends: []model.Backend{{Model: "m", BaseURL: srv.URL}}})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			var total time.Duration
			for b.Loop() {
				var at time.Time
				err := l.Plan(b.Context(), swarm.Brief{Round: 1}, func(s swarm.Step) error {
					if at.IsZero() {
						at = time.Now()
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
				if awaited {
					at = time.Now()
				}
				total += at.Sub(<-sent)
			}
			b.ReportMetric(float64(total.Microseconds())/float64(b.N), "µs/first-step")
		})
	}
}
