package mock

import (
	"fmt"
	"strings"
)

// checkMessages checks the messages, each by the rules of its role, and that
// tool calls and tool messages answer each other.
func checkMessages(path string, v node) *Error {
	if v.kind != kindArray {
		return wrongType(path, "an array of objects", v)
	}
	if len(v.items) == 0 {
		return bad(path, "empty_array", "Invalid '%s': empty array. Expected an array with minimum length 1, but got an empty array instead.", path)
	}
	open := map[string]bool{} // tool calls not answered yet
	for i, m := range v.items {
		if err := checkMessage(path, i, m); err != nil {
			return err
		}
		role := textOf(m, "role")
		if role == "tool" {
			id := textOf(m, "tool_call_id")
			if !open[id] {
				return bad(fmt.Sprintf("%s.[%d].role", path, i), "", "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.")
			}
			delete(open, id)
			continue
		}
		if len(open) > 0 {
			return unanswered(path, i)
		}
		if calls, ok := m.get("tool_calls"); ok {
			for _, c := range calls.items {
				open[textOf(c, "id")] = true
			}
		}
	}
	if len(open) > 0 {
		return unanswered(path, len(v.items)-1)
	}
	return nil
}

func unanswered(path string, i int) *Error {
	return bad(fmt.Sprintf("%s.[%d].role", path, i), "", "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.")
}

// messageFields are the keys beside role and content that a role may have.
var messageFields = map[string]fields{
	"developer": {"name": {check: isString}},
	"system":    {"name": {check: isString}},
	"user":      {"name": {check: isString}},
	"assistant": {
		"name": {check: isString}, "refusal": {isString, true}, "audio": {isObject, true},
		"tool_calls": {check: listOf(1, 0, checkToolCall)}, "function_call": {isObject, true},
		"annotations": {check: listOf(0, 0, isObject)}, // as replies carry them
	},
	"tool":     {"tool_call_id": {check: isString}},
	"function": {"name": {check: isString}},
}

func checkMessage(path string, i int, m node) *Error {
	at := fmt.Sprintf("%s[%d]", path, i)
	if err := isObject(at, m); err != nil {
		return err
	}
	if err := need(at, m, "role"); err != nil {
		return err
	}
	role, _ := m.get("role")
	if err := oneOf("developer", "system", "user", "assistant", "tool", "function")(at+".role", role); err != nil {
		return err
	}
	known := fields{"role": {check: isString}, "content": {check: func(string, node) *Error { return nil }}}
	for k, f := range messageFields[role.text] {
		known[k] = f
	}
	if err := known.check(at, m); err != nil {
		return err
	}
	switch role.text {
	case "tool":
		if err := need(at, m, "tool_call_id"); err != nil {
			return err
		}
	case "function":
		if err := need(at, m, "name"); err != nil {
			return err
		}
	}
	return checkContent(path, i, role.text, m)
}

// checkContent checks a message's content. An assistant may leave it out
// where it calls tools or refuses, everybody else must say something.
func checkContent(path string, i int, role string, m node) *Error {
	content, ok := m.get("content")
	if !ok || content.isNull() {
		if role == "assistant" {
			for _, instead := range []string{"tool_calls", "function_call", "refusal", "audio"} {
				if v, ok := m.get(instead); ok && !v.isNull() {
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
		return bad(fmt.Sprintf("%s.[%d].content", path, i), "", "Invalid value for 'content': expected a string, got null.")
	}
	at := fmt.Sprintf("%s[%d].content", path, i)
	switch content.kind {
	case kindString:
		return nil
	case kindArray:
		return checkParts(at, role, content)
	}
	return wrongType(at, "one of an array of objects or string", content)
}

// partFields are the keys beside type that a part may have; the mock reads
// text alone and takes the rest for granted.
var partFields = map[string]fields{
	"text":    {"text": {check: isString}},
	"refusal": {"refusal": {check: isString}},
	"image_url": {"image_url": {check: fields{
		"url": {check: isString}, "detail": {check: oneOf("auto", "low", "high", "original")},
	}.with("url")}},
	"input_audio": {"input_audio": {check: fields{
		"data": {check: isString}, "format": {check: oneOf("wav", "mp3")},
	}.with("data", "format")}},
	"file": {"file": {check: fields{
		"filename": {check: isString}, "file_data": {check: isString}, "file_id": {check: isString},
	}.check}},
}

func checkParts(path, role string, v node) *Error {
	if len(v.items) == 0 {
		return bad(path, "empty_array", "Invalid '%s': empty array. Expected an array with minimum length 1, but got an empty array instead.", path)
	}
	kinds := []string{"text"}
	switch role {
	case "user":
		kinds = []string{"text", "image_url", "input_audio", "file"}
	case "assistant":
		kinds = []string{"text", "refusal"}
	}
	for i, p := range v.items {
		at := fmt.Sprintf("%s[%d]", path, i)
		if err := isObject(at, p); err != nil {
			return err
		}
		if err := need(at, p, "type"); err != nil {
			return err
		}
		if textOf(p, "type") == "refusal" && len(v.items) > 1 {
			kinds = []string{"text"} // a refusal stands alone
		}
		kind, _ := p.get("type")
		if err := oneOf(kinds...)(at+".type", kind); err != nil {
			return err
		}
		known := fields{
			"type":                    {check: isString},
			"prompt_cache_breakpoint": {check: fields{"mode": {check: oneOf("explicit")}}.check},
		}
		for k, f := range partFields[kind.text] {
			known[k] = f
		}
		if err := known.check(at, p); err != nil {
			return err
		}
		if err := need(at, p, kind.text); err != nil {
			return err
		}
	}
	return nil
}

// textOrParts is content outside of a message: a string, or parts of text.
func textOrParts(path string, v node) *Error {
	if v.kind == kindString {
		return nil
	}
	if v.kind != kindArray {
		return wrongType(path, "one of an array of objects or string", v)
	}
	return checkParts(path, "system", v)
}

// contentText joins the text of a content.
func contentText(v node) string {
	if v.kind != kindArray {
		return v.text
	}
	var b strings.Builder
	for _, p := range v.items {
		b.WriteString(textOf(p, "text"))
	}
	return b.String()
}
