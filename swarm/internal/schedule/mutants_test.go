package schedule

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var withMutants = flag.Bool("mutants", false, "run the suite on each listed mutant")

// mutants are faults put into the machine one at a time. Each must fail the
// suite: a test that lets one live does not test what it seems to.
var mutants = []struct{ name, file, old, with string }{
	{"drop an unpark", "park.go", "m.returning = append(m.returning, ref)\n", "\n"},
	{"count a done twice", "end.go", "s.ended += to - from\n", "s.ended += to - from\n\tif taken {\n\t\ts.ended++\n\t}\n"},
	{"keep the place of what is done", "schedule.go", "} else {\n\t\tm.working--\n\t}\n\tm.end(", "}\n\tm.end("},
	{"take without a free place", "schedule.go", "if m.working >= m.places || len(m.returning) > 0 || len(m.open) == 0 {", "if m.working > m.places || len(m.returning) > 0 || len(m.open) == 0 {"},
	{"last come first served", "park.go", "ref := m.returning[0]\n\tm.returning = m.returning[1:]", "ref := m.returning[len(m.returning)-1]\n\tm.returning = m.returning[:len(m.returning)-1]"},
	{"start before the needs are complete", "schedule.go", "if !s.doomed && s.waits == 0 && s.hasReady()", "if !s.doomed && s.hasReady()"},
	{"run what needs a failed step", "end.go", "s.doomed = failed\n", "s.doomed = false\n"},
	{"take abstained for failed", "end.go", "if out == Done || out == Abstained {", "if out == Done {"},
	{"breadth before depth", "rank.go", "cmp.Compare(y.depth, x.depth)", "cmp.Compare(x.depth, y.depth)"},
	{"forget the list of the path", "rank.go", "if s.of >= 0 {", "if false {"},
	{"leave followers out of a cancel", "schedule.go", "m.settle(int32(i))", "if m.steps[i].mode != Follow {\n\t\t\tm.settle(int32(i))\n\t\t}"},
	{"park without a limit", "park.go", "m.parked >= MostParked*m.places", "m.parked < 0"},
	{"an empty list never completes", "end.go", "m.emptied(u)\n\t\treturn", "return"},
}

// TestMutantsApply keeps the list in step with the code.
func TestMutantsApply(t *testing.T) {
	for _, m := range mutants {
		mutate(t, m.file, m.old, m.with)
	}
}

func mutate(t *testing.T, file, old, with string) string {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(src), old); n != 1 {
		t.Fatalf("%s holds %q %d times, want once", file, old, n)
	}
	return strings.Replace(string(src), old, with, 1)
}

// TestMutants runs the suite on each mutant; `make mutants` does.
func TestMutants(t *testing.T) {
	if !*withMutants {
		t.Skip("run by `make mutants`")
	}
	for _, m := range mutants {
		t.Run(strings.ReplaceAll(m.name, " ", "-"), func(t *testing.T) {
			dir := t.TempDir()
			mutant := filepath.Join(dir, m.file)
			if err := os.WriteFile(mutant, []byte(mutate(t, m.file, m.old, m.with)), 0o644); err != nil {
				t.Fatal(err)
			}
			own, err := filepath.Abs(m.file)
			if err != nil {
				t.Fatal(err)
			}
			overlay, _ := json.Marshal(map[string]any{"Replace": map[string]string{own: mutant}})
			list := filepath.Join(dir, "overlay.json")
			if err := os.WriteFile(list, overlay, 0o644); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "go", "test", "-overlay", list, "-timeout", "60s", "-run", "TestScripts|TestRandomPlay", ".")
			out, err := cmd.CombinedOutput()
			switch {
			case err == nil:
				t.Errorf("the suite passes on this mutant")
			case strings.Contains(string(out), "build failed"):
				t.Errorf("the mutant does not build:\n%s", out)
			default:
				t.Logf("killed")
			}
		})
	}
}
