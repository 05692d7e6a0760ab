package mock

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// answer sends what the brain said at the pace that the latency asks for, and
// books what was sent: of a reply whose reader left, what was ready by then.
func (x *exchange) answer() *wire.Error {
	switch {
	case x.raw != nil:
		x.sendRaw()
	case x.entry.Request.Stream:
		x.stream()
	default:
		x.whole()
	}
	return nil
}

type wireMessage struct {
	Role        string  `json:"role"`
	Content     *string `json:"content"`
	Refusal     *string `json:"refusal"`
	Annotations []any   `json:"annotations"`
}

type wireChoice struct {
	Index        int         `json:"index"`
	Message      wireMessage `json:"message"`
	Logprobs     *struct{}   `json:"logprobs"`
	FinishReason string      `json:"finish_reason"`
}

type wireUsage struct {
	Prompt        int `json:"prompt_tokens"`
	Completion    int `json:"completion_tokens"`
	Total         int `json:"total_tokens"`
	PromptDetails struct {
		Cached  int `json:"cached_tokens"`
		Written int `json:"cache_write_tokens,omitempty"`
		Audio   int `json:"audio_tokens"`
	} `json:"prompt_tokens_details"`
	CompletionDetails struct {
		Reasoning int `json:"reasoning_tokens"`
		Audio     int `json:"audio_tokens"`
		Accepted  int `json:"accepted_prediction_tokens"`
		Rejected  int `json:"rejected_prediction_tokens"`
	} `json:"completion_tokens_details"`
}

func (u Usage) wire() wireUsage {
	w := wireUsage{Prompt: u.In, Completion: u.Out, Total: u.In + u.Out}
	w.PromptDetails.Cached, w.PromptDetails.Written = u.Cached, u.Written
	return w
}

// whole answers without streaming, when the last token is ready.
func (x *exchange) whole() {
	last := 0
	for _, r := range x.reply {
		last = max(last, len(r.tokens)-1)
	}
	if !x.sleep(x.pace.at(last)) {
		ready := time.Since(x.entry.Arrived)
		for _, r := range x.reply {
			x.entry.Usage.Out += x.pace.ready(ready, len(r.tokens))
		}
		return
	}
	choices := make([]wireChoice, len(x.reply))
	for i, r := range x.reply {
		text := strings.Join(r.tokens, "")
		x.entry.Usage.Out += len(r.tokens)
		x.entry.Replies = append(x.entry.Replies, text)
		x.entry.Finish = append(x.entry.Finish, r.finish)
		msg := wireMessage{Role: "assistant", Content: &text, Annotations: []any{}}
		if r.refusal {
			msg.Content, msg.Refusal = nil, &text
		}
		choices[i] = wireChoice{Index: i, Message: msg, FinishReason: r.finish}
	}
	body, err := json.Marshal(struct {
		ID                string       `json:"id"`
		Object            string       `json:"object"`
		Created           int64        `json:"created"`
		Model             string       `json:"model"`
		Choices           []wireChoice `json:"choices"`
		Usage             wireUsage    `json:"usage"`
		ServiceTier       string       `json:"service_tier"`
		SystemFingerprint *string      `json:"system_fingerprint"`
	}{x.replyID(), "chat.completion", x.entry.Arrived.Unix(), x.model.ID, choices, x.entry.Usage.wire(), "default", nil})
	if err != nil {
		x.fail(wire.Failed(err))
		return
	}
	x.send("application/json", http.StatusOK, body)
}

// replyID is unique on a server.
func (x *exchange) replyID() string { return "chatcmpl-" + strings.TrimPrefix(x.entry.ID, "req_") }

// models lists the models, or shows one.
func (x *exchange) models(id string) *wire.Error {
	type wireModel struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	of := func(id string) wireModel { return wireModel{id, "model", x.s.created, "mock"} }
	var answer any
	if id != "" {
		if x.s.models[id] == nil {
			return noModel(id)
		}
		answer = of(id)
	} else {
		list := make([]wireModel, len(x.s.order))
		for i, id := range x.s.order {
			list[i] = of(id)
		}
		answer = map[string]any{"object": "list", "data": list}
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return wire.Failed(err)
	}
	x.send("application/json", http.StatusOK, body)
	return nil
}
