package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	budgets := []string{"0.2", "0.06", "0.045", "0.03"}
	if testing.Short() { // one that is not met, and one that is
		budgets = []string{"0.2", "0.03"}
	}
	for _, budget := range budgets {
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

// A run that reads all that it can be expected to and is answered for some money
// is answered for more, and whoever may spend a tenth more than it costs without
// a limit is answered.
func TestMoreMoneyNeverLosesTheAnswer(t *testing.T) {
	slow(t)
	t.Parallel()
	var text strings.Builder
	for i := range 24 {
		fmt.Fprintf(&text, "## Report %d\n\n%s\n\n", i, strings.Repeat(fmt.Sprintf("The stair of house %d was painted in spring. ", i), 25))
		if i == 13 {
			text.WriteString("The gate of the mill was moved to the west side in 1902.\n\n")
		}
	}
	path, question := file(t, "reports.md", text.String()), "To which side was the gate of the mill moved in 1902?"
	ask := func(args ...string) (answered bool, r reply) {
		s, err := parse(append(args, "-json", "-q", question, "-file", path), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		s.paced = false
		var out bytes.Buffer
		err = answer(t.Context(), s, strings.NewReader(""), &out, io.Discard, noEnv)
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		return err == nil && len(r.Citations) > 0, r
	}
	_, r := ask()
	cost, before := *r.Report.Cost, false
	for i := range 30 {
		budget := cost * (0.3 + 0.05*float64(i))
		answered, r := ask("-budget", fmt.Sprintf("%.7f", budget))
		if *r.Report.Cost > budget {
			t.Errorf("%v of %v spent", *r.Report.Cost, budget)
		}
		if !answered && (before || budget > 1.1*cost || r.Coverage.ChunksRead == r.Coverage.ChunksKnown) {
			t.Errorf("%.2f of the cost: no answer, %d of %d chunks read; with less there was one: %v", budget/cost, r.Coverage.ChunksRead, r.Coverage.ChunksKnown, before)
		}
		whole := r.Coverage.ChunksRead == r.Coverage.ChunksKnown
		before = before || answered && whole
	}
	if !before {
		t.Error("no budget was enough")
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
