// Package wire reads requests as strictly as the real service does, holds replies
// to their schemas, and knows what errors and bodies look like.
package wire

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

//go:embed request.schema.json
var requestSchema []byte

// Decode reads a chat completion and refuses what the service refuses, as far
// as that does not depend on the model. What is refused is returned too.
func Decode(body []byte) (Node, *Error) {
	v, err := Parse(body)
	if err != nil {
		return v, Bad("", "", "We could not parse the JSON body of your request: %v.", err)
	}
	if !v.IsObject() {
		return v, Bad("", "", "We could not parse the JSON body of your request: expected an object, but got %s.", v.kindName())
	}
	if m := v.Get("model"); !m.There() || m.IsText() && m.Text == "" {
		return v, Bad("", "", "you must provide a model parameter")
	}
	if d := Check(requestSchema, v); d != nil {
		if more, ok := d.Kind.(*kind.AdditionalProperties); ok && len(d.Place) == 0 {
			slices.Sort(more.Properties)
			return v, Bad("", "", "Unrecognized request argument%s supplied: %.256s", "s"[:min(1, len(more.Properties)-1)], strings.Join(more.Properties, ", "))
		}
		return v, d.Refusal()
	}
	return v, checkTogether(v)
}

func checkTogether(v Node) *Error {
	given := func(key string) bool { return !v.Get(key).IsNull() }
	choice := v.Get("tool_choice")
	named := choice.Get("type").Text
	switch {
	case given("stream_options") && !v.Get("stream").Yes:
		return Bad("stream_options", "", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
	case given("max_tokens") && given("max_completion_tokens"):
		return Bad("max_tokens", "invalid_parameter_combination", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
	case given("top_logprobs") && !v.Get("logprobs").Yes:
		return Bad("top_logprobs", "", "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.")
	case v.Get("response_format").Get("type").Text == "json_object" && !slices.ContainsFunc(v.Get("messages").Items, func(m Node) bool {
		return strings.Contains(strings.ToLower(m.Get("content").Content()), "json")
	}):
		return Bad("messages", "", "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.")
	case choice.Text == "required" || named == "function" || named == "custom":
		return Bad("tool_choice", "unsupported_value", "Unsupported value: 'tool_choice' asks for a tool call, and this mock never calls tools unless its script does.")
	case v.Get("function_call").IsObject():
		return Bad("function_call", "unsupported_value", "Unsupported value: 'function_call' asks for a function call, and this mock never calls functions.")
	}
	for _, pair := range [][2]string{{"parallel_tool_calls", "tools"}, {"tool_choice", "tools"}, {"function_call", "functions"}} {
		if given(pair[0]) && !given(pair[1]) {
			return Bad(pair[0], "", "Invalid value for '%s': '%[1]s' is only allowed when '%s' are specified.", pair[0], pair[1])
		}
	}
	if err := checkCalls(v); err != nil {
		return err
	}
	return checkSchemas(v)
}

// checkSchemas checks the schemas that are to be followed to the letter.
func checkSchemas(v Node) *Error {
	if format := v.Get("response_format").Get("json_schema"); format.Get("strict").Yes {
		if err := checkStrict(format.Get("schema")); err != nil {
			return Bad("response_format", "", "Invalid schema for response_format '%s': %v.", format.Get("name").Text, err)
		}
	}
	for i, t := range v.Get("tools").Items {
		f := t.Get("function")
		if params := f.Get("parameters"); params.There() && f.Get("strict").Yes {
			if err := checkStrict(params); err != nil {
				return Bad(fmt.Sprintf("tools[%d].function.parameters", i), "invalid_function_parameters", "Invalid schema for function '%s': %v.", f.Get("name").Text, err)
			}
		}
	}
	return nil
}

// checkCalls checks that tool calls and tool messages answer each other.
func checkCalls(v Node) *Error {
	messages := v.Get("messages").Items
	open := map[string]bool{} // tool calls not answered yet
	for i, m := range messages {
		id, answers := m.Get("tool_call_id").Text, m.Get("role").Text == "tool"
		if answers && !open[id] {
			return Bad(fmt.Sprintf("messages.[%d].role", i), "", "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.")
		}
		delete(open, id)
		for _, c := range m.Get("tool_calls").Items {
			open[c.Get("id").Text] = true
		}
		if next := min(i+1, len(messages)-1); len(open) > 0 && (next == i || messages[next].Get("role").Text != "tool") {
			return Bad(fmt.Sprintf("messages.[%d].role", next), "", "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.")
		}
	}
	return nil
}
