package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// costs is the table of what the swarm took, and what the large model alone
// took, or would have.
func costs(a *swarm.Answer, alone *swarm.Answer, mocked bool) string {
	r := &a.Report
	t := table{{"", "calls", "tokens in", "of these cached", "tokens out", "cost", "time"}}
	t.usage("large model", r.Roles[swarm.RolePlanner], "")
	t.usage("small models", r.Roles[swarm.RoleWorker], "")
	t.usage("swarm, both", r.Usage, seconds(r.Wall))
	if r.Earlier.Calls > 0 {
		t.usage("paid before, not again", r.Earlier, "")
	}
	if alone != nil {
		t.usage("large model alone", alone.Report.Usage, seconds(alone.Report.Wall))
	} else {
		whole := "unknown"
		if r.Alone != nil {
			whole = r.Alone.String()
		}
		t = append(t, []string{"large model alone, estimated", "", thousands(r.SourceTokens), "", "", whole, ""})
	}
	text := t.String()
	if part := share(a, alone); part != "" {
		text += "  " + part + "\n"
	}
	if mocked {
		text += "  (A mock model in this process; prices as of 2026-09-23: gpt-5.6-sol and gpt-5.6-luna.)\n"
	}
	return text
}

// share says what part of the large model's own cost the swarm took, or how
// many times as much for a short text. It is empty where either is not known,
// or nothing was answered.
func share(a *swarm.Answer, alone *swarm.Answer) string {
	used := a.Report.Usage.Plus(a.Report.Earlier)
	if used.Unpriced || used.AtLeast || a.Text == "" {
		return ""
	}
	what, whole := "what the large model alone would cost", swarm.Money(0)
	switch {
	case alone != nil && !alone.Report.Usage.Unpriced:
		what, whole = "what the large model alone cost", alone.Report.Usage.Cost
	case alone == nil && a.Report.Alone != nil:
		whole = *a.Report.Alone
	}
	if whole <= 0 {
		return ""
	}
	part := used.Cost.Dollars() / whole.Dollars()
	if part > 2 {
		return fmt.Sprintf("The swarm cost %.1f times %s.", part, what)
	}
	return fmt.Sprintf("The swarm cost %.1f %% of %s.", 100*part, what)
}

// table is rows of cells under a row of headings.
type table [][]string

func (t *table) usage(who string, u swarm.Usage, took string) {
	money := u.Cost.String()
	switch {
	case u.Unpriced:
		money = "unknown"
	case u.AtLeast:
		money = "at least " + money
	}
	*t = append(*t, []string{who, thousands(u.Calls), thousands(u.In), thousands(u.Cached), thousands(u.Out), money, took})
}

// String sets the first column to the left and the others, which are numbers,
// to the right.
func (t table) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range t {
		fmt.Fprintf(w, "%-28s\t%s\t\n", row[0], strings.Join(row[1:], "\t"))
	}
	w.Flush() // a Builder takes all
	return b.String()
}

// thousands writes n in groups of three digits.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
