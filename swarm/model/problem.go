package model

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Problem is an error that a server reported, parsed from one of many formats. Its
// text may hold secrets and pieces of the prompt: show the text of
// [Problem.CallError] instead.
type Problem struct {
	Message string
	Param   string // the part of the request that is at fault
	Stream  bool   // a stream came where none was asked for

	kind   string   // "type", or Google's status
	codes  []string // "code" and the like, the most telling first
	status int      // an HTTP status told in the body
	wait   string   // Google's RetryInfo
	sizes  string   // llama.cpp's, in words
	html   bool
}

// ReadProblem parses the body of an error. It understands {"error":{…}},
// {"error":"text"}, a list of either, flat {"object":"error",…}, {"message":…},
// {"detail":…}, {"errors":[…]}, plain text and HTML.
func ReadProblem(raw []byte) *Problem {
	p := &Problem{}
	raw = trim(raw)
	var v any
	switch {
	case len(raw) == 0:
	case raw[0] == '<':
		p.html = true
	case bytes.IndexByte([]byte(`{["`), raw[0]) < 0 || json.NewDecoder(bytes.NewReader(raw)).Decode(&v) != nil:
		p.tell(string(raw))
	default:
		p.walk(v, 0)
	}
	return p
}

// trim takes white space and a byte order mark off a body.
func trim(raw []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")))
}

// ProblemIn200 returns the error in the body of a reply with status 200, or nil if
// there is none.
func ProblemIn200(raw []byte) *Problem {
	raw = trim(raw)
	hasChoices := bytes.Contains(raw, []byte(`"choices"`))
	switch {
	case len(raw) == 0:
		return nil
	case raw[0] == '<':
		return &Problem{html: true}
	case raw[0] == ':', bytes.HasPrefix(raw, []byte("data:")):
		return &Problem{Stream: true}
	case hasChoices && !bytes.Contains(raw, []byte(`"error"`)):
		return nil
	}
	var top any
	json.NewDecoder(bytes.NewReader(raw)).Decode(&top) // what is no JSON tells no error
	if list, ok := top.([]any); ok && len(list) > 0 {  // Google lists its errors
		top, hasChoices = list[0], false
	}
	if !isProblem(top, hasChoices) {
		return nil
	}
	return ReadProblem(raw)
}

// isProblem says whether v, the top of a reply, tells an error.
func isProblem(v any, hasChoices bool) bool {
	top, _ := v.(map[string]any)
	switch e := top["error"].(type) {
	case nil:
	case string:
		return e != ""
	case map[string]any:
		return len(e) > 0
	case bool:
		return e
	default:
		return true
	}
	if top["object"] == "error" || top["type"] == "error" || top["status"] == "failure" {
		return !hasChoices
	}
	return !hasChoices && top["usage"] == nil && slices.ContainsFunc([]string{"message", "detail", "errors", "error_message", "html-message"}, func(k string) bool { return top[k] != nil })
}

// walk gathers from v, an error or something around one. What stands further
// in is the more telling.
func (p *Problem) walk(v any, depth int) {
	switch v := v.(type) {
	case string:
		var inner any
		switch text := strings.TrimSpace(v); {
		case strings.HasPrefix(text, "{") && json.Unmarshal([]byte(text), &inner) == nil: // the upstream's own body
			p.walk(inner, depth+1)
		case strings.HasPrefix(text, "<"):
			p.tell(strings.Join(strings.Fields(tags.ReplaceAllString(text, " ")), " "))
		default:
			p.tell(v)
		}
	case []any:
		for _, e := range v[:min(len(v), 8)] {
			p.walk(e, depth+1)
		}
	case map[string]any:
		if depth > 8 {
			return
		}
		for _, k := range []string{"error", "errors", "detail", "innererror", "details", "metadata", "raw"} {
			p.walk(v[k], depth+1)
		}
		for _, k := range []string{"message", "msg", "error_message", "html-message"} {
			if _, ok := v[k].([]any); ok {
				p.tell(strings.Join(texts(v[k]), ", "))
			} else {
				p.walk(v[k], depth+1)
			}
		}
		for _, k := range []string{"code", "error_code", "limit_source", "error_type", "status", "reason"} {
			p.code(v[k])
		}
		if s, ok := v["type"].(string); ok && s != "error" && (p.kind == "" || depth <= 1) {
			p.kind = s
		}
		param, _ := v["param"].(string)
		p.Param = cmp.Or(p.Param, strings.TrimPrefix(strings.Join(texts(v["loc"]), "."), "body."), param) // pydantic's
		if n, ok := v["n_ctx"].(float64); ok {
			p.sizes = fmt.Sprintf(". context %.0f, prompt %v", n, v["n_prompt_tokens"])
		}
		if s, ok := v["retryDelay"].(string); ok {
			p.wait = s
		}
		if _, ok := v["reasons"]; ok { // OpenRouter's moderation
			p.code("moderation")
		}
	}
}

// tags are those of a web page, with what is not its text.
var tags = regexp.MustCompile(`(?is)<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>`)

// Bare reports whether the error has no code, type or status, as the error for a
// path that belongs to no API.
func (p *Problem) Bare() bool { return p.kind == "" && len(p.codes) == 0 && p.status == 0 }

// texts returns those elements of v, if it is a list, that are texts.
func texts(v any) (out []string) {
	list, _ := v.([]any)
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// maxMessage is how many bytes of a message are kept.
const maxMessage = 4000

// tell keeps the first message.
func (p *Problem) tell(message string) {
	if p.Message == "" {
		p.Message = message[:min(len(message), maxMessage)]
	}
}

// code takes a code, or a status told as one.
func (p *Problem) code(v any) {
	n, _ := v.(float64)
	if s, ok := v.(string); ok {
		if i, err := strconv.Atoi(s); err == nil {
			n = float64(i)
		} else if s != "" && len(s) <= 100 {
			p.codes = append(p.codes, s)
		}
	}
	if n >= 400 && n < 600 {
		p.status = cmp.Or(p.status, int(n))
	}
}

// Is reports whether any of the codes, or the type, is one of names, which must be
// in lower case.
func (p *Problem) Is(names ...string) bool {
	return slices.ContainsFunc(append(p.codes, p.kind), func(c string) bool { return slices.Contains(names, strings.ToLower(c)) })
}
