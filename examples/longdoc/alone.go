package main

import (
	"context"
	"fmt"
	"io"
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
	size := max((s.plannerContext-replyTokens-700)*2/3, 200) // an estimate may be off by a third
	sources, err := docs.chunk(size)
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(stderr, "asking the large model alone")
	reader, err := workers.NewPool(workers.Config{Backends: []model.Backend{m.large}, MaxOut: replyTokens, Limits: model.Limits{AttemptTime: 5 * time.Minute}})
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	sw := swarm.Swarm{Planner: reading{m.planner}, Worker: reader, Concurrency: 4, Pack: size, Rounds: 1}
	a, err := sw.Run(ctx, swarm.Task{Goal: s.question, Sources: sources})
	if err != nil {
		return nil, fmt.Errorf("the large model alone: %w", err)
	}
	return a, nil
}

// reading is the plan of the large model alone: read each part, merge if there
// is more than one.
type reading struct{ *planner.LLM }

func (reading) Plan(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
	return add(swarm.Step{ID: "read", Do: "Answer the question from the text as fully as it allows.", Over: swarm.Chunks})
}

func (r reading) Merge(ctx context.Context, b swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	if b.Coverage.Subtasks > 1 || len(results) == 0 {
		return r.LLM.Merge(ctx, b, results, w)
	}
	_, err := io.WriteString(w, results[0].Out.Text())
	return swarm.Verdict{}, err
}
