package main

import (
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"io"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/db31e724/go-swarm/mock"
	"github.com/db31e724/go-swarm/swarm"
)

// alteringBrain alters one word in the quotes of a fifth of the chunks. Which
// fifth, and which word, is decided by the chunk, so that asking again changes
// nothing.
type alteringBrain struct {
	mu   sync.Mutex
	said map[uint64]map[uint64]bool // by altered chunk: the prompts that it was quoted for
}

const altered = "quorvex" // stands in no text

func (b *alteringBrain) reply(ctx context.Context, r mock.Request) (mock.Reply, error) {
	reply, err := mock.SmallBrain(ctx, r)
	var said map[string]any
	if err != nil || json.Unmarshal([]byte(reply.Text), &said) != nil {
		return reply, err
	}
	list, _ := said["findings"].([]any)
	if len(list) == 0 {
		return reply, err
	}
	first, _ := list[0].(map[string]any)
	quote, _ := first["quote"].(string)
	words := strings.Fields(quote)
	_, chunk, _ := strings.Cut(r.Messages[len(r.Messages)-1].Content, "Text:\n")
	chunk, _, _ = strings.Cut(chunk, "\n</data-")
	sum := fnv.New64a()
	io.WriteString(sum, chunk)
	seed := sum.Sum64()
	if len(words) == 0 || seed%5 != 0 {
		return reply, nil
	}
	words[seed/5%uint64(len(words))] = altered
	first["quote"] = strings.Join(words, " ")
	prompt := fnv.New64a()
	for _, m := range r.Messages {
		io.WriteString(prompt, m.Content)
	}
	b.mu.Lock()
	if b.said[seed] == nil {
		b.said[seed] = map[uint64]bool{}
	}
	b.said[seed][prompt.Sum64()] = true // a hedge sends the same one
	b.mu.Unlock()
	text, err := json.Marshal(said)
	reply.Text = string(text)
	return reply, err
}

func TestCatchesEveryAlteredQuote(t *testing.T) {
	slow(t)
	t.Parallel()
	file := doc(t, "go_spec.html")
	brain := &alteringBrain{said: map[uint64]map[uint64]bool{}}
	small := mock.Small()
	small.Brain = brain.reply
	server := mock.NewServer(mock.Config{Models: []mock.Model{mock.Large(), small}})
	defer server.Close()
	env := map[string]string{"OPENAI_BASE_URL": server.URL(), "OPENAI_API_KEY": "any", "SWARM_PLANNER_MODEL": mock.Large().ID, "SWARM_WORKER_MODEL": small.ID}
	finds, caught := 0, 0
	for _, f := range specFacts[:5] {
		s, err := parse([]string{"-q", f.question, "-file", file}, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		job, err := prepare(t.Context(), &s, nil, io.Discard, func(k string) string { return env[k] })
		if err != nil {
			t.Fatal(err)
		}
		defer job.models.close()
		clear(brain.said)
		var redone atomic.Int32 // replies set aside because the prompt may have been cut, and asked for in parts
		sw := swarm.Swarm{
			Planner: job.models.planner, Worker: job.models.worker, Reducer: job.models.reducer, Concurrency: s.workers,
			Observe: func(e swarm.Event) {
				var call *swarm.CallError
				if e.Kind == swarm.CallEnded && errors.As(e.Err, &call) && call.Class == swarm.ClassTooLong {
					redone.Add(1)
				}
			},
		}
		a, err := sw.Run(t.Context(), swarm.Task{Goal: s.question, Sources: job.sources})
		if err != nil || a.Text == "" || a.Coverage.Failed > 0 {
			t.Fatalf("%s: %v, coverage %+v, answer %q", f.question, err, a.Coverage, a.Text)
		}
		judge := func(cs iter.Seq[*swarm.Citation], where string) (marked bool) {
			for c := range cs {
				if !strings.Contains(c.Quote, altered) {
					continue
				}
				marked = true
				if c.Verified {
					t.Errorf("%s: an altered quote is called verified in %s: %q", f.question, where, c.Quote)
				}
			}
			return marked
		}
		marked := 0
		for r := range a.Results() {
			for range r.Out.Evidence() {
				finds++
			}
			if judge(r.Out.Evidence(), "result "+r.ID()) {
				marked++
				if len(r.Out.Doubts) == 0 {
					t.Errorf("%s: result %s has an altered quote and no doubt", f.question, r.ID())
				}
			}
		}
		final := swarm.Output{Findings: []swarm.Finding{{Evidence: a.Citations}}}
		judge(final.Evidence(), "the answer")
		caught += marked
		aside := int(redone.Load())
		if said := len(brain.said); marked > said || marked+3*aside < said {
			t.Errorf("%s: %d results are marked, the quotes of %d chunks were altered", f.question, marked, len(brain.said))
		}
		for chunk, said := range brain.said {
			if len(said) != 2 && aside == 0 {
				t.Errorf("%s: the quote of chunk %x was said to %d prompts: one and another when asked again is right", f.question, chunk, len(said))
			}
		}
	}
	t.Logf("%d of %d quotes were altered and caught", caught, finds)
	if caught < 5 {
		t.Errorf("%d of %d quotes were altered: too few to judge by", caught, finds)
	}
}
