//go:build unix

package workers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	openai "github.com/sashabaranov/go-openai"

	"github.com/db31e724/go-swarm/internal/chat"
	"github.com/db31e724/go-swarm/internal/pool"
	"github.com/db31e724/go-swarm/swarm/model"
)

const (
	wireAtOnce  = 64
	wirePrompts = 16
	wireSlice   = 512 // calls between two changes of client
)

// BenchmarkWire measures calls over loopback HTTP, 64 at a time with prompts
// of 3.6 KB, to a server in a process of its own that answers the same bytes:
// through the pool, through go-openai as people write it, through go-openai on
// the pool's transport, and through net/http with bodies encoded beforehand.
//
// The machine's other work changes from second to second. So each client's
// calls come in slices, and between two of them the tuned go-openai loop runs
// one of its own; "x-tuned" is the ratio of calls per second between the two,
// measured side by side. "cpu-µs/op" is the processor time of the client's
// process, "x-tuned-cpu" the same over the tuned loop's, "server-µs/op" that of
// the server's process.
func BenchmarkWire(b *testing.B) {
	server := startWire(b)
	defer server.stop()
	prompts := make([]string, wirePrompts)
	for i := range prompts {
		prompts[i] = "Excerpt " + strconv.Itoa(i) + ":\n" + strings.Repeat("The tenant pays rent on the first day of each month. \"Rent\" is all that is owed.\n", 45)
	}
	// Each case has connections of its own, beside those of the loop that it is
	// compared with.
	ours := func() *http.Client { return &http.Client{Transport: chat.NewTransport(wireAtOnce)} }
	tuned := goOpenAI(ours)
	for _, c := range []struct {
		name string
		make func(b *testing.B, url string, prompts []string) func(i int) error
	}{
		{"swarm", thePool},
		{"go-openai", goOpenAI(func() *http.Client { return &http.Client{} })}, // what its DefaultConfig has
		{"go-openai-tuned", tuned},
		{"net-http", netHTTP(ours)},
	} {
		b.Run(c.name, func(b *testing.B) {
			own, other := c.make(b, server.url, prompts), tuned(b, server.url, prompts)
			var spent, spentTuned, used, usedTuned time.Duration
			theirs := server.cpu(b)
			b.ReportAllocs()
			b.ResetTimer()
			for done := 0; done < b.N; {
				n := min(wireSlice, b.N-done)
				done += n
				b.StopTimer()
				before, start := cpu(), time.Now()
				slice(b, other, n)
				spentTuned, usedTuned = spentTuned+time.Since(start), usedTuned+cpu()-before
				before, start = cpu(), time.Now()
				b.StartTimer()
				slice(b, own, n)
				b.StopTimer()
				spent += time.Since(start)
				used += cpu() - before
				b.StartTimer()
			}
			b.StopTimer()
			theirs = server.cpu(b) - theirs
			b.ReportMetric(float64(b.N)/spent.Seconds(), "calls/s")
			b.ReportMetric(spentTuned.Seconds()/spent.Seconds(), "x-tuned")
			b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-µs/op")
			b.ReportMetric(used.Seconds()/usedTuned.Seconds(), "x-tuned-cpu")
			b.ReportMetric(float64(theirs.Microseconds())/float64(2*b.N), "server-µs/op")
		})
	}
}

// slice makes n calls, so many at once.
func slice(b *testing.B, call func(int) error, n int) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range wireAtOnce {
		wg.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				if err := call(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

var errNoReply = errors.New("the reply is not what the server sent")

func thePool(b *testing.B, url string, prompts []string) func(int) error {
	p, err := pool.New(pool.Config{Backends: []model.Backend{{Model: "small", BaseURL: url, Key: "k", Slots: wireAtOnce}}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(p.Close)
	ctx := context.Background()
	return func(i int) error {
		r := model.Request{
			Messages: []model.Message{{Role: "system", Content: "Answer from the text."}, {Role: "user", Content: prompts[i%len(prompts)]}},
			MaxOut:   512,
		}
		reply, err := p.Do(ctx, r)
		if err == nil && reply.Text == "" {
			err = errNoReply
		}
		return err
	}
}

func goOpenAI(newClient func() *http.Client) func(*testing.B, string, []string) func(int) error {
	return func(b *testing.B, url string, prompts []string) func(int) error {
		hc := newClient()
		cfg := openai.DefaultConfig("k")
		cfg.BaseURL, cfg.HTTPClient = url, hc
		client := openai.NewClientWithConfig(cfg)
		b.Cleanup(hc.CloseIdleConnections)
		ctx := context.Background()
		return func(i int) error {
			reply, err := client.CreateChatCompletion(ctx, openai.ChatCompletionRequest{
				Model: "small",
				Messages: []openai.ChatCompletionMessage{
					{Role: openai.ChatMessageRoleSystem, Content: "Answer from the text."},
					{Role: openai.ChatMessageRoleUser, Content: prompts[i%len(prompts)]},
				},
				MaxTokens: 512, //lint:ignore SA1019 what most code still sends, and the pool too
			})
			if err == nil && (len(reply.Choices) == 0 || reply.Choices[0].Message.Content == "") {
				err = errNoReply
			}
			return err
		}
	}
}

func netHTTP(newClient func() *http.Client) func(*testing.B, string, []string) func(int) error {
	return func(b *testing.B, url string, prompts []string) func(int) error {
		hc := newClient()
		bodies := make([][]byte, len(prompts))
		for i, p := range prompts {
			bodies[i], _ = json.Marshal(map[string]any{"model": "small", "max_tokens": 512, "messages": []any{
				map[string]string{"role": "system", "content": "Answer from the text."}, map[string]string{"role": "user", "content": p},
			}})
		}
		b.Cleanup(hc.CloseIdleConnections)
		return func(i int) error {
			req, err := http.NewRequest("POST", url+"/chat/completions", bytes.NewReader(bodies[i%len(bodies)]))
			if err != nil {
				return err
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Authorization", "Bearer k")
			resp, err := hc.Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			raw, err := io.ReadAll(resp.Body)
			if err != nil {
				return err
			}
			var reply struct {
				Choices []struct{ Message struct{ Content string } }
			}
			if err := json.Unmarshal(raw, &reply); err != nil {
				return err
			}
			if len(reply.Choices) == 0 || reply.Choices[0].Message.Content == "" {
				return errNoReply
			}
			return nil
		}
	}
}

func TestWireServerAnswers(t *testing.T) {
	server := startWire(t)
	defer server.stop()
	hc := &http.Client{Transport: &http.Transport{}}
	defer hc.CloseIdleConnections()
	for range 3 {
		resp, err := hc.Post(server.url+"/chat/completions", "application/json", strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(raw) != wireReply || !json.Valid(raw) {
			t.Fatalf("%q, %v", raw, err)
		}
	}
}
