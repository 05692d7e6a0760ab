package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/db31e724/go-swarm/internal/canary"
)

var clients = flag.Bool("clients", false, "try the clients of others, which are compiled or fetched first (make clients)")

// sdkConfig is what the programs in testdata/sdk-* ask for. Each of them
// starts with a server of its own, since "flaky" fails once.
const sdkConfig = `{
  "models": [{"id": "parrot", "brain": "echo"}, {"id": "scripted", "brain": "replies"}, {"id": "flaky", "brain": "echo"}],
  "faults": [{"ids": ["F07a"], "model": "flaky", "attempts": 1}],
  "replies": [
    {"model": "scripted", "contains": "plan", "say": [{"json": {"ok": true}}]},
    {"model": "scripted", "contains": "money", "say": [{"error": {"status": 402, "code": "insufficient_quota", "message": "No money."}}]}
  ]
}`

// patience is how long a program may take: less than go test gives to all.
const patience = 3 * time.Minute

var errPatience = fmt.Errorf("it took more than %v", patience)

// in runs a program in a folder. The error holds errPatience where the machine
// is too slow for it, which says nothing of the program.
func in(t *testing.T, folder, name string, args ...string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, errPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.WaitDelay = folder, 10*time.Second // what it has started may hold its output
	out, err := cmd.CombinedOutput()
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return out, err
}

func TestTheOfficialGoSDKTalksToIt(t *testing.T) {
	if !*clients {
		t.Skip("it compiles the client: -clients")
	}
	folder := filepath.Join("testdata", "sdk-go")
	if out, err := in(t, folder, "go", "mod", "download"); err != nil {
		t.Skipf("the client is not to be had here: %v\n%s", err, out)
	}
	sdk := filepath.Join(t.TempDir(), "sdk")
	if out, err := in(t, folder, "go", "build", "-o", sdk, "."); errors.Is(err, errPatience) {
		t.Skipf("compiling the client takes too long here: %v", err)
	} else if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := serve(t, nil, "-config", file(t, "c.json", sdkConfig), "-key", canary.Key)
	if out, err := in(t, folder, sdk, s.url, canary.Key); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// npm's packages are fetched into a folder of the test's own, or where
// SWARM_NODE_CACHE says.
func TestTheOfficialNodeSDKTalksToIt(t *testing.T) {
	if !*clients {
		t.Skip("it fetches the client: -clients")
	}
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("OpenAI's client for Node needs %s: %v", name, err)
		}
	}
	folder := os.Getenv("SWARM_NODE_CACHE")
	if folder == "" {
		folder = t.TempDir()
	}
	for _, name := range []string{"package.json", "main.mjs"} {
		text, err := os.ReadFile(filepath.Join("testdata", "sdk-node", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := in(t, folder, "npm", "install", "--prefer-offline", "--fetch-retries=0", "--fetch-timeout=20000", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"); err != nil {
		t.Skipf("OpenAI's client for Node is not to be had here (npm install: %v); SWARM_NODE_CACHE may name a folder that holds it\n%s", err, out)
	}
	s := serve(t, nil, "-config", file(t, "c.json", sdkConfig), "-key", canary.Key)
	if out, err := in(t, folder, "node", "main.mjs", s.url, canary.Key); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
