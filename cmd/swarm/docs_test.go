package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/mock"
)

// page reads a page of the documentation.
func page(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The file in docs/mock.md is one that the program takes.
func TestTheDocumentedConfigurationIsTaken(t *testing.T) {
	_, rest, _ := strings.Cut(page(t, "docs", "mock.md"), "```json\n")
	text, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("docs/mock.md shows no configuration")
	}
	c, err := mock.ReadConfig(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Models) != 2 || len(c.Faults) != 2 {
		t.Errorf("got %+v", c)
	}
}

// shown are the lines of a page's code, fenced or set in, that begin with a
// word; those that go on after a backslash are joined.
func shown(text, begins string) (out []string) {
	command := regexp.MustCompile(`^(?:[A-Z_]+=\S+ )*` + regexp.QuoteMeta(begins) + ` `)
	fenced := false
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		code, setIn := strings.CutPrefix(line, "    ")
		if code = strings.TrimSpace(code); (fenced || setIn) && command.MatchString(code) {
			out = append(out, code)
		}
	}
	return out
}

// Each curl of README and docs/mock.md gets the answer, or the fault, that the
// page speaks of, from a mock as the page starts it.
func TestTheDocumentedCurlsWork(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl here: ", err)
	}
	s := serve(t, nil)
	base := strings.TrimSuffix(s.url, "/v1")
	for _, file := range [][]string{{"README.md"}, {"docs", "mock.md"}} {
		all := shown(page(t, file...), "curl")
		if len(all) == 0 {
			t.Errorf("%v shows no curl", file)
		}
		for _, command := range all {
			command, _, _ = strings.Cut(command, " | jq")
			command = strings.ReplaceAll(command, "http://127.0.0.1:8080", base)
			out, err := exec.CommandContext(t.Context(), "sh", "-c", command).CombinedOutput()
			want := "The Rhine has 1233 km."
			for part, says := range map[string]string{"F07a": "503 Service Unavailable", "F18a": `"content":"`, "_mock/requests": `"status":200`} {
				if strings.Contains(command, part) {
					want = says
				}
			}
			if err != nil || !bytes.Contains(out, []byte(want)) {
				t.Errorf("%s\n%v, want %q in\n%s", command, err, want, out)
			}
		}
	}
}

// Each start of the mock that the pages show has flags that it takes.
func TestTheDocumentedFlagsAreTaken(t *testing.T) {
	for _, file := range [][]string{{"README.md"}, {"docs", "mock.md"}} {
		all := shown(page(t, file...), "go run ./cmd/swarm")
		if len(all) == 0 {
			t.Errorf("%v does not start the mock", file)
		}
		for _, command := range all {
			_, args, _ := strings.Cut(command, "./cmd/swarm mock")
			if _, err := parse(strings.Fields(args), io.Discard, func(string) string { return "" }); err != nil {
				t.Errorf("%s: %v", command, err)
			}
		}
	}
}
