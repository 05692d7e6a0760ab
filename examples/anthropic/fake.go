package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/db31e724/go-swarm/swarm"
)

// fake plays Anthropic's API on loopback by rote, and keeps the bill.
type fake struct {
	url           string
	fault         string // what each fifth call meets: a status, "event" or "cut"
	calls         atomic.Int64
	in, kept, out atomic.Int64 // tokens that were told
}

func (f *fake) listen() *httptest.Server {
	s := httptest.NewServer(f)
	f.url = s.URL
	return s
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q struct {
		System, Messages []json.RawMessage
		Choice           struct{ Name string } `json:"tool_choice"`
	}
	json.NewDecoder(r.Body).Decode(&q)
	status, met := 0, f.fault != "" && f.calls.Add(1)%5 == 3
	if fmt.Sscan(f.fault, &status); met && status > 0 {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"type":"error","error":{"type":%q}}`, map[int]string{429: "rate_limit_error", 529: "overloaded_error"}[status])
		return
	}
	prompt := string(q.Messages[0])
	found := regexp.MustCompile(`The lock[^.]*\.`).FindString(prompt)
	reply := map[string]string{
		"plan":    `{"steps":[{"id":"read","do":"Find it.","over":"chunks","select":[],"items":[],"of":"","needs":[],"output":"finding"}]}`,
		"finding": fmt.Sprintf(`{"answer":%q,"quote":%q,"confidence":1,"abstain":%t}`, found, found, found == ""),
		"answer":  fmt.Sprintf(`{"answer":"%s [1]","complete":true,"missing":""}`, found),
	}[q.Choice.Name]
	send := func(format string, args ...any) { fmt.Fprintf(w, "data: "+format+"\n\n", args...) }
	in, kept, out := len(prompt)/4, 200*len(q.System), 1
	send(`{"type":"message_start","message":{"usage":{"input_tokens":%d,"cache_read_input_tokens":%d,"output_tokens":1}}}`, in, kept)
	send(`{"type":"content_block_start","content_block":{"type":"tool_use","name":%q}}`, q.Choice.Name)
	send(`{"type":"content_block_delta","delta":{"partial_json":%q}}`, reply[:9])
	switch {
	case !met:
		out = len(reply) / 4
		send(`{"type":"content_block_delta","delta":{"partial_json":%q}}`, reply[9:])
		send(`{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":%d}}`, out)
		send(`{"type":"message_stop"}`)
	case f.fault == "event":
		send(`{"type":"error","error":{"type":"overloaded_error"}}`)
	}
	f.in.Add(int64(in + kept))
	f.kept.Add(int64(kept))
	f.out.Add(int64(out))
}

// harbour is a text of some chunks, one of which answers.
func harbour(chunks int) []swarm.Source {
	src := swarm.Source{Name: "harbour"}
	for i := range chunks {
		text := fmt.Sprintf("Berth %d is free. ", i) + strings.Repeat("Boats come and go. ", 9)
		if i == chunks/2 {
			text += "The lock closes at a wind of nine."
		}
		src.Chunks = append(src.Chunks, swarm.Chunk{Source: src.Name, ID: fmt.Sprint("harbour#", i), Text: text, End: len(text)})
	}
	return []swarm.Source{src}
}
