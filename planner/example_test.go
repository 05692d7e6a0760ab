package planner_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// scripted stands in for a model server: it gives the replies in order.
func scripted(replies ...mock.Reply) model.Backend {
	server := mock.NewHandler(mock.Config{Models: []mock.Model{{ID: "large", Brain: mock.Script(replies...)}}})
	return model.Backend{Model: "large", BaseURL: "http://mock/v1", Client: &http.Client{Transport: server.Transport()}}
}

// Each step is handed over as soon as the model has written it. The first
// reply's second step is refused here, and the model mends it.
func ExampleLLM_Plan() {
	l, err := planner.New(planner.Config{Backends: []model.Backend{scripted(
		mock.Reply{Text: `{"steps":[
			{"id":"find","over":"chunks","do":"find every date","level":0,"select":[],"where":[],"widen":false,"context":[],"goal":"","fields":[],"note":""},
			{"id":"sum","over":"once","do":"","lookup":0,"select":[],"needs":["find"],"output":"findings","fields":[],"note":""}]}`},
		mock.Reply{Text: `{"steps":[{"id":"sum","over":"once","do":"sort the dates","lookup":0,"select":[],"needs":["find"],"output":"findings","fields":[],"note":""}]}`},
	)}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	err = l.Plan(context.Background(), swarm.Brief{Round: 1, Task: swarm.Task{Goal: "Which dates are named?"}}, func(s swarm.Step) error {
		if s.Do == "" {
			return &swarm.PlanError{Step: s.ID, Field: "do", Mend: "is empty"}
		}
		fmt.Printf("%s: %s (%s)\n", s.ID, s.Do, s.Over)
		return nil
	})
	fmt.Println(err)
	// Output:
	// find: find every date (chunks)
	// sum: sort the dates (once)
	// <nil>
}

// The answer is written as it comes; its numbers are those of the verdict's
// citations.
func ExampleLLM_Merge() {
	l, err := planner.New(planner.Config{Backends: []model.Backend{scripted(
		mock.Reply{Text: `{"work":"","answer":"The rent is due on the 1st [2].","status":"answered","missing":""}`},
	)}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	step := &swarm.Step{ID: "1/find", Do: "find when the rent is due", Over: swarm.Chunks}
	var results []swarm.Result
	for _, quote := range []string{"The roof is new.", "Rent is due on the 1st."} {
		results = append(results, swarm.Result{Step: step, Outcome: swarm.Done, Out: swarm.Output{Findings: []swarm.Finding{{
			Text:     quote,
			Evidence: []swarm.Citation{{Source: "lease", Quote: quote, Verified: true}},
		}}}})
	}
	answer := swarm.NewAnswerWriter(func(text string, _ bool) error {
		_, err := fmt.Print(text)
		return err
	})
	verdict, err := l.Merge(context.Background(), swarm.Brief{Round: 1, Task: swarm.Task{Goal: "When is the rent due?"}}, results, answer)
	fmt.Println()
	fmt.Println(verdict.Missing == "", verdict.Citations[0].Quote, err)
	// Output:
	// The rent is due on the 1st [1].
	// true Rent is due on the 1st. <nil>
}
