package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/queue"
)

func TestTheWorkerServesAQueue(t *testing.T) {
	models := mock.NewServer(mock.Config{Key: "k", Models: []mock.Model{{ID: "m", Brain: mock.Say(`{"findings":[{"answer":"seen","confidence":1}]}`)}}})
	defer models.Close()
	config, err := json.Marshal(map[string]any{"Backends": []map[string]any{{"BaseURL": models.URL(), "Model": "m", "Key": "$THE_KEY"}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "pool.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	server, err := queue.Embedded(queue.Embedding{Dir: t.TempDir(), Listen: "127.0.0.1:0", Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	env := map[string]string{envToken: "secret", "THE_KEY": "k"}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"worker", "-nats", server.URL(), "-config", file, "-worker", "w"}, io.Discard, os.Stderr, func(name string) string { return env[name] })
	}()
	conn, err := server.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	q, err := queue.New(ctx, conn, queue.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	s := swarm.Swarm{Worker: q, Planner: planner.Fixed{Steps: []swarm.Step{{ID: "s", Do: "look", Over: swarm.Items, Items: []string{"a", "b"}}}}}
	a, err := s.Run(ctx, swarm.Task{Goal: "look"})
	if err != nil || a.Coverage.Done != 2 || a.Report.Elsewhere["w"] != 2 || !strings.Contains(a.Text, "seen") {
		t.Errorf("%v, %q, %v", err, a.Text, a.Report.Elsewhere)
	}
	cancel()
	if status := <-ended; status != exitOK {
		t.Errorf("status %d", status)
	}
}

func TestAWorkerThatCannotWorkSaysWhy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pool.json")
	for text, want := range map[string]string{
		`{"Backend":[]}`:                   `unknown field "Backend"`,
		`{"Backends":[{"Key":"$NOBODY"}]}`: "$NOBODY, which is not set",
		`{}`:                               "Backends",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		if status := run(t.Context(), []string{"worker", "-config", file}, io.Discard, &said, func(string) string { return "" }); status != exitFailed || !strings.Contains(said.String(), want) {
			t.Errorf("%s: status %d, %s", text, status, said.String())
		}
	}
	if status := run(t.Context(), []string{"worker"}, io.Discard, io.Discard, func(string) string { return "" }); status != exitUsage {
		t.Errorf("no configuration: status %d", status)
	}
}
