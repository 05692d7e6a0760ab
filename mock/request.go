package mock

import (
	"encoding/json"
	"math"
	"strings"
)

// requestFields are the keys of a chat completion as the service publishes
// them (openai-openapi, August 2026), with the types and ranges it names.
var requestFields = fields{
	"model":                  {check: isString},
	"messages":               {check: checkMessages},
	"max_tokens":             {whole(1, math.MaxInt32), true},
	"max_completion_tokens":  {whole(1, math.MaxInt32), true},
	"temperature":            {decimal(0, 2), true},
	"top_p":                  {decimal(0, 1), true},
	"n":                      {whole(1, 128), true},
	"frequency_penalty":      {decimal(-2, 2), true},
	"presence_penalty":       {decimal(-2, 2), true},
	"stop":                   {checkStop, true},
	"seed":                   {whole(math.MinInt64, math.MaxInt64), true},
	"stream":                 {isBool, true},
	"stream_options":         {fields{"include_usage": {check: isBool}, "include_obfuscation": {check: isBool}}.check, true},
	"response_format":        {check: checkFormat},
	"logprobs":               {isBool, true},
	"top_logprobs":           {whole(0, 20), true},
	"logit_bias":             {mapOf(300, 20, decimal(-100, 100)), true},
	"reasoning_effort":       {oneOf("none", "minimal", "low", "medium", "high", "xhigh", "max"), true},
	"verbosity":              {oneOf("low", "medium", "high"), true},
	"service_tier":           {oneOf("auto", "default", "flex", "scale", "priority", "fast"), true},
	"store":                  {isBool, true},
	"metadata":               {mapOf(16, 64, upTo(512)), true},
	"user":                   {check: isString},
	"safety_identifier":      {check: upTo(64)},
	"prompt_cache_key":       {check: isString},
	"prompt_cache_retention": {oneOf("in_memory", "in-memory", "24h"), true},
	"prompt_cache_options":   {check: fields{"mode": {check: oneOf("implicit", "explicit")}, "ttl": {check: isString}}.check},
	"modalities":             {listOf(1, 0, oneOf("text")), true}, // no audio here
	"prediction":             {fields{"type": {check: oneOf("content")}, "content": {check: textOrParts}}.with("type", "content"), true},
	"moderation":             {isObject, true},
	"web_search_options":     {check: isObject},
	"audio":                  {isObject, true},
	"tools":                  {check: listOf(1, 128, checkTool)},
	"tool_choice":            {check: checkToolChoice},
	"parallel_tool_calls":    {check: isBool},
	"functions":              {check: listOf(1, 128, checkFunction)},
	"function_call":          {check: checkFunctionCall},
}

func checkStop(path string, v node) *Error {
	if v.kind == kindString {
		return nil
	}
	return listOf(1, 4, isString)(path, v)
}

// decodeRequest reads a chat completion and refuses what the service refuses,
// as far as that does not depend on the model.
func decodeRequest(body []byte) (Request, node, *Error) {
	v, err := parse(body)
	if err != nil {
		return Request{}, v, bad("", "", "We could not parse the JSON body of your request: %v.", err)
	}
	if v.kind != kindObject {
		return Request{}, v, bad("", "", "We could not parse the JSON body of your request: expected an object, but got %s.", v.kindName())
	}
	if m, ok := v.get("model"); !ok || m.kind == kindString && m.text == "" {
		return Request{}, v, bad("", "", "you must provide a model parameter")
	}
	if err := need("", v, "messages"); err != nil {
		return Request{}, v, err
	}
	r := readRequest(body, v) // for the log, also when it is refused
	if err := checkRequest(v, r); err != nil {
		return r, v, err
	}
	return r, v, nil
}

// checkRequest checks the keys, each by its rule, then those that go together.
func checkRequest(v node, r Request) *Error {
	var strangers []string
	for _, m := range v.members {
		if _, ok := requestFields[m.key]; !ok {
			strangers = append(strangers, m.key)
		}
	}
	switch len(strangers) {
	case 0:
	case 1:
		return bad("", "", "Unrecognized request argument supplied: %.64s", strangers[0])
	default:
		return bad("", "", "Unrecognized request arguments supplied: %.256s", strings.Join(strangers, ", "))
	}
	for _, m := range v.members {
		f := requestFields[m.key]
		if f.null && m.val.isNull() {
			continue
		}
		if err := f.check(m.key, m.val); err != nil {
			return err
		}
	}
	return checkTogether(v, r)
}

func checkTogether(v node, r Request) *Error {
	given := func(key string) bool {
		n, ok := v.get(key)
		return ok && !n.isNull()
	}
	logprobs, _ := v.get("logprobs")
	switch {
	case given("stream_options") && !r.Stream:
		return bad("stream_options", "", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
	case given("max_tokens") && given("max_completion_tokens"):
		return bad("max_tokens", "invalid_parameter_combination", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
	case given("top_logprobs") && !logprobs.yes:
		return bad("top_logprobs", "", "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.")
	case given("parallel_tool_calls") && !given("tools"):
		return bad("parallel_tool_calls", "", "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.")
	case given("tool_choice") && !given("tools"):
		return bad("tool_choice", "", "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.")
	case given("function_call") && !given("functions"):
		return bad("function_call", "", "Invalid value for 'function_call': 'function_call' is only allowed when 'functions' are specified.")
	}
	if f, _ := v.get("response_format"); textOf(f, "type") == "json_object" && !mentionsJSON(r.Messages) {
		return bad("messages", "", "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.")
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
func checkFormat(path string, v node) *Error {
	if err := isObject(path, v); err != nil {
		return err
	}
	if err := need(path, v, "type"); err != nil {
		return err
	}
	kind, _ := v.get("type")
	if err := oneOf("text", "json_object", "json_schema")(path+".type", kind); err != nil {
		return err
	}
	known := fields{"type": {check: isString}}
	if kind.text == "json_schema" {
		known["json_schema"] = field{check: checkSchemaField}
		if err := need(path, v, "json_schema"); err != nil {
			return err
		}
	}
	return known.check(path, v)
}

func checkSchemaField(path string, v node) *Error {
	known := fields{
		"name":        {check: isName},
		"description": {check: isString},
		"schema":      {check: isObject},
		"strict":      {isBool, true},
	}
	if err := known.check(path, v); err != nil {
		return err
	}
	if err := need(path, v, "name"); err != nil {
		return err
	}
	if strict, _ := v.get("strict"); !strict.yes {
		return nil
	}
	if err := need(path, v, "schema"); err != nil {
		return err
	}
	schema, _ := v.get("schema")
	if err := checkStrict(schema); err != nil {
		return bad("response_format", "", "Invalid schema for response_format '%s': %v.", textOf(v, "name"), err)
	}
	return nil
}

// readRequest takes out of a body what brains and the log are shown. It
// passes over what is ill-typed: that is refused elsewhere.
func readRequest(body []byte, v node) Request {
	r := Request{Model: textOf(v, "model"), N: 1}
	if ms, ok := v.get("messages"); ok {
		r.Messages = make([]Message, 0, len(ms.items))
		for _, m := range ms.items {
			content, _ := m.get("content")
			r.Messages = append(r.Messages, Message{Role: textOf(m, "role"), Content: contentText(content)})
		}
	}
	stream, _ := v.get("stream")
	r.Stream = stream.yes
	r.MaxTokens = max(wholeOf(v, "max_tokens"), wholeOf(v, "max_completion_tokens"))
	r.N = max(1, wholeOf(v, "n"))
	switch stop, _ := v.get("stop"); stop.kind {
	case kindString:
		r.Stop = []string{stop.text}
	case kindArray:
		for _, s := range stop.items {
			r.Stop = append(r.Stop, s.text)
		}
	}
	if f, ok := v.get("response_format"); ok {
		kind := textOf(f, "type")
		r.JSON = kind == "json_object" || kind == "json_schema"
		js, _ := f.get("json_schema")
		r.SchemaName = textOf(js, "name")
		if schema, ok := js.get("schema"); ok && schema.kind == kindObject {
			r.Schema = json.RawMessage(body[schema.start:schema.end])
		}
		strict, _ := js.get("strict")
		r.Strict = strict.yes
	}
	return r
}

func textOf(v node, key string) string {
	n, _ := v.get(key)
	return n.text
}

func wholeOf(v node, key string) int {
	n, _ := v.get(key)
	i, ok := n.whole()
	if !ok || i < 0 {
		return 0
	}
	return int(min(i, math.MaxInt32))
}
