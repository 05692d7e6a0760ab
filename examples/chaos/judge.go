package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
)

// row is what is said of one fault.
type row struct {
	ID       string   `json:"id"`
	Group    string   `json:"group"`
	Name     string   `json:"name"`
	Injected int      `json:"injected"`
	Recovery string   `json:"recovery"` // what the catalogue says can become of a call
	Outcome  string   `json:"outcome"`
	Pass     bool     `json:"pass"`
	Why      []string `json:"why,omitempty"` // it does not pass
	Failed   int      `json:"failed_subtasks"`
	Retries  int      `json:"retries"`
	Cost     float64  `json:"cost"`       // dollars
	Extra    float64  `json:"extra_cost"` // beside the same run without the fault
	AtLeast  bool     `json:"at_least"`
	Bill     float64  `json:"bill"`    // the server's
	Seconds  float64  `json:"seconds"` // of the run's own time
}

// mostAttempts is how often one prompt may be sent to one backend: the pool's
// attempts, and a few for what a server teaches.
const mostAttempts = 8

// judge holds a run to what the catalogue says of its fault, by the server's
// log and not by the client's word.
func judge(t *trial, quiet swarm.Money) row {
	f := t.fault
	r := row{ID: f.ID, Group: f.Group, Name: f.Name, Recovery: string(f.Recovery)}
	fail := func(format string, args ...any) { r.Why = append(r.Why, fmt.Sprintf(format, args...)) }
	for _, e := range t.log {
		if e.Fault != "" {
			r.Injected++
		}
	}
	var bill swarm.Money
	for _, b := range t.bills {
		bill += swarm.Money(b.Cost)
	}
	a, c := t.answer, t.answer.Coverage
	used := a.Report.Usage
	r.Failed, r.Retries, r.Seconds = c.Failed, a.Report.Retries, a.Report.Wall.Seconds()
	r.Cost, r.Extra, r.AtLeast, r.Bill = used.Cost.Dollars(), (used.Cost - quiet).Dollars(), used.AtLeast, bill.Dollars()

	if r.Injected == 0 {
		fail("no call met the fault")
	}
	mayFail := f.Recovery == mock.Changed || f.Recovery == mock.Never
	if none := c.Done+c.Abstained == 0; t.err != nil && !(mayFail && none) {
		fail("the run failed: %v", t.err)
	}
	if n := c.Done + c.Abstained + c.Failed; n != c.Subtasks || c.Subtasks < fanOut {
		fail("%d of %d subtasks ended, of %d", n, c.Subtasks, fanOut)
	}
	for res := range a.Results() {
		ce, ok := errors.AsType[*swarm.CallError](res.Err)
		switch {
		case res.Outcome != swarm.Failed:
		case !mayFail:
			fail("%s was lost: %v", res.ID(), res.Err)
		case f.Group == "H" || f.Class == "" || ok && string(ce.Class) == f.Class:
		case ok && ce.Status == 0 && ce.Attempts == 0: // not sent, for all before it had failed
		default:
			fail("a failure is not called %s: %v", f.Class, res.Err)
		}
	}
	if missing := wrong(a, f); missing != "" && (c.Failed == 0 || !mayFail) {
		fail("%s", missing)
	}
	for _, why := range slices.Concat(resent(t.log), crowded(t.log), truncated(a, t.log), reported(t)) {
		fail("%s", why)
	}
	switch {
	case !used.AtLeast && used.Cost != bill:
		fail("the report says %v, the bill %v", used.Cost, bill)
	case used.Cost < bill*7/8 || used.Cost > bill*4/3: // what broke off is booked by an estimate
		fail("the report says at least %v, the bill %v", used.Cost, bill)
	}
	if t.late > 0 {
		fail("%d requests came after the run had ended", t.late)
	}
	if t.after != nil && !mayFail {
		fail("the pool is of no use afterwards: %v", t.after)
	}
	if at := shown(t); at != "" {
		fail("the key is shown: %s", at)
	}
	r.Pass, r.Outcome = len(r.Why) == 0, "all recovered"
	switch {
	case !r.Pass:
		r.Outcome = "FAILED: " + r.Why[0]
	case c.Failed > 0:
		r.Outcome = fmt.Sprintf("%d of %d said to have failed", c.Failed, c.Subtasks)
	case f.Recovery == mock.Unharmed:
		r.Outcome = "unharmed"
	}
	return r
}

// shown says where the key can be seen: in what was told of the run, in its
// answer with report and results, or in an error.
func shown(t *trial) string {
	if canary.In(t.told) {
		return "in what was told of the run"
	}
	seen := []any{*t.answer, t.err, t.after}
	for r := range t.answer.Results() {
		seen = append(seen, r.Err)
	}
	return canary.Find(seen...)
}

// wrong says what is wrong with the answer. What is not in its source is marked
// so: an answer with instructions in it is.
func wrong(a *swarm.Answer, f mock.Fault) string {
	if len(a.Citations) == 0 {
		return "the answer cites nothing: " + a.Text
	}
	if c := a.Citations[0]; !c.Verified && f.ID != "X65" || !strings.Contains(c.Quote, code(wanted)) {
		return fmt.Sprintf("the answer cites first: %q", c.Quote)
	}
	return ""
}

// faults are those of the catalogue by their ID.
var faults = func() map[string]mock.Fault {
	m := map[string]mock.Fault{}
	for _, f := range mock.Faults() {
		m[f.ID] = f
	}
	return m
}()

// whole says that a client got a whole answer.
func whole(e mock.Entry) bool {
	f := faults[e.Fault]
	return e.Status == 200 && !e.Cancelled && (e.Fault == "" || f.Recovery == mock.Unharmed && f.Charged)
}

// resent finds prompts that were sent too often, that came again before the wait
// that was asked for, or that were served again after a whole answer. One that
// came while the first was still on its way is a hedge.
func resent(log []mock.Entry) (why []string) {
	prompts := map[string][]mock.Entry{} // the workers', by model and body
	for _, e := range log {
		if e.Request.Model != "mock-large" {
			prompts[string(e.Body)] = append(prompts[string(e.Body)], e)
		}
	}
	again := 0
	for _, es := range prompts {
		if len(es) > mostAttempts {
			why = append(why, fmt.Sprintf("one prompt was sent %d times", len(es)))
		}
		for i, e := range es[1:] {
			gap, asked := e.Arrived.Sub(es[i].Ended), faults[es[i].Fault].MinGap
			if gap >= 0 && gap < asked {
				why = append(why, fmt.Sprintf("a call came again after %v, the server asked for %v", gap, asked))
			}
			answered := func(earlier mock.Entry) bool { return whole(earlier) && e.Arrived.After(earlier.Ended) }
			if !e.Cancelled && slices.ContainsFunc(es[:i+1], answered) {
				again++
			}
		}
	}
	if again > 0 {
		why = append(why, fmt.Sprintf("%d calls were made again after a whole answer", again))
	}
	return why
}

// crowded finds more calls to a model in work at once than there are slots. A
// call that a client left is out of its slot in the moment it leaves.
func crowded(log []mock.Entry) []string {
	ends := map[string][]time.Time{} // of the calls in work, by model
	for _, e := range log {
		model := e.Request.Model
		ends[model] = slices.DeleteFunc(append(ends[model], e.Ended), func(t time.Time) bool { return !t.After(e.Arrived) })
		if n := len(ends[model]); n > slots {
			return []string{fmt.Sprintf("%d calls to %s at once, on %d slots", n, model, slots)}
		}
	}
	return nil
}

// truncated finds results that no whole reply of the server holds.
func truncated(a *swarm.Answer, log []mock.Entry) (why []string) {
	var b strings.Builder
	for _, e := range log {
		for _, reply := range e.Replies {
			var plain any // the same without escapes
			_ = json.Unmarshal([]byte(reply), &plain)
			fmt.Fprintln(&b, plain, reply)
		}
	}
	said := fold(b.String())
	for r := range a.Results() {
		if r.Outcome == swarm.Done && r.Step.Over == swarm.Chunks {
			for c := range r.Out.Evidence() {
				if !strings.Contains(said, fold(c.Quote)) {
					return []string{fmt.Sprintf("%s is no reply of the server: %q", r.ID(), c.Quote)}
				}
			}
		}
	}
	return nil
}

func fold(s string) string { return strings.Join(strings.Fields(s), " ") }

// reported finds models whose calls the report does not know of: each that was
// asked is in it, with its attempts and what they used. A call that the server
// did not log (its connection was refused) may be in it, too.
func reported(t *trial) (why []string) {
	for model, b := range t.bills {
		u := t.answer.Report.Models[model]
		if n := b.Calls + b.Refused; u.Calls < n || b.Usage.Out > 0 && (u.In == 0 || u.Out == 0) {
			why = append(why, fmt.Sprintf("the report says %d calls to %s with %d + %d tokens, the server saw %d", u.Calls, model, u.In, u.Out, n))
		}
	}
	return why
}
