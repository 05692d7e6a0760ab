package planner_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/swarm/source"
	"github.com/db31e724/go-swarm/workers"
)

// A plan over all chunks names no source, so that names of any form are read.
func TestSourcesOfAnyNameAreRead(t *testing.T) {
	s := mock.NewHandler(mock.Config{})
	client := &http.Client{Transport: s.Transport()}
	large, err := planner.New(planner.Config{Backends: []model.Backend{{BaseURL: "http://mock/v1", Model: "mock-large", Client: client}}})
	if err != nil {
		t.Fatal(err)
	}
	defer large.Close()
	small, err := workers.NewPool(workers.Config{Backends: []model.Backend{{BaseURL: "http://mock/v1", Model: "mock-small", Client: client}}})
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	for _, name := range []string{"scheduler.md", "0001-scheduler.md", "2024-report.md", "1-a.md", "- x.md", "a b.md", "lease.mbox", "notes-5kb.md"} {
		text, err := source.Decode(name, []byte("# A\n\nThe Rhine has 1233 km.\n\n# B\n\nThe Nile has 6650 km.\n"))
		if err != nil {
			t.Fatal(err)
		}
		src, err := source.Chunk(text, source.Options{Size: 20})
		if err != nil {
			t.Fatal(err)
		}
		run := swarm.Swarm{Planner: large, Worker: small}
		a, err := run.Run(t.Context(), swarm.Task{Goal: "How long is the Nile?", Sources: []swarm.Source{src}})
		if err != nil || !strings.Contains(a.Text, "6650") || a.Report.Refused > 0 {
			t.Errorf("%s: %q, %v, %d steps refused", name, a.Text, err, a.Report.Refused)
		}
	}
}
