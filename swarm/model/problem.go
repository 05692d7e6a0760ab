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

// Problem is what a server said went wrong, read out of whatever shape it said
// it in. Its words may hold secrets and pieces of the prompt: show those of
// [Problem.CallError].
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
	nojson bool // the body was neither JSON nor empty
}

// ReadProblem reads an error's body. It understands {"error":{…}},
// {"error":"text"}, a list of either, flat {"object":"error",…}, {"message":…},
// {"detail":…}, {"errors":[…]}, plain text and HTML.
func ReadProblem(raw []byte) *Problem {
	p := &Problem{}
	raw = bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")))
	if len(raw) == 0 {
		return p
	}
	if raw[0] == '<' {
		p.html, p.nojson = true, true
		return p
	}
	var v any
	if bytes.IndexByte([]byte(`{["`), raw[0]) < 0 || json.NewDecoder(bytes.NewReader(raw)).Decode(&v) != nil {
		p.nojson = true
		p.tell(string(raw))
		return p
	}
	p.walk(v, 0)
	return p
}

// ProblemIn200 returns the problem that a body hides behind a status of
// success, or nil if there is none to be seen.
func ProblemIn200(raw []byte) *Problem {
	raw = bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")))
	if len(raw) == 0 {
		return nil
	}
	switch {
	case raw[0] == '<':
		return &Problem{html: true, nojson: true}
	case raw[0] == ':', bytes.HasPrefix(raw, []byte("data:")):
		return &Problem{Stream: true, nojson: true}
	}
	hasChoices := bytes.Contains(raw, []byte(`"choices"`))
	if hasChoices && !bytes.Contains(raw, []byte(`"error"`)) {
		return nil
	}
	if raw[0] == '[' { // Google lists its errors
		var list []any
		if json.Unmarshal(raw, &list) == nil && len(list) > 0 && isProblem(list[0], false) {
			return ReadProblem(raw)
		}
		return nil
	}
	var top map[string]any
	if json.NewDecoder(bytes.NewReader(raw)).Decode(&top) != nil || !isProblem(top, hasChoices) {
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
			if list, ok := v[k].([]any); ok {
				p.tell(strings.Join(texts(list), ", "))
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
		if loc, ok := v["loc"].([]any); ok { // pydantic
			param = strings.TrimPrefix(strings.Join(texts(loc), "."), "body.")
		}
		p.Param = cmp.Or(p.Param, param)
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

// Bare says that the error has no code, no type and no status, as of a path
// that is none of an API.
func (p *Problem) Bare() bool { return p.kind == "" && len(p.codes) == 0 && p.status == 0 }

// texts returns those elements of a list that are texts.
func texts(list []any) (out []string) {
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
	n, ok := v.(float64)
	s, isText := v.(string)
	if isText {
		if i, err := strconv.Atoi(s); err == nil {
			n, ok = float64(i), true
		} else if s != "" && len(s) <= 100 {
			p.codes = append(p.codes, s)
		}
	}
	if ok && n >= 400 && n < 600 && p.status == 0 {
		p.status = int(n)
	}
}

// Is says whether any of the codes, or the type, is one of names, which are in
// lower case.
func (p *Problem) Is(names ...string) bool {
	for _, c := range append([]string{p.kind}, p.codes...) {
		if slices.Contains(names, strings.ToLower(c)) {
			return true
		}
	}
	return false
}
