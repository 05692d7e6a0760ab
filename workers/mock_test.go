package workers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/swarm/swarmtest"
	"github.com/db31e724/go-swarm/workers"
)

// over makes a pool whose one backend is the mock's model.
func over(t testing.TB, s *mock.Server, b model.Backend) *workers.Pool {
	t.Helper()
	b.BaseURL, b.Key, b.Client = "http://mock/v1", canary.Key, &http.Client{Transport: s.Transport()}
	if b.Model == "" {
		b.Model = "mock-small"
	}
	p, err := workers.NewPool(workers.Config{Backends: []model.Backend{b}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPoolKeepsTheContractOfAWorker(t *testing.T) {
	s := mock.NewHandler(mock.Config{})
	swarmtest.TestWorker(t, func() swarm.Worker { return over(t, s, model.Backend{}) })
}

func TestCheckKeepsTheContractOfAWorker(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as the pool's own")
	}
	s := mock.NewHandler(mock.Config{})
	swarmtest.TestWorker(t, func() swarm.Worker { return workers.Check(over(t, s, model.Backend{}), workers.Quotes) })
}

// asking is a planner that asks one thing of every chunk, and whose merge
// copies what was found.
type asking string

func (a asking) Plan(_ context.Context, _ swarm.Brief, add func(swarm.Step) error) error {
	return add(swarm.Step{ID: "ask", Do: string(a), Over: swarm.Chunks})
}

func (asking) Window() int { return 0 }

func (a asking) Merge(_ context.Context, _ swarm.Brief, results []swarm.Result, w *swarm.AnswerWriter) (swarm.Verdict, error) {
	v := swarm.Verdict{}
	for _, r := range results {
		for c := range r.Out.Evidence() {
			v.Citations = append(v.Citations, *c)
		}
		fmt.Fprintln(w, r.Out.Text())
	}
	return v, nil
}

// leases is a source of n chunks, each about another tenant.
func leases(n int) swarm.Source {
	names := []string{"Abbot", "Barrow", "Cartwright", "Dunstable", "Everly", "Farnham", "Goodwin", "Hartley"}
	s := swarm.Source{Name: "leases.txt"}
	at := 0
	for i := range n {
		text := fmt.Sprintf("Lease number %d. The tenant, Mr %s, pays a rent of %d euros a month, due on the first day. Pets are not allowed.\n", i, names[i%len(names)]+strings.Repeat("son", i/len(names)), 400+i)
		s.Chunks = append(s.Chunks, swarm.Chunk{Source: s.Name, ID: fmt.Sprintf("leases.txt#%d", i+1), Text: text, Start: at, End: at + len(text)})
		at += len(text)
	}
	return s
}

func TestRunCostsWhatTheServerBilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		small := mock.Small()
		small.Latency = mock.SmallLatency()
		s := mock.NewHandler(mock.Config{Models: []mock.Model{small}})
		p := over(t, s, model.Backend{Slots: 4, Price: model.PriceOf("gpt-5.6-luna")})
		defer p.Close()
		question := "How much rent does Mr Everly pay?"
		run := swarm.Swarm{Planner: asking(question), Worker: workers.Check(p, workers.Quotes)}
		answer, err := run.Run(t.Context(), swarm.Task{Goal: question, Sources: []swarm.Source{leases(24)}})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(answer.Text, "404") || len(answer.Citations) == 0 {
			t.Errorf("answer %q, citations %+v", answer.Text, answer.Citations)
		}
		for _, c := range answer.Citations {
			if !c.Verified {
				t.Errorf("a quote of the mock's is not verified: %+v", c)
			}
		}
		synctest.Wait()
		bill, used := s.Bill()["mock-small"], answer.Report.Usage
		if used.Calls != bill.Calls || used.In != bill.Usage.In || used.Out != bill.Usage.Out || used.AtLeast || int64(used.Cost) < bill.Cost || int64(used.Cost) > bill.Cost+int64(bill.Calls) {
			t.Errorf("the report says %+v, the bill %+v", used, bill)
		}
		if _, peak := s.InFlight(); peak != 4 {
			t.Errorf("%d calls in flight at most, want the 4 slots used", peak)
		}
	})
}

func TestCancelledRunSendsNoFurtherCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		small := mock.Small()
		small.Latency = mock.Latency{First: time.Minute}
		s := mock.NewHandler(mock.Config{Models: []mock.Model{small}})
		p := over(t, s, model.Backend{Slots: 3})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		start := time.Now()
		run := swarm.Swarm{Planner: asking("How much is the rent?"), Worker: p}
		answer, err := run.Run(ctx, swarm.Task{Goal: "How much is the rent?", Sources: []swarm.Source{leases(24)}})
		if err == nil || answer == nil || time.Since(start) != 10*time.Second {
			t.Fatalf("%v after %v", err, time.Since(start))
		}
		synctest.Wait() // the server notes that its client has left
		if n := s.Bill()["mock-small"].Calls; n != 3 {
			t.Errorf("%d calls, want the 3 that were under way", n)
		}
		if u := answer.Report.Usage; u.Calls != 3 || !u.AtLeast || u.In == 0 {
			t.Errorf("cut calls are booked as %+v, want at least their prompts", u)
		}
	})
}

func TestServerWithoutSchemasIsLearntOnce(t *testing.T) {
	small := mock.Small()
	small.NoSchema = true
	s := mock.NewHandler(mock.Config{Models: []mock.Model{small}})
	p := over(t, s, model.Backend{Slots: 1})
	defer p.Close()
	learned := 0
	run := swarm.Swarm{Planner: asking("How much is the rent?"), Worker: p, Observe: func(e swarm.Event) {
		if e.Kind == swarm.Learned {
			learned++
		}
	}}
	answer, err := run.Run(t.Context(), swarm.Task{Goal: "How much is the rent?", Sources: []swarm.Source{leases(8)}})
	if err != nil || answer.Coverage.Done != 8 || learned != 1 {
		t.Errorf("%v, %+v, %d lessons told, want 1", err, answer.Coverage, learned)
	}
}

func TestSubtaskEndsWithItsTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := mock.Small()
		slow.Latency = mock.Latency{First: time.Hour}
		s := mock.NewHandler(mock.Config{Models: []mock.Model{slow}})
		p, err := workers.NewPool(workers.Config{
			Backends: []model.Backend{{Model: slow.ID, BaseURL: "http://mock/v1", Client: &http.Client{Transport: s.Transport()}}},
			Limits:   model.Limits{CallTime: 10 * time.Second},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		start := time.Now()
		_, err = p.Work(t.Context(), swarm.Subtask{Step: &swarm.Step{Do: "Find the rent."}, Chunk: &leases(1).Chunks[0]})
		ce, _ := errors.AsType[*swarm.CallError](err)
		if ce == nil || ce.Class != swarm.ClassTimeout || time.Since(start) != 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// One slow slot for many places: who queues longest waits far more than a
// subtask may take, and is served all the same.
func TestSubtasksOutlastTheQueueOfASmallPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := mock.Small()
		slow.Latency = mock.Latency{First: 30 * time.Second}
		p := over(t, mock.NewHandler(mock.Config{Models: []mock.Model{slow}}), model.Backend{Slots: 1})
		defer p.Close()
		run := swarm.Swarm{Planner: asking("How much is the rent?"), Worker: p}
		answer, err := run.Run(t.Context(), swarm.Task{Goal: "How much is the rent?", Sources: []swarm.Source{leases(60)}})
		if err != nil || answer.Coverage.Done != 60 {
			t.Errorf("%v, %+v", err, answer.Coverage)
		}
	})
}

func TestStreamThatFallsSilentDoesNotUseUpItsAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		small := mock.Small()
		small.Brain = func(_ context.Context, r mock.Request) (mock.Reply, error) {
			return mock.Reply{Raw: &mock.Raw{Pieces: mock.Events(half), End: mock.EndHold}}, nil
		}
		p := over(t, mock.NewHandler(mock.Config{Models: []mock.Model{small}}), model.Backend{Stream: true})
		defer p.Close()
		start := time.Now()
		_, err := p.Work(t.Context(), swarm.Subtask{Step: &swarm.Step{Do: "Find the rent."}, Chunk: &leases(1).Chunks[0]})
		ce, _ := errors.AsType[*swarm.CallError](err)
		if ce == nil || ce.Class != swarm.ClassTimeout || ce.Attempts != 8 || time.Since(start) > 7*time.Minute {
			t.Errorf("%v after %v, want eight attempts of three quarters of a minute", err, time.Since(start))
		}
	})
}
