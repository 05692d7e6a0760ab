package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// live returns a listener that writes the answer's text as it comes.
func live(w io.Writer) func(swarm.Event) {
	round, open := 0, false
	return func(e swarm.Event) {
		switch e.Kind {
		case swarm.AnswerText:
			if open && (e.Round > round || e.Text == "") {
				fmt.Fprint(w, "\n\n(The answer is being written anew.)\n\n")
			}
			round, open = e.Round, e.Text != ""
			fmt.Fprint(w, e.Text)
		case swarm.RunEnded:
			if open {
				fmt.Fprintln(w)
			}
		}
	}
}

// printRest writes what follows the answer: passages, coverage, cost.
func printRest(w io.Writer, a *swarm.Answer, alone *aloneRun, docs *documents, m *models) error {
	out := &strings.Builder{}
	if len(a.Citations) > 0 {
		fmt.Fprint(out, "\nPassages\n")
	}
	for i, c := range a.Citations {
		mark := ""
		if !c.Verified {
			mark = "  (unverified: the text does not hold this quote)"
		}
		fmt.Fprintf(out, "  [%d] %s, line %d%s\n%s\n", i+1, c.Source, docs.line(c), mark, indent(c.Quote))
	}
	fmt.Fprintf(out, "\nRead\n%s", covered(a))
	fmt.Fprintf(out, "\nCost\n%s", cost(a, alone, m))
	if alone != nil {
		fmt.Fprintf(out, "\nThe large model alone says\n%s\n", indent(alone.answer.Text))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (d *documents) line(c swarm.Citation) int {
	if t := d.byName[c.Source]; t != nil {
		return t.Line(c.Start)
	}
	return 0
}

// indent folds a passage and sets it four spaces in, in lines that can be read.
func indent(s string) string {
	var b strings.Builder
	for para := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		col := 0
		for _, word := range strings.Fields(para) {
			if n := len([]rune(word)); col > 0 && col+1+n > 92 {
				b.WriteString("\n")
				col = 0
			}
			if col == 0 {
				b.WriteString("    ")
			} else {
				b.WriteString(" ")
			}
			b.WriteString(word)
			col += 1 + len([]rune(word))
		}
		b.WriteString("\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

func covered(a *swarm.Answer) string {
	c := a.Coverage
	var b strings.Builder
	fmt.Fprintf(&b, "  %d of %d chunks; %d subtasks: %d found something, %d nothing", c.ChunksRead, c.ChunksKnown, c.Subtasks, c.Done, c.Abstained)
	for _, x := range []struct {
		n    int
		what string
	}{{c.Failed, "failed"}, {c.Skipped, "skipped"}, {c.Cancelled, "cancelled"}} {
		if x.n > 0 {
			fmt.Fprintf(&b, ", %d %s", x.n, x.what)
		}
	}
	b.WriteString("\n")
	if c.PlanCut != "" {
		fmt.Fprintf(&b, "  The plan was cut short: %s\n", c.PlanCut)
	}
	for _, m := range c.Missing {
		fmt.Fprintf(&b, "  Not in the answer: %s\n", m)
	}
	for r := range a.Results() {
		if r.Outcome == swarm.Failed {
			fmt.Fprintf(&b, "  First failure: %v\n", r.Err)
			break
		}
	}
	return b.String()
}

func cost(a *swarm.Answer, alone *aloneRun, m *models) string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(who string, u swarm.Usage, took string) {
		money := u.Cost.String()
		switch {
		case u.Unpriced:
			money = "unknown"
		case u.AtLeast:
			money = "at least " + money
		}
		fmt.Fprintf(t, "  %s\t%d\t%d\t%d\t%d\t%s\t%s\t\n", who, u.Calls, u.In, u.Cached, u.Out, money, took)
	}
	fmt.Fprint(t, "  \tcalls\ttokens in\tcached\tout\tcost\ttime\t\n")
	r := &a.Report
	row("large model", r.Roles[swarm.RolePlanner], "")
	row("small models", r.Roles[swarm.RoleWorker], "")
	row("swarm", r.Usage, seconds(r.Wall))
	whole := "unknown"
	switch {
	case alone != nil:
		row("large model alone", alone.usage, seconds(alone.answer.Report.Wall))
	case r.Alone != nil:
		whole = r.Alone.String()
		fallthrough
	default:
		fmt.Fprintf(t, "  large model alone, estimated\t\t%d\t\t\t%s\t\t\n", r.SourceTokens, whole)
	}
	t.Flush()
	if ratio := ratio(a, alone); ratio != "" {
		fmt.Fprintf(&b, "  The swarm cost %s of the large model alone.\n", ratio)
	}
	if m.server != nil {
		fmt.Fprint(&b, "  (A mock model in this process; prices as of 2026-09-23: gpt-5.6-sol and gpt-5.6-luna.)\n")
	}
	return b.String()
}

func ratio(a *swarm.Answer, alone *aloneRun) string {
	var whole swarm.Money
	switch {
	case alone != nil && !alone.usage.Unpriced:
		whole = alone.usage.Cost
	case alone == nil && a.Report.Alone != nil:
		whole = *a.Report.Alone
	}
	if whole <= 0 || a.Report.Usage.Unpriced {
		return ""
	}
	return fmt.Sprintf("%.1f %%", 100*a.Report.Usage.Cost.Dollars()/whole.Dollars())
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// dollars is an amount for JSON: null where a price is unknown.
func dollars(u swarm.Usage) *float64 {
	if u.Unpriced {
		return nil
	}
	d := u.Cost.Dollars()
	return &d
}

type tokens struct {
	Calls   int      `json:"calls"`
	In      int      `json:"in"`
	Cached  int      `json:"cached"`
	Out     int      `json:"out"`
	Cost    *float64 `json:"cost"`
	AtLeast bool     `json:"at_least"` // a cut call's tokens are not all known
}

func counted(u swarm.Usage) tokens {
	return tokens{u.Calls, u.In, u.Cached, u.Out, dollars(u), u.AtLeast}
}

// printJSON writes one object, also where the run failed.
func printJSON(w io.Writer, a *swarm.Answer, alone *aloneRun, docs *documents, runErr error) error {
	type report struct {
		tokens
		Alone    *float64    `json:"alone"`
		Subtasks swarm.Tally `json:"subtasks"`
		Seconds  float64     `json:"seconds"`
		Planner  tokens      `json:"planner"`
		Workers  tokens      `json:"workers"`
		Retries  int         `json:"retries"`
		Learned  []string    `json:"learned,omitempty"`
	}
	type compared struct {
		tokens
		Answer  string  `json:"answer"`
		Seconds float64 `json:"seconds"`
	}
	r := &a.Report
	out := struct {
		Answer    string           `json:"answer"`
		Citations []swarm.Citation `json:"citations"`
		Complete  bool             `json:"complete"`
		Coverage  swarm.Coverage   `json:"coverage"`
		Report    report           `json:"report"`
		Compared  *compared        `json:"compared,omitempty"`
		Error     string           `json:"error,omitempty"`
	}{
		Answer: a.Text, Citations: a.Citations, Complete: a.Complete, Coverage: a.Coverage,
		Report: report{
			tokens: counted(r.Usage), Subtasks: r.Subtasks, Seconds: r.Wall.Seconds(),
			Planner: counted(r.Roles[swarm.RolePlanner]), Workers: counted(r.Roles[swarm.RoleWorker]),
			Retries: r.Retries, Learned: r.Learned,
		},
	}
	if out.Citations == nil {
		out.Citations = []swarm.Citation{}
	}
	if r.Alone != nil {
		d := r.Alone.Dollars()
		out.Report.Alone = &d
	}
	if alone != nil {
		out.Report.Alone = dollars(alone.usage)
		out.Compared = &compared{counted(alone.usage), alone.answer.Text, alone.answer.Report.Wall.Seconds()}
	}
	if runErr != nil {
		out.Error = runErr.Error()
		if errors.Is(runErr, errTimeout) {
			out.Error = errTimeout.Error()
		}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
