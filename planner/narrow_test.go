package planner_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// TestMergeGoesOnWithTheSurerFindings: the model holds less than its backend
// says, so that findings which fit by estimate do not.
func TestMergeGoesOnWithTheSurerFindings(t *testing.T) {
	large := mock.Large()
	large.Context = 3000
	server := mock.NewHandler(mock.Config{Models: []mock.Model{large}})
	llm, err := planner.New(planner.Config{AnswerTokens: 500, Backends: []model.Backend{{
		BaseURL: "http://mock/v1", Model: large.ID, Client: &http.Client{Transport: server.Transport()},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer llm.Close()
	mergeBridges(t, llm, swarm.Budget{})
}

// bridges are 64 findings, the last the surest.
func bridges() []swarm.Result {
	step := &swarm.Step{ID: "1/read", Do: "Find it.", Over: swarm.Chunks}
	var results []swarm.Result
	for i := range 64 {
		quote := fmt.Sprintf("The bridge number %d was opened to traffic in the year %d, after long works on both of its banks.", i, 1800+i)
		results = append(results, swarm.Result{Step: step, Index: i, Outcome: swarm.Done, Out: swarm.Output{Findings: []swarm.Finding{{
			Text: quote, Confidence: float64(i) / 64,
			Evidence: []swarm.Citation{{Source: "a", Chunk: fmt.Sprint("a#", i), Quote: quote, Verified: true}},
		}}}})
	}
	return results
}

// fixedMerging plans without a model and merges with one.
type fixedMerging struct {
	planner.Fixed
	llm *planner.LLM
}

func (p fixedMerging) Merge(ctx context.Context, b swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	return p.llm.Merge(ctx, b, rs, w)
}

// mergeBridges lets a run merge the bridges.
func mergeBridges(t *testing.T, llm *planner.LLM, budget swarm.Budget) *swarm.Answer {
	t.Helper()
	known := bridges()
	read := swarm.Step{ID: "read", Do: "Find it.", Over: swarm.Items}
	for i := range known {
		read.Items = append(read.Items, fmt.Sprint("bridge ", i))
	}
	run := swarm.Swarm{
		Planner: fixedMerging{planner.Fixed{Steps: []swarm.Step{read}}, llm}, Budget: budget,
		Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) { return known[st.Index].Out, nil }),
	}
	a, err := run.Run(t.Context(), swarm.Task{Goal: "When was bridge number 63 opened to traffic?"})
	if err != nil || strings.Count(a.Text, "1863") != 1 || len(a.Citations) == 0 {
		t.Fatalf("%v: %q", err, a.Text)
	}
	if missing := strings.Join(a.Coverage.Missing, "\n"); !strings.Contains(missing, "findings that the merge had no room for") {
		t.Errorf("missing: %q", missing)
	}
	return a
}

// TestMergeOfWhatWasCutGoesOnWithTheSurerFindings: the server reads a part of
// the findings, answers, and says nothing.
func TestMergeOfWhatWasCutGoesOnWithTheSurerFindings(t *testing.T) {
	server := mock.NewHandler(mock.Config{Models: []mock.Model{mock.Large()}, Faults: []mock.FaultRule{{IDs: []string{"X69"}, Rate: 1}}})
	llm, err := planner.New(planner.Config{AnswerTokens: 500, Backends: []model.Backend{{
		BaseURL: "http://mock/v1", Model: mock.Large().ID, Client: &http.Client{Transport: server.Transport()},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer llm.Close()
	mergeBridges(t, llm, swarm.Budget{})
	if log := server.Log(); len(log) < 2 {
		t.Errorf("%d calls, want the merge done again with less", len(log))
	}
}

// TestMergeGoesOnWithWhatTheBudgetAllows: what is left would do for half of the
// findings with hardly a word of answer.
func TestMergeGoesOnWithWhatTheBudgetAllows(t *testing.T) {
	server := mock.NewHandler(mock.Config{Models: []mock.Model{mock.Large()}})
	llm, err := planner.New(planner.Config{AnswerTokens: 500, Backends: []model.Backend{{
		BaseURL: "http://mock/v1", Model: mock.Large().ID, Client: &http.Client{Transport: server.Transport()},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer llm.Close()
	a := mergeBridges(t, llm, swarm.Budget{Tokens: 3000})
	if log := server.Log(); len(log) != 1 || log[0].Request.MaxTokens < 256 || a.Report.Usage.Tokens() > 3000 {
		t.Errorf("%d calls, %+v used, want one with room for an answer", len(log), a.Report.Usage)
	}
}
