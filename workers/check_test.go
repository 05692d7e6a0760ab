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
	if err != nil || !evidence(out)[0].Verified || out.Text() != "On the first." || out.Doubts != nil || len(s.seen) != 2 {
		t.Fatalf("%+v, %v after %d calls", out, err, len(s.seen))
	}
	last := s.seen[1].Messages[1].Content
	said, wrong := strings.Index(last, "quote: on the last day"), strings.Index(last, "does not stand in the text")
	if said < strings.Index(last, leaseText) || wrong < said {
		t.Errorf("feedback is not last:\n%s", last)
	}
	if s.seen[1].Messages[0] != s.seen[0].Messages[0] {
		t.Error("the second prompt begins differently")
	}
}

func TestRightFindingsAreKeptAndTheWrongOneIsMended(t *testing.T) {
	const first, deposit = "on the first day", "The deposit is 15 apples."
	for _, c := range []struct{ name, second, want string }{
		{"mended alone", found("Deposit: 15.", deposit), "Rent: first. | Deposit: 15."},
		{"all written again", found("Rent: first.", first, "Deposit: 15.", deposit), "Rent: first. | Deposit: 15."},
		{"in other words too", found("Rent is due first.", first, "Deposit: 15.", deposit), "Rent: first. | Deposit: 15."},
		{"taken back", nothing, "Rent: first."},
		{"wrong again", found("Deposit: 16.", "deposit is 16 pears"), "Rent: first. | Deposit: 16."},
	} {
		s := says(found("Rent: first.", first, "Deposit: 16.", "The deposit is 16 apples."), c.second)
		out, err := Check(s.pool(t, Config{}), Quotes).Work(t.Context(), overLease())
		if got := strings.ReplaceAll(out.Text(), "\n", " | "); err != nil || got != c.want || len(s.seen) != 2 {
			t.Errorf("%s: %q, %v after %d calls", c.name, got, err, len(s.seen))
		}
		if again := c.name == "wrong again"; (len(out.Doubts) == 1) != again {
			t.Errorf("%s: doubts %q", c.name, out.Doubts)
		}
		told := s.seen[1].Messages[1].Content
		for _, want := range []string{"1. answer: Deposit: 16.", `1. after "The deposit is" the text goes on "15 apples.", the quote "16 apples."`, "Your other findings, 1, are right and kept"} {
			if !strings.Contains(told, want) {
				t.Errorf("%s: %q is not told:\n%s", c.name, want, told)
			}
		}
		if strings.Contains(told, "Rent: first.") {
			t.Errorf("%s: what was right is shown again", c.name)
		}
	}
}

func TestQuoteOfSeveralStretchesCostsNoCall(t *testing.T) {
	s := says(found("Both.", "tenant pays rent ... 15 apples", "Rows.", "on the first day of each month.\nThe deposit is 15 apples."))
	out, err := Check(s.pool(t, Config{}), Quotes).Work(t.Context(), overLease())
	if err != nil || len(s.seen) != 1 || len(out.Findings) != 2 || len(out.Findings[0].Evidence) != 2 || len(out.Findings[1].Evidence) != 1 {
		t.Fatalf("%+v, %v after %d calls", out, err, len(s.seen))
	}
	for _, c := range evidence(out) {
		if !c.Verified || c.Path != "Lease › Rent" || c.Line < 40 {
			t.Errorf("%+v", c)
		}
	}
}

func TestOutputThatStillFailsIsMarked(t *testing.T) {
	for name, quote := range map[string]string{"wrong": "on the last day", "missing": ""} {
		s := says(finding("On the last.", quote))
		out, err := Check(s.pool(t, Config{}), Quotes).Work(t.Context(), overLease())
		if err != nil || len(out.Doubts) != 1 || len(s.seen) != 2 {
			t.Errorf("%s quote: %+v, %v after %d calls", name, out, err, len(s.seen))
		}
		for _, c := range evidence(out) {
			if c.Verified || c.Start != 1000 || c.End != 1000+len(leaseText) {
				t.Errorf("%s quote: %+v", name, c)
			}
		}
	}
}

func TestAbstentionPassesTheQuoteCheck(t *testing.T) {
	s := says(finding("On the last.", "no such words"), nothing)
	out, err := Check(s.pool(t, Config{}), Quotes).Work(t.Context(), overLease())
	if err != nil || len(out.Findings) > 0 || out.Doubts != nil || len(s.seen) != 2 {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestQuotesTakesNobodysWord(t *testing.T) {
	liar := swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
		return swarm.Output{Findings: []swarm.Finding{{Text: "x", Evidence: []swarm.Citation{
			{Quote: "on the last day", Verified: true},
			{Chunk: "lease.txt#2", Quote: "on the first day"},
		}}}}, nil
	})
	out, err := Check(liar, Quotes).Work(t.Context(), overLease())
	cites := evidence(out)
	if err != nil || cites[0].Verified || !cites[1].Verified || cites[1].Start <= 1000 || len(out.Doubts) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestQuotesLeavesEarlierCitationsAndOtherShapesAlone(t *testing.T) {
	st := overLease()
	st.From = earlier()
	old := swarm.Citation{Source: "lease.txt", Chunk: "lease.txt#2", Start: 1, End: 2, Quote: "elsewhere"}
	st.From[0].Out.Findings[0].Evidence = []swarm.Citation{old}
	f := swarm.Finding{Text: "x", Evidence: []swarm.Citation{old}}
	if wrong := Quotes(st, &f); wrong != "" || f.Evidence[0] != old {
		t.Errorf("%q, %+v", wrong, f)
	}
	for name, st := range map[string]swarm.Subtask{
		"list":     {Step: &swarm.Step{Form: swarm.FormList}, Chunk: lease()},
		"no chunk": {Step: &swarm.Step{}},
	} {
		if wrong := Quotes(st, &swarm.Finding{Text: "x"}); wrong != "" {
			t.Errorf("%s: %q", name, wrong)
		}
	}
}

func TestCheckKeepsTheFirstWhereTheSecondIsWorse(t *testing.T) {
	n := 0
	outs := []swarm.Output{swarm.Say("first"), swarm.Say("second", "third")}
	w := swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		n++
		if len(st.Feedback) != n-1 {
			t.Errorf("call %d has %d feedbacks", n, len(st.Feedback))
		}
		return outs[n-1], nil
	})
	short := func(swarm.Subtask, *swarm.Finding) string { return "it is too short" }
	out, err := Check(w, short).Work(t.Context(), overLease())
	if err != nil || out.Text() != "first" || !slices.Equal(out.Doubts, []string{"it is too short"}) || n != 2 {
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
			return swarm.Say("x"), nil
		})
	}
	if _, err := Check(failing(1), Quotes).Work(t.Context(), overLease()); !errors.Is(err, boom) || n != 1 {
		t.Errorf("%v after %d calls", err, n)
	}
	out, err := Check(failing(2), Quotes).Work(t.Context(), overLease())
	if err != nil || out.Text() != "x" || len(out.Doubts) != 1 || n != 2 {
		t.Errorf("%+v, %v after %d calls: want the first output, doubted", out, err, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := failing(2)
	stop := func(swarm.Subtask, *swarm.Finding) string { cancel(); return "wrong" }
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
				out := swarm.Say(c.first)
				out.Usage = &swarm.Usage{Calls: 1, In: 1}
				return out, nil
			}
			out := swarm.Say(c.second)
			out.Usage = &swarm.Usage{Calls: 1, In: 10}
			if c.fails {
				return out, errors.New("away")
			}
			return out, nil
		})
		nth := func(n int) CheckFunc { // fails where "wrong" stands n times
			return func(_ swarm.Subtask, f *swarm.Finding) string {
				if strings.Count(f.Text, "wrong") >= n {
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
		}), func(st swarm.Subtask, f *swarm.Finding) string {
			st.Chunk = lease()
			return Quotes(st, f)
		}),
		Concurrency: 1, Budget: swarm.Budget{Calls: 1},
	}
	a, err := run.Run(t.Context(), swarm.Task{Goal: "When is rent due?"})
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Collect(a.Results())
	if got[0].Outcome != swarm.Done || len(got[0].Out.Doubts) != 1 || got[0].Attempts != 1 {
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
