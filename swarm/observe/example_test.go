package observe_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/observe"
)

func ExampleProgress() {
	events := []swarm.Event{
		{Kind: swarm.RunStarted, Run: "r1"},
		{Kind: swarm.StepAdded, Run: "r1", Step: "1/read", To: 200},
		{Kind: swarm.PlanEnded, Run: "r1", At: time.Second},
		{Kind: swarm.SubtaskEnded, Run: "r1", At: 7 * time.Second, To: 150, Outcome: swarm.Done},
		{Kind: swarm.SubtaskEnded, Run: "r1", At: 9 * time.Second, Index: 150, To: 200, Outcome: swarm.Abstained},
		{Kind: swarm.RunEnded, Run: "r1", At: 9500 * time.Millisecond},
	}
	show := observe.Progress(os.Stdout) // as swarm.Swarm.Observe
	for _, e := range events {
		show(e)
	}
	// Output:
	// working  0/200  0 tokens  $0.00  1.0s
	// working  150/200  0 tokens  $0.00  7.0s
	// done  200/200  0 tokens  $0.00  9.5s
}

func ExampleZap() {
	s := swarm.Swarm{Observe: observe.Zap(zap.NewExample())}
	s.Observe(swarm.Event{Kind: swarm.StepAdded, Run: "r1", Round: 1, Step: "1/read", To: 200, Text: "Find the price."})
	// Output:
	// {"level":"info","msg":"step-added","run":"r1","at":"0s","round":1,"step":"1/read","text_bytes":15,"index":0,"to":200}
}

func ExampleTee() {
	var lines bytes.Buffer
	s := swarm.Swarm{Observe: observe.Tee(
		observe.JSON(&lines),
		func(e swarm.Event) {
			if e.Kind == swarm.AnswerText {
				fmt.Print(e.Text)
			}
		},
	)}
	s.Observe(swarm.Event{Kind: swarm.AnswerText, Run: "r1", Text: "Forty-two.\n"})
	fmt.Println(strings.Count(lines.String(), "\n"), "line of JSON")
	// Output:
	// Forty-two.
	// 1 line of JSON
}
