package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"

	openai "github.com/sashabaranov/go-openai"

	"github.com/db31e724/go-swarm/swarm/model"
)

// checkRequest refuses what no server would take, before it is sent.
func checkRequest(r model.Request) error {
	if len(r.Messages) == 0 {
		return errors.New("the request has no messages")
	}
	for i, m := range r.Messages {
		switch {
		case m.Content == "" && len(m.ToolCalls) == 0:
			return fmt.Errorf("message %d has no content", i)
		case m.Role == "tool" && m.ToolCallID == "":
			return fmt.Errorf("message %d has the role tool and no ToolCallID", i)
		case !slices.Contains([]string{"system", "user", "assistant", "tool"}, m.Role):
			return fmt.Errorf("message %d has the role %.20q: write system, user, assistant or tool", i, m.Role)
		}
	}
	if r.MaxOut < 0 {
		return fmt.Errorf("MaxOut is %d: write a positive number, or 0 for the server's own limit", r.MaxOut)
	}
	if t := r.Temperature; t != nil && (math.IsNaN(*t) || *t < 0 || *t > 2) {
		return fmt.Errorf("temperature is %v: write a number from 0 to 2", *t)
	}
	if s := r.Schema; s != nil {
		if err := named("schema", s.Name, s.JSON); err != nil {
			return err
		}
	}
	for _, t := range r.Tools {
		if err := named("tool", t.Name, t.Schema); err != nil {
			return err
		}
	}
	return nil
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// named checks the name and the JSON of a schema or a tool.
func named(what, name string, schema json.RawMessage) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("%s name %.70q: write 1 to 64 of A-Z a-z 0-9 _ -", what, name)
	}
	if !json.Valid(schema) {
		return fmt.Errorf("the schema of %s %q is not valid JSON", what, name)
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
