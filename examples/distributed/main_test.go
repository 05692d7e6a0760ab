package main

import (
	"os"
	"strings"
	"testing"
)

// The worker processes are this test's own program.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == "worker" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestARunOutlivesTheDeathOfAWorker(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{"anna is killed", "closed at noon", " chunks read, 0 failed", "ben:"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}
