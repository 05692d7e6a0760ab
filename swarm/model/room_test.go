package model

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

// What servers say of a prompt of 538 tokens and a reply of 8192, or of a prompt
// that is too long by itself, each in its own words.
func TestRoomForTheReplyIsReadFromRefusals(t *testing.T) {
	r := Request{Messages: []Message{{Role: "user", Content: strings.Repeat("The rent is due. ", 120)}}, MaxOut: 8192}
	if est := r.EstimateTokens(); est < 400 || est > 700 {
		t.Fatalf("the prompt has some %d tokens", est)
	}
	for _, c := range []struct {
		name   string
		status int
		said   string
		limit  int // 0: no shorter reply helps
		prompt int
	}{
		{"vLLM", 400, "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context length is 4096 tokens and your request has 538 input tokens (8192 > 4096 - 538).", 4096, 538},
		{"vLLM, as much as is asked for", 400, "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context length is 8192 tokens and your request has 538 input tokens (8192 > 8192 - 538).", 8192, 538},
		{"vLLM, not counted to the end", 400, "This model's maximum context length is 8192 tokens. However, you requested 8192 output tokens and your prompt contains at least 538 input tokens, for a total of at least 8730 tokens.", 8192, 0},
		{"OpenAI", 400, "This model's maximum context length is 8,192 tokens. However, you requested 8,730 tokens (538 in the messages, 8,192 in the completion). Please reduce the length of the messages or completion.", 8192, 538},
		{"OpenAI, with functions", 400, "This model's maximum context length is 4097 tokens. However, you requested 8730 tokens (500 in the messages, 38 in the functions, and 8192 in the completion).", 4097, 500},
		{"OpenAI, a minute", 429, "Request too large for gpt-4o in organization org-1 on tokens per min (TPM): Limit 6000, Requested 8730. The input or output tokens must be reduced in order to run successfully.", 6000, 538},
		{"Groq, a minute", 413, "Request too large for model `llama-3.1-8b-8192` in organization `org_01h4` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Requested 8730, please reduce your message size and try again.", 6000, 538},
		{"a minute, told as a rate limit", 429, "Rate limit reached for model `m` on tokens per minute (TPM): Limit 6000, Used 0, Requested 8730.", 6000, 538},
		{"TGI", 422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 538 `inputs` tokens and 8192 `max_new_tokens`", 4096, 538},
		{"Anthropic", 400, "input length and `max_tokens` exceed context limit: 538 + 8192 > 8000, decrease input length or `max_tokens` and try again", 8000, 538},
		{"SGLang", 400, "Requested token count exceeds the model's maximum context length of 8192 tokens. You requested a total of 8730 tokens: 538 tokens from the input messages and 8192 tokens for the completion.", 8192, 538},
		{"OpenRouter", 400, "This endpoint's maximum context length is 8192 tokens. However, you requested about 8730 tokens (538 of text input, 8192 in the output). Please reduce the length of either one.", 8192, 538},
		{"limit alone", 400, "prompt and max_tokens exceed the 8192-token context window", 8192, 0},
		{"in no known words", 400, "prompt (538) plus max_tokens (8192) is more than 4096 tokens in total: limit 4096", 4096, 538},

		{"OpenAI, prompt alone", 400, "This model's maximum context length is 500 tokens. However, your messages resulted in 538 tokens.", 0, 0},
		{"LM Studio, prompt alone", 400, "Trying to keep the first 538 tokens when context the overflows. However, the model is loaded with context length of only 512 tokens, which is not enough.", 0, 0},
		{"llama.cpp, prompt alone", 400, "request (538 tokens) exceeds the available context size (512 tokens), try increasing it", 0, 0},
		{"longest reply", 400, "max_tokens is too large: 8192. This model supports at most 4096 completion tokens, whereas you provided 8192.", 0, 0},
		{"a full minute", 429, "Rate limit reached for model `m` on tokens per minute (TPM): Limit 10000, Used 5000, Requested 8730. Please try again in 15.05s.", 0, 0},
		{"a full minute, of about the prompt", 429, "Rate limit reached on tokens per minute (TPM): Limit 9000, Used 865, Requested 8730. Please try again in 15.05s.", 0, 0},
		{"requests a minute", 429, "Rate limit reached on requests per min (RPM): Limit 600, Used 600, Requested 1.", 0, 0},
	} {
		e := HTTPError(r, c.status, http.Header{}, fmt.Appendf(nil, `{"error":{"message":%q}}`, c.said))
		n, ok := errors.AsType[*NoRoom](e)
		if ok != (c.limit > 0) || ok && (n.Limit != c.limit || n.Prompt != c.prompt || e.Class != swarm.ClassTooLong) {
			t.Errorf("%s: %v, %+v, want a limit of %d for %d", c.name, e, n, c.limit, c.prompt)
		}
	}
	body := `{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_prompt_tokens":538,"n_ctx":4096}}`
	e := HTTPError(r, 400, http.Header{}, []byte(body))
	if n, ok := errors.AsType[*NoRoom](e); !ok || n.Limit != 4096 || n.Prompt != 538 {
		t.Errorf("llama.cpp: %v", e)
	}
}
