package observe

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// A program that serves runs without end may never be without one.
func TestProgressKeepsNothingOfEachRunThatHasEnded(t *testing.T) {
	t.Setenv("COLUMNS", "80")
	p := &progress{w: io.Discard}
	const runs = 100
	for i := range runs + 1 {
		run := fmt.Sprint(i)
		p.observe(swarm.Event{Kind: swarm.RunStarted, Run: run})
		p.observe(swarm.Event{Kind: swarm.StepAdded, Run: run, To: 10})
		p.observe(swarm.Event{Kind: swarm.SubtaskEnded, Run: run, To: 10, Outcome: swarm.Done})
		if i > 0 {
			p.observe(swarm.Event{Kind: swarm.RunEnded, Run: fmt.Sprint(i - 1), At: time.Second})
		}
	}
	if len(p.live) != 1 {
		t.Errorf("%d runs are kept, of which one is live", len(p.live))
	}
	if line := p.line(-1); !strings.Contains(line, fmt.Sprintf("%d/%[1]d", 10*(runs+1))) {
		t.Errorf("the line is %q", line)
	}
}
