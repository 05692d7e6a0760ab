package swarm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// nest is a worker that runs a swarm of n paid subtasks.
func nest(n int, budget swarm.Budget) swarm.WorkerFunc {
	inner := swarm.Swarm{
		Planner: paidPlan(n), Budget: budget,
		Worker: spender(dear, swarm.Usage{In: 2}, swarm.Usage{In: 2}, time.Second),
	}
	return func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		a, err := inner.Run(ctx, swarm.Task{Goal: "inner"})
		return swarm.Say(a.Text), err
	}
}

func TestANestedRunTellsWhatItsToolsReturned(t *testing.T) {
	page := &swarm.Chunk{Source: "tool:search", ID: "tool:search#1", Text: "page"}
	reads := func(context.Context, swarm.Subtask) (swarm.Output, error) {
		out := swarm.Say("found")
		out.Read = []*swarm.Chunk{page}
		return out, nil
	}
	s := swarm.Swarm{Planner: script{steps: []swarm.Step{items(2)}}, Worker: swarm.WorkerFunc(reads)}
	out, err := s.Work(t.Context(), swarm.Subtask{Step: &swarm.Step{ID: "1/t", Do: "read"}})
	if err != nil || !slices.Equal(out.Read, []*swarm.Chunk{page, page}) {
		t.Errorf("%v, %+v", err, out)
	}
}

func TestANestedRunIsAccountedToTheRunAround(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l log
		s := swarm.Swarm{Planner: script{steps: []swarm.Step{items(2)}}, Worker: nest(5, swarm.Budget{}), Observe: l.observe}
		a, err := s.Run(t.Context(), task)
		want := swarm.Usage{Calls: 12, In: 22, Cost: 22 * swarm.Dollar}
		if err != nil || a.Report.Usage != want || a.Report.Models["m"] != want || a.Report.Roles[swarm.RoleWorker] != want || len(a.Report.Roles) != 1 {
			t.Errorf("%v %+v", err, a.Report)
		}
		for r := range a.Results() {
			if r.Attempts != 6 || r.Usage == nil || r.Usage.In != 11 {
				t.Errorf("%s: %d attempts, %+v", r.ID(), r.Attempts, r.Usage)
			}
		}
		if calls := l.of(swarm.CallEnded); len(calls) != 12 || calls[0].Step != "1/t" || calls[0].Run != a.Run {
			t.Errorf("%d calls told, %+v", len(calls), calls)
		}
	})
}

func TestANestedRunCountsAgainstEveryBudgetAround(t *testing.T) {
	for name, c := range map[string]struct {
		outer, inner swarm.Budget
		most         int // calls
	}{
		"the outer": {swarm.Budget{Calls: 9}, swarm.Budget{}, 9},
		"the inner": {swarm.Budget{}, swarm.Budget{Calls: 3}, 6},
		"both":      {swarm.Budget{Tokens: 7}, swarm.Budget{Cost: 5 * swarm.Dollar, Merge: swarm.Dollar}, 7},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := swarm.Swarm{Planner: script{steps: []swarm.Step{items(2)}}, Worker: nest(20, c.inner), Budget: c.outer}
			a, err := s.Run(t.Context(), task)
			if u := a.Report.Usage; err != nil || u.Calls == 0 || u.Calls > c.most || c.outer.Tokens > 0 && u.Tokens() > c.outer.Tokens {
				t.Errorf("%s: %v %+v", name, err, u)
			}
		})
	}
}

func TestAPriceThatIsUnknownEndsTheRunWhoseBudgetItIs(t *testing.T) {
	inner := swarm.Swarm{Planner: script{steps: []swarm.Step{items(3)}}, Worker: spender(nil, swarm.Usage{In: 1}, swarm.Usage{In: 1}, 0)}
	s := swarm.Swarm{Planner: script{steps: []swarm.Step{items(3)}}, Budget: swarm.Budget{Cost: swarm.Dollar}, Worker: &inner}
	_, err := s.Run(t.Context(), task)
	if over, ok := errors.AsType[*swarm.BudgetError](err); !ok || over.Limit != "price" || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestIDsOfNestedRunsNest(t *testing.T) {
	var ids, callers []string
	leaf := swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
		ids, callers = append(ids, st.Run), append(callers, swarm.CallerOf(ctx).Run)
		return swarm.Say("y"), nil
	})
	run := func(w swarm.Worker, n int) swarm.WorkerFunc {
		s := swarm.Swarm{Planner: script{steps: []swarm.Step{each(numbered(n)...)}}, Worker: w, Concurrency: 1}
		return func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
			for range 2 {
				if _, err := s.Run(ctx, task); err != nil {
					return swarm.Output{}, err
				}
			}
			return swarm.Say("x"), nil
		}
	}
	s := swarm.Swarm{Planner: script{steps: []swarm.Step{each("a", "b")}}, Worker: run(run(leaf, 1), 1), Concurrency: 1}
	a, err := s.Run(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{}
	for i := range 2 {
		for j := range 4 {
			want = append(want, fmt.Sprintf("%s/1/t/%d/%d/1/t/0/%d", a.Run, i, j/2+1, j%2+1))
		}
	}
	if !slices.Equal(ids, want) || len(a.Run) < 15 || strings.Contains(a.Run, "/") {
		t.Errorf("%q\nwant %q", ids, want)
	}
	for _, id := range callers {
		if id != a.Run {
			t.Errorf("a nested subtask calls in the name of %q, want the root %q", id, a.Run)
		}
	}
	if again, _ := s.Run(t.Context(), task); again.Run == a.Run {
		t.Errorf("two runs are called %q", a.Run)
	}
}

func TestANestedPlannersCallsAreThePlannersOfItsRunOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside swarm.Report
		s := swarm.Swarm{Planner: merging{script{steps: []swarm.Step{items(1)}}, func(ctx context.Context) error {
			a, err := (&swarm.Swarm{Planner: paidPlan(1), Worker: swarm.WorkerFunc(echo)}).Run(ctx, task) // within Merge
			inside = a.Report
			return err
		}}, Worker: nest(1, swarm.Budget{})}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Report.Roles[swarm.RoleWorker].Calls != 2 || a.Report.Roles[swarm.RolePlanner].Calls != 1 || inside.Roles[swarm.RolePlanner].Calls != 1 {
			t.Errorf("%v %+v, inside %+v", err, a.Report.Roles, inside.Roles)
		}
	})
}

// Each subtask of a run of one place runs a swarm, and so on.
func TestNestedRunsDoNotDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := spender(dear, swarm.Usage{In: 1}, swarm.Usage{In: 1}, time.Second)
		var worker swarm.Worker = w
		for range 4 {
			worker = &swarm.Swarm{Planner: script{steps: []swarm.Step{items(2)}}, Worker: worker, Concurrency: 1, Budget: swarm.Budget{Tokens: 64}}
		}
		a, err := worker.(*swarm.Swarm).Run(t.Context(), task)
		if err != nil || a.Report.Usage.Calls != 16 || a.Report.Wall != 16*time.Second {
			t.Errorf("%v %+v %v", err, a.Report.Usage, a.Report.Wall)
		}
	})
}

func TestASwarmIsAWorker(t *testing.T) {
	var got []swarm.Subtask
	inner := swarm.Swarm{
		Planner: script{steps: []swarm.Step{{ID: "r", Do: "read", Over: swarm.Chunks}}, merge: func(b swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			_, err := fmt.Fprintf(w, "%q from %d pieces", b.Task.Goal, len(rs))
			return swarm.Verdict{Missing: "the rest", Citations: []swarm.Citation{{Source: "doc", Chunk: "doc#1", End: 3}}}, err
		}},
		Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			got = append(got, st)
			return swarm.Say(st.Chunk.Text), nil
		}), Rounds: 1, Concurrency: 1,
	}
	chunk := sourceOf("doc", "one").Chunks[0]
	out, err := inner.Work(t.Context(), swarm.Subtask{
		Goal: "How many?", Step: &swarm.Step{ID: "1/a", Do: "Count."}, Item: "lamps", Chunk: &chunk,
		From: []swarm.Result{{Out: swarm.Say("earlier")}},
	})
	if err != nil || len(out.Findings) != 1 || len(out.Findings[0].Evidence) != 1 || len(out.Doubts) != 1 || len(got) != 2 || got[0].Chunk.ID != chunk.ID || got[0].Chunk.Text != chunk.Text || got[1].Chunk.Text != "earlier" {
		t.Errorf("%v %+v %+v", err, out, got)
	}
	for _, part := range []string{"Count.", "lamps", "How many?", "from 2 pieces"} {
		if !strings.Contains(out.Text(), part) {
			t.Errorf("%q lacks %q", out.Text(), part)
		}
	}
	if _, err := (&swarm.Swarm{}).Work(t.Context(), swarm.Subtask{}); err == nil {
		t.Error("a swarm without a planner worked")
	}
}

func TestSwarmsNestAsWorkersToAnyDepth(t *testing.T) {
	plan := script{steps: []swarm.Step{{ID: "r", Do: "read", Over: swarm.Chunks}, {ID: "e", Do: "check", Over: swarm.Each, Of: "r"}}}
	var w swarm.Worker = swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) { return swarm.Say("x"), nil })
	for range 4 {
		w = &swarm.Swarm{Planner: plan, Worker: w, Rounds: 1, Observe: func(e swarm.Event) {
			if e.Err != nil {
				t.Errorf("%s/%d: %v", e.Step, e.Index, e.Err)
			}
		}}
	}
	a, err := w.(*swarm.Swarm).Run(t.Context(), swarm.Task{Goal: "g", Sources: []swarm.Source{sourceOf("doc", "one")}})
	if err != nil || !a.Complete || a.Coverage.Done != 2 {
		t.Errorf("%v %+v", err, a.Coverage)
	}
}

func TestASwarmAsAWorkerKeepsFeedbackMissingAndCitations(t *testing.T) {
	from := func(text string, cites ...swarm.Citation) swarm.Result {
		return swarm.Result{Out: swarm.Output{Findings: []swarm.Finding{{Text: text, Evidence: cites}}}}
	}
	a, b := swarm.Citation{Source: "doc", Quote: "rent is 5", Verified: true}, swarm.Citation{Source: "doc", Quote: "due on the first", Verified: true}
	st := swarm.Subtask{
		Step: &swarm.Step{ID: "1/a", Do: "Sum up."}, Missing: []string{"1/b: 1 of 2 parts failed"},
		Feedback: []swarm.Feedback{{Said: "five?", Wrong: "no unit"}},
		From:     []swarm.Result{from("one", a), from("The rent: 5 [1]. Due: day 1 [2].", a, b), from("plain")},
	}
	cite := func(source, quote string, start int, verified bool) swarm.Citation {
		return swarm.Citation{Source: source, Chunk: source + "#1", Quote: quote, Start: start, Verified: verified}
	}
	var goal string
	text := "so much"
	inner := swarm.Swarm{Planner: script{steps: []swarm.Step{{ID: "x", Do: "x"}}, merge: func(br swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
		goal = br.Task.Goal
		return swarm.Verdict{Citations: []swarm.Citation{
			cite("result-1", "one", 0, true), cite("result-2", "rent is", 0, false), cite("result-2", "Due", 17, true), cite("result-2", "", 31, true), cite("result-3", "plain", 0, true),
		}}, writeAnswer(w, text)
	}}, Worker: swarm.WorkerFunc(echo), Rounds: 1}
	out, err := inner.Work(t.Context(), st)
	unsure := a
	unsure.Verified = false
	want := []swarm.Citation{a, unsure, b, cite("result-2", "", 31, false), cite("result-3", "plain", 0, false)}
	if err != nil || len(out.Findings) != 1 || !slices.Equal(out.Findings[0].Evidence, want) {
		t.Errorf("%v\n%+v, want\n%+v", err, out, want)
	}
	for _, part := range []string{"1/b: 1 of 2 parts failed", "five?", "no unit"} {
		if !strings.Contains(goal, part) {
			t.Errorf("%q lacks %q", goal, part)
		}
	}
	st.Step, text = &swarm.Step{ID: "1/a", Do: "Sum up.", Must: true}, ""
	if out, err := inner.Work(t.Context(), st); err == nil {
		t.Errorf("abstained where it must not: %+v", out)
	}
}

func writeAnswer(w *swarm.AnswerWriter, text string) error {
	_, err := w.Write([]byte(text))
	return err
}

// Random trees of runs, whose subtasks spend, nest, park, panic with money in
// hand or end with it, under budgets and cancels of any level: every call is in
// the root's books, no budget of calls or tokens is exceeded, and all ends.
func TestRandomNestedRunsAddUp(t *testing.T) {
	for seed := range 150 {
		synctest.Test(t, func(t *testing.T) {
			var settled atomic.Int64
			use := func(ctx context.Context, id string) error {
				est := swarm.Usage{In: 1 + fate(seed, id, "est", 9)}
				r, err := swarm.Reserve(ctx, swarm.Call{Model: "m", Price: dear, Est: est})
				if err != nil {
					return err
				}
				select {
				case <-time.After(time.Duration(1+fate(seed, id, "time", 900)) * time.Millisecond):
				case <-ctx.Done():
				}
				switch fate(seed, id, "use", 8) {
				case 0:
					panic("with money in hand")
				case 1:
					return nil // and keeps it
				case 2:
					r.Release()
				default:
					settled.Add(1)
					r.Settle(swarm.Usage{In: est.In - fate(seed, id, "less", est.In)}, nil)
				}
				return ctx.Err()
			}
			var level func(depth int) *swarm.Swarm
			level = func(depth int) *swarm.Swarm {
				id := fmt.Sprint("level ", depth)
				var b swarm.Budget
				switch fate(seed, id, "budget", 4) {
				case 0:
					b.Calls = 3 + fate(seed, id, "limit", 20)
				case 1:
					b.Tokens = 12 + fate(seed, id, "limit", 60)
				case 2:
					b.Time = time.Duration(1+fate(seed, id, "limit", 20)) * time.Second
				}
				return &swarm.Swarm{
					Planner: script{steps: []swarm.Step{items(4), {ID: "e", Do: "each", Over: swarm.Each, Of: "t"}}}, Budget: b,
					Concurrency: 1 + fate(seed, id, "places", 3),
					Worker: swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
						id := st.Run[strings.IndexByte(st.Run+"/", '/'):] + st.ID()
						if fate(seed, id, "park", 3) == 0 {
							unpark := swarm.Park(ctx)
							time.Sleep(time.Duration(fate(seed, id, "away", 300)) * time.Millisecond)
							unpark()
						}
						if depth < 3 && fate(seed, id, "nest", 2) == 0 {
							_, err := level(depth+1).Run(ctx, task)
							return swarm.Say("n"), err
						}
						return swarm.Say("y"), use(ctx, id)
					}),
				}
			}
			root := level(1)
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+fate(seed, "", "cancel", 60))*time.Second)
			defer cancel()
			begin := time.Now()
			a, _ := root.Run(ctx, task)
			u := a.Report.Usage
			if u.Calls != int(settled.Load()) || root.Budget.Calls > 0 && u.Calls > root.Budget.Calls || root.Budget.Tokens > 0 && u.Tokens() > root.Budget.Tokens {
				t.Errorf("seed %d: %+v of %d settled, budget %+v", seed, u, settled.Load(), root.Budget)
			}
			if c := a.Coverage; c.Done+c.Abstained+c.Failed+c.Skipped+c.Cancelled != c.Subtasks || time.Since(begin) > 62*time.Second {
				t.Errorf("seed %d: %+v after %v", seed, c, time.Since(begin))
			}
		})
	}
}

func TestANestedSwarmAnswersWithTheStepsRecord(t *testing.T) {
	schema := json.RawMessage(`{"type":"object"}`)
	inner := swarm.Swarm{Worker: swarm.WorkerFunc(noop), Planner: script{steps: []swarm.Step{items(1)}, merge: func(b swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
		_, err := w.Write([]byte(`{"schema":` + string(b.Task.Schema) + `}`))
		return swarm.Verdict{}, err
	}}}
	out, err := inner.Work(t.Context(), swarm.Subtask{Step: &swarm.Step{Do: "x", Schema: schema}})
	if err != nil || string(out.Findings[0].Data) != `{"schema":{"type":"object"}}` {
		t.Errorf("%v %+v", err, out)
	}
}
