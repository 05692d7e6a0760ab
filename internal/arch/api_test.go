package arch

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var apiMode = flag.String("api", "", `what TestAPISnapshots does with docs/api: "write" or "check"; empty: nothing`)

// public are the packages whose face a change of docs/api shows in review.
var public = []string{"swarm", "swarm/model", "swarm/source", "swarm/typed", "swarm/journal", "swarm/queue", "swarm/observe", "swarm/swarmtest", "planner", "workers", "mock"}

func TestAPISnapshots(t *testing.T) {
	if *apiMode == "" {
		t.Skip("the pipeline asks for it by make api-check")
	}
	if err := seeSources(); err != nil {
		t.Fatal(err)
	}
	for _, name := range public {
		cmd := exec.Command("go", "doc", "-all", "./"+name)
		cmd.Dir = root()
		face, err := cmd.Output()
		if err != nil {
			t.Errorf("go doc of %s: %v", name, withStderr(err))
			continue
		}
		file := filepath.Join(root(), "docs", "api", strings.ReplaceAll(name, "/", "-")+".txt")
		switch *apiMode {
		case "write":
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, face, 0o644); err != nil {
				t.Fatal(err)
			}
		case "check":
			kept, err := os.ReadFile(file)
			if err != nil {
				t.Errorf("the face of %s has no snapshot (make api writes it): %v", name, err)
				continue
			}
			if line, was, is, differs := firstDifference(kept, face); differs {
				t.Errorf("the face of %s is not what docs/api says (if it was meant to change, make api writes it anew):\nline %d\n  was %s\n   is %s",
					name, line, was, is)
			}
		default:
			t.Fatalf(`-api=%s: it is "write" or "check"`, *apiMode)
		}
	}
}

// firstDifference returns the first line, from 1, in which a and b differ.
func firstDifference(a, b []byte) (line int, was, is string, differs bool) {
	as, bs := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range max(len(as), len(bs)) {
		was, is := lineOf(as, i), lineOf(bs, i)
		if was != is {
			return i + 1, was, is, true
		}
	}
	return 0, "", "", false
}

func lineOf(lines [][]byte, i int) string {
	if i >= len(lines) {
		return "(end)"
	}
	return string(lines[i])
}
