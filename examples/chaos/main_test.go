package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/internal/canary"
)

// TestFaultsEndAsTheCatalogueSays meets a few of each kind; `go run
// ./examples/chaos` meets all.
func TestFaultsEndAsTheCatalogueSays(t *testing.T) {
	ids := []string{
		"F01a", "F02e", "F02k", "F03", "F12", "F15b", "F17a", "F18a", "F19c", "F20", "F23a", "F25a", "F26a", "F32a", "F48a", "F49c", "F54", "F58a", "F58b", "F59a", "X05", "M1", "M2",
	}
	if testing.Short() { // the others say the same again to the race detector
		ids = []string{"F02e", "F23a", "F32a"}
	}
	for _, id := range ids {
		t.Run(id, func(t *testing.T) {
			var out, log bytes.Buffer
			if status := run(t, []string{"-only", id, "-json"}, &out, &log); status != 0 {
				t.Fatalf("status %d: %s%s", status, log.String(), out.String())
			}
			var d struct {
				Faults []struct {
					ID, Outcome string
					Pass        bool
					Injected    int
				}
			}
			if err := json.Unmarshal(out.Bytes(), &d); err != nil || len(d.Faults) != 1 {
				t.Fatalf("%v: %s", err, out.String())
			}
			if f := d.Faults[0]; f.ID != id || !f.Pass || f.Injected == 0 || f.Outcome == "" {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestMain(m *testing.M) { canary.Main(func() { m.Run() }) }

func TestTableIsForPeople(t *testing.T) {
	var out, log bytes.Buffer
	status := run(t, []string{"-only", "F03", "-rate", "0.1", "-seed", "3"}, &out, &log)
	for _, want := range []string{"Rate limits and waits", "ok F03", "the same wait told to all", "1 runs of 200 calls, of which 10 % met a fault", "(seed 3)"} {
		if status != 0 || !strings.Contains(out.String(), want) {
			t.Errorf("status %d, %q is not in\n%s%s", status, want, out.String(), log.String())
		}
	}
}

func TestWrongFlagsAreRefused(t *testing.T) {
	for _, args := range [][]string{{"-only", "F99"}, {"-only", ""}, {"-rate", "0"}, {"-rate", "1.5"}, {"-rate", "NaN"}, {"stray"}, {"-frob"}} {
		var out, log bytes.Buffer
		if status := run(t, args, &out, &log); status != 2 || log.Len() == 0 || out.Len() > 0 {
			t.Errorf("%v: status %d, %q, %q", args, status, log.String(), out.String())
		}
	}
}
