package mock_test

import (
	"context"
	"fmt"

	"github.com/db31e724/go-swarm/mock"
)

func ExampleSmallBrain() {
	reply, err := mock.SmallBrain(context.Background(), mock.Request{Messages: []mock.Message{{
		Role:    "user",
		Content: "Question: How many metres deep is the lake?\n\nText:\n---\nLake Orn lies at the foot of the hills. It is 41 metres deep. Swimming is allowed.\n---",
	}}})
	fmt.Println(reply.Text, err)
	// Output: It is 41 metres deep. <nil>
}

func ExampleLargeBrain() {
	reply, err := mock.LargeBrain(context.Background(), mock.Request{Messages: []mock.Message{{
		Role:    "user",
		Content: "Question: How deep is Lake Orn?\n\nFindings:\n[1] a.txt: \"Buses to the hills leave at noon.\"\n[2] b.txt: \"Lake Orn is 41 metres deep.\"\n",
	}}})
	fmt.Println(reply.Text, err)
	// Output: Lake Orn is 41 metres deep. [2] <nil>
}
