package planner

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

func TestFixedPlansOnceAndMergesTexts(t *testing.T) {
	f := Fixed{Steps: []swarm.Step{{ID: "a", Do: "x"}, {ID: "b", Do: "y", Needs: []string{"a"}}}}
	a := &adder{}
	for round := 1; round <= 2; round++ {
		if err := f.Plan(t.Context(), swarm.Brief{Round: round}, a.add); err != nil || a.ids() != " a b" {
			t.Errorf("round %d: %q, %v", round, a.ids(), err)
		}
	}
	rs := found("one", "see [1]")
	sum := found("x")[0]
	sum.Step = &swarm.Step{ID: "1/b", Over: swarm.Once, Needs: []string{"1/a"}}
	sum.Out = swarm.Output{Findings: []swarm.Finding{{Text: "both [1]", Evidence: rs[1].Out.Findings[0].Evidence}}}
	rs = append(rs, sum, swarm.Result{Step: sum.Step, Out: swarm.Say("no citation")})
	var b swarm.AnswerWriter
	v, err := f.Merge(t.Context(), swarm.Brief{}, rs, &b)
	want := "one [1]\n\nsee \\[1] [2]\n\nboth [2]\n\nno citation\n"
	if err != nil || b.String() != want || len(v.Citations) != 2 || v.Missing != "" {
		t.Errorf("%q, %+v, %v", b.String(), v, err)
	}
}

func TestFixedKeepsTheCitationsOfEveryResult(t *testing.T) {
	for _, over := range []swarm.Over{swarm.Chunks, swarm.Each, swarm.Once} {
		var rs []swarm.Result
		for i, text := range []string{"Use `foo", "plain", "```go\nx := 1", "the ` key", "last", "a ``` fence"} {
			rs = append(rs, swarm.Result{Step: &swarm.Step{ID: "1/a", Over: over}, Index: i, Out: swarm.Output{Findings: []swarm.Finding{{
				Text:     text,
				Evidence: []swarm.Citation{{Source: "s", Start: i, End: i + 1, Quote: text}},
			}}}})
		}
		var b swarm.AnswerWriter
		v, err := Fixed{}.Merge(t.Context(), swarm.Brief{}, rs, &b)
		want := "Use `foo\n[1]\n\nplain [2]\n\n```go\nx := 1\n```\n[3]\n\nthe ` key\n[4]\n\nlast [5]\n\na ``` fence\n[6]\n"
		if err != nil || len(v.Citations) != len(rs) || b.String() != want {
			t.Errorf("%v: %q, %d citations, %v", over, b.String(), len(v.Citations), err)
		}
	}
}

func TestFixedZeroValueWritesNothing(t *testing.T) {
	var b swarm.AnswerWriter
	v, err := Fixed{}.Merge(t.Context(), swarm.Brief{}, nil, &b)
	if err != nil || b.String() != "" || v.Missing != "" {
		t.Errorf("%q, %+v, %v", b.String(), v, err)
	}
}

func TestFixedReturnsErrorsOfAddAndOfTheWriter(t *testing.T) {
	f := Fixed{Steps: []swarm.Step{{ID: "a"}}}
	if err := f.Plan(t.Context(), swarm.Brief{Round: 1}, (&adder{}).add); err == nil {
		t.Error("a refused step went unnoticed")
	}
	full := errors.New("full")
	_, err := f.Merge(t.Context(), swarm.Brief{}, found("one"), swarm.NewAnswerWriter(func(string, bool) error { return full }))
	if !errors.Is(err, full) {
		t.Error(err)
	}
}

// A plan that is written down, run by plain functions: no model takes part.
func ExampleFixed() {
	s := swarm.Swarm{
		Planner: Fixed{
			Steps: []swarm.Step{{ID: "square", Do: "square the number", Over: swarm.Items, Items: []string{"2", "3", "4"}}},
			Into: func(_ context.Context, _ swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
				for _, r := range results {
					fmt.Fprintln(w, r.Out.Text())
				}
				return swarm.Verdict{}, nil
			},
		},
		Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
			var n int
			_, err := fmt.Sscan(st.Item, &n)
			return swarm.Say(fmt.Sprint(n * n)), err
		}),
	}
	answer, err := s.Run(context.Background(), swarm.Task{Goal: "squares"})
	if err != nil {
		fmt.Println(err)
	}
	fmt.Print(answer.Text)
	// Output:
	// 4
	// 9
	// 16
}

func TestFixedWritesEachFindingWithItsOwnNumbers(t *testing.T) {
	cite := func(quote string) []swarm.Citation { return []swarm.Citation{{Source: "s", Quote: quote}} }
	step := &swarm.Step{ID: "1/a", Over: swarm.Chunks}
	rs := []swarm.Result{
		{Step: step, Out: swarm.Output{Findings: []swarm.Finding{
			{Text: "one", Evidence: cite("1")}, {Text: "two", Evidence: append(cite("2"), cite("1")...)}, {Text: "bare"},
		}}},
		{Step: step, Out: swarm.Output{}},
		{Step: step, Out: swarm.Output{Findings: []swarm.Finding{{Text: "three", Evidence: cite("3")}}}},
	}
	var b swarm.AnswerWriter
	v, err := Fixed{}.Merge(t.Context(), swarm.Brief{}, rs, &b)
	if want := "one [1]\n\ntwo [2, 1]\n\nbare\n\nthree [3]\n"; err != nil || b.String() != want || len(v.Citations) != 3 || v.Citations[2].Quote != "3" {
		t.Errorf("%q, %+v, %v", b.String(), v, err)
	}
}
