// Package wire reads requests as strictly as the real service does, holds replies
// to their schemas, and knows what errors and bodies look like.
package wire

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Request is what a chat completion asks for.
type Request struct {
	Model      string
	Messages   []Message
	Schema     json.RawMessage
	SchemaName string
	Strict     bool
	JSON       bool
	MaxTokens  int
	Stream     bool
	N          int
	Stop       []string
}

// Message is one message; content parts are joined into one text.
type Message struct {
	Role    string
	Content string
}

//go:embed request.schema.json
var requestSchema []byte

// Decode reads a chat completion and refuses what the service refuses, as far
// as that does not depend on the model.
func Decode(body []byte) (Request, Node, *Error) {
	v, err := Parse(body)
	if err != nil {
		return Request{}, v, Bad("", "", "We could not parse the JSON body of your request: %v.", err)
	}
	if v.Kind != kindObject {
		return Request{}, v, Bad("", "", "We could not parse the JSON body of your request: expected an object, but got %s.", v.kindName())
	}
	if m, ok := v.Get("model"); !ok || m.Kind == kindString && m.Text == "" {
		return Request{}, v, Bad("", "", "you must provide a model parameter")
	}
	r := readRequest(v) // for the log, also when it is refused
	if d := Check(requestSchema, v); d != nil {
		if more, ok := d.Kind.(*kind.AdditionalProperties); ok && len(d.Place) == 0 {
			slices.Sort(more.Properties)
			return r, v, Bad("", "", "Unrecognized request argument%s supplied: %.256s", "s"[:min(1, len(more.Properties)-1)], strings.Join(more.Properties, ", "))
		}
		return r, v, d.Refusal()
	}
	if err := checkTogether(v, r); err != nil {
		return r, v, err
	}
	return r, v, nil
}

func checkTogether(v Node, r Request) *Error {
	given := func(key string) bool {
		n, ok := v.Get(key)
		return ok && !n.IsNull()
	}
	logprobs, _ := v.Get("logprobs")
	switch {
	case given("stream_options") && !r.Stream:
		return Bad("stream_options", "", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
	case given("max_tokens") && given("max_completion_tokens"):
		return Bad("max_tokens", "invalid_parameter_combination", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
	case given("top_logprobs") && !logprobs.Yes:
		return Bad("top_logprobs", "", "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.")
	case given("parallel_tool_calls") && !given("tools"):
		return Bad("parallel_tool_calls", "", "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.")
	case given("tool_choice") && !given("tools"):
		return Bad("tool_choice", "", "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.")
	case given("function_call") && !given("functions"):
		return Bad("function_call", "", "Invalid value for 'function_call': 'function_call' is only allowed when 'functions' are specified.")
	}
	if r.JSON && r.SchemaName == "" && !slices.ContainsFunc(r.Messages, func(m Message) bool { return strings.Contains(strings.ToLower(m.Content), "json") }) {
		return Bad("messages", "", "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.")
	}
	choice, _ := v.Get("tool_choice")
	call, _ := v.Get("function_call")
	named := textOf(choice, "type")
	if choice.Text == "required" || named == "function" || named == "custom" {
		return Bad("tool_choice", "unsupported_value", "Unsupported value: 'tool_choice' asks for a tool call, and this mock never calls tools.")
	}
	if call.Kind == kindObject {
		return Bad("function_call", "unsupported_value", "Unsupported value: 'function_call' asks for a function call, and this mock never calls functions.")
	}
	if err := checkCalls(v); err != nil {
		return err
	}
	return checkSchemas(v, r)
}

// checkSchemas checks the schemas that are to be followed to the letter.
func checkSchemas(v Node, r Request) *Error {
	if r.Strict {
		if err := checkStrict(r.Schema); err != nil {
			return Bad("response_format", "", "Invalid schema for response_format '%s': %v.", r.SchemaName, err)
		}
	}
	tools, _ := v.Get("tools")
	for i, t := range tools.Items {
		f, _ := t.Get("function")
		strict, _ := f.Get("strict")
		if params, ok := f.Get("parameters"); ok && strict.Yes {
			if err := checkStrict(params.Raw); err != nil {
				return Bad(fmt.Sprintf("tools[%d].function.parameters", i), "invalid_function_parameters", "Invalid schema for function '%s': %v.", textOf(f, "name"), err)
			}
		}
	}
	return nil
}

// checkCalls checks that tool calls and tool messages answer each other.
func checkCalls(v Node) *Error {
	messages, _ := v.Get("messages")
	open := map[string]bool{} // tool calls not answered yet
	unanswered := func(i int) *Error {
		return Bad(fmt.Sprintf("messages.[%d].role", i), "", "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.")
	}
	for i, m := range messages.Items {
		if textOf(m, "role") == "tool" {
			id := textOf(m, "tool_call_id")
			if !open[id] {
				return Bad(fmt.Sprintf("messages.[%d].role", i), "", "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.")
			}
			delete(open, id)
			continue
		}
		if len(open) > 0 {
			return unanswered(i)
		}
		calls, _ := m.Get("tool_calls")
		for _, c := range calls.Items {
			open[textOf(c, "id")] = true
		}
	}
	if len(open) > 0 {
		return unanswered(len(messages.Items) - 1)
	}
	return nil
}

// readRequest takes out of a body what brains and the log are shown. It
// passes over what is ill-typed: that is refused elsewhere.
func readRequest(v Node) Request {
	r := Request{Model: textOf(v, "model"), N: 1}
	if ms, ok := v.Get("messages"); ok {
		r.Messages = make([]Message, 0, len(ms.Items))
		for _, m := range ms.Items {
			content, _ := m.Get("content")
			r.Messages = append(r.Messages, Message{Role: textOf(m, "role"), Content: contentText(content)})
		}
	}
	stream, _ := v.Get("stream")
	r.Stream = stream.Yes
	r.MaxTokens = max(wholeOf(v, "max_tokens"), wholeOf(v, "max_completion_tokens"))
	r.N = max(1, wholeOf(v, "n"))
	stop, _ := v.Get("stop")
	if stop.Kind == kindString {
		stop.Items = []Node{stop}
	}
	for _, s := range stop.Items {
		r.Stop = append(r.Stop, s.Text)
	}
	if f, ok := v.Get("response_format"); ok {
		kind := textOf(f, "type")
		r.JSON = kind == "json_object" || kind == "json_schema"
		js, _ := f.Get("json_schema")
		r.SchemaName = textOf(js, "name")
		if schema, ok := js.Get("schema"); ok && schema.Kind == kindObject {
			r.Schema = schema.Raw
		}
		strict, _ := js.Get("strict")
		r.Strict = strict.Yes
	}
	return r
}

func textOf(v Node, key string) string {
	n, _ := v.Get(key)
	return n.Text
}

func wholeOf(v Node, key string) int {
	n, _ := v.Get(key)
	i, ok := n.Whole()
	if !ok || i < 0 {
		return 0
	}
	return int(min(i, math.MaxInt32))
}

// contentText joins the text of a content.
func contentText(v Node) string {
	if v.Kind != kindArray {
		return v.Text
	}
	var b strings.Builder
	for _, p := range v.Items {
		b.WriteString(textOf(p, "text"))
	}
	return b.String()
}
