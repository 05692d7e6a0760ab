package typed_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
