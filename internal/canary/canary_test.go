package canary

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// TestMain is also the program that the tests below watch.
func TestMain(m *testing.M) {
	switch os.Getenv("SWARM_CANARY_WRITES") {
	case "":
		os.Exit(m.Run())
	case "nothing":
		fmt.Println("all is well")
	case "in halves":
		fmt.Print("key: ", Key[:7])
		os.Stdout.Sync()
		fmt.Println(Key[7:])
	case "lower":
		fmt.Fprintln(os.Stderr, strings.ToLower(Key))
	case "panic":
		panic("with " + Key)
	case "failure":
		os.Exit(3)
	case "killed":
		self, _ := os.FindProcess(os.Getpid())
		_ = self.Kill()
		select {} // until that has come
	}
}

func TestWhatTestsWriteIsLookedThrough(t *testing.T) {
	for writes, want := range map[string]int{"nothing": 0, "in halves": 1, "lower": 1, "panic": 2, "failure": 3} {
		t.Setenv("SWARM_CANARY_WRITES", writes)
		var out, log bytes.Buffer
		got := watch(exec.Command(os.Args[0]), &out, &log)
		said := strings.Contains(log.String(), "the tests wrote the canary key")
		if got != want || said != (writes == "in halves" || writes == "lower" || writes == "panic") {
			t.Errorf("%s: status %d, want %d; %q", writes, got, want, log.String())
		}
		if writes == "nothing" && out.String() != "all is well\n" {
			t.Errorf("what was written is not passed on: %q", out.String())
		}
	}
}

func TestTheEndBySignalIsTold(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there a process is not ended by a signal")
	}
	t.Setenv("SWARM_CANARY_WRITES", "killed")
	var out, log bytes.Buffer
	if got := watch(exec.Command(os.Args[0]), &out, &log); got != 1 || !strings.Contains(log.String(), "signal: killed") {
		t.Errorf("status %d, %q", got, log.String())
	}
}

type holds struct {
	error
	inner string
}

func (h *holds) Unwrap() error { return h.error }

func TestFindLooksIntoValuesAndErrors(t *testing.T) {
	clean := []any{nil, "x", 7, errors.New("no key"), map[string]any{"a": []string{"b"}}, &holds{errors.New("a"), "b"}}
	if at := Find(clean...); at != "" {
		t.Errorf("found in %s", at)
	}
	for name, v := range map[string]any{
		"text": "a " + Key, "field": struct{ inner string }{Key}, "lower": strings.ToLower(Key), "map": map[string][]string{"a": {Key}},
		"bytes": []byte(Key), "error": errors.New(Key), "wrapped": fmt.Errorf("a: %w", errors.New(Key)),
		"hidden in an error": fmt.Errorf("a: %w", &holds{errors.New("a"), Key}), "joined": errors.Join(errors.New("a"), &holds{errors.New("b"), Key}),
	} {
		if Find("first", v) == "" {
			t.Errorf("%s: not found", name)
		}
	}
}
