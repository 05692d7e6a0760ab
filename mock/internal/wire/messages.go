package wire

import (
	"fmt"
	"strings"
)

// checkMessages checks the messages, each by the rules of its role, and that
// tool calls and tool messages answer each other.
func checkMessages(path string, v Node) *Error {
	if v.Kind != kindArray {
		return wrongType(path, "an array of objects", v)
	}
	if len(v.Items) == 0 {
		return Bad(path, "empty_array", "Invalid '%s': empty array. Expected an array with minimum length 1, but got an empty array instead.", path)
	}
	open := map[string]bool{} // tool calls not answered yet
	for i, m := range v.Items {
		if err := checkMessage(path, i, m); err != nil {
			return err
		}
		role := textOf(m, "role")
		if role == "tool" {
			id := textOf(m, "tool_call_id")
			if !open[id] {
				return Bad(fmt.Sprintf("%s.[%d].role", path, i), "", "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.")
			}
			delete(open, id)
			continue
		}
		if len(open) > 0 {
			return unanswered(path, i)
		}
		if calls, ok := m.Get("tool_calls"); ok {
			for _, c := range calls.Items {
				open[textOf(c, "id")] = true
			}
		}
	}
	if len(open) > 0 {
		return unanswered(path, len(v.Items)-1)
	}
	return nil
}

func unanswered(path string, i int) *Error {
	return Bad(fmt.Sprintf("%s.[%d].role", path, i), "", "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.")
}

// messageFields are the keys beside role and content that a role may have.
var messageFields = map[string]Fields{
	"developer": {"name": {Check: IsString}},
	"system":    {"name": {Check: IsString}},
	"user":      {"name": {Check: IsString}},
	"assistant": {
		"name": {Check: IsString}, "refusal": {IsString, true}, "audio": {IsObject, true},
		"tool_calls": {Check: ListOf(1, 0, checkToolCall)}, "function_call": {IsObject, true},
		"annotations": {Check: ListOf(0, 0, IsObject)}, // as replies carry them
	},
	"tool":     {"tool_call_id": {Check: IsString}},
	"function": {"name": {Check: IsString}},
}

func checkMessage(path string, i int, m Node) *Error {
	at := fmt.Sprintf("%s[%d]", path, i)
	if err := IsObject(at, m); err != nil {
		return err
	}
	if err := need(at, m, "role"); err != nil {
		return err
	}
	role, _ := m.Get("role")
	if err := OneOf("developer", "system", "user", "assistant", "tool", "function")(at+".role", role); err != nil {
		return err
	}
	known := Fields{"role": {Check: IsString}, "content": {Check: func(string, Node) *Error { return nil }}}
	for k, f := range messageFields[role.Text] {
		known[k] = f
	}
	if err := known.Check(at, m); err != nil {
		return err
	}
	switch role.Text {
	case "tool":
		if err := need(at, m, "tool_call_id"); err != nil {
			return err
		}
	case "function":
		if err := need(at, m, "name"); err != nil {
			return err
		}
	}
	return checkContent(path, i, role.Text, m)
}

// checkContent checks a message's content. An assistant may leave it out
// where it calls tools or refuses, everybody else must say something.
func checkContent(path string, i int, role string, m Node) *Error {
	content, ok := m.Get("content")
	if !ok || content.IsNull() {
		if role == "assistant" {
			for _, instead := range []string{"tool_calls", "function_call", "refusal", "audio"} {
				if v, ok := m.Get(instead); ok && !v.IsNull() {
					return nil
				}
			}
		}
		if role == "function" && ok {
			return nil
		}
		if !ok {
			return need(fmt.Sprintf("%s[%d]", path, i), m, "content")
		}
		return Bad(fmt.Sprintf("%s.[%d].content", path, i), "", "Invalid value for 'content': expected a string, got null.")
	}
	at := fmt.Sprintf("%s[%d].content", path, i)
	switch content.Kind {
	case kindString:
		return nil
	case kindArray:
		return checkParts(at, role, content)
	}
	return wrongType(at, "one of an array of objects or string", content)
}

// partFields are the keys beside type that a part may have; the mock reads
// text alone and takes the rest for granted.
var partFields = map[string]Fields{
	"text":    {"text": {Check: IsString}},
	"refusal": {"refusal": {Check: IsString}},
	"image_url": {"image_url": {Check: Fields{
		"url": {Check: IsString}, "detail": {Check: OneOf("auto", "low", "high", "original")},
	}.With("url")}},
	"input_audio": {"input_audio": {Check: Fields{
		"data": {Check: IsString}, "format": {Check: OneOf("wav", "mp3")},
	}.With("data", "format")}},
	"file": {"file": {Check: Fields{
		"filename": {Check: IsString}, "file_data": {Check: IsString}, "file_id": {Check: IsString},
	}.Check}},
}

func checkParts(path, role string, v Node) *Error {
	if len(v.Items) == 0 {
		return Bad(path, "empty_array", "Invalid '%s': empty array. Expected an array with minimum length 1, but got an empty array instead.", path)
	}
	kinds := []string{"text"}
	switch role {
	case "user":
		kinds = []string{"text", "image_url", "input_audio", "file"}
	case "assistant":
		kinds = []string{"text", "refusal"}
	}
	for i, p := range v.Items {
		at := fmt.Sprintf("%s[%d]", path, i)
		if err := IsObject(at, p); err != nil {
			return err
		}
		if err := need(at, p, "type"); err != nil {
			return err
		}
		if textOf(p, "type") == "refusal" && len(v.Items) > 1 {
			kinds = []string{"text"} // a refusal stands alone
		}
		kind, _ := p.Get("type")
		if err := OneOf(kinds...)(at+".type", kind); err != nil {
			return err
		}
		known := Fields{
			"type":                    {Check: IsString},
			"prompt_cache_breakpoint": {Check: Fields{"mode": {Check: OneOf("explicit")}}.Check},
		}
		for k, f := range partFields[kind.Text] {
			known[k] = f
		}
		if err := known.Check(at, p); err != nil {
			return err
		}
		if err := need(at, p, kind.Text); err != nil {
			return err
		}
	}
	return nil
}

// textOrParts is content outside of a message: a string, or parts of text.
func textOrParts(path string, v Node) *Error {
	if v.Kind == kindString {
		return nil
	}
	if v.Kind != kindArray {
		return wrongType(path, "one of an array of objects or string", v)
	}
	return checkParts(path, "system", v)
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
