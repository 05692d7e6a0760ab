package swarm_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

func notes(n int) (sources []swarm.Source) {
	for i := range n {
		name, text := fmt.Sprintf("n%d.md", i), fmt.Sprintf("# N\n\nMeeting %d was in room %d.", i, i*i)
		sources = append(sources, swarm.Source{Name: name, Chunks: []swarm.Chunk{{Source: name, ID: name + "#1", Text: text, End: len(text), Line: 1, Path: fmt.Sprint("N ", i)}}})
	}
	return sources
}

func TestShortSourcesAreReadTogetherAndCitedApart(t *testing.T) {
	long := swarm.Source{Name: "long.md"}
	for i := range 2 {
		long.Chunks = append(long.Chunks, swarm.Chunk{Source: "long.md", ID: fmt.Sprint("long.md#", i+1), Text: "Meeting x.", Start: 20 * i, End: 20*i + 10})
	}
	for _, form := range []swarm.Form{swarm.FormFindings, swarm.FormText} {
		var calls atomic.Int32
		s := swarm.Swarm{
			Pack: 100, Rounds: 1,
			Planner: script{steps: []swarm.Step{{ID: "read", Do: "x", Over: swarm.Chunks, Form: form}}},
			Worker: swarm.WorkerFunc(func(_ context.Context, st swarm.Subtask) (out swarm.Output, err error) {
				calls.Add(1)
				for at := 0; ; {
					i := strings.Index(st.Chunk.Text[at:], "Meeting")
					if i < 0 {
						return out, nil
					}
					end := at + i + strings.IndexByte(st.Chunk.Text[at+i:], '.') + 1
					part := st.Chunk.Part(at+i, end)
					a, b := st.Chunk.Cite(at+i, end), part.Cite(0, len(part.Text))
					if a != b && form == swarm.FormFindings {
						t.Errorf("%+v, and as a part %+v", a, b)
					}
					out.Findings = append(out.Findings, swarm.Finding{Text: a.Quote, Evidence: []swarm.Citation{a}})
					at = end
				}
			}),
		}
		task := swarm.Task{Goal: "g", Sources: append(notes(30), long)}
		a, err := s.Run(t.Context(), task)
		if err != nil || a.Coverage.ChunksRead != 32 {
			t.Fatal(err, a.Coverage)
		}
		if n := calls.Load(); form == swarm.FormText && n != 32 || form == swarm.FormFindings && (n < 4 || n > 7) {
			t.Errorf("%v: %d calls", form, n)
		}
		cited := 0
		for r := range a.Results() {
			for c := range r.Out.Evidence() {
				cited++
				for _, src := range task.Sources {
					if src.Name == c.Source && src.Name != "long.md" && (src.Chunks[0].Text[c.Start:c.End] != c.Quote || c.Chunk != src.Chunks[0].ID || c.Line != 3 || c.Path != src.Chunks[0].Path) {
						t.Errorf("%+v", c)
					}
				}
			}
		}
		if cited != 32 {
			t.Errorf("%d citations", cited)
		}
	}
}
