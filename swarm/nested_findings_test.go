package swarm_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

func TestANestedSwarmLeadsBackByFinding(t *testing.T) {
	cite := func(quote string) swarm.Citation {
		return swarm.Citation{Source: "doc", Chunk: "doc#1", Quote: quote, Line: len(quote), Verified: true}
	}
	from := []swarm.Result{
		{Out: swarm.Output{Findings: []swarm.Finding{
			{Text: "The rent is 5.", Evidence: []swarm.Citation{cite("rent: 5")}},
			{Text: "It is due on day 1.", Evidence: []swarm.Citation{cite("due: 1")}},
			{Text: "Of a pet nothing is said."},
		}}},
		{Out: swarm.Output{Findings: []swarm.Finding{{Text: "The deposit is 9 [1], or 8 [2].", Evidence: []swarm.Citation{cite("deposit: 9"), cite("deposit: 8")}}}}},
	}
	verdict := swarm.Verdict{}
	inner := swarm.Swarm{Rounds: 1, Worker: swarm.WorkerFunc(sentences), Planner: script{
		steps: []swarm.Step{{ID: "r", Do: "read", Over: swarm.Chunks}},
		merge: func(_ swarm.Brief, rs []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			for i := range rs {
				for c := range rs[i].Out.Evidence() {
					c := *c
					c.Verified = true
					verdict.Citations = append(verdict.Citations, c)
				}
			}
			return verdict, writeAnswer(w, "[1] to [4]")
		},
	}}
	chunk := swarm.Chunk{Source: "doc", ID: "result-1#2", Text: "As it stands.", End: 13}
	out, err := inner.Work(t.Context(), swarm.Subtask{Step: &swarm.Step{ID: "1/a", Do: "Sum up."}, Chunk: &chunk, From: from})
	if err != nil || len(out.Findings) != 1 {
		t.Fatal(err, out)
	}
	var got []string
	for c := range out.Evidence() {
		got = append(got, fmt.Sprint(c.Source, " ", c.Quote, " ", c.Line, " ", c.Verified))
	}
	want := []string{
		"doc As it stands. 0 true", "doc rent: 5 7 true", "doc due: 1 6 true", "inner-result-1 Of a pet nothing is said. 0 false", "doc deposit: 9 10 true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if verdict.Citations[1].Quote != "The rent is 5." || !verdict.Citations[3].Verified {
		t.Errorf("the planner's citations were changed: %+v", verdict.Citations)
	}
}

func TestANestedSwarmsListIsAFindingAnItem(t *testing.T) {
	for text, want := range map[string][]string{
		` ["a", "b \"c\"", "ü"] `:          {"a", `b "c"`, "ü"},
		`[1, {"k": "v"}, null, ["x"]]`:     {"1", `{"k": "v"}`, "null", `["x"]`},
		"one\r\n\n  two \nthree":           {"one", "two", "three"},
		"only":                             {"only"},
		"[1] says so\n[2] does not":        {"[1] says so", "[2] does not"},
		"null":                             {"null"},
		"[]":                               nil,
		" \n":                              nil,
		"[\"a\",\n\"b\"]\nand that is all": {`["a",`, `"b"]`, "and that is all"},
	} {
		inner := swarm.Swarm{Rounds: 1, Worker: swarm.WorkerFunc(echo), Planner: script{steps: []swarm.Step{items(1)}, merge: func(_ swarm.Brief, _ []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
			return swarm.Verdict{}, writeAnswer(w, text)
		}}}
		step := swarm.Step{ID: "1/l", Do: "List.", Form: swarm.FormList}
		out, err := inner.Work(t.Context(), swarm.Subtask{Step: &step})
		var got []string
		for _, f := range out.Findings {
			got = append(got, f.Text)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %q, want %q", text, err, got, want)
		}
		step.Must = true
		if _, err := inner.Work(t.Context(), swarm.Subtask{Step: &step}); (err == nil) != (want != nil) {
			t.Errorf("%q, where it must find something: %v", text, err)
		}
	}
}
