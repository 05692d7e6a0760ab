package swarmtest_test

import (
	"net/http"
	"testing"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/swarm/swarmtest"
	"github.com/db31e724/go-swarm/workers"
)

func TestFixedKeepsTheContract(t *testing.T) {
	swarmtest.TestPlanner(t, func() swarm.Planner {
		return planner.Fixed{Steps: []swarm.Step{readAll, judge, sum}}
	})
}

// client reaches a mock server in memory.
func client() *http.Client {
	return &http.Client{Transport: mock.NewHandler(mock.Config{}).Transport()}
}

func TestLLMKeepsTheContract(t *testing.T) {
	swarmtest.TestPlanner(t, func() swarm.Planner {
		p, err := planner.New(planner.Config{Backends: []model.Backend{{
			BaseURL: "http://mock/v1", Model: "mock-large", Client: client(),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	})
}

func TestPoolKeepsTheContract(t *testing.T) {
	swarmtest.TestWorker(t, func() swarm.Worker {
		p, err := workers.NewPool(workers.Config{Backends: []model.Backend{{
			BaseURL: "http://mock/v1", Model: "mock-small", Client: client(),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	})
}

func TestCheckKeepsTheContract(t *testing.T) {
	swarmtest.TestWorker(t, func() swarm.Worker {
		m, err := workers.NewModel(model.Backend{
			BaseURL: "http://mock/v1", Model: "mock-small", Client: client(),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Close)
		return workers.Check(m, workers.Quotes)
	})
}
