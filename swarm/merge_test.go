package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/db31e724/go-swarm/swarm"
)

func TestMergeSeesOnlyWhatWasFound(t *testing.T) {
	p := script{
		steps: []swarm.Step{each("a", "none", "fail", "d"), {ID: "used", Do: "used"}, {ID: "user", Do: "user", Needs: []string{"used"}}},
		merge: func(b swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			if c := b.Coverage; c.Abstained != 1 || c.Failed != 1 || c.Done != 4 || c.Subtasks != 6 {
				t.Errorf("%+v", c)
			}
			return swarm.Verdict{Citations: []swarm.Citation{{Source: "s"}}}, writeAll(w, rs)
		},
	}
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}
	a, err := s.Run(t.Context(), task)
	if err != nil || a.Text != "1/t/0 a\n1/t/3 d\n1/user/0 <>\n" || a.Complete || len(a.Citations) != 1 {
		t.Errorf("%v %q", err, a.Text)
	}
}

func TestIfAllFailedTheFirstFailureIsTheErrorAndNoMergeIsMade(t *testing.T) {
	p := script{steps: []swarm.Step{each("fail 1", "fail 2")}, merge: func(swarm.Brief, []swarm.Result, *swarm.AnswerWriter) (swarm.Verdict, error) {
		t.Error("merged")
		return swarm.Verdict{}, nil
	}}
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}
	a, err := s.Run(t.Context(), task)
	e, ok := errors.AsType[*swarm.SubtaskError](err)
	if !ok || e.ID != "1/t/0" || !errors.Is(err, errBroken) || a.Coverage.Failed != 2 || a.Text != "" {
		t.Errorf("%v %+v", err, a.Coverage)
	}
}

func TestIfAllAbstainedThePlannerSaysSo(t *testing.T) {
	p := script{steps: []swarm.Step{each("none 1", "none 2", "fail")}, merge: func(b swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
		_, err := fmt.Fprintf(w, "%d of %d: nothing", len(rs), b.Coverage.Abstained)
		return swarm.Verdict{}, err
	}}
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}
	a, err := s.Run(t.Context(), task)
	if err != nil || a.Text != "0 of 2: nothing" {
		t.Errorf("%v %q", err, a.Text)
	}
}

// everyRound plans one step a round and merges by a function of the round.
func everyRound(merge func(round int, w *swarm.AnswerWriter) (swarm.Verdict, error)) script {
	return script{
		plan: func(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
			return add(swarm.Step{ID: "a", Do: fmt.Sprint("round ", b.Round)})
		},
		merge: func(b swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			return merge(b.Round, w)
		},
	}
}

func TestRoundsAreBounded(t *testing.T) {
	for rounds, want := range map[int]int{0: 2, 1: 1, 3: 3} {
		p := everyRound(func(round int, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			_, err := fmt.Fprintf(w, "text %d", round)
			return swarm.Verdict{Missing: "still more"}, err
		})
		s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo), Rounds: rounds}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Rounds != want || a.Report.Rounds != want || a.Complete || a.Text != fmt.Sprint("text ", want) {
			t.Errorf("%d: %v %+v", rounds, err, a)
		}
	}
}

func TestALaterRoundWithoutAStepEndsTheRun(t *testing.T) {
	p := script{steps: []swarm.Step{each("x")}, merge: func(_ swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
		_, err := io.WriteString(w, "so far")
		return swarm.Verdict{Missing: "more"}, err
	}}
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo), Rounds: 5}
	a, err := s.Run(t.Context(), task)
	if err != nil || a.Text != "so far" || a.Complete || !strings.Contains(strings.Join(a.Coverage.Missing, ""), "no further step") {
		t.Errorf("%v %+v", err, a)
	}
}

func TestALaterMergeThatBreaksOffKeepsTheTextBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, how := range []string{"error", "cancel"} {
			ctx, cancel := context.WithCancelCause(t.Context())
			p := everyRound(func(round int, w *swarm.AnswerWriter) (swarm.Verdict, error) {
				if round == 1 {
					_, err := io.WriteString(w, "first [1]")
					return swarm.Verdict{Missing: "more", Citations: []swarm.Citation{{Source: "one"}}}, err
				}
				_, _ = io.WriteString(w, "half of the secon")
				if how == "cancel" {
					cancel(errBroken)
				}
				return swarm.Verdict{Citations: []swarm.Citation{{Source: "two"}}}, errBroken
			})
			var shown string
			s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo), Observe: show(&shown)}
			a, err := s.Run(ctx, task)
			if a.Text != "first [1]" || a.Citations[0].Source != "one" || shown != a.Text {
				t.Errorf("%s: %q, shown %q, %v", how, a.Text, shown, a.Citations)
			}
			if how == "error" && (err != nil || !strings.Contains(strings.Join(a.Coverage.Missing, ""), "broke off: broken")) {
				t.Errorf("%v %+v", err, a.Coverage)
			}
			if how == "cancel" && !errors.Is(err, errBroken) {
				t.Error(err)
			}
			cancel(nil)
		}
	})
}

func TestAMergeThatBreaksOffKeepsItsTextsCitations(t *testing.T) {
	p := everyRound(func(_ int, w *swarm.AnswerWriter) (swarm.Verdict, error) {
		_, _ = io.WriteString(w, "The rent is 5 [1] and")
		return swarm.Verdict{Missing: "the rest", Citations: []swarm.Citation{{Source: "lease"}}}, errBroken
	})
	a, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}).Run(t.Context(), task)
	if !errors.Is(err, errBroken) || a.Complete || a.Text != "The rent is 5 [1] and" || len(a.Citations) != 1 || a.Citations[0].Source != "lease" {
		t.Errorf("%v %+v", err, a)
	}
}

// show is an observer that shows the answer as a person sees it.
func show(text *string) func(swarm.Event) {
	return func(e swarm.Event) {
		if e.Kind != swarm.AnswerText {
			return
		}
		if e.Reset {
			*text = ""
		}
		*text += e.Text
	}
}

func TestThePiecesOfAnAnswerMakeItsTextAndSplitNoRune(t *testing.T) {
	const text = "a é 語 😀 \xff\xfe z 語"
	for _, cut := range []int{1, 2, 3, 5} {
		for _, tail := range []string{"", "\xe8\xaa", "\xf0\x9f\x98"} { // an end in the middle of a rune
			p := script{steps: []swarm.Step{each("x")}, merge: func(_ swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
				if _, err := io.WriteString(w, "taken back"); err != nil {
					return swarm.Verdict{}, err
				}
				w.Reset()
				for rest := text + tail; rest != ""; {
					n := min(cut, len(rest))
					if k, err := io.WriteString(w, rest[:n]); k != n || err != nil {
						return swarm.Verdict{}, fmt.Errorf("%d of %d: %w", k, n, err)
					}
					rest = rest[n:]
				}
				return swarm.Verdict{}, nil
			}}
			var shown string
			see := show(&shown)
			s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo), Observe: func(e swarm.Event) {
				if e.Kind == swarm.AnswerText && strings.ToValidUTF8(e.Text, "") != e.Text {
					t.Errorf("cut %d: piece %q", cut, e.Text)
				}
				see(e)
			}}
			a, err := s.Run(t.Context(), task)
			if err != nil || shown != a.Text || strings.ToValidUTF8(a.Text, "") != a.Text {
				t.Errorf("cut %d: %v, shown %q, text %q", cut, err, shown, a.Text)
			}
			if !strings.HasPrefix(a.Text, "a é 語 😀 �") || !strings.Contains(a.Text, " z 語") {
				t.Errorf("cut %d: %q", cut, a.Text)
			}
		}
	}
}

func TestTheWriterIsClosedOnceMergeHasReturned(t *testing.T) {
	var kept []*swarm.AnswerWriter
	p := everyRound(func(round int, w *swarm.AnswerWriter) (swarm.Verdict, error) {
		for _, old := range kept {
			_, err := io.WriteString(old, "late")
			if err == nil {
				t.Error("a writer of an earlier round still writes")
			}
			old.Reset()
		}
		kept = append(kept, w)
		_, err := fmt.Fprint(w, "round ", round)
		return swarm.Verdict{Missing: "more"}, err
	})
	s := swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}
	a, err := s.Run(t.Context(), task)
	if err != nil || a.Text != "round 2" {
		t.Errorf("%v %q", err, a.Text)
	}
	for _, w := range kept {
		if _, err := io.WriteString(w, "late"); !errors.Is(err, io.ErrClosedPipe) {
			t.Error(err)
		}
	}
}

func TestAnswerIsNotCompleteWhereSubtasksFailed(t *testing.T) {
	for failing, complete := range map[int]bool{0: true, 1: false, 9: false} {
		s := swarm.Swarm{
			Planner: script{steps: []swarm.Step{items(10)}}, Rounds: 1,
			Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
				if st.Index < failing {
					return swarm.Output{}, errors.New("no")
				}
				return swarm.Say("x"), nil
			}),
		}
		if a, err := s.Run(t.Context(), task); err != nil || a.Complete != complete {
			t.Errorf("%d of 10 failed: complete %v, %v", failing, a.Complete, err)
		}
	}
}

func TestAnAnswerHasTheStatusOfItsLastMergeThatEndedWell(t *testing.T) {
	for name, c := range map[string]struct {
		merges   []swarm.Verdict
		broken   int // the merge that fails, from 1
		rounds   int
		want     swarm.Status
		complete bool
	}{
		"answered":                  {[]swarm.Verdict{{}}, 0, 1, swarm.Answered, true},
		"answered, lacking a thing": {[]swarm.Verdict{{Missing: "x"}, {Missing: "x"}}, 0, 2, swarm.Answered, false},
		"partly":                    {[]swarm.Verdict{{Status: swarm.Partly}}, 0, 1, swarm.Partly, false},
		"not in the texts":          {[]swarm.Verdict{{Status: swarm.NotInTexts}}, 0, 1, swarm.NotInTexts, false},
		"more, then answered":       {[]swarm.Verdict{{Status: swarm.ReadMore, Missing: "x"}, {}}, 0, 2, swarm.Answered, true},
		"more, and no more rounds":  {[]swarm.Verdict{{Status: swarm.ReadMore, Missing: "x"}, {Status: swarm.ReadMore, Missing: "y"}}, 0, 2, swarm.ReadMore, false},
		"no merge ended well":       {[]swarm.Verdict{{}}, 1, 1, swarm.ReadMore, false},
		"the second broke off":      {[]swarm.Verdict{{Status: swarm.Partly, Missing: "x"}, {}}, 2, 2, swarm.Partly, false},
	} {
		p := everyRound(func(round int, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			if round == c.broken {
				return c.merges[round-1], errBroken
			}
			return c.merges[round-1], writeAnswer(w, "text")
		})
		a, err := (&swarm.Swarm{Planner: p, Worker: swarm.WorkerFunc(echo)}).Run(t.Context(), task)
		if a.Status != c.want || a.Complete != c.complete || a.Rounds != c.rounds || (err != nil) != (c.broken == 1) {
			t.Errorf("%s: %v, complete %v, %d rounds, %v", name, a.Status, a.Complete, a.Rounds, err)
		}
	}
	if a, err := (&swarm.Swarm{}).Run(t.Context(), task); err == nil || a.Status != swarm.ReadMore {
		t.Errorf("a run that is not valid: %v, %v", a.Status, err)
	}
}
