package swarmtest

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/db31e724/go-swarm/swarm"
)

// ownBrief is a first round about a source of three chunks, with an outline.
func ownBrief() swarm.Brief {
	src := swarm.Source{Name: "manual.md"}
	at := 0
	for i, p := range []struct{ path, text string }{
		{"Manual › Network", "The service listens on port 8443.\n"},
		{"Manual › Duties", "Only an operator may change the port.\n"},
		{"Manual › History", "The manual was first printed in 1998.\n"},
	} {
		end := at + len(p.text)
		src.Chunks = append(src.Chunks, swarm.Chunk{
			Source: src.Name, ID: fmt.Sprintf("%s#%d", src.Name, i), Path: p.path, Text: p.text, Start: at, End: end,
		})
		src.Outline += p.path + "\n"
		at = end
	}
	return swarm.Brief{
		Run: "r1", Round: 1, Window: 24_000,
		Task: swarm.Task{Goal: goal, Sources: []swarm.Source{src}},
	}
}

// carryOut lets an engine carry out the steps, with workers that echo what they read.
// It returns what a merge is given then, and what the engine answers to steps that it
// does not accept.
func carryOut(steps []swarm.Step, task swarm.Task) (found []swarm.Result, refused []error) {
	p := &Planner{Rounds: []Round{{Steps: steps}}}
	task.Goal = cmp.Or(task.Goal, goal)
	engine := swarm.Swarm{Planner: p, Rounds: 1, Worker: &Worker{}}
	engine.Run(context.Background(), task)
	return slices.Concat(p.Merged()...), p.Refused()
}

// oddResults are results that no prompt should be broken by.
func oddResults() []swarm.Result {
	step := &swarm.Step{ID: "1/odd", Do: "Say something.", Over: swarm.Items}
	outs := []swarm.Output{
		{},
		swarm.Say(`["a","b"]`),
		{Findings: []swarm.Finding{{Text: "See [7] and [0] and [-1] and [1, 2]."}}, Doubts: []string{"it cites what is not there"}},
		{Findings: []swarm.Finding{{Text: "The text is\ncalled [1].", Evidence: []swarm.Citation{{Source: "gone.md", Chunk: "gone.md#0", End: 3, Quote: "abc"}}}}},
	}
	for _, t := range texts {
		if len(t.text) < 10_000 { // the window of a merge is kept by the engine
			outs = append(outs, swarm.Say(t.text))
		}
	}
	rs := make([]swarm.Result, len(outs))
	for i, out := range outs {
		rs[i] = swarm.Result{Step: step, Index: i, Outcome: swarm.Done, Out: out}
	}
	return rs
}
