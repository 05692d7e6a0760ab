package observe

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// tally is what the progress line tells of the runs that overlap: their sum.
type tally struct {
	live   map[string]bool // runs that have not ended: whether more steps may come
	at     time.Duration
	round  int
	phase  string // of the run that was heard of last
	lists  int    // steps whose number of subtasks is not known
	known  int    // subtasks of the others
	report swarm.Report
}

// count adds an event. It returns false for one of a run whose start was not
// seen, or that has ended.
func (t *tally) count(e *swarm.Event) bool {
	if e.Kind == swarm.RunStarted && len(t.live) == 0 {
		*t = tally{live: map[string]bool{}}
	}
	planning, live := t.live[e.Run]
	if !live && e.Kind != swarm.RunStarted {
		return false
	}
	t.at = max(t.at, e.At)
	t.round = max(t.round, e.Round)
	t.report.Add(*e)
	switch e.Kind {
	case swarm.RunStarted, swarm.MergeEnded: // unless the run ends now
		t.phase, t.live[e.Run] = "planning", true
	case swarm.StepAdded:
		if planning {
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
		t.phase, t.live[e.Run] = "working", false
	case swarm.MergeStarted:
		t.phase = "merging"
	case swarm.RunEnded:
		delete(t.live, e.Run)
		t.phase = "done"
		if e.Err != nil {
			t.phase = "ended with an error"
		}
	}
	return true
}

// line tells the tally in at most width columns; negative: as many as it takes. What
// has no room is left out at the end. All of it is ASCII, so that bytes are columns.
func (t *tally) line(width int) string {
	ended, usage := &t.report.Subtasks, t.report.Usage
	phase := t.phase
	if t.round > 1 {
		phase += fmt.Sprintf(" (round %d)", t.round)
	}
	retries := "retries"
	if t.report.Retries == 1 {
		retries = "retry"
	}
	more := ""
	if t.lists > 0 || slices.Contains(slices.Collect(maps.Values(t.live)), true) {
		more = "+"
	}
	line := strings.Join(slices.DeleteFunc([]string{
		phase,
		fmt.Sprintf("%d/%d%s", ended.Total(), t.known, more),
		counted(ended[swarm.Failed]+ended[swarm.Skipped], "failed"),
		counted(ended[swarm.Cancelled], "cancelled"),
		fmt.Sprintf("%s tokens", short(usage.Tokens())),
		costText(usage),
		counted(t.report.Retries, retries),
		seconds(t.at),
	}, func(part string) bool { return part == "" }), "  ")
	if width < 0 || len(line) <= width {
		return line
	}
	return line[:max(0, strings.LastIndex(line[:width], "  "))]
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

// short writes a count in few characters: 950, 12.3k, 4.6M.
func short(n int) string {
	switch f := float64(n); {
	case n < 10_000:
		return fmt.Sprint(n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1fk", f/1e3)
	default:
		return fmt.Sprintf("%.1fM", f/1e6)
	}
}

func seconds(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
