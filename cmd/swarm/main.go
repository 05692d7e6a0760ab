// Swarm is the command line of this module.
//
//	go run ./cmd/swarm mock -addr 127.0.0.1:8080
//
// serves models that need no key to any OpenAI-compatible client; mock.go says
// more. docs/mock.md shows how to use it.
//
//	go run ./cmd/swarm worker -nats nats://queue:4222 -config pool.json
//
// works on the subtasks of runs on other machines; docs/durability.md says more.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, os.Getenv))
}

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

const usage = `usage: swarm COMMAND [flags]
  mock     serve models to any OpenAI-compatible client; record and replay real ones
  worker   work on the subtasks of runs elsewhere, which a queue hands out
swarm COMMAND -h lists its flags
`

// usageError is an error of the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// run is main with its surroundings handed in. It returns the exit status; the
// end of its context asks the command to end.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, getenv func(string) string) int {
	if len(args) == 0 {
		args = []string{""}
	}
	var err error
	switch args[0] {
	case "mock":
		err = runMock(ctx, args[1:], stdout, stderr, getenv)
	case "worker":
		err = runWorker(ctx, args[1:], stdout, stderr, getenv)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
	default:
		fmt.Fprintf(stderr, "swarm: there is no command %q\n%s", args[0], usage)
		return exitUsage
	}
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	fmt.Fprintf(stderr, "swarm %s: %v\n", args[0], err)
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}
