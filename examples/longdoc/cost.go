package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/db31e724/go-swarm/swarm"
)

// costs is the table of what the swarm took, and what the large model alone
// took, or would have.
func costs(a *swarm.Answer, alone *swarm.Answer, mocked bool) string {
	r := &a.Report
	var b strings.Builder
	// The first column is set to the left, the others, which are numbers, to the right.
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	const row = "%-28s\t%v\t%v\t%v\t%v\t%s\t%s\t\n"
	english := message.NewPrinter(language.English) // 1,234
	usage := func(who string, u swarm.Usage, took string) {
		english.Fprintf(t, row, who, u.Calls, u.In, u.Cached, u.Out, money(u), took)
	}
	fmt.Fprintf(t, row, "", "calls", "tokens in", "of these cached", "tokens out", "cost", "time")
	usage("large model", r.Roles[swarm.RolePlanner], "")
	usage("small models", r.Roles[swarm.RoleWorker], "")
	usage("swarm, both", r.Usage, seconds(r.Wall))
	if r.Earlier.Calls > 0 {
		usage("paid before, not again", r.Earlier, "")
	}
	if alone != nil {
		usage("large model alone", alone.Report.Usage, seconds(alone.Report.Wall))
	} else {
		whole := "unknown"
		if r.Alone != nil {
			whole = r.Alone.String()
		}
		english.Fprintf(t, row, "large model alone, estimated", "", r.SourceTokens, "", "", whole, "")
	}
	t.Flush() // a Builder takes all
	b.WriteString(share(a, alone))
	if mocked {
		b.WriteString("  (A mock model in this process; prices as of 2026-09-23: gpt-5.6-sol and gpt-5.6-luna.)\n")
	}
	return b.String()
}

// share says what part of the large model's own cost the swarm took, or how
// many times as much for a short text. It is empty where either is not known,
// or nothing was answered.
func share(a *swarm.Answer, alone *swarm.Answer) string {
	used, what, whole := a.Report.Usage.Plus(a.Report.Earlier), "what the large model alone would cost", a.Report.Alone
	if alone != nil {
		what, whole = "what the large model alone cost", &alone.Report.Usage.Cost
	}
	if used.Unpriced || used.AtLeast || a.Text == "" || whole == nil || *whole <= 0 {
		return ""
	}
	part := used.Cost.Dollars() / whole.Dollars()
	if part > 2 {
		return fmt.Sprintf("  The swarm cost %.1f times %s.\n", part, what)
	}
	return fmt.Sprintf("  The swarm cost %.1f %% of %s.\n", 100*part, what)
}

// money is what calls cost, as far as it is known.
func money(u swarm.Usage) string {
	switch {
	case u.Unpriced:
		return "unknown"
	case u.AtLeast:
		return "at least " + u.Cost.String()
	}
	return u.Cost.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
