package chat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	openai "github.com/sashabaranov/go-openai"
)

// aliasModel stands in what go-openai sees for the model's name, so that it
// refuses none by its name; the RoundTripper writes the true one, and the
// messages.
const (
	aliasModel  = "m"
	placeholder = `{"model":"m","messages":null`
)

// message is a message as it is sent.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// checkRequest refuses what no server would take, before it is sent.
func checkRequest(r Request) error {
	if len(r.Messages) == 0 {
		return errWords("the request has no messages")
	}
	for i, m := range r.Messages {
		if m.Content == "" {
			return errWords(fmt.Sprintf("message %d has no content", i))
		}
		switch m.Role {
		case "system", "user", "assistant":
		default:
			return errWords(fmt.Sprintf("message %d has the role %q: write system, user or assistant", i, cutRunes(m.Role, 20)))
		}
	}
	if r.MaxTokens < 0 {
		return errWords(fmt.Sprintf("max tokens is %d: write a positive number, or 0 for the server's own limit", r.MaxTokens))
	}
	if t := r.Temperature; t != nil && (math.IsNaN(*t) || *t < 0 || *t > 2) {
		return errWords(fmt.Sprintf("temperature is %v: write a number from 0 to 2", *t))
	}
	if s := r.Schema; s != nil {
		if !schemaName(s.Name) {
			return errWords(fmt.Sprintf("schema name %q: write 1 to 64 of A-Z a-z 0-9 _ -", cutRunes(s.Name, 70)))
		}
		if !json.Valid(s.JSON) {
			return errWords(fmt.Sprintf("schema %q is not valid JSON", s.Name))
		}
	}
	return nil
}

func schemaName(s string) bool {
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// compose writes the request the way that the server is known to take, all
// but what start writes.
func compose(w *way, r *Request) openai.ChatCompletionRequest {
	req := openai.ChatCompletionRequest{Model: aliasModel}
	if n := r.MaxTokens; n > 0 {
		if w.maxOut > 0 {
			n = min(n, w.maxOut)
		}
		switch w.limit {
		case limitOld:
			//lint:ignore SA1019 most servers that are not OpenAI's know only this one
			req.MaxTokens = n
		case limitNew:
			req.MaxCompletionTokens = n
		}
	}
	if r.Temperature != nil && !w.noTemperature {
		req.Temperature = float32(*r.Temperature) // start writes a zero
	}
	if s := r.Schema; s != nil {
		switch w.schema {
		case schemaStrict:
			req.ResponseFormat = &openai.ChatCompletionResponseFormat{
				Type: openai.ChatCompletionResponseFormatTypeJSONSchema,
				JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{
					Name: s.Name, Schema: s.JSON, Strict: true,
				},
			}
		case schemaObject:
			req.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONObject}
		}
	}
	if w.streams(r.Stream) && !w.noStreamUsage {
		req.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
	}
	return req
}

// start returns the beginning of the request's body, up to the messages and
// what go-openai would leave out, with room for so many bytes more.
func (x *exchange) start(more int) ([]byte, error) {
	said := messages(x.way, x.r)
	size := len(x.c.quoted) + 64 + more
	for _, m := range said {
		size += len(m.Content) + len(m.Content)/16 + 32
	}
	b := bytes.NewBuffer(make([]byte, 0, size))
	b.WriteString(`{"model":`)
	b.Write(x.c.quoted)
	b.WriteString(`,"messages":`)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(said); err != nil {
		return nil, err
	}
	b.Truncate(b.Len() - 1) // the encoder's line end
	if t := x.r.Temperature; t != nil && float32(*t) == 0 && !x.way.noTemperature {
		b.WriteString(`,"temperature":0`)
	}
	return b.Bytes(), nil
}

// messages returns the messages as they are sent: with the schema in words
// where response_format does not carry it, and without the system role where
// that is refused. What many calls share stays at the front, unchanged from
// call to call.
func messages(w *way, r *Request) []message {
	told := ""
	if r.Schema != nil && w.schema != schemaStrict {
		told = "Reply with one JSON value and nothing else: no prose before or after it, no code fence. " +
			"It must follow this JSON Schema:\n" + string(r.Schema.JSON)
	}
	out := make([]message, 0, len(r.Messages)+1)
	if told == "" && !w.noSystem {
		for _, m := range r.Messages {
			out = append(out, message(m))
		}
		return out
	}
	var system []string
	rest := r.Messages
	for len(rest) > 0 && rest[0].Role == "system" {
		system = append(system, rest[0].Content)
		rest = rest[1:]
	}
	if told != "" {
		system = append(system, told)
	}
	head := strings.Join(system, "\n\n")
	if head != "" && !w.noSystem {
		out = append(out, message{Role: "system", Content: head})
		head = ""
	}
	for _, m := range rest {
		if m.Role == "system" && w.noSystem {
			m.Role = "user"
		}
		if head != "" {
			if m.Role == "user" {
				m.Content = head + "\n\n" + m.Content
			} else {
				out = append(out, message{Role: "user", Content: head})
			}
			head = ""
		}
		// Servers that know no system role want roles to alternate as well.
		if n := len(out); w.noSystem && n > 0 && out[n-1].Role == m.Role {
			out[n-1].Content += "\n\n" + m.Content
			continue
		}
		out = append(out, message(m))
	}
	if head != "" {
		out = append(out, message{Role: "user", Content: head})
	}
	return out
}
