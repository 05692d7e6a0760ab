package mock_test

import (
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/mock"
)

func messages(ms string) string { return `{"model":"m","messages":` + ms + `}` }

func TestServerRefusesWhatTheServiceRefuses(t *testing.T) {
	s := server(model(mock.Say("yes")),
		mock.Model{ID: "thinker", Brain: mock.Say("yes"), Reasoning: true},
		mock.Model{ID: "plain", Brain: mock.Say("yes"), NoSchema: true},
		mock.Model{ID: "short", Brain: mock.Say("yes"), Context: 20})
	const user = `{"role":"user","content":"x"}`
	for _, c := range []struct {
		name, body  string
		status      int
		param, code string
		message     string // part of it
	}{
		{"not JSON", `{"model":`, 400, "null", "null", "could not parse"},
		{"not UTF-8", "{\"model\":\"\xff\"}", 400, "null", "null", "could not parse"},
		{"trailing bytes", ask("") + "{}", 400, "null", "null", "could not parse"},
		{"not an object", `[]`, 400, "null", "null", "expected an object"},
		{"duplicate key", ask(`,"n":1,"n":1`), 400, "null", "null", `"n" stands twice`},
		{"too deep", ask(`,"metadata":` + strings.Repeat("[", 200) + strings.Repeat("]", 200)), 400, "null", "null", "deeper"},
		{"no model", `{"messages":[` + user + `]}`, 400, "null", "null", "you must provide a model parameter"},
		{"unknown model", `{"model":"x","messages":[` + user + `]}`, 404, "null", "model_not_found", "`x` does not exist"},
		{"model a number", `{"model":3,"messages":[` + user + `]}`, 400, "model", "invalid_type", "expected a string"},
		{"no messages", `{"model":"m"}`, 400, "messages", "missing_required_parameter", "Missing required"},
		{"messages a string", messages(`"hi"`), 400, "messages", "invalid_type", "expected an array, but got a string"},
		{"messages null", messages(`null`), 400, "messages", "invalid_type", "got null"},
		{"messages empty", messages(`[]`), 400, "messages", "empty_array", "minimum length 1"},
		{"message a string", messages(`["hi"]`), 400, "messages[0]", "invalid_type", "expected an object"},
		{"no role", messages(`[{"content":"x"}]`), 400, "messages[0].role", "missing_required_parameter", ""},
		{"bad role", messages(`[{"role":"boss","content":"x"}]`), 400, "messages[0].role", "invalid_value", "Supported values are"},
		{"no content", messages(`[{"role":"user"}]`), 400, "messages[0].content", "missing_required_parameter", ""},
		{"content null", messages(`[` + user + `,{"role":"user","content":null}]`), 400, "messages[1].content", "invalid_type", "got null"},
		{"assistant says nothing", messages(`[{"role":"assistant","content":null}]`), 400, "messages[0].content", "invalid_type", ""},
		{"content a number", messages(`[{"role":"user","content":3}]`), 400, "messages[0].content", "invalid_type", "got an integer"},
		{"no parts", messages(`[{"role":"user","content":[]}]`), 400, "messages[0].content", "empty_array", ""},
		{"part without type", messages(`[{"role":"user","content":[{"text":"x"}]}]`), 400, "messages[0].content[0].type", "missing_required_parameter", ""},
		{"unknown part", messages(`[{"role":"user","content":[{"type":"smell"}]}]`), 400, "messages[0].content[0].type", "invalid_value", ""},
		{"image from the system", messages(`[{"role":"system","content":[{"type":"image_url","image_url":{"url":"u"}}]}]`), 400, "messages[0].content[0].type", "invalid_value", ""},
		{"text part without text", messages(`[{"role":"user","content":[{"type":"text"}]}]`), 400, "messages[0].content[0].text", "missing_required_parameter", ""},
		{"image without a URL", messages(`[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]`), 400, "messages[0].content[0].image_url.url", "missing_required_parameter", ""},
		{"sound of no format", messages(`[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"x"}}]}]`), 400, "messages[0].content[0].input_audio.format", "missing_required_parameter", ""},
		{"unknown key in a message", messages(`[{"role":"user","content":"x","mood":"good"}]`), 400, "messages[0].mood", "unknown_parameter", "Unknown parameter: 'messages[0].mood'."},
		{"stray tool message", messages(`[` + user + `,{"role":"tool","tool_call_id":"c","content":"x"}]`), 400, "messages.[1].role", "null", "must be a response"},
		{"tool call unanswered", messages(`[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},` + user + `]`), 400, "messages.[1].role", "null", "must be followed"},
		{"tool call unanswered at the end", messages(`[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}]`), 400, "messages.[0].role", "null", "must be followed"},
		{"tool call without an id", messages(`[{"role":"assistant","tool_calls":[{"type":"function","function":{"name":"f","arguments":"{}"}}]}]`), 400, "messages[0].tool_calls[0].id", "missing_required_parameter", ""},
		{"tool call without its function", messages(`[{"role":"assistant","tool_calls":[{"id":"c","type":"function"}]}]`), 400, "messages[0].tool_calls[0].function", "missing_required_parameter", ""},
		{"tool call without arguments", messages(`[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f"}}]}]`), 400, "messages[0].tool_calls[0].function.arguments", "missing_required_parameter", ""},
		{"tool message without an id", messages(`[{"role":"tool","content":"x"}]`), 400, "messages[0].tool_call_id", "missing_required_parameter", ""},
		{"function message without a name", messages(`[{"role":"function","content":"x"}]`), 400, "messages[0].name", "missing_required_parameter", ""},

		{"unknown argument", ask(`,"thinking":true`), 400, "null", "null", "Unrecognized request argument supplied: thinking"},
		{"unknown arguments", ask(`,"a":1,"b":2`), 400, "null", "null", "Unrecognized request arguments supplied: a, b"},
		{"unknown nested key", ask(`,"stream":true,"stream_options":{"usage":true}`), 400, "stream_options.usage", "unknown_parameter", ""},
		{"n 0", ask(`,"n":0`), 400, "n", "integer_below_min_value", ">= 1"},
		{"n 130", ask(`,"n":130`), 400, "n", "integer_above_max_value", "<= 128"},
		{"n a fraction", ask(`,"n":1.5`), 400, "n", "invalid_type", "a decimal number"},
		{"max_tokens 0", ask(`,"max_tokens":0`), 400, "max_tokens", "integer_below_min_value", ""},
		{"max_completion_tokens a string", ask(`,"max_completion_tokens":"9"`), 400, "max_completion_tokens", "invalid_type", ""},
		{"both limits", ask(`,"max_tokens":5,"max_completion_tokens":5`), 400, "max_tokens", "invalid_parameter_combination", ""},
		{"temperature hot", ask(`,"temperature":"hot"`), 400, "temperature", "invalid_type", "expected a decimal"},
		{"temperature 2.1", ask(`,"temperature":2.1`), 400, "temperature", "decimal_above_max_value", ""},
		{"top_p -1", ask(`,"top_p":-1`), 400, "top_p", "decimal_below_min_value", ""},
		{"stop of five", ask(`,"stop":["a","b","c","d","e"]`), 400, "stop", "array_above_max_length", ""},
		{"stop of numbers", ask(`,"stop":[1]`), 400, "stop[0]", "invalid_type", ""},
		{"stream a string", ask(`,"stream":"yes"`), 400, "stream", "invalid_type", "expected a boolean"},
		{"stream_options without stream", ask(`,"stream_options":{"include_usage":true}`), 400, "stream_options", "null", "only allowed when 'stream'"},
		{"top_logprobs alone", ask(`,"top_logprobs":2`), 400, "top_logprobs", "null", ""},
		{"parallel_tool_calls without tools", ask(`,"parallel_tool_calls":true`), 400, "parallel_tool_calls", "null", ""},
		{"tool_choice without tools", ask(`,"tool_choice":"auto"`), 400, "tool_choice", "null", ""},
		{"function_call without functions", ask(`,"function_call":"auto"`), 400, "function_call", "null", ""},
		{"unknown effort", ask(`,"reasoning_effort":"huge"`), 400, "reasoning_effort", "invalid_value", "'huge'"},
		{"unknown tier", ask(`,"service_tier":"gold"`), 400, "service_tier", "invalid_value", ""},
		{"metadata of 17", ask(`,"metadata":{` + pairs(17) + `}`), 400, "metadata", "null", "maxProperties"},
		{"metadata not strings", ask(`,"metadata":{"a":1}`), 400, "metadata.a", "invalid_type", ""},
		{"metadata with a long key", ask(`,"metadata":{"` + strings.Repeat("k", 65) + `":""}`), 400, "metadata." + strings.Repeat("k", 65), "unknown_parameter", ""},
		{"safety_identifier too long", ask(`,"safety_identifier":"` + strings.Repeat("k", 65) + `"`), 400, "safety_identifier", "string_above_max_length", ""},
		{"sound", ask(`,"modalities":["text","audio"]`), 400, "modalities[1]", "invalid_value", ""},
		{"no tools", ask(`,"tools":[]`), 400, "tools", "empty_array", ""},
		{"tool of no kind", ask(`,"tools":[{"type":"magic"}]`), 400, "tools[0].type", "invalid_value", ""},
		{"custom tool without a name", ask(`,"tools":[{"type":"custom","custom":{}}]`), 400, "tools[0].custom.name", "missing_required_parameter", ""},
		{"prediction of nothing", ask(`,"prediction":{"type":"content"}`), 400, "prediction.content", "missing_required_parameter", ""},
		{"bad function name", ask(`,"tools":[{"type":"function","function":{"name":"a b"}}]`), 400, "tools[0].function.name", "invalid_value", "^[a-zA-Z0-9_-]+$"},
		{"empty function name", ask(`,"tools":[{"type":"function","function":{"name":""}}]`), 400, "tools[0].function.name", "invalid_value", ""},
		{"loose strict tool", ask(`,"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object"}}}]`), 400, "tools[0].function.parameters", "invalid_function_parameters", ""},
		{"a tool call asked for", ask(`,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required"`), 400, "tool_choice", "unsupported_value", "never calls tools"},
		{"a named tool asked for", ask(`,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"f"}}`), 400, "tool_choice", "unsupported_value", ""},
		{"odd tool_choice", ask(`,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"x"}`), 400, "tool_choice.type", "invalid_value", ""},
		{"a function call asked for", ask(`,"functions":[{"name":"f"}],"function_call":{"name":"f"}`), 400, "function_call", "unsupported_value", ""},

		{"format a string", ask(`,"response_format":"json"`), 400, "response_format", "invalid_type", ""},
		{"format of no type", ask(`,"response_format":{}`), 400, "response_format.type", "missing_required_parameter", ""},
		{"unknown format", ask(`,"response_format":{"type":"xml"}`), 400, "response_format.type", "invalid_value", ""},
		{"json_object unannounced", ask(`,"response_format":{"type":"json_object"}`), 400, "messages", "null", "must contain the word 'json'"},
		{"json_schema without one", ask(`,"response_format":{"type":"json_schema"}`), 400, "response_format.json_schema", "missing_required_parameter", ""},
		{"schema without a name", ask(`,"response_format":{"type":"json_schema","json_schema":{"schema":{}}}`), 400, "response_format.json_schema.name", "missing_required_parameter", ""},
		{"strict without a schema", ask(`,"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true}}`), 400, "response_format.json_schema.schema", "missing_required_parameter", ""},
		{"long schema name", ask(`,"response_format":{"type":"json_schema","json_schema":{"name":"` + strings.Repeat("n", 65) + `"}}`), 400, "response_format.json_schema.name", "string_above_max_length", ""},
		{"schema not strict", ask(`,"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object","properties":{}}}}`), 400, "response_format", "null", "Invalid schema for response_format 'n': In context=()"},

		{"max_tokens for a reasoning model", `{"model":"thinker","max_tokens":5,"messages":[` + user + `]}`, 400, "max_tokens", "unsupported_parameter", "max_completion_tokens"},
		{"temperature for a reasoning model", `{"model":"thinker","temperature":0,"messages":[` + user + `]}`, 400, "temperature", "unsupported_value", "does not support 0"},
		{"schema for a model without", `{"model":"plain","messages":[` + user + `],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}}}`, 400, "response_format", "null", "not supported with this model"},
		{"prompt too long", `{"model":"short","messages":[{"role":"user","content":"` + strings.Repeat("word ", 50) + `"}]}`, 400, "messages", "context_length_exceeded", "maximum context length is 20 tokens"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := post(t.Context(), s, c.body)
			e := a.refusal(t)
			if a.status != c.status || deref(e.Param) != c.param || deref(e.Code) != c.code || !strings.Contains(e.Message, c.message) {
				t.Errorf("got %d %s, want %d, param %s, code %s, %q", a.status, a.body, c.status, c.param, c.code, c.message)
			}
			if e.Type != "invalid_request_error" {
				t.Errorf("type %q", e.Type)
			}
			log := s.Log()
			if last := log[len(log)-1]; last.Status != c.status || last.Error == "" || last.Charge || last.Cost != 0 || last.Usage != (mock.Usage{}) {
				t.Errorf("the log says %+v", last)
			}
		})
	}
}

func pairs(n int) string {
	var out []string
	for i := range n {
		out = append(out, `"k`+string(rune('a'+i))+`":"v"`)
	}
	return strings.Join(out, ",")
}

func TestServerTakesAllDocumentedFields(t *testing.T) {
	for name, body := range map[string]string{
		"all": ask(`,"max_tokens":9,"temperature":0.2,"top_p":1,"n":1,"frequency_penalty":-2,"presence_penalty":2,"stop":["a"],"seed":-3,
			"stream":false,"response_format":{"type":"text"},"logprobs":true,"top_logprobs":2,"logit_bias":{"50256":-100},"verbosity":"low",
			"service_tier":"auto","store":true,"metadata":{"a":"b"},"user":"u","safety_identifier":"s","prompt_cache_key":"k",
			"prompt_cache_retention":"24h","prompt_cache_options":{"mode":"explicit","ttl":"30m"},"modalities":["text"],
			"prediction":{"type":"content","content":"x"},"moderation":{},"web_search_options":{},"reasoning_effort":"none"`),
		"nulls":      ask(`,"max_tokens":null,"temperature":null,"n":null,"stop":null,"stream":null,"stream_options":null,"metadata":null,"seed":null,"reasoning_effort":null,"logprobs":null,"top_logprobs":null,"max_completion_tokens":3`),
		"tools":      ask(`,"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{},"additionalProperties":false},"strict":true}},{"type":"custom","custom":{"name":"c"}}],"tool_choice":"auto","parallel_tool_calls":false`),
		"some tools": ask(`,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"allowed_tools","allowed_tools":{}}`),
		"functions":  ask(`,"functions":[{"name":"f"}],"function_call":"none"`),
		"roles": messages(`[{"role":"developer","content":"d","name":"n"},{"role":"system","content":[{"type":"text","text":"s","prompt_cache_breakpoint":{"mode":"explicit"}}]},
			{"role":"user","content":[{"type":"text","text":"u"},{"type":"image_url","image_url":{"url":"u","detail":"low"}},{"type":"input_audio","input_audio":{"data":"","format":"wav"}},{"type":"file","file":{"file_id":"f"}}]},
			{"role":"assistant","content":[{"type":"refusal","refusal":"no"}]},{"role":"assistant","content":null,"refusal":"no"},
			{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
			{"role":"tool","tool_call_id":"c","content":"42"},{"role":"function","name":"f","content":null},{"role":"user","content":""}]`),
		"thinker":       `{"model":"thinker","max_completion_tokens":5,"temperature":1,"top_p":null,"messages":[{"role":"user","content":"x"}]}`,
		"loose schema":  ask(`,"response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","strict":false,"schema":{"anyOf":[{"oneOf":[]}]}}}`),
		"parts predict": ask(`,"prediction":{"type":"content","content":[{"type":"text","text":"x"}]}`),
	} {
		t.Run(name, func(t *testing.T) {
			said := "yes"
			if name == "loose schema" {
				said = `"any JSON"`
			}
			s := server(model(mock.Say(said)), mock.Model{ID: "thinker", Brain: mock.Say(said), Reasoning: true})
			if a := post(t.Context(), s, body); a.status != 200 {
				t.Errorf("got %d %s %v", a.status, a.body, a.err)
			}
		})
	}
}
