package mock

import (
	"bytes"
	"fmt"
	"net/http"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// stream answers as server-sent events, a token each, the choices in turn.
func (x *exchange) stream() {
	s := &sse{x: x, usage: x.tree.Get("stream_options").Get("include_usage").Yes}
	s.before = fmt.Sprintf(`{"id":%s,"object":"chat.completion.chunk","created":%d,"model":%s,"service_tier":"default","system_fingerprint":null,"choices":[`,
		wire.Quote(x.replyID()), x.entry.Arrived.Unix(), wire.Quote(x.model.ID))

	x.entry.Replies = make([]string, len(x.reply))
	if !x.sleep(x.pace.first) {
		return
	}
	x.head("text/event-stream; charset=utf-8")
	x.w.Header().Set("Cache-Control", "no-cache")
	x.entry.Status = http.StatusOK
	x.w.WriteHeader(http.StatusOK)
	for i := range x.reply {
		s.chunk(i, `"role":"assistant","content":"","refusal":null`, "")
	}
	if !s.tokens() {
		return
	}
	if s.usage {
		s.event(s.before + `],"usage":` + x.entry.Usage.wire() + "}")
	}
	s.event("[DONE]")
	if x.twist == nil { // a fault may hold or cut what follows
		x.close()
	}
	s.flush()
}

// sse writes chunks into a buffer, which goes out when the next token is not
// ready yet.
type sse struct {
	x      *exchange
	usage  bool
	before string // of each chunk, up to its choices
	buf    bytes.Buffer
}

// tokens sends the tokens of all choices. It says whether the client stayed.
func (s *sse) tokens() bool {
	x := s.x
	longest := x.longest()
	sent := make([]bytes.Buffer, len(x.reply))
	finish := make([]string, len(x.reply))
	defer func() {
		for i := range sent {
			x.entry.Replies[i] = sent[i].String()
		}
	}()
	for k := range longest + 1 {
		if k < longest && !s.waitFor(x.pace.at(k)) {
			return false
		}
		for i, r := range x.reply {
			switch {
			case k < len(r.tokens):
				x.entry.Usage.Out++
				sent[i].WriteString(r.tokens[k])
				if r.tokens[k] == "" {
					continue // the rest of the rune is in the next token
				}
				name := `"content":`
				if r.refusal {
					name = `"refusal":`
				}
				s.chunk(i, name+wire.Quote(r.tokens[k]), "")
			case k == len(r.tokens):
				finish[i] = r.finish
				x.entry.Finish = finish
				x.entry.Usage.Out += r.more
				for k, call := range r.calls {
					s.chunk(i, fmt.Sprintf(`"tool_calls":[{"index":%d,%s]`, k, call), "")
				}
				s.chunk(i, "", r.finish)
			}
		}
	}
	return true
}

// waitFor waits until so long after the arrival, with all that is written on
// its way.
func (s *sse) waitFor(until time.Duration) bool {
	if time.Since(s.x.entry.Arrived) < until && !s.flush() {
		return false
	}
	return s.x.sleep(until)
}

func (s *sse) flush() bool {
	_, err := s.x.w.Write(s.buf.Bytes())
	s.buf.Reset()
	if err != nil || s.x.twist != nil && s.x.twist.Over {
		return false
	}
	return http.NewResponseController(s.x.w).Flush() == nil
}

func (s *sse) chunk(index int, delta, finish string) {
	reason, usage := "null", ""
	if finish != "" {
		reason = wire.Quote(finish)
	}
	if s.usage {
		usage = `,"usage":null`
	}
	s.event(fmt.Sprintf(`%s{"index":%d,"delta":{%s},"logprobs":null,"finish_reason":%s}]%s}`, s.before, index, delta, reason, usage))
}

func (s *sse) event(data string) {
	if data = "data: " + data + "\n\n"; s.x.twist != nil {
		s.x.twist.Send(data)
	} else {
		s.buf.WriteString(data)
	}
}
