package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
)

// TestBudgetIsKeptAndWhatWasNotReadIsSaid goes by the mock's prices: reading
// the whole specification costs some four cents.
func TestBudgetIsKeptAndWhatWasNotReadIsSaid(t *testing.T) {
	t.Parallel()
	file := doc(t, "go_spec.html")
	whole := 0. // what the run costs that money does not limit
	for _, budget := range []string{"0.2", "0.06", "0.045", "0.03"} {
		r := ask(t, "-q", specFacts[0].question, "-file", file, "-budget", budget)
		var limit float64
		if err := json.Unmarshal([]byte(budget), &limit); err != nil {
			t.Fatal(err)
		}
		if r.Report.Cost == nil || *r.Report.Cost > limit {
			t.Errorf("-budget %s: %v spent", budget, r.Report.Cost)
		}
		c := r.Coverage
		if c.ChunksRead < c.ChunksKnown != (len(c.Unread) > 0) || c.Skipped != 0 && len(c.Unread) == 0 {
			t.Errorf("-budget %s: %d of %d chunks read, unread %v", budget, c.ChunksRead, c.ChunksKnown, c.Unread)
		}
		whole = max(whole, *r.Report.Cost)
		if limit > 1.1*whole && c.ChunksRead < c.ChunksKnown {
			t.Errorf("-budget %s: only %d of %d chunks read for %v", budget, c.ChunksRead, c.ChunksKnown, *r.Report.Cost)
		}
		if len(r.Citations) == 0 {
			t.Errorf("-budget %s: no citation: %q, missing %q", budget, r.Answer, c.Missing)
		}
		t.Logf("-budget %s: %d of %d chunks for $%.4f", budget, c.ChunksRead, c.ChunksKnown, *r.Report.Cost)
	}
}

func TestBudgetTooSmallForAPlanIsAnError(t *testing.T) {
	status, stdout, stderr := start(t, nil, "-file", file(t, "a.txt", "The bridge was opened in 1904."), "-q", "When was it opened?", "-budget", "0.0001")
	if status != exitFailed || !strings.Contains(stderr, "budget: cost") || !strings.Contains(stdout, "Not read: a.txt#1") {
		t.Errorf("status %d\n%s\n%s", status, stderr, stdout)
	}
}

func TestBudgetNeedsKnownPrices(t *testing.T) {
	env := map[string]string{"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "SWARM_PLANNER_MODEL": "big-of-mine", "SWARM_WORKER_MODEL": "little-of-mine"}
	status, _, stderr := start(t, env, "-file", file(t, "a.txt", "The bridge was opened in 1904."), "-q", "When was it opened?", "-budget", "1")
	if status != exitFailed || !strings.Contains(stderr, "price of big-of-mine is not known") {
		t.Errorf("status %d: %s", status, stderr)
	}
	for _, wrong := range []string{"0", "-1", "NaN", "Inf", "1e-10", "1e7"} {
		if status, _, stderr := start(t, nil, "-budget", wrong); status != exitUsage || !strings.Contains(stderr, "-budget") {
			t.Errorf("-budget %s: status %d: %s", wrong, status, stderr)
		}
	}
}

// A merge that could afford no results says that nothing answers.
func TestWhatTheMoneyDidNotSufficeForIsShown(t *testing.T) {
	for _, c := range []struct {
		failure error
		shown   bool
	}{{&swarm.BudgetError{Limit: "cost"}, true}, {errors.New("away"), false}} {
		sw := swarm.Swarm{
			Planner: planner.Fixed{
				Steps: []swarm.Step{{ID: "read", Do: "Read.", Over: swarm.Items, Items: []string{"well", "ill"}}},
				Into: func(_ context.Context, _ swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
					_, err := io.WriteString(w, "Nothing answers it.")
					return swarm.Verdict{}, err
				},
			},
			Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
				if st.Item == "ill" {
					return swarm.Output{}, c.failure
				}
				return swarm.Output{Findings: []swarm.Finding{{Text: "1904", Evidence: []swarm.Citation{{Source: "a.txt", Quote: "It was opened in 1904."}}}}}, nil
			}),
		}
		a, err := sw.Run(t.Context(), swarm.Task{Goal: "When was it opened?"})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := printRest(&out, a, nil, false); err != nil {
			t.Fatal(err)
		}
		if shown := strings.Contains(out.String(), "Found, but not in the answer") && strings.Contains(out.String(), "It was opened in 1904."); shown != c.shown {
			t.Errorf("%v: shown %t, want %t:\n%s", c.failure, shown, c.shown, out.String())
		}
	}
}
