package observe

import (
	"fmt"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// tally is what the progress line tells of a run.
type tally struct {
	run   string
	ended bool
	next  time.Duration // not drawn again before

	at       time.Duration
	round    int
	phase    string
	planning bool // more steps may come
	lists    int  // steps whose number of subtasks is not known
	known    int  // subtasks of the others
	done     int  // done or abstained
	failed   int  // failed or skipped
	stopped  int  // cancelled
	usage    swarm.Usage
	retries  int
}

func (t *tally) count(e *swarm.Event) {
	t.at = max(t.at, e.At)
	t.round = max(t.round, e.Round)
	switch e.Kind {
	case swarm.RunStarted:
		t.phase, t.planning = "planning", true
	case swarm.StepAdded:
		if t.phase == "planning" {
			t.phase = "working"
		}
		if e.To < 0 {
			t.lists++
		} else {
			t.known += e.To - e.Index
		}
	case swarm.StepUnfolded:
		t.lists--
		t.known += e.To - e.Index
	case swarm.PlanEnded:
		t.phase, t.planning = "working", false
	case swarm.SubtaskEnded:
		n := max(e.To-e.Index, 1)
		switch e.Outcome {
		case swarm.Failed, swarm.Skipped:
			t.failed += n
		case swarm.Cancelled:
			t.stopped += n
		default:
			t.done += n
		}
	case swarm.CallEnded:
		if e.Usage != nil {
			t.usage = t.usage.Plus(*e.Usage)
		}
	case swarm.Retrying:
		t.retries++
	case swarm.MergeStarted:
		t.phase = "merging"
	case swarm.MergeEnded:
		t.phase, t.planning = "planning", true // unless the run ends now
	case swarm.RunEnded:
		t.phase, t.planning = "done", false
		if e.Err != nil {
			t.phase = "ended with an error"
		}
	}
}

// add makes t the sum of itself and o.
func (t *tally) add(o *tally) {
	t.at = max(t.at, o.at)
	t.round = max(t.round, o.round)
	if t.phase == "" || !o.ended {
		t.phase = o.phase
	}
	t.planning = t.planning || o.planning
	t.lists += o.lists
	t.known += o.known
	t.done += o.done
	t.failed += o.failed
	t.stopped += o.stopped
	t.usage = t.usage.Plus(o.usage)
	t.retries += o.retries
}

// line tells the tally in at most width columns; negative: as many as it takes. What
// matters least is left out first. All of it is ASCII, so that bytes are
// columns.
func (t *tally) line(width int) string {
	retries := "retries"
	if t.retries == 1 {
		retries = "retry"
	}
	more := ""
	if t.planning || t.lists > 0 {
		more = "+"
	}
	parts := []struct {
		text string
		rank int // the largest is left out first
	}{
		{t.phaseText(), 3},
		{fmt.Sprintf("%d/%d%s", t.done+t.failed+t.stopped, t.known, more), 0},
		{counted(t.failed, "failed"), 1},
		{counted(t.stopped, "cancelled"), 4},
		{fmt.Sprintf("%s tokens", short(t.usage.Tokens())), 5},
		{costText(t.usage), 2},
		{counted(t.retries, retries), 6},
		{seconds(t.at), 7},
	}
	for rank := len(parts); ; rank-- {
		var kept []string
		for _, p := range parts {
			if p.rank < rank && p.text != "" {
				kept = append(kept, p.text)
			}
		}
		line := strings.Join(kept, "  ")
		if width < 0 || len(line) <= width {
			return line
		}
		if rank == 1 {
			return line[:width]
		}
	}
}

func (t *tally) phaseText() string {
	if t.round > 1 {
		return fmt.Sprintf("%s (round %d)", t.phase, t.round)
	}
	return t.phase
}

func counted(n int, what string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s", n, what)
}

// costText marks what is not the whole cost: calls that were cut before their
// usage was known, and models whose price is unknown.
func costText(u swarm.Usage) string {
	switch {
	case u.Unpriced && u.Cost == 0:
		return "cost unknown"
	case u.Unpriced || u.AtLeast:
		return ">=" + u.Cost.String()
	}
	return u.Cost.String()
}

// short writes a count in at most five characters: 950, 12.3k, 4.56M.
func short(n int) string {
	switch f := float64(n); {
	case n < 10_000:
		return fmt.Sprint(n)
	case n < 100_000:
		return fmt.Sprintf("%.1fk", f/1e3)
	case n < 1_000_000:
		return fmt.Sprintf("%.0fk", f/1e3)
	case n < 100_000_000:
		return fmt.Sprintf("%.1fM", f/1e6)
	default:
		return fmt.Sprintf("%.0fM", f/1e6)
	}
}

func seconds(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
