package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/workers"
)

// alone asks the large model to read everything itself, in as many calls as
// its context needs, and to merge where it took more than one.
func (m *models) alone(ctx context.Context, s settings, docs *documents, stderr io.Writer) (*swarm.Answer, error) {
	replyTokens := min(1500, s.plannerContext/4)
	// An estimate may be off by a third.
	room := (s.plannerContext - replyTokens - 700) * 2 / 3
	parts, err := docs.pack(max(room, 200))
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(stderr, "asking the large model alone, in %d %s\n", len(parts), plural(len(parts), "call"))
	reader, err := workers.NewPool(workers.Config{Backends: []model.Backend{m.large}, MaxOut: replyTokens, Limits: model.Limits{AttemptTime: 5 * time.Minute}})
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	sw := swarm.Swarm{
		Planner: &reading{parts: parts, llm: m.planner},
		Worker:  reader, Concurrency: 4, Rounds: 1,
	}
	a, err := sw.Run(ctx, swarm.Task{Goal: s.question})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// reading is the plan of the large model alone: read each part, merge if there
// is more than one.
type reading struct {
	parts []string
	llm   *planner.LLM
}

func (r *reading) Plan(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
	return add(swarm.Step{ID: "read", Do: "Answer the question from the text as fully as it allows.", Over: swarm.Items, Items: r.parts})
}

// Window is the large model's: it reads the answers to the parts.
func (r *reading) Window() int { return r.llm.Window() }

func (r *reading) Merge(ctx context.Context, b swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	if len(r.parts) > 1 || len(results) == 0 {
		return r.llm.Merge(ctx, b, results, w)
	}
	_, err := io.WriteString(w, results[0].Out.Text)
	return swarm.Verdict{}, err
}

// pack puts the texts into as few parts of so many tokens as hold them.
func (d *documents) pack(tokens int) ([]string, error) {
	sources, err := d.chunk(tokens)
	if err != nil {
		return nil, err
	}
	var parts []string
	var b strings.Builder
	filled := 0
	for i := range sources {
		for j := range sources[i].Chunks {
			c := &sources[i].Chunks[j]
			n := swarm.EstimateTokens(c.Text)
			if filled > 0 && filled+n > tokens {
				parts = append(parts, b.String())
				b.Reset()
				filled = 0
			}
			fmt.Fprintf(&b, "== %s ==\n%s\n", c.Source, c.Text)
			filled += n
		}
	}
	return append(parts, b.String()), nil
}
