package planner_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
)

// TestMergeGoesOnWithTheSurerFindings: the model holds less than its backend
// says, so that findings which fit by estimate do not.
func TestMergeGoesOnWithTheSurerFindings(t *testing.T) {
	large := mock.Large()
	large.Context = 3000
	server := mock.NewHandler(mock.Config{Models: []mock.Model{large}})
	llm, err := planner.New(planner.Config{AnswerTokens: 500, Backend: planner.Backend{
		BaseURL: "http://mock/v1", Model: large.ID, Client: &http.Client{Transport: server.Transport()},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer llm.Close()
	step := &swarm.Step{ID: "1/read", Do: "Find it.", Over: swarm.Chunks}
	var results []swarm.Result
	for i := range 64 {
		quote := fmt.Sprintf("The bridge number %d was opened to traffic in the year %d, after long works on both of its banks.", i, 1800+i)
		results = append(results, swarm.Result{Step: step, Index: int32(i), Outcome: swarm.Done, Out: swarm.Output{
			Text: quote, Confidence: float64(i) / 64,
			Citations: []swarm.Citation{{Source: "a", Chunk: fmt.Sprint("a#", i), Quote: quote, Verified: true}},
		}})
	}
	var answer strings.Builder
	v, err := llm.Merge(t.Context(), swarm.Brief{Round: 1, Task: swarm.Task{Goal: "When was bridge number 63 opened to traffic?"}}, results, &answer)
	if err != nil || !strings.Contains(answer.String(), "1863") || len(v.Citations) == 0 {
		t.Errorf("%v: %q", err, answer.String())
	}
}
