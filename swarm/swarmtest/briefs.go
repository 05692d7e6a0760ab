package swarmtest

import (
	"fmt"
	"strings"

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

// resultsOf makes a result for each chunk of the brief's sources, citing its
// opening words, as if the first of steps had been run over all chunks.
func resultsOf(b swarm.Brief, steps []swarm.Step) []swarm.Result {
	step := &swarm.Step{ID: "1/read", Do: "Find what the text says.", Over: swarm.Chunks}
	if len(steps) > 0 {
		first := steps[0]
		first.ID = "1/" + first.ID
		step = &first
	}
	var rs []swarm.Result
	for _, src := range b.Task.Sources {
		for k := range src.Chunks {
			c := &src.Chunks[k]
			text := strings.TrimLeft(c.Text, " \t\r\n")
			start := len(c.Text) - len(text)
			quote, _, _ := strings.Cut(text, "\n")
			cite := c.Cite(start, start+len(quote))
			cite.Verified = true
			rs = append(rs, swarm.Result{
				Step: step, Index: len(rs), Chunk: c, Attempts: 1, Outcome: swarm.Done,
				Out: swarm.Output{Findings: []swarm.Finding{{
					Text: "It is said here [1].", Evidence: []swarm.Citation{cite}, Confidence: 0.9,
				}}},
			})
		}
	}
	if len(rs) == 0 {
		rs = append(rs, swarm.Result{Step: step, Outcome: swarm.Done, Out: swarm.Say("Port 8443.")})
	}
	return rs
}

// oddResults are results that no prompt should be broken by.
func oddResults(b swarm.Brief) []swarm.Result {
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
