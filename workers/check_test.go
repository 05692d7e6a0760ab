package workers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

func TestFailedQuoteIsToldBackOnce(t *testing.T) {
	s := says(finding("On the last.", "on the last day"), finding("On the first.", "on the first day"))
	out, err := Check(s.pool(t, Config{}), Quotes).Work(t.Context(), overLease())
	if err != nil || !out.Citations[0].Verified || out.Doubts != nil || len(s.seen) != 2 {
		t.Fatalf("%+v, %v after %d calls", out, err, len(s.seen))
	}
	last := s.seen[1].Messages[1].Content
	said, wrong := strings.Index(last, "on the last day"), strings.Index(last, "does not stand in the text")
	if said < strings.Index(last, leaseText) || wrong < said {
		t.Errorf("feedback is not last:\n%s", last)
	}
	if s.seen[1].Messages[0] != s.seen[0].Messages[0] {
		t.Error("the second prompt begins differently")
	}
}

func TestOutputThatStillFailsIsMarked(t *testing.T) {
	for name, quote := range map[string]string{"wrong": "on the last day", "missing": ""} {
		s := says(finding("On the last.", quote))
		out, err := Check(s.pool(t, Config{}), Quotes).Work(t.Context(), overLease())
		if err != nil || len(out.Doubts) != 1 || len(s.seen) != 2 {
			t.Errorf("%s quote: %+v, %v after %d calls", name, out, err, len(s.seen))
		}
		for _, c := range out.Citations {
			if c.Verified || c.Start != 1000 || c.End != 1000+len(leaseText) {
				t.Errorf("%s quote: %+v", name, c)
			}
		}
	}
}

func TestAbstentionPassesTheQuoteCheck(t *testing.T) {
	s := says(finding("On the last.", "no such words"), `{"answer":"","quote":"","confidence":0,"abstain":true}`)
	out, err := Check(s.pool(t, Config{}), Quotes).Work(t.Context(), overLease())
	if err != nil || !out.Abstain || out.Doubts != nil || len(s.seen) != 2 {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestQuotesTakesNobodysWord(t *testing.T) {
	liar := swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
		return swarm.Output{Text: "x", Citations: []swarm.Citation{
			{Quote: "on the last day", Verified: true},
			{Chunk: "lease.txt#2", Quote: "on the first day"},
		}}, nil
	})
	out, err := Check(liar, Quotes).Work(t.Context(), overLease())
	if err != nil || out.Citations[0].Verified || !out.Citations[1].Verified || out.Citations[1].Start <= 1000 || len(out.Doubts) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestQuotesLeavesEarlierCitationsAndOtherShapesAlone(t *testing.T) {
	st := overLease()
	st.From = earlier()
	old := swarm.Citation{Source: "lease.txt", Chunk: "lease.txt#2", Start: 1, End: 2, Quote: "elsewhere"}
	st.From[0].Out.Citations = []swarm.Citation{old}
	out := swarm.Output{Text: "x", Citations: []swarm.Citation{old}}
	if wrong := Quotes(st, &out); wrong != "" || out.Citations[0] != old {
		t.Errorf("%q, %+v", wrong, out)
	}
	for name, st := range map[string]swarm.Subtask{
		"list":     {Step: &swarm.Step{Schema: swarm.SchemaList}, Chunk: lease()},
		"no chunk": {Step: &swarm.Step{}},
	} {
		if wrong := Quotes(st, &swarm.Output{Text: "x"}); wrong != "" {
			t.Errorf("%s: %q", name, wrong)
		}
	}
}

func TestCheckKeepsTheBetterOutput(t *testing.T) {
	n := 0
	outs := []swarm.Output{{Text: "first"}, {Text: "second"}}
	w := swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		n++
		if len(st.Feedback) != n-1 {
			t.Errorf("call %d has %d feedbacks", n, len(st.Feedback))
		}
		return outs[n-1], nil
	})
	short := func(st swarm.Subtask, out *swarm.Output) string { return "it is too short" }
	no := func(st swarm.Subtask, out *swarm.Output) string {
		if out.Text == "second" {
			return "it is the second"
		}
		return ""
	}
	out, err := Check(w, short, no).Work(t.Context(), overLease())
	if err != nil || out.Text != "first" || !slices.Equal(out.Doubts, []string{"it is too short"}) || n != 2 {
		t.Errorf("%+v, %v after %d calls", out, err, n)
	}
}

func TestCheckAndErrors(t *testing.T) {
	boom := errors.New("boom")
	n := 0
	failing := func(at int) swarm.Worker {
		n = 0
		return swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
			if n++; n == at {
				return swarm.Output{}, boom
			}
			return swarm.Output{Text: "x"}, nil
		})
	}
	if _, err := Check(failing(1), Quotes).Work(t.Context(), overLease()); !errors.Is(err, boom) || n != 1 {
		t.Errorf("%v after %d calls", err, n)
	}
	out, err := Check(failing(2), Quotes).Work(t.Context(), overLease())
	if err != nil || out.Text != "x" || len(out.Doubts) != 2 || n != 2 {
		t.Errorf("%+v, %v after %d calls: want the first output, doubted", out, err, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := failing(2)
	stop := func(swarm.Subtask, *swarm.Output) string { cancel(); return "wrong" }
	if _, err := Check(w, stop).Work(ctx, overLease()); !errors.Is(err, boom) {
		t.Errorf("after a cancel: %v", err)
	}
}

func TestCheckKeepsTheUsageOfBothCalls(t *testing.T) {
	for name, c := range map[string]struct {
		first, second string
		fails         bool
		want          int
	}{
		"right at once":     {"right", "", false, 1},
		"mended":            {"wrong", "right", false, 11},
		"worse":             {"wrong", "wrong wrong", false, 11},
		"the second failed": {"wrong", "", true, 11},
	} {
		n := 0
		away := swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
			n++
			if n == 1 {
				return swarm.Output{Text: c.first, Usage: &swarm.Usage{Calls: 1, In: 1}}, nil
			}
			out := swarm.Output{Text: c.second, Usage: &swarm.Usage{Calls: 1, In: 10}}
			if c.fails {
				return out, errors.New("away")
			}
			return out, nil
		})
		nth := func(n int) CheckFunc { // fails where "wrong" stands n times
			return func(_ swarm.Subtask, out *swarm.Output) string {
				if strings.Count(out.Text, "wrong") >= n {
					return "it is wrong"
				}
				return ""
			}
		}
		out, err := Check(away, nth(1), nth(2)).Work(t.Context(), overLease())
		if err != nil || out.Usage == nil || out.Usage.In != c.want || out.Usage.Calls != n {
			t.Errorf("%s: %+v, %v", name, out.Usage, err)
		}
	}
}

func TestWhatTheBudgetRefusesIsSkippedOrKeptWithADoubt(t *testing.T) {
	// One call may be made: the first subtask's. Its quote is wrong, and it
	// cannot be asked for again.
	p := says(finding("On the last.", "on the last day")).pool(t, Config{})
	run := swarm.Swarm{
		Planner: planOf{ID: "find", Do: "Find when rent is due.", Over: swarm.Items, Items: []string{"a", "b"}},
		Worker: Check(swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			st.Chunk = lease()
			return p.Work(ctx, st)
		}), func(st swarm.Subtask, out *swarm.Output) string {
			st.Chunk = lease()
			return Quotes(st, out)
		}),
		Concurrency: 1, Budget: swarm.Budget{Calls: 1},
	}
	a, err := run.Run(t.Context(), swarm.Task{Goal: "When is rent due?"})
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Collect(a.Results())
	if got[0].Outcome != swarm.Done || len(got[0].Out.Doubts) != 2 || got[0].Attempts != 1 {
		t.Errorf("the one whose second call was refused: %v, %+v", got[0].Outcome, got[0].Out)
	}
	if be, ok := errors.AsType[*swarm.BudgetError](got[1].Err); got[1].Outcome != swarm.Skipped || !ok || be.Limit != "calls" {
		t.Errorf("the one whose first call was refused: %v, %v", got[1].Outcome, got[1].Err)
	}
}

// planOf is a planner of one step.
type planOf swarm.Step

func (p planOf) Plan(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
	if b.Round > 1 {
		return nil
	}
	return add(swarm.Step(p))
}

func (planOf) Window() int { return 0 }

func (planOf) Merge(context.Context, swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
	return swarm.Verdict{}, nil
}
