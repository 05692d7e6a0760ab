// Package canary looks for a key where none may stand. Tests give Key to
// every backend and server; Main runs a package's tests and looks through all
// that they write (logs, failures, panics with their stacks), Find through
// values that are never written (events, errors, reports, answers).
//
//	go test ─▶ TestMain ─▶ Main ─▶ the same program again, as a child
//	                        ▲            │ standard output and error
//	                        └── Key? ◀───┘ also what a crash writes last
//
// It is for tests alone.
package canary

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"reflect"
	"slices"
	"strings"
	"syscall"
)

// Key has no form that a rule for keys in general would know: what hides it
// must know it.
const Key = "Canary7Wk2mZ9qLtX4vB8nR"

// In says whether Key stands in a text, in any case.
func In(text string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(Key))
}

// Find returns the first way in which one of values shows Key (printed in
// each way that package fmt knows, as JSON, as an error and those it wraps),
// or "".
func Find(values ...any) string {
	for i, v := range values {
		if In(fmt.Sprintf("%v %+[1]v %#[1]v %[1]q", v)) {
			return fmt.Sprintf("value %d, a %T, as it is printed", i, v)
		}
		if b, err := json.Marshal(v); err == nil && In(string(b)) || err != nil && In(err.Error()) {
			return fmt.Sprintf("value %d, a %T, as JSON", i, v)
		}
		if err, ok := v.(error); ok && inError(err) {
			return fmt.Sprintf("value %d, a %T, or an error that it wraps", i, err)
		}
	}
	return ""
}

// inError looks through an error and those that it wraps, and their fields.
func inError(err error) bool {
	if err == nil {
		return false
	}
	v := reflect.Indirect(reflect.ValueOf(err))
	if In(err.Error()) || v.Kind() == reflect.Struct && In(fmt.Sprintf("%#v", v)) {
		return true
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return slices.ContainsFunc(many.Unwrap(), inError)
	}
	return inError(errors.Unwrap(err))
}

// child marks the process that runs the tests themselves.
const child = "SWARM_CANARY_CHILD"

// Main is for TestMain. It calls run, which runs the tests, in a child process,
// so that what a crash writes is looked through as well, and ends this one
// with its status, or with a failure where Key was written. With
// SWARM_CANARY_CHILD set (for a debugger) run is called here, and nothing is
// looked through.
func Main(run func()) {
	if os.Getenv(child) != "" {
		run()
		return
	}
	// go test ends the process that it started: this one.
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	cmd := exec.CommandContext(ctx, os.Args[0], os.Args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) } // it shows its stacks
	// syscall.Exit leaves out what a program with coverage writes when it ends:
	// the child has written it.
	syscall.Exit(watch(cmd, os.Stdout, os.Stderr))
}

// watch runs a command and returns its status, or 1 where it wrote Key.
func watch(cmd *exec.Cmd, stdout, stderr io.Writer) int {
	var out, log bytes.Buffer
	cmd.Env = append(os.Environ(), child+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, io.MultiWriter(stdout, &out), io.MultiWriter(stderr, &log)
	err := cmd.Run()
	status := cmd.ProcessState.ExitCode() // -1: it did not start, or was ended by a signal, which nothing else tells
	if status < 0 {
		fmt.Fprintln(stderr, "FAIL: the process that ran the tests ended by", err)
		status = 1
	}
	if In(out.String()) || In(log.String()) {
		fmt.Fprintln(stderr, "FAIL: the tests wrote the canary key; search for it in the output above")
		status = max(status, 1)
	}
	return status
}
