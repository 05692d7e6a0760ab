// Swarm is the command line of this module.
//
//	go run ./cmd/swarm mock -addr 127.0.0.1:8080
//
// serves models that need no key to any OpenAI-compatible client; mock.go says
// more. docs/mock.md shows how to use it.
package main

import (
	"context"
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

// command is a subcommand. It returns the exit status; the end of its context
// asks it to end.
type command struct {
	name, does string
	run        func(ctx context.Context, args []string, stdout, stderr io.Writer, getenv func(string) string) int
}

var commands = []command{
	{"mock", "serve models to any OpenAI-compatible client; record and replay real ones", runMock},
}

// run is main with its surroundings handed in. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, getenv func(string) string) int {
	if len(args) == 0 {
		usage(stderr)
		return exitUsage
	}
	switch name := args[0]; name {
	case "help", "-h", "-help", "--help":
		usage(stdout)
		return exitOK
	default:
		for _, c := range commands {
			if c.name == name {
				return c.run(ctx, args[1:], stdout, stderr, getenv)
			}
		}
		fmt.Fprintf(stderr, "swarm: there is no command %q\n", name)
		usage(stderr)
		return exitUsage
	}
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: swarm COMMAND [flags]")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-6s %s\n", c.name, c.does)
	}
	fmt.Fprintln(w, "swarm COMMAND -h lists its flags")
}
