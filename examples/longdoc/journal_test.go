package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/mock"
)

func TestJournalGoesOn(t *testing.T) {
	var calls, worked atomic.Int32
	var stop func()
	large, small := mock.Large(), mock.Small()
	large.Brain = func(ctx context.Context, r mock.Request) (mock.Reply, error) {
		calls.Add(1)
		return mock.LargeBrain(ctx, r)
	}
	small.Brain = func(ctx context.Context, r mock.Request) (mock.Reply, error) {
		if calls.Add(1); worked.Add(1) == 4 {
			return hang(ctx, stop)
		}
		return mock.SmallBrain(ctx, r)
	}
	server := mock.NewServer(mock.Config{Models: []mock.Model{large, small}})
	defer server.Close()
	env := map[string]string{"OPENAI_BASE_URL": server.URL(), "OPENAI_API_KEY": canary.Key, "SWARM_PLANNER_MODEL": large.ID, "SWARM_WORKER_MODEL": small.ID}
	path := filepath.Join(t.TempDir(), "j.db")
	text := ""
	for _, what := range []string{"bridge", "tower", "mill", "gate", "lock", "quay"} {
		text += "# The " + what + "\n\nThe " + what + " was opened in 1904." + strings.Repeat(" Rain fell and nothing else is recorded.", 30) + "\n\n"
	}
	text = file(t, "a.md", text)
	type said struct {
		Answer string
		Report struct {
			Calls    int
			Earlier  *struct{ Calls int }
			Replayed int
		}
	}
	process := func(more ...string) (out said, status int) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		stop = func() { cancel(errors.New("interrupt signal received")) }
		calls.Store(0)
		var stdout, stderr bytes.Buffer
		status = run(ctx, append([]string{"-json", "-journal", path, "-workers", "1", "-worker-context", "2000", "-file", text, "-q", "When was the bridge opened?"}, more...), nil, &stdout, &stderr, func(k string) string { return env[k] })
		if err := json.Unmarshal(stdout.Bytes(), &out); err != nil {
			t.Fatal(err, stderr.String())
		}
		return out, status
	}
	if _, status := process(); status != exitInterrupt {
		t.Fatal("the first is not stopped:", status)
	}
	second, status := process()
	if status != exitOK || second.Report.Replayed != 3 || second.Report.Earlier == nil || int(calls.Load()) != second.Report.Calls {
		t.Errorf("status %d, %d calls at the server, %+v", status, calls.Load(), second.Report)
	}
	third, status := process()
	if status != exitOK || calls.Load() != 0 || third.Answer != second.Answer || third.Report.Earlier.Calls < second.Report.Calls {
		t.Errorf("status %d, %d calls, %+v", status, calls.Load(), third)
	}
	if fourth, status := process("-memo", "-q", "When was the mill opened?"); status != exitOK || calls.Load() == 0 {
		t.Errorf("another question: status %d, %d calls, %+v", status, calls.Load(), fourth)
	}
}
