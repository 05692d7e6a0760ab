package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/mock"
)

// hang stops the run and then does not answer.
func hang(ctx context.Context, stop func()) (mock.Reply, error) {
	stop()
	<-ctx.Done()
	return mock.Reply{}, ctx.Err()
}

func TestInterruptTellsWhatIsKnown(t *testing.T) {
	paragraph := func(s string) string {
		return s + strings.Repeat(" Rain fell and nothing else is recorded.", 120) + "\n\n"
	}
	text := "# Bridge\n\n" + paragraph("The bridge was opened in 1904.") + "# Tower\n\n" + paragraph("The tower was built in 1870.") + "# Mill\n\n" + paragraph("The mill stood by the bridge.")
	for phase, c := range map[string]struct {
		plan, merge, second bool // what hangs
		knows               int  // passages, at least
	}{
		"planning": {plan: true},
		"working":  {second: true, knows: 1},
		"merging":  {merge: true, knows: 1},
	} {
		for _, form := range []string{"-json", "-timeout=9m"} {
			t.Run(phase+form, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				stop := func() { cancel(errors.New("interrupt signal received")) }
				var planned, read atomic.Bool
				large, small := mock.Large(), mock.Small()
				large.Brain = func(ctx context.Context, r mock.Request) (mock.Reply, error) {
					if first := !planned.Swap(true); first && c.plan || !first && c.merge {
						return hang(ctx, stop)
					}
					return mock.LargeBrain(ctx, r)
				}
				small.Brain = func(ctx context.Context, r mock.Request) (mock.Reply, error) {
					if read.Swap(true) && c.second {
						return hang(ctx, stop)
					}
					return mock.SmallBrain(ctx, r)
				}
				server := mock.NewServer(mock.Config{Models: []mock.Model{large, small}})
				defer server.Close()
				env := map[string]string{"OPENAI_BASE_URL": server.URL(), "OPENAI_API_KEY": canary.Key, "SWARM_PLANNER_MODEL": large.ID, "SWARM_WORKER_MODEL": small.ID}
				var out, log bytes.Buffer
				args := []string{"-workers", "1", "-worker-context", "2000", "-q", "When was the bridge opened?", "-file", file(t, "a.md", text), form}
				status := run(ctx, args, nil, &out, &log, func(k string) string { return env[k] })
				if status != exitInterrupt || strings.Contains(out.String()+log.String(), canary.Key) {
					t.Errorf("status %d\n%s\n%s", status, out.String(), log.String())
				}
				if form != "-json" {
					if !strings.Contains(out.String(), "Read\n") || strings.Contains(out.String(), "Found so far") != (c.knows > 0) {
						t.Errorf("printed\n%s", out.String())
					}
					return
				}
				var r reply
				if err := json.Unmarshal(out.Bytes(), &r); err != nil || !strings.Contains(r.Error, "signal") || len(r.Citations) < c.knows || r.Answer != "" {
					t.Errorf("%v\n%s\n%s", err, out.String(), log.String())
				}
			})
		}
	}
}

func TestInterruptEndsAReadThatHangs(t *testing.T) {
	r, w := io.Pipe() // nobody writes
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	reading := readerFunc(func(p []byte) (int, error) {
		cancel()
		return r.Read(p)
	})
	var out, log bytes.Buffer
	status := run(ctx, []string{"-json", "-q", "When?", "-file", "-"}, reading, &out, &log, noEnv)
	var got reply
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || status != exitInterrupt || !strings.Contains(got.Error, "read the sources") {
		t.Errorf("status %d, %v\n%s\n%s", status, err, out.String(), log.String())
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
