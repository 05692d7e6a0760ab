// Chaos meets every fault of the mock's catalogue with a whole run (a plan, a
// fan-out of two hundred small-model calls, a merge) and judges by the
// server's log whether anything was lost, paid for twice, or left untold. In
// the end a few runs meet all that pass, mixed, 30 % of their calls.
//
//	go run ./examples/chaos -only F15
//
// Mock and pool share a clock that stands still while nothing happens (a
// bubble of testing/synctest), so a wait of a day takes no time.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/sourcegraph/conc/stream"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
)

func main() {
	// The bubbles of testing/synctest are for tests. The testing package runs
	// one outside of `go test`, too.
	testing.Init()
	flag.CommandLine.Parse(nil)
	testing.Main(
		func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "chaos", F: func(t *testing.T) { os.Exit(run(t, os.Args[1:], os.Stdout, os.Stderr)) }}},
		nil, nil,
	)
}

// run is main with its surroundings handed in. It returns the exit status.
func run(t *testing.T, args []string, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet("chaos", flag.ContinueOnError)
	f.SetOutput(stderr)
	only := f.String("only", "*", "the `faults` to meet: an ID such as F15a, a row such as F15, a group such as C; M: mixtures")
	rate := f.Float64("rate", 0.2, "`share` of the calls that meet a fault")
	seed := f.Uint64("seed", 1, "`seed` of latencies and of which calls meet a fault")
	asJSON := f.Bool("json", false, "print one JSON object")
	switch err := f.Parse(args); {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	}
	meetings := toMeet(*only, *rate, *seed)
	switch {
	case f.NArg() > 0:
		fmt.Fprintf(stderr, "chaos: unexpected argument %q\n", f.Arg(0))
		return 2
	case len(meetings) == 0:
		fmt.Fprintf(stderr, "chaos: -only %q: there is no such fault\n", *only)
		return 2
	case !(*rate > 0 && *rate <= 1):
		fmt.Fprintf(stderr, "chaos: -rate is %v: it must be above 0 and at most 1\n", *rate)
		return 2
	}
	var quiet swarm.Money
	synctest.Test(t, func(*testing.T) { quiet = try(mock.Fault{}, nil, *seed).answer.Report.Usage.Cost })
	var rows []row
	failed := 0
	runs := stream.New().WithMaxGoroutines(2 * runtime.GOMAXPROCS(0))
	for _, m := range meetings {
		runs.Go(func() stream.Callback {
			var r row
			synctest.Test(t, func(*testing.T) { r = judge(try(m.fault, []mock.FaultRule{m.rule}, m.seed), quiet) })
			return func() { // one at a time, in order
				if !r.Pass {
					failed++
				}
				if !*asJSON {
					r.print(stdout, len(rows) == 0 || rows[len(rows)-1].Group != r.Group)
				}
				rows = append(rows, r)
			}
		})
	}
	runs.Wait()
	if *asJSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		e.Encode(map[string]any{"faults": rows, "rate": *rate, "seed": *seed, "failed": failed})
	} else {
		fmt.Fprintf(stdout, "\n%d runs of %d calls, of which %.0f %% met a fault (seed %d): %d ended as the catalogue says, %d did not.\n",
			len(rows), fanOut, 100**rate, *seed, len(rows)-failed, failed)
	}
	if failed > 0 {
		return 1
	}
	return 0
}

// meeting is a fault and which calls of a run meet it.
type meeting struct {
	fault mock.Fault
	rule  mock.FaultRule
	seed  uint64
}

// toMeet is what an expression of -only stands for.
func toMeet(only string, rate float64, seed uint64) (out []meeting) {
	for _, id := range mock.FaultIDs(only) {
		out = append(out, meeting{faults[id], rule(faults[id], rate), seed})
	}
	for i := range uint64(mixtures) {
		if m := mixture(i+1, max(rate, 0.3), seed+i+1); only == "*" || only == "M" || only == m.fault.ID {
			out = append(out, m)
		}
	}
	return out
}

var groups = map[string]string{
	"A": "Rate limits and waits", "B": "Retries", "C": "Streams", "D": "Replies that lie", "E": "Connections",
	"F": "Cancels", "G": "Fan-out", "H": "Plans", "I": "Money", "J": "Secrets", "X": "Others", "M": "Mixtures",
}

// print writes a row for people, under a heading where its group is a new one.
func (r row) print(w io.Writer, newGroup bool) {
	if newGroup {
		fmt.Fprintf(w, "\n%s  %s\n", r.Group, groups[r.Group])
		fmt.Fprintf(w, "   %-5s %-44s %8s %7s %10s  %s\n", "", "fault", "injected", "retries", "extra cost", "outcome")
	}
	mark := "ok"
	if !r.Pass {
		mark = "!!"
	}
	extra := fmt.Sprintf("$%.5f", r.Extra)
	if r.AtLeast {
		extra = "≥" + extra
	}
	fmt.Fprintf(w, "%s %-5s %-44.44s %8d %7d %10s  %s\n", mark, r.ID, r.Name, r.Injected, r.Retries, extra, r.Outcome)
	for _, why := range r.Why[min(1, len(r.Why)):] {
		fmt.Fprintf(w, "   %-5s %s\n", "", why)
	}
}
