package swarm_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

func TestCoverageNamesEmptyFailedAndUnreadChunks(t *testing.T) {
	read := []string{"found", "none", "none", "fail", "fail", "none or found", "fail or none", "", ""}
	a := mustRun(t, func(_ context.Context, st swarm.Subtask) (swarm.Output, error) {
		first, second, twice := strings.Cut(st.Chunk.Text, " or ")
		if twice && st.Step.ID == "1/again" {
			first = second
		}
		switch first {
		case "fail":
			return swarm.Output{}, errBroken
		case "none":
			return swarm.Output{}, nil
		}
		return swarm.Say(first), nil
	}, swarm.Task{Goal: "g", Sources: []swarm.Source{sourceOf("doc", read...)}},
		swarm.Step{ID: "r", Do: "read", Over: swarm.Chunks, Select: []string{"doc#1-7"}},
		swarm.Step{ID: "again", Do: "read again", Over: swarm.Chunks, Select: []string{"doc#1-7"}})
	c := a.Coverage
	if c.ChunksRead != 5 || c.ChunksKnown != 9 || !slices.Equal(c.Unread, []string{"doc#4 to doc#5", "doc#8 to doc#9"}) ||
		!slices.Equal(c.FailedChunks, []string{"doc#4 to doc#5"}) || !slices.Equal(c.Empty, []string{"doc#2 to doc#3", "doc#7"}) {
		t.Errorf("%+v", c)
	}
}

func TestRunsOfChunksPastTheMostAreCounted(t *testing.T) {
	texts := slices.Repeat([]string{"found", "none"}, 40)
	a := mustRun(t, echo, swarm.Task{Goal: "g", Sources: []swarm.Source{sourceOf("doc", texts...)}}, swarm.Step{ID: "r", Do: "read", Over: swarm.Chunks})
	if e := a.Coverage.Empty; len(e) != 33 || e[31] != "doc#64" || e[32] != "and 8 chunks more" || a.Coverage.Unread != nil || a.Coverage.FailedChunks != nil {
		t.Errorf("%+v", a.Coverage)
	}
}
