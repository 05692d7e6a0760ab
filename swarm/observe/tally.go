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
	report   swarm.Report
}

func (t *tally) count(e *swarm.Event) {
	t.at = max(t.at, e.At)
	t.round = max(t.round, e.Round)
	t.report.Add(*e)
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
	for outcome, n := range o.report.Subtasks {
		t.report.Subtasks[outcome] += n
	}
	t.report.Usage = t.report.Usage.Plus(o.report.Usage)
	t.report.Retries += o.report.Retries
}

// line tells the tally in at most width columns; negative: as many as it takes. What
// matters least is left out first. All of it is ASCII, so that bytes are
// columns.
func (t *tally) line(width int) string {
	ended, usage := &t.report.Subtasks, t.report.Usage
	retries := "retries"
	if t.report.Retries == 1 {
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
		{fmt.Sprintf("%d/%d%s", ended.Total(), t.known, more), 0},
		{counted(ended[swarm.Failed]+ended[swarm.Skipped], "failed"), 1},
		{counted(ended[swarm.Cancelled], "cancelled"), 4},
		{fmt.Sprintf("%s tokens", short(usage.Tokens())), 5},
		{costText(usage), 2},
		{counted(t.report.Retries, retries), 6},
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
