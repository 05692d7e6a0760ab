package main

import (
	"context"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
)

// chapters is a planner whose answer is a section for each of the first thirty
// sections of the sources.
type chapters struct{ *planner.LLM }

func (chapters) Plan(_ context.Context, b swarm.Brief, add func(swarm.Step) error) error {
	return errors.Join(
		add(swarm.Step{ID: "find", Do: "Find what the section says of types and values.", Over: swarm.Sections, Select: []string{"#3-20"}}),
		add(swarm.Step{ID: "write", Do: "Write a paragraph of what was found.", Over: swarm.Each, Of: "find", Form: swarm.FormText}))
}

func TestLongAnswerIsWrittenInSections(t *testing.T) {
	file := doc(t, "go_spec.html")
	s, err := parse([]string{"-q", "What does the specification say of types and values, section by section?", "-file", file}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	s.paced = false
	job, err := prepare(t.Context(), &s, nil, io.Discard, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	defer job.models.close()
	for name, dead := range map[string]bool{"whole": false, "a section's worker dies": true} {
		var lost string
		worker := swarm.WorkerFunc(func(ctx context.Context, st swarm.Subtask) (swarm.Output, error) {
			if dead && st.Step.ID == "1/write" && st.Index == 7 {
				lost = st.Chunk.Path
				return swarm.Output{}, errors.New("the machine is gone")
			}
			return job.models.worker.Work(ctx, st)
		})
		a, err := (&swarm.Swarm{Planner: chapters{job.models.planner}, Worker: worker, Reducer: job.models.reducer, Rounds: 1}).Run(t.Context(), swarm.Task{Goal: s.question, Sources: job.sources})
		if err != nil {
			t.Fatal(name, err)
		}
		texts := map[string]bool{} // of sections, without their references
		sections := regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringIndex(a.Text, -1)
		for i, at := range sections {
			end := len(a.Text)
			if i+1 < len(sections) {
				end = sections[i+1][0]
			}
			body := a.Text[at[1]:end]
			if texts[body] {
				t.Errorf("%s: a section is written twice: %.200s", name, body)
			}
			texts[body] = true
		}
		if len(sections) < 30 {
			t.Errorf("%s: %d sections", name, len(sections))
		}
		// Each reference leads to a quote that its paragraph holds.
		refs := 0
		for paragraph := range strings.SplitSeq(a.Text, "\n\n") {
			m := regexp.MustCompile(`^(.*) \[(\d+)\]$`).FindStringSubmatch(strings.TrimSpace(paragraph))
			if m == nil {
				continue
			}
			refs++
			n, _ := strconv.Atoi(m[2])
			if n < 1 || n > len(a.Citations) || !a.Citations[n-1].Verified || !strings.Contains(fold(a.Citations[n-1].Quote), fold(m[1])) && !strings.Contains(fold(m[1]), fold(a.Citations[n-1].Quote)) {
				t.Errorf("%s: [%d] does not show %q", name, n, m[1])
			}
		}
		if refs < 25 {
			t.Errorf("%s: %d references", name, refs)
		}
		if told := strings.Contains(a.Text, "the machine is gone"); told != dead || dead && (a.Coverage.Failed != 1 || !strings.Contains(a.Text, lost[strings.LastIndex(lost, "›")+1:])) {
			t.Errorf("%s: %d failed, %q; the answer ends %q", name, a.Coverage.Failed, lost, a.Text[max(0, len(a.Text)-300):])
		}
	}
}
