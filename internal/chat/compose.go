package chat

import (
	"encoding/json"
	"fmt"

	openai "github.com/sashabaranov/go-openai"

	"github.com/db31e724/go-swarm/swarm/model"
)

// checkRequest refuses what cannot be written as JSON. The rest is the server's to
// judge.
func checkRequest(r model.Request) error {
	if t := r.Temperature; t != nil && !(*t >= 0 && *t <= 2) {
		return fmt.Errorf("temperature is %v: write a number from 0 to 2", *t)
	}
	if s := r.Schema; s != nil && !json.Valid(s.JSON) {
		return fmt.Errorf("the schema %q is not valid JSON", s.Name)
	}
	for _, t := range r.Tools {
		if !json.Valid(t.Schema) {
			return fmt.Errorf("the schema of tool %q is not valid JSON", t.Name)
		}
	}
	return nil
}

// coldest stands for a temperature of zero, which go-openai leaves out. Servers
// that divide by it take this one well; others round it to zero.
const coldest = 1e-6

// compose writes the request the way that the server is known to take.
func compose(w *way, name string, r *model.Request) openai.ChatCompletionRequest {
	req := openai.ChatCompletionRequest{Model: name, Messages: messages(w, r)}
	if n := w.out(r); n > 0 {
		switch w.limit {
		case limitOld:
			//lint:ignore SA1019 most servers that are not OpenAI's know only this one
			req.MaxTokens = n
		case limitNew:
			req.MaxCompletionTokens = n
		}
	}
	if r.Temperature != nil && !w.noTemperature {
		req.Temperature = max(float32(*r.Temperature), coldest)
	}
	if s := r.Schema; s != nil {
		switch w.schemaOf(r) {
		case schemaStrict:
			req.ResponseFormat = &openai.ChatCompletionResponseFormat{
				Type:       openai.ChatCompletionResponseFormatTypeJSONSchema,
				JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{Name: s.Name, Schema: s.JSON, Strict: true},
			}
		case schemaObject:
			req.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONObject}
		}
	}
	for _, t := range r.Tools {
		req.Tools = append(req.Tools, openai.Tool{Type: openai.ToolTypeFunction, Function: &openai.FunctionDefinition{
			Name: t.Name, Description: t.Description, Parameters: t.Schema,
		}})
	}
	if w.streams(r.OnText != nil) && !w.noStreamUsage {
		req.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
	}
	return req
}

// messages returns the messages as they are sent: with the schema in words
// where response_format does not carry it, and without the system role where
// that is refused. What many calls share stays at the front, unchanged from
// call to call.
func messages(w *way, r *model.Request) []openai.ChatCompletionMessage {
	out := make([]openai.ChatCompletionMessage, 0, len(r.Messages))
	add := func(m model.Message) {
		// Servers that know no system role want roles to alternate as well.
		if n := len(out); w.noSystem && n > 0 && out[n-1].Role == m.Role && m.Role != "tool" {
			out[n-1].Content += "\n\n" + m.Content
			return
		}
		o := openai.ChatCompletionMessage{Role: m.Role, Content: m.Content, ToolCallID: m.ToolCallID}
		for _, t := range m.ToolCalls {
			o.ToolCalls = append(o.ToolCalls, openai.ToolCall{
				ID: t.ID, Type: openai.ToolTypeFunction, Function: openai.FunctionCall{Name: t.Name, Arguments: t.Arguments},
			})
		}
		out = append(out, o)
	}
	role := "system"
	if w.noSystem {
		role = "user"
	}
	rest := r.Messages
	if r.Schema != nil && w.schemaOf(r) != schemaStrict {
		told := ""
		if len(r.Tools) > 0 {
			told = "Unless you call a tool: "
		}
		told += "Reply with one JSON value and nothing else: no prose before or after it, no code fence. " +
			"It must follow this JSON Schema:\n" + string(r.Schema.JSON)
		for ; len(rest) > 0 && rest[0].Role == "system"; rest = rest[1:] {
			told = rest[0].Content + "\n\n" + told
		}
		add(model.Message{Role: role, Content: told})
	}
	for _, m := range rest {
		if m.Role == "system" {
			m.Role = role
		}
		add(m)
	}
	return out
}
