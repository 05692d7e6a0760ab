package chat

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm/model"
	openai "github.com/sashabaranov/go-openai"
)

// canned answers from memory with fixed bytes, so that a benchmark sees the
// client's own cost.
type canned struct{ body []byte }

func (c canned) RoundTrip(req *http.Request) (*http.Response, error) {
	io.Copy(io.Discard, req.Body)
	req.Body.Close()
	return &http.Response{
		StatusCode: 200, Status: "200 OK", Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(c.body)), ContentLength: int64(len(c.body)),
	}, nil
}

// BenchmarkDo is one call with a prompt of 3.6 KB beside the same by
// go-openai alone, the network left out.
func BenchmarkDo(b *testing.B) {
	prompt := strings.Repeat("All happy families are alike; ", 120)
	stream := []byte(sse(chunk("hel"), chunk("lo"), stopChunk, usageChunk, "[DONE]"))
	zero := 0.0
	for _, mode := range []struct {
		name string
		rt   canned
		r    model.Request
	}{
		{"plain", canned{[]byte(okBody)}, model.Request{}},
		{"temperature-0", canned{[]byte(okBody)}, model.Request{Temperature: &zero}},
		{"stream", canned{stream}, model.Request{OnText: func(string) {}}},
	} {
		mode.r.Messages = []model.Message{{Role: "user", Content: prompt}}
		b.Run(mode.name+"/chat", func(b *testing.B) {
			c := client(b, mode.rt)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Attempt(b.Context(), mode.r); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(mode.name+"/go-openai", func(b *testing.B) {
			cfg := openai.DefaultConfig(testKey)
			cfg.BaseURL = "http://model.test/v1"
			cfg.HTTPClient = &http.Client{Transport: mode.rt}
			c := openai.NewClientWithConfig(cfg)
			b.ReportAllocs()
			for b.Loop() {
				req := openai.ChatCompletionRequest{Model: "small", Messages: []openai.ChatCompletionMessage{{Role: "user", Content: prompt}}}
				if mode.r.OnText != nil {
					streamAll(b, c, req)
				} else if _, err := c.CreateChatCompletion(b.Context(), req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func streamAll(b *testing.B, c *openai.Client, req openai.ChatCompletionRequest) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	req.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
	s, err := c.CreateChatCompletionStream(ctx, req)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for {
		if _, err := s.Recv(); err == io.EOF {
			return
		} else if err != nil {
			b.Fatal(err)
		}
	}
}
