package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// finding is a result of about n tokens that cites its item.
func finding(item string, n int) swarm.Output {
	return swarm.Output{Findings: []swarm.Finding{{Text: item + strings.Repeat(" word", n), Evidence: []swarm.Citation{{Source: item, Quote: item}}, Confidence: 0.5}}}
}

// shortening reduces groups to their items' names and keeps the citations.
func shortening(st swarm.Subtask) swarm.Output {
	var f swarm.Finding
	for i := range st.From {
		for _, own := range st.From[i].Out.Findings {
			f.Text += strings.Fields(own.Text)[0] + " "
			f.Evidence = append(f.Evidence, own.Evidence...)
		}
	}
	return swarm.Output{Findings: []swarm.Finding{f}}
}

func tokensOf(rs []swarm.Result) int {
	n := 0
	for i := range rs {
		n += swarm.EstimateTokens(rs[i].Out.Text())
	}
	return n
}

// reduceRun runs n findings of size tokens through a window.
func reduceRun(t *testing.T, window, n, size int, reduce func(swarm.Subtask) (swarm.Output, error)) (a *swarm.Answer, merged []swarm.Result, groups []swarm.Subtask) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			if st.Step.Over != swarm.Reduce {
				return finding(fmt.Sprintf("f%03d", st.Index), size), nil
			}
			groups = append(groups, st) // one place: no race
			return reduce(st)
		}
		p := script{steps: []swarm.Step{each(numbered(n)...)}, merge: func(b swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			merged = rs
			if window > 0 && tokensOf(rs) > b.Window {
				t.Errorf("%d tokens for a window of %d", tokensOf(rs), b.Window)
			}
			return swarm.Verdict{}, writeAll(w, rs)
		}}
		p.window = window
		s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(w), Reducer: swarm.WorkerFunc(w), Concurrency: 1}
		var err error
		if a, err = s.Run(t.Context(), task); err != nil {
			t.Fatal(err)
		}
	})
	return a, merged, groups
}

func plain(st swarm.Subtask) (swarm.Output, error) { return shortening(st), nil }

func TestResultsOverTheWindowAreReducedLevelByLevel(t *testing.T) {
	for _, size := range []int{20, 150, 250, 390, 900} { // also more than half, and more than all, of the window
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			a, merged, groups := reduceRun(t, 400, 24, size, plain)
			lost := slices.ContainsFunc(a.Coverage.Missing, func(what string) bool { return !strings.HasPrefix(what, "the last citations of ") })
			if len(groups) == 0 || lost {
				t.Fatalf("%d groups, missing %q", len(groups), a.Coverage.Missing)
			}
			levels := map[string]bool{}
			for _, g := range groups {
				levels[g.Step.ID] = true
				if g.Step.MaxOut != 100 {
					t.Errorf("MaxOut %d", g.Step.MaxOut)
				}
				if len(g.From) > 1 && tokensOf(g.From) > 400 {
					t.Errorf("group of %d tokens", tokensOf(g.From))
				}
			}
			if size >= 150 && len(levels) < 2 {
				t.Errorf("levels %v", levels)
			}
			last := "" // plan order is kept, through all levels
			for i := range merged {
				for c := range merged[i].Out.Evidence() {
					if c.Source <= last {
						t.Errorf("%s after %s", c.Source, last)
					}
					last = c.Source
				}
			}
			if last == "" {
				t.Error("no citation is left")
			}
		})
	}
}

func TestResultsThatFitAreNotReducedNorCopied(t *testing.T) {
	for _, window := range []int{0, 1 << 20} {
		a, merged, groups := reduceRun(t, window, 50, 100, plain)
		if len(groups) != 0 || len(merged) != 50 {
			t.Errorf("%d groups, %d merged", len(groups), len(merged))
		}
		for r := range a.Results() {
			if r != &merged[0] {
				t.Error("the results were copied")
			}
			break
		}
	}
}

func TestAGroupWhoseReductionFailedGoesInUncutOrIsNamed(t *testing.T) {
	a, merged, _ := reduceRun(t, 400, 24, 60, func(st swarm.Subtask) (swarm.Output, error) {
		if st.Index == 0 {
			return swarm.Output{}, errBroken
		}
		return shortening(st), nil
	})
	uncut := 0
	for i := range merged {
		if merged[i].Step.Over != swarm.Reduce {
			uncut++
		}
	}
	missing := strings.Join(a.Coverage.Missing, "")
	if uncut == 0 && !strings.Contains(missing, "1/t/0") {
		t.Errorf("%d uncut, missing %q", uncut, missing)
	}
	a, merged, _ = reduceRun(t, 400, 24, 60, func(swarm.Subtask) (swarm.Output, error) { return swarm.Output{}, errBroken })
	missing = strings.Join(a.Coverage.Missing, "")
	if len(merged) == 0 || !strings.Contains(missing, fmt.Sprintf("%d findings that the merge had no room for", 24-len(merged))) || !strings.Contains(missing, "1/t/0") {
		t.Errorf("%d merged, missing %q", len(merged), missing)
	}
}

func TestAGroupInWhichNothingBearsOnTheGoalIsDropped(t *testing.T) {
	a, merged, _ := reduceRun(t, 400, 24, 60, func(swarm.Subtask) (swarm.Output, error) { return swarm.Output{}, nil })
	if len(merged) != 0 || len(a.Coverage.Missing) != 0 {
		t.Errorf("%d merged, %q", len(merged), a.Coverage.Missing)
	}
}

func TestReducingEndsWhateverTheWorkerSays(t *testing.T) {
	for name, reduce := range map[string]func(swarm.Subtask) (swarm.Output, error){
		"long text": func(swarm.Subtask) (swarm.Output, error) { return finding("long", 5000), nil },
		"long quote": func(swarm.Subtask) (swarm.Output, error) {
			return swarm.Output{Findings: []swarm.Finding{{Text: "x [1]", Evidence: []swarm.Citation{{Source: "s", Quote: strings.Repeat("quote ", 3000)}}}}}, nil
		},
		"everything": func(st swarm.Subtask) (swarm.Output, error) {
			var f swarm.Finding
			for i := range st.From {
				for _, own := range st.From[i].Out.Findings {
					f.Text += own.Text + " "
					f.Evidence = append(f.Evidence, own.Evidence...)
				}
			}
			return swarm.Output{Findings: []swarm.Finding{f}}, nil
		},
		"short": plain,
	} {
		for _, window := range []int{1, 10, 50, 400} {
			t.Run(fmt.Sprint(name, window), func(t *testing.T) {
				a, merged, groups := reduceRun(t, window, 12, 100, reduce)
				if len(groups) > 100 {
					t.Errorf("%d groups", len(groups))
				}
				if len(merged) == 0 && len(a.Coverage.Missing) == 0 {
					t.Error("nothing was merged, and nothing is said of it")
				}
			})
		}
	}
}

func TestAReducedOutputIsCutToAQuarterOfTheWindow(t *testing.T) {
	a, merged, _ := reduceRun(t, 400, 24, 60, func(st swarm.Subtask) (swarm.Output, error) {
		out := shortening(st)
		out.Findings[0].Text = strings.Repeat("語 ", 2000)
		return out, nil
	})
	for i := range merged {
		r := &merged[i]
		if n := swarm.EstimateTokens(r.Out.Text()); r.Step.Over == swarm.Reduce && (n > 100 || n < 20) {
			t.Errorf("%d tokens", n)
		}
		if strings.ToValidUTF8(r.Out.Text(), "") != r.Out.Text() {
			t.Error("cut in the middle of a rune")
		}
	}
	for r := range a.Results() { // the result itself stays whole
		if r.Step.Over == swarm.Reduce && len(r.Out.Text()) != 8000 {
			t.Errorf("%d bytes", len(r.Out.Text()))
		}
	}
}

func TestAPartialMergeIsToldItsLimitAndWhatIsCutIsNamed(t *testing.T) {
	for _, long := range []bool{false, true} {
		var mu sync.Mutex
		limits := map[int]int{}
		var l log
		s := swarm.Swarm{Planner: script{window: 400, steps: []swarm.Step{each(numbered(60)...)}, merge: func(b swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			mu.Lock()
			limits[b.MaxOut]++
			mu.Unlock()
			for i := range rs {
				text := rs[i].Out.Text()
				if !long {
					text = text[:4]
				}
				if _, err := io.WriteString(w, text+" "); err != nil {
					return swarm.Verdict{}, err
				}
			}
			return swarm.Verdict{}, nil
		}}, Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			return finding(fmt.Sprintf("f%03d", st.Index), 10), nil
		}), Observe: l.observe}
		a, err := s.Run(t.Context(), task)
		if err != nil || limits[0] != 1 || limits[100] < 4 || len(limits) != 2 {
			t.Errorf("%v, limits %v", err, limits)
		}
		told := 0
		for _, e := range l.of(swarm.Narrowed) {
			if strings.HasPrefix(e.Text, "the end of ") {
				told++
			}
		}
		missing := fmt.Sprint(a.Coverage.Missing)
		if named := strings.Contains(missing, "reduced results, which were longer than 100 tokens: 1/reduce-1/0"); named != long || (told > 0) != long {
			t.Errorf("long %v: missing %s, %d told", long, missing, told)
		}
	}
}

func TestReducingIsNoPartOfThePlansSubtasks(t *testing.T) {
	var refused []error
	p := script{plan: func(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
		n := []int{0, 50, 5}[b.Round]
		refused = append(refused, add(swarm.Step{ID: "t", Do: fmt.Sprint("round ", b.Round), Over: swarm.Items, Items: numbered(n)}))
		return nil
	}, merge: func(b swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
		if c := b.Coverage; c.Subtasks != c.Done || c.Done > 55 {
			t.Errorf("%+v", c)
		}
		_, err := io.WriteString(w, "short")
		return swarm.Verdict{Missing: "more"}, err
	}, window: 200}
	a, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo), Limits: swarm.Limits{Subtasks: 55}}).Run(t.Context(), task)
	if c := a.Coverage; err != nil || fmt.Sprint(refused) != "[<nil> <nil>]" || c.Subtasks != 55 || c.Done != 55 || a.Report.Subtasks[swarm.Done] <= 55 {
		t.Errorf("%v %v %+v %v", err, refused, c, a.Report.Subtasks)
	}
}

func TestAReducingStepTakesAFreeName(t *testing.T) {
	w := func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Step.Over == swarm.Reduce {
			return shortening(st), nil
		}
		return finding(fmt.Sprintf("f%03d", st.Index), 60), nil
	}
	st := each(numbered(24)...)
	st.ID = "reduce-1"
	s := swarm.Swarm{Planner: script{steps: []swarm.Step{st}, window: 400}, Worker: swarm.WorkerFunc(w), Reducer: swarm.WorkerFunc(w)}
	a, err := s.Run(t.Context(), task)
	if err != nil || outcomes(a)["1/reduce-1-2/0"] != swarm.Done {
		t.Error(err, outcomes(a))
	}
}

func TestReducingMayUseTheTimeThatIsKeptForTheMerge(t *testing.T) {
	const all = 20 * time.Second
	for name, c := range map[string]struct {
		read, reduce time.Duration // of one subtask
		ends         time.Duration
	}{
		"begun after the plan's time":      {time.Second, 100 * time.Millisecond, all*4/5 + 200*time.Millisecond},
		"over the end of the plan's time":  {390 * time.Millisecond, 500 * time.Millisecond, 18600 * time.Millisecond},
		"to the end of all time, and over": {time.Second, time.Minute, all},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
					if st.Step.Over != swarm.Reduce {
						err := spend(ctx, nil, swarm.Usage{}, swarm.Usage{}, c.read)
						return finding(fmt.Sprintf("f%03d", st.Index), 60), err
					}
					return shortening(st), spend(ctx, nil, swarm.Usage{}, swarm.Usage{}, c.reduce)
				}
				p := script{steps: []swarm.Step{each(numbered(80)...)}, window: 800}
				s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(w), Reducer: swarm.WorkerFunc(w), Concurrency: 2, Budget: swarm.Budget{Time: all}}
				begin := time.Now()
				a, err := s.Run(t.Context(), task)
				if took := time.Since(begin); took != c.ends || (err != nil) != (c.ends == all) || (a.Text != "") != (c.ends < all) {
					t.Errorf("%v after %v, %+v, %q", err, took, a.Coverage, a.Text)
				}
				if c.ends < all && outcomes(a)["1/reduce-1/0"] != swarm.Done {
					t.Errorf("%v, missing %q", outcomes(a), a.Coverage.Missing)
				}
				if be, ok := errors.AsType[*swarm.BudgetError](err); c.ends == all && (!ok || be.Limit != "time") {
					t.Error(err)
				}
			})
		})
	}
}

func TestAGroupWhoseReductionFailedIsNotTriedAgain(t *testing.T) {
	for _, stubborn := range []string{"1/t/0", "1/t/30", "1/t/59"} {
		tried := 0
		_, _, groups := reduceRun(t, 400, 60, 60, func(st swarm.Subtask) (swarm.Output, error) {
			for i := range st.From {
				if st.From[i].ID() == stubborn {
					tried++
					return swarm.Output{}, errBroken
				}
			}
			out := shortening(st)
			out.Findings[0].Text += strings.Repeat("word ", 90) // so that it takes several levels
			return out, nil
		})
		if last := groups[len(groups)-1].Step.ID; tried != 1 || last == "1/reduce-1" {
			t.Errorf("%s: tried %d times, in %s at last", stubborn, tried, last)
		}
	}
}

func TestALaterRoundReducesWhatWasFoundAndNotWhatWasReduced(t *testing.T) {
	w := func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		if st.Step.Over != swarm.Reduce {
			return finding(fmt.Sprintf("%s%03d", st.Step.ID, st.Index), 60), nil
		}
		for i := range st.From {
			if strings.HasPrefix(st.Step.ID, "2/reduce-1") && st.From[i].Step.Over == swarm.Reduce {
				t.Errorf("%s reads %s", st.ID(), st.From[i].ID())
			}
		}
		return shortening(st), nil
	}
	p := script{plan: func(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
		return add(swarm.Step{ID: "t", Do: fmt.Sprint("round ", b.Round), Over: swarm.Items, Items: numbered(20)})
	}, merge: func(b swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
		cited := 0
		for i := range rs {
			for range rs[i].Out.Evidence() {
				cited++
			}
		}
		if cited != 20*b.Round {
			t.Errorf("round %d: %d citations", b.Round, cited)
		}
		return swarm.Verdict{Missing: "more"}, nil
	}, window: 1600}
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(w), Reducer: swarm.WorkerFunc(w)}
	if _, err := s.Run(t.Context(), task); err != nil {
		t.Fatal(err)
	}
}
