package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/db31e724/go-swarm/internal/canary"
	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/planner"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/swarm/observe"
	"github.com/db31e724/go-swarm/workers"
)

const (
	fanOut = 200
	slots  = 16
	key    = canary.Key
	wanted = 137 // the lamp that is asked for
	goal   = "What is the switch code of lamp 137?"
)

// lamps are the sources: a chunk for each of two hundred lamps, with so many
// words more of no use in each.
func lamps(words int) swarm.Source {
	src := swarm.Source{Name: "lamps.txt", Outline: fmt.Sprintf("lamps.txt: %d entries, one for each lamp of the harbour", fanOut)}
	at := 0
	for i := range fanOut {
		text := fmt.Sprintf("Lamp %d stands on pier %d of the harbour. The switch code of lamp %d is %s.\n", i, i%23, i, code(i))
		for n := range words / 8 { // no two alike, so that no part of a chunk is another's
			text += fmt.Sprintf("Night %d of %d: nothing else was noted. ", n, i)
		}
		src.Chunks = append(src.Chunks, swarm.Chunk{
			Source: src.Name, ID: fmt.Sprintf("lamps.txt#%d", i+1), Text: text, Start: at, End: at + len(text),
		})
		at += len(text)
	}
	return src
}

func code(i int) string { return fmt.Sprintf("K%04d", i*7919%10000) }

// trial is one run against a server that makes a fault, and what was seen.
type trial struct {
	fault  mock.Fault
	log    []mock.Entry         // the server's, of the run, by time of arrival
	bills  map[string]mock.Bill // the same by model
	answer *swarm.Answer
	err    error
	told   string // all that was told of the run: its events as JSON, its log, its progress
	after  error  // of one call more, once the run had ended
	late   int    // requests that came after the run had ended
}

// rule says which calls meet a fault: plans where it is one of plans, else
// calls of the small model. What passes is met by first attempts only; what
// lasts by every call to one backend, beside which a second one is well.
func rule(f mock.Fault, rate float64) mock.FaultRule {
	r := mock.FaultRule{IDs: []string{f.ID}, Model: "mock-small", Rate: rate}
	switch {
	case f.Group == "H":
		r.Model, r.Rate = "mock-large", 0
		if f.Recovery == mock.Changed {
			r.Attempts = 1
		}
	case f.Recovery == mock.Elsewhere, f.ID == "X69": // a window is that of all calls
		r.Rate = 0
	case f.Recovery == mock.Again || f.Recovery == mock.Unharmed:
		r.Attempts = 1
	}
	if f.ID == "X17" { // each begins a minute of flapping
		r.Max = 20
	}
	return r
}

// mixtures are how many runs meet all faults that pass, mixed.
const mixtures = 4

// mixture is the i-th run through them, with a rule for its calls. Every
// second one streams.
func mixture(i uint64, rate float64, seed uint64) meeting {
	r := mock.FaultRule{Model: "mock-small", Rate: rate, Attempts: 1}
	for _, f := range mock.Faults() {
		if !f.Client && f.Group != "H" && (f.Recovery == mock.Again || f.Recovery == mock.Unharmed) {
			r.IDs = append(r.IDs, f.ID)
		}
	}
	return meeting{mock.Fault{
		ID: fmt.Sprint("M", i), Group: "M", Name: fmt.Sprintf("%d faults that pass, mixed (seed %d)", len(r.IDs), seed), Recovery: mock.Again,
	}, r, seed}
}

func try(fault mock.Fault, rules []mock.FaultRule, seed uint64) *trial {
	small, spare, large := mock.Small(), mock.Small(), mock.Large()
	spare.ID = "mock-spare"
	for _, m := range []*mock.Model{&small, &spare} {
		m.Latency = mock.Latency{First: 200 * time.Millisecond, PerToken: 5 * time.Millisecond, Sigma: 0.3}
	}
	tr := &trial{fault: fault}
	server := mock.NewHandler(mock.Config{Models: []mock.Model{small, spare, large}, Key: key, Seed: seed, Faults: rules, Keep: -1})
	client := &http.Client{Transport: server.Transport()}
	backend := func(m mock.Model, slots int) model.Backend {
		return model.Backend{BaseURL: "http://mock/v1", Key: key, Model: m.ID, Slots: slots, Client: client, Price: price(m.Price), Stream: streams(fault)}
	}
	backends := []model.Backend{backend(small, slots)}
	if fault.Recovery == mock.Elsewhere {
		backends = append(backends, backend(spare, slots))
	}
	llm, wrong := planner.New(planner.Config{Backends: []model.Backend{backend(large, 4)}, Fallback: planner.ReadAll})
	limits := model.Limits{}
	if fault.Group == "M" { // several of the waits that servers ask for may meet one call
		limits.CallTime = time.Hour
	}
	pool, err := workers.NewPool(workers.Config{Backends: backends, Limits: limits})
	if err := errors.Join(wrong, err); err != nil {
		panic(err) // of these few settings none is wrong
	}
	defer llm.Close()
	defer pool.Close()

	var told bytes.Buffer // by listeners, which are called one at a time
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&told), zap.DebugLevel))
	s := swarm.Swarm{
		Planner: llm, Worker: workers.Check(pool, workers.Quotes), Concurrency: 2 * slots,
		Observe: observe.Tee(observe.JSON(&told), observe.Zap(log, observe.Texts()), observe.Progress(&told)),
	}
	// More virtual time than any wait that is to be kept, so that a hang ends.
	words := 0
	if fault.ID == "X69" { // met by prompts of more than 2048 tokens
		words = 2400
	}
	ctx, cancel := context.WithTimeout(context.Background(), 12*time.Hour)
	defer cancel()
	tr.answer, tr.err = s.Run(ctx, swarm.Task{Goal: goal, Sources: []swarm.Source{lamps(words)}})
	tr.told = told.String()

	ended := time.Now()
	time.Sleep(time.Hour)
	tr.log, tr.bills = server.Log(), server.Bill()
	slices.SortStableFunc(tr.log, func(a, b mock.Entry) int { return a.Arrived.Compare(b.Arrived) })
	for _, e := range tr.log {
		if e.Arrived.After(ended) {
			tr.late++
		}
	}
	chunk := lamps(0).Chunks[wanted]
	for range 2 { // the first may itself meet the fault, and nothing else goes on
		_, tr.after = pool.Work(ctx, swarm.Subtask{
			Step: &swarm.Step{ID: "after", Do: "Say whether the pool is alive.", Over: swarm.Chunks}, Goal: goal, Chunk: &chunk,
		})
		if tr.after == nil {
			break
		}
		time.Sleep(2 * time.Minute)
	}
	return tr
}

// streams says whether a fault is one of streams: then replies are streamed.
func streams(f mock.Fault) bool {
	if f.Group == "C" {
		return !slices.Contains([]string{"F17g", "F21a", "F21b"}, f.ID)
	}
	return slices.Contains([]string{"M2", "M4", "F04", "F14a", "F27a", "F36", "F58c"}, f.ID)
}

// price is what a model of the mock charges.
func price(p *mock.Price) *swarm.Price {
	per := func(dollars float64) swarm.Money { return swarm.Money(dollars*float64(swarm.Dollar) + 0.5) }
	return &swarm.Price{In: per(p.In), Cached: per(p.Cached), Written: per(p.Written), Out: per(p.Out)}
}
