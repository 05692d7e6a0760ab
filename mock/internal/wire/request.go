// Package wire reads requests as strictly as the real service does, holds replies
// to their schemas, and knows what errors and bodies look like.
package wire

import (
	"encoding/json"
	"math"
	"strings"
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

// requestFields are the keys of a chat completion as the service publishes
// them (openai-openapi, August 2026), with the types and ranges it names.
var requestFields = Fields{
	"model":                  {Check: IsString},
	"messages":               {Check: checkMessages},
	"max_tokens":             {Whole(1, math.MaxInt32), true},
	"max_completion_tokens":  {Whole(1, math.MaxInt32), true},
	"temperature":            {Decimal(0, 2), true},
	"top_p":                  {Decimal(0, 1), true},
	"n":                      {Whole(1, 128), true},
	"frequency_penalty":      {Decimal(-2, 2), true},
	"presence_penalty":       {Decimal(-2, 2), true},
	"stop":                   {checkStop, true},
	"seed":                   {Whole(math.MinInt64, math.MaxInt64), true},
	"stream":                 {IsBool, true},
	"stream_options":         {Fields{"include_usage": {Check: IsBool}, "include_obfuscation": {Check: IsBool}}.Check, true},
	"response_format":        {Check: checkFormat},
	"logprobs":               {IsBool, true},
	"top_logprobs":           {Whole(0, 20), true},
	"logit_bias":             {mapOf(300, 20, Decimal(-100, 100)), true},
	"reasoning_effort":       {OneOf("none", "minimal", "low", "medium", "high", "xhigh", "max"), true},
	"verbosity":              {OneOf("low", "medium", "high"), true},
	"service_tier":           {OneOf("auto", "default", "flex", "scale", "priority", "fast"), true},
	"store":                  {IsBool, true},
	"metadata":               {mapOf(16, 64, upTo(512)), true},
	"user":                   {Check: IsString},
	"safety_identifier":      {Check: upTo(64)},
	"prompt_cache_key":       {Check: IsString},
	"prompt_cache_retention": {OneOf("in_memory", "in-memory", "24h"), true},
	"prompt_cache_options":   {Check: Fields{"mode": {Check: OneOf("implicit", "explicit")}, "ttl": {Check: IsString}}.Check},
	"modalities":             {ListOf(1, 0, OneOf("text")), true}, // no audio here
	"prediction":             {Fields{"type": {Check: OneOf("content")}, "content": {Check: textOrParts}}.With("type", "content"), true},
	"moderation":             {IsObject, true},
	"web_search_options":     {Check: IsObject},
	"audio":                  {IsObject, true},
	"tools":                  {Check: ListOf(1, 128, checkTool)},
	"tool_choice":            {Check: checkToolChoice},
	"parallel_tool_calls":    {Check: IsBool},
	"functions":              {Check: ListOf(1, 128, checkFunction)},
	"function_call":          {Check: checkFunctionCall},
}

func checkStop(path string, v Node) *Error {
	if v.Kind == kindString {
		return nil
	}
	return ListOf(1, 4, IsString)(path, v)
}

// Decode reads a chat completion and refuses what the service refuses,
// as far as that does not depend on the model.
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
	if err := need("", v, "messages"); err != nil {
		return Request{}, v, err
	}
	r := readRequest(v) // for the log, also when it is refused
	if err := checkRequest(v, r); err != nil {
		return r, v, err
	}
	return r, v, nil
}

// checkRequest checks the keys, each by its rule, then those that go together.
func checkRequest(v Node, r Request) *Error {
	var strangers []string
	for _, m := range v.Members {
		if _, ok := requestFields[m.Key]; !ok {
			strangers = append(strangers, m.Key)
		}
	}
	switch len(strangers) {
	case 0:
	case 1:
		return Bad("", "", "Unrecognized request argument supplied: %.64s", strangers[0])
	default:
		return Bad("", "", "Unrecognized request arguments supplied: %.256s", strings.Join(strangers, ", "))
	}
	for _, m := range v.Members {
		f := requestFields[m.Key]
		if f.Null && m.Val.IsNull() {
			continue
		}
		if err := f.Check(m.Key, m.Val); err != nil {
			return err
		}
	}
	return checkTogether(v, r)
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
	if f, _ := v.Get("response_format"); textOf(f, "type") == "json_object" && !mentionsJSON(r.Messages) {
		return Bad("messages", "", "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.")
	}
	return nil
}

func mentionsJSON(ms []Message) bool {
	for _, m := range ms {
		if strings.Contains(strings.ToLower(m.Content), "json") {
			return true
		}
	}
	return false
}

// checkFormat checks response_format; a strict schema by the service's rules.
func checkFormat(path string, v Node) *Error {
	if err := IsObject(path, v); err != nil {
		return err
	}
	if err := need(path, v, "type"); err != nil {
		return err
	}
	kind, _ := v.Get("type")
	if err := OneOf("text", "json_object", "json_schema")(path+".type", kind); err != nil {
		return err
	}
	known := Fields{"type": {Check: IsString}}
	if kind.Text == "json_schema" {
		known["json_schema"] = Field{Check: checkSchemaField}
		if err := need(path, v, "json_schema"); err != nil {
			return err
		}
	}
	return known.Check(path, v)
}

func checkSchemaField(path string, v Node) *Error {
	known := Fields{
		"name":        {Check: isName},
		"description": {Check: IsString},
		"schema":      {Check: IsObject},
		"strict":      {IsBool, true},
	}
	if err := known.Check(path, v); err != nil {
		return err
	}
	if err := need(path, v, "name"); err != nil {
		return err
	}
	if strict, _ := v.Get("strict"); !strict.Yes {
		return nil
	}
	if err := need(path, v, "schema"); err != nil {
		return err
	}
	schema, _ := v.Get("schema")
	if err := checkStrict(schema.Raw, schema); err != nil {
		return Bad("response_format", "", "Invalid schema for response_format '%s': %v.", textOf(v, "name"), err)
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
	switch stop, _ := v.Get("stop"); stop.Kind {
	case kindString:
		r.Stop = []string{stop.Text}
	case kindArray:
		for _, s := range stop.Items {
			r.Stop = append(r.Stop, s.Text)
		}
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
