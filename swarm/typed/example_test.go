package typed_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/typed"
)

type Ticket struct {
	ID   int    `json:"id"`
	Text string `json:"text"`
}

type Label struct {
	Topic  string `json:"topic" enum:"billing,fault,other" jsonschema:"what the ticket is about"`
	Urgent bool   `json:"urgent"`
}

func ExampleMap() {
	tickets := []Ticket{{1, "I was billed twice!"}, {2, "The screen stays black."}}
	// Any worker will do, such as a workers.Pool; this one is a plain function.
	worker := swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		if strings.Contains(st.Item, "billed") {
			return swarm.Say(`{"topic": "billing", "urgent": true}`), nil
		}
		return swarm.Say(`{"topic": "fault", "urgent": false}`), nil
	})
	for r, err := range typed.Map[Ticket, Label](context.Background(), worker, slices.Values(tickets), "Label the ticket.", typed.InOrder()) {
		if err != nil {
			fmt.Println("the run ended early:", err)
			break
		}
		fmt.Println(r.In.ID, r.Out.Topic, r.Out.Urgent, r.Err)
	}
	// Output:
	// 1 billing true <nil>
	// 2 fault false <nil>
}

// The records of any step follow a Go type, by its schema.
func ExampleDecode() {
	schema, err := typed.Schema[Label]()
	if err != nil {
		fmt.Println(err)
		return
	}
	s := swarm.Swarm{
		Planner: planner.Fixed{Steps: []swarm.Step{{ID: "label", Do: "Label it.", Over: swarm.Items, Items: []string{"The screen stays black."}, Schema: schema}}},
		Worker: swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) { // or a workers.Pool
			return swarm.Say(`{"topic": "fault", "urgent": true}`), nil
		}),
	}
	a, err := s.Run(context.Background(), swarm.Task{Goal: "Label the tickets."})
	for r := range a.Results() {
		label, wrong := typed.Decode[Label](r)
		fmt.Println(label.Topic, label.Urgent, wrong, err)
	}
	// Output: fault true <nil> <nil>
}
