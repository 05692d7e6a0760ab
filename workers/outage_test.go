package workers_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// A server that is away for two minutes costs a run that time, and nothing.
func TestRunOutlivesAnOutage(t *testing.T) {
	if testing.Short() {
		t.Skip("one run in forty ends in a fault of the race detector itself, in a bubble of synctest")
	}
	for name, how := range map[string]fate{
		"overload told in a stream": ends("", mock.EndClean, `{"error":{"message":"Overloaded","type":"overloaded_error"}}`),
		"resets":                    {raw: mock.Raw{End: mock.EndCut}},
		"503":                       {raw: mock.Raw{Status: 503, Pieces: mock.Body("busy")}},
	} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			var vain atomic.Int32
			m := mock.Small()
			m.Brain = func(ctx context.Context, r mock.Request) (mock.Reply, error) {
				since := time.Since(begin)
				if since > 3*time.Second && since < 123*time.Second {
					vain.Add(1)
					time.Sleep(10 * time.Millisecond) // as on the way there and back
					return how.reply()
				}
				time.Sleep(time.Second)
				return mock.SmallBrain(ctx, r)
			}
			s := mock.NewHandler(mock.Config{Models: []mock.Model{m}})
			p := over(t, s, model.Backend{Stream: strings.Contains(name, "stream")})
			defer p.Close()
			run := swarm.Swarm{Planner: asking("How much is the rent?"), Worker: p, Concurrency: 16}
			answer, err := run.Run(t.Context(), swarm.Task{Goal: "How much is the rent?", Sources: []swarm.Source{leases(40)}})
			if err != nil || answer.Coverage.Done != 40 {
				t.Errorf("%s: %v, %+v", name, err, answer.Coverage)
			}
			if took := time.Since(begin); took > 3*time.Minute || vain.Load() > 60 {
				t.Errorf("%s: %d calls in vain in %v", name, vain.Load(), took)
			}
		})
	}
}

// Once a server has been found to cut prompts, longer ones are read in parts.
func TestRunReadsInPartsWhatTheServerWouldCut(t *testing.T) {
	const window = 2048
	m := mock.Small()
	s := mock.NewHandler(mock.Config{Models: []mock.Model{m}, Faults: []mock.FaultRule{{IDs: []string{"X69"}, Rate: 1}}})
	p := over(t, s, model.Backend{})
	defer p.Close()
	source := swarm.Source{Name: "long.txt"}
	for i := range 12 {
		var b strings.Builder
		fmt.Fprintf(&b, "In house %d the rent is %d euros a month.\n\n", i, 700+i)
		for range 100 + 25*i {
			b.WriteString("The garden is kept by all who live there, and nobody is to play music at night.\n")
		}
		end := b.Len()
		source.Chunks = append(source.Chunks, swarm.Chunk{Source: source.Name, ID: fmt.Sprint("long.txt#", i), Text: b.String(), End: end})
	}
	learnt := 0
	run := swarm.Swarm{Planner: asking("How much is the rent?"), Worker: p, Concurrency: 1, Observe: func(e swarm.Event) {
		if e.Kind == swarm.Learned && strings.Contains(e.Text, fmt.Sprint(window)) {
			learnt++
		}
	}}
	answer, err := run.Run(t.Context(), swarm.Task{Goal: "How much is the rent?", Sources: []swarm.Source{source}})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for r := range answer.Results() {
		if r.Outcome == swarm.Done && strings.Contains(r.Out.Text(), "euros") {
			found++
		}
	}
	if learnt != 1 || found < 11 {
		t.Errorf("learnt %d times, %d of 12 rents found; %+v", learnt, found, answer.Coverage)
	}
}

// Where all chunks are about as long, and all a little too long, only the first
// is read in part, which came before the cut was found out.
func TestRunReadsAllOfChunksThatAreCutAlike(t *testing.T) {
	m := mock.Small()
	s := mock.NewHandler(mock.Config{Models: []mock.Model{m}, Faults: []mock.FaultRule{{IDs: []string{"X69"}, Rate: 1}}})
	p := over(t, s, model.Backend{})
	defer p.Close()
	source := swarm.Source{Name: "long.txt"}
	for i := range 20 {
		text := fmt.Sprintf("In house %d the rent is %d euros a month.\n\n", i, 700+i) +
			strings.Repeat("The garden is kept by all who live there, and nobody is to play music at night.\n", 105+i%5)
		source.Chunks = append(source.Chunks, swarm.Chunk{Source: source.Name, ID: fmt.Sprint("long.txt#", i), Text: text, End: len(text)})
	}
	run := swarm.Swarm{Planner: asking("How much is the rent?"), Worker: p, Concurrency: 16}
	answer, err := run.Run(t.Context(), swarm.Task{Goal: "How much is the rent?", Sources: []swarm.Source{source}})
	if err != nil {
		t.Fatal(err)
	}
	cut := 0
	for r := range answer.Results() {
		if r.Step.Over == swarm.Chunks && r.Outcome == swarm.Abstained {
			cut++
		} else if r.Step.Over == swarm.Chunks && (r.Outcome != swarm.Done || !strings.Contains(r.Out.Text(), "euros")) {
			t.Errorf("chunk %d: %v, %q", r.Index, r.Outcome, r.Out.Text())
		}
	}
	if cut > 1 {
		t.Errorf("%d of 20 chunks were read in part only", cut)
	}
}

// A subtask that is alone at a server that comes and goes for a minute, as a
// planner's call is, waits for it.
func TestLoneSubtaskOutlivesAFlappingServer(t *testing.T) {
	for seed := range uint64(5) {
		synctest.Test(t, func(t *testing.T) {
			m := mock.Small()
			m.Latency = mock.Latency{First: 2500 * time.Millisecond}
			s := mock.NewHandler(mock.Config{Models: []mock.Model{m}, Seed: seed, Faults: []mock.FaultRule{{IDs: []string{"X17"}, Rate: 1, Attempts: 1}}})
			p := over(t, s, model.Backend{})
			defer p.Close()
			chunk := leases(1).Chunks[0]
			start := time.Now()
			_, err := p.Work(t.Context(), swarm.Subtask{Step: &swarm.Step{ID: "1/ask", Do: "How much is the rent?", Over: swarm.Chunks}, Goal: "rent", Chunk: &chunk})
			if err != nil || time.Since(start) < time.Minute || time.Since(start) > 2*time.Minute || len(s.Log()) > 30 {
				t.Errorf("seed %d: %v after %v and %d calls", seed, err, time.Since(start), len(s.Log()))
			}
			s.Close()
		})
	}
}
