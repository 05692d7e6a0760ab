package mock

import (
	"fmt"
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

// wire is usage as a reply tells it.
func (u Usage) wire() string {
	written := ""
	if u.Written > 0 {
		written = fmt.Sprintf(`"cache_write_tokens":%d,`, u.Written)
	}
	return fmt.Sprintf(`{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d,%s"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`,
		u.In, u.Out, u.In+u.Out, u.Cached, written)
}

// whole answers without streaming, when the last token is ready.
func (x *exchange) whole() {
	if !x.sleep(x.pace.at(max(0, x.longest()-1))) {
		ready := time.Since(x.entry.Arrived)
		for _, r := range x.reply {
			x.entry.Usage.Out += x.pace.ready(ready, len(r.tokens))
		}
		return
	}
	choices := make([]string, len(x.reply))
	for i, r := range x.reply {
		text := strings.Join(r.tokens, "")
		x.entry.Usage.Out += len(r.tokens) + r.more
		x.entry.Replies = append(x.entry.Replies, text)
		x.entry.Finish = append(x.entry.Finish, r.finish)
		content, refusal := wire.Quote(text), "null"
		if r.refusal {
			content, refusal = refusal, content
		}
		calls := ""
		if len(r.calls) > 0 {
			if text == "" {
				content = "null"
			}
			calls = `,"tool_calls":[{` + strings.Join(r.calls, ",{") + "]"
		}
		choices[i] = fmt.Sprintf(`{"index":%d,"message":{"role":"assistant","content":%s,"refusal":%s,"annotations":[]%s},"logprobs":null,"finish_reason":%s}`, i, content, refusal, calls, wire.Quote(r.finish))
	}
	x.json(`{"id":%s,"object":"chat.completion","created":%d,"model":%s,"choices":[%s],"usage":%s,"service_tier":"default","system_fingerprint":null}`,
		wire.Quote(x.replyID()), x.entry.Arrived.Unix(), wire.Quote(x.model.ID), strings.Join(choices, ","), x.entry.Usage.wire())
}

func (x *exchange) json(format string, args ...any) {
	x.send("application/json", http.StatusOK, fmt.Appendf(nil, format, args...))
}

// replyID is unique on a server.
func (x *exchange) replyID() string { return "chatcmpl-" + strings.TrimPrefix(x.entry.ID, "req_") }

// models lists the models, or shows one.
func (x *exchange) models() *wire.Error {
	id := strings.TrimPrefix(strings.TrimPrefix(x.r.URL.Path, "/v1/models"), "/")
	of := func(id string) string {
		return fmt.Sprintf(`{"id":%s,"object":"model","created":%d,"owned_by":"mock"}`, wire.Quote(id), x.s.began.Unix())
	}
	switch {
	case id == "":
		var list []string
		for _, id := range x.s.order {
			list = append(list, of(id))
		}
		x.json(`{"object":"list","data":[%s]}`, strings.Join(list, ","))
	case x.s.models[id] == nil:
		return noModel(id)
	default:
		x.json("%s", of(id))
	}
	return nil
}
