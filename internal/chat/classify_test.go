package chat

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// The shapes in which providers tell their errors, each with the class that
// it must have.
var shapes = []struct {
	name   string
	status int
	body   string
	class  swarm.Class
	code   string
}{
	{"OpenAI bad key", 401, `{"error":{"message":"Incorrect API key provided: ` + testKey + `. You can find your API key at https://platform.example/keys.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`, swarm.ClassAuth, "invalid_api_key"},
	{"OpenAI no model", 404, `{"error":{"message":"The model 'x' does not exist","type":"invalid_request_error","param":null,"code":"model_not_found"}}`, swarm.ClassNotFound, "model_not_found"},
	{"OpenAI rate", 429, `{"error":{"message":"Rate limit reached for small on tokens per min","type":"tokens","param":null,"code":"rate_limit_exceeded"}}`, swarm.ClassRateLimited, "rate_limit_exceeded"},
	{"OpenAI one call larger than a minute", 429, `{"error":{"message":"Request too large for small on tokens per min (TPM): Limit 30000, Requested 33274. The input or output tokens must be reduced in order to run successfully.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}`, swarm.ClassTooLong, "rate_limit_exceeded"},
	{"rate limit that speaks of context", 429, `{"error":{"message":"slow down: maximum context length","type":"tokens","code":"rate_limit_exceeded"}}`, swarm.ClassRateLimited, "rate_limit_exceeded"},
	{"Anthropic prompt and reply too long", 400, `{"type":"error","error":{"type":"invalid_request_error","message":"input length and max_tokens exceed context limit: 198000 + 8192 > 200000"}}`, swarm.ClassTooLong, "invalid_request_error"},
	{"OpenAI ramping", 429, `{"error":{"message":"Slow down","type":"rate_limit_error","param":null,"code":"slow_down"}}`, swarm.ClassRateLimited, "slow_down"},
	{"OpenAI empty account", 429, `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`, swarm.ClassQuota, "insufficient_quota"},
	{"OpenAI credit", 429, `{"error":{"message":"x","type":"insufficient_quota","param":null,"code":"credit_balance_exhausted"}}`, swarm.ClassQuota, "credit_balance_exhausted"},
	{"OpenAI project limit", 429, `{"error":{"message":"x","type":"invalid_request_error","param":null,"code":"project_spend_limit_exceeded"}}`, swarm.ClassQuota, "project_spend_limit_exceeded"},
	{"OpenAI too long", 400, `{"error":{"message":"This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`, swarm.ClassTooLong, "context_length_exceeded"},
	{"OpenAI bad value", 400, `{"error":{"message":"Invalid value","type":"invalid_request_error","param":"n","code":"integer_above_max_value"}}`, swarm.ClassInvalid, "integer_above_max_value"},
	{"OpenAI overloaded", 503, `{"error":{"message":"The server is overloaded","type":"server_error","param":null,"code":"server_is_overloaded"}}`, swarm.ClassOverloaded, "server_is_overloaded"},
	{"vague quota", 429, `{"error":{"message":"You exceeded your current quota, please retry","code":429,"status":"RESOURCE_EXHAUSTED"}}`, swarm.ClassRateLimited, "RESOURCE_EXHAUSTED"},
	{"Azure filter", 400, `{"error":{"message":"The response was filtered","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{}}}}`, swarm.ClassFiltered, "ResponsibleAIPolicyViolation"},
	{"Azure rate", 429, `{"error":{"code":"429","message":"Requests have exceeded call rate limit"}}`, swarm.ClassRateLimited, ""},
	{"Anthropic overloaded", 529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}`, swarm.ClassOverloaded, "overloaded_error"},
	{"Anthropic too long", 400, `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}`, swarm.ClassTooLong, "invalid_request_error"},
	{"Anthropic spend limit", 429, `{"type":"error","error":{"type":"rate_limit_error","message":"x","details":{"error_code":"enforced_spend_limit_reached"}}}`, swarm.ClassQuota, "enforced_spend_limit_reached"},
	{"Anthropic credit", 400, `{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API."}}`, swarm.ClassQuota, "invalid_request_error"},
	{"Anthropic key", 401, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`, swarm.ClassAuth, "authentication_error"},
	{"vLLM too long", 400, `{"error":{"message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.","type":"BadRequestError","param":null,"code":400}}`, swarm.ClassTooLong, "BadRequestError"},
	{"vLLM flat", 400, `{"object":"error","message":"bad","type":"BadRequestError","param":null,"code":400}`, swarm.ClassInvalid, "BadRequestError"},
	{"vLLM no model", 404, `{"object":"error","message":"The model x does not exist.","type":"NotFoundError","param":null,"code":404}`, swarm.ClassNotFound, "NotFoundError"},
	{"Mistral", 422, `{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","foo"],"msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error","code":null}`, swarm.ClassInvalid, "invalid_request_error"},
	{"llama.cpp too long", 400, `{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_prompt_tokens":5000,"n_ctx":4096}}`, swarm.ClassTooLong, "exceed_context_size_error"},
	{"llama.cpp loading", 503, `{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}`, swarm.ClassOverloaded, "unavailable_error"},
	{"Ollama no model", 404, `{"error":{"message":"model 'x' not found","type":"api_error","param":null,"code":null}}`, swarm.ClassNotFound, "api_error"},
	{"llama.cpp no tools", 500, `{"error":{"code":500,"message":"tools param requires --jinja flag","type":"server_error"}}`, swarm.ClassInvalid, "server_error"},
	{"Ollama native", 500, `{"error":"llama runner process has terminated"}`, swarm.ClassServer, ""},
	{"Ollama busy", 503, `{"error":{"message":"server busy, please try again.  maximum pending requests exceeded","type":"api_error","param":null,"code":null}}`, swarm.ClassOverloaded, "api_error"},
	{"Ollama cancelled", 499, `{"error":"request cancelled"}`, swarm.ClassServer, ""},
	{"Ollama unknown path", 404, `404 page not found`, swarm.ClassNotFound, ""},
	{"OpenRouter no credit", 402, `{"error":{"code":402,"message":"Insufficient credits"}}`, swarm.ClassQuota, ""},
	{"OpenRouter in flight", 402, `{"error":{"code":402,"message":"x","metadata":{"limit_source":"openrouter_in_flight_budget"}}}`, swarm.ClassRateLimited, "openrouter_in_flight_budget"},
	{"OpenRouter moderation", 403, `{"error":{"code":403,"message":"Your input was flagged","metadata":{"reasons":["violence"],"flagged_input":"x"}}}`, swarm.ClassFiltered, "moderation"},
	{"OpenRouter inside 200", 200, `{"error":{"code":502,"message":"Provider returned error","metadata":{"provider_name":"x"}}}`, swarm.ClassServer, ""},
	{"Gemini", 400, `[{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"foo\"","status":"INVALID_ARGUMENT"}}]`, swarm.ClassInvalid, "INVALID_ARGUMENT"},
	{"Gemini key", 400, `[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}]`, swarm.ClassAuth, "API_KEY_INVALID"},
	{"Gemini too long", 400, `[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}]`, swarm.ClassTooLong, "INVALID_ARGUMENT"},
	{"Gemini unavailable", 503, `[{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}]`, swarm.ClassOverloaded, "UNAVAILABLE"},
	{"Groq flex full", 498, `{"error":{"message":"capacity","type":"x","code":"capacity_exceeded"}}`, swarm.ClassOverloaded, "capacity_exceeded"},
	{"Groq too large", 413, `{"error":{"message":"Request too large","type":"tokens","code":"rate_limit_exceeded"}}`, swarm.ClassTooLong, "rate_limit_exceeded"},
	{"DeepSeek plain text", 422, "Failed to deserialize the JSON body into the target type: missing field `content`", swarm.ClassInvalid, ""},
	{"DeepSeek balance", 402, `{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}`, swarm.ClassQuota, "invalid_request_error"},
	{"Together too long", 403, `{"error":{"message":"Input validation error: inputs tokens + max_new_tokens must be within the context length","type":"invalid_request_error","param":null,"code":null}}`, swarm.ClassTooLong, "invalid_request_error"},
	{"portkey", 500, `{"status":"failure","message":"Something went wrong"}`, swarm.ClassServer, "failure"},
	{"GitHub's rate limit", 403, `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}`, swarm.ClassRateLimited, ""},
	{"rate limit by a code", 403, `{"error":{"message":"Not now.","type":"invalid_request_error","code":"RateLimitReached"}}`, swarm.ClassRateLimited, "RateLimitReached"},
	{"throttled", 400, `{"__type":"x","message":"Try later","code":"ThrottlingException"}`, swarm.ClassRateLimited, "ThrottlingException"},
	{"no access", 403, `{"error":{"message":"Your account has no access to this model.","type":"permission_error","code":"model_not_allowed"}}`, swarm.ClassAuth, "model_not_allowed"},
	{"LM Studio, wrong path", 200, `{"error":"Unexpected endpoint or method. (POST /v1/v1/chat/completions)"}`, swarm.ClassNotFound, ""},
	{"portkey, a page of the upstream's", 500, `{"html-message":"<html><h1>502 Bad Gateway</h1></html>"}`, swarm.ClassServer, ""},
	{"llamajs", 400, `{"error":"Model does not exist"}`, swarm.ClassNotFound, ""},
	{"HTML 502", 502, "<html><h1>502 Bad Gateway</h1></html>", swarm.ClassServer, ""},
	{"HTML 400", 400, "<!DOCTYPE html><pre>SyntaxError: at /srv/app.js</pre>", swarm.ClassInvalid, ""},
	{"empty 500", 500, "", swarm.ClassServer, ""},
	{"list of messages", 400, `{"error":{"message":["a","b"],"type":"invalid_request_error"}}`, swarm.ClassInvalid, "invalid_request_error"},
	{"408", 408, "", swarm.ClassTimeout, ""},
	{"409", 409, `{"error":{"message":"conflict"}}`, swarm.ClassServer, ""},
	{"504", 504, "", swarm.ClassTimeout, ""},
	{"524", 524, "<html>", swarm.ClassTimeout, ""},
	{"redirect", 307, "", swarm.ClassNotFound, ""},
	{"redirect found", 302, "<html>moved</html>", swarm.ClassNotFound, ""},
	{"300 with JSON", 300, okBody, swarm.ClassNotFound, ""},
}

func TestProvidersErrorsAreClassified(t *testing.T) {
	for _, tc := range shapes {
		for _, r := range []model.Request{ask(), askStream()} {
			s := says(tc.status, tc.body, "Location: http://elsewhere.test/v1/chat/completions")
			_, err := client(t, s).Attempt(t.Context(), r)
			t.Run(tc.name, func(t *testing.T) {
				e := callError(t, err, tc.class)
				if e.Code != tc.code || e.Status != tc.status || e.Model != "small" {
					t.Errorf("code %q status %d model %q, want code %q status %d", e.Code, e.Status, e.Model, tc.code, tc.status)
				}
				if n := len(s.sent()); n != 1 {
					t.Errorf("%d requests were sent, want 1", n)
				}
				if _, ok := learned(err); ok {
					t.Error("something was learnt of it")
				}
			})
		}
	}
}

func TestMissingPathIsExplained(t *testing.T) {
	for _, body := range []string{
		"404 page not found", "<!DOCTYPE html><html><body>Cannot POST /chat/completions</body></html>",
		`{"detail":"Not Found"}`, `{"error":{"message":"Invalid URL (POST /chat/completions)","type":"invalid_request_error"}}`,
	} {
		_, err := client(t, says(404, body)).Attempt(t.Context(), ask())
		if e := callError(t, err, swarm.ClassNotFound); !strings.Contains(e.Error(), "/v1") {
			t.Errorf("%s: error %q does not say how base URLs end", body, e)
		}
	}
}

// A server that answers something else at a base URL without a version, before
// there was any reply, is asked at a wrong path.
func TestWrongPathThatAnswersIsExplained(t *testing.T) {
	root := func(b *model.Backend) { b.BaseURL = "http://model.test" }
	for _, tc := range []struct {
		body  string
		class swarm.Class // with /v1, or after a reply
	}{
		{"<!DOCTYPE html><html><body>Welcome</body></html>", swarm.ClassBroken},
		{`{"message":"Nothing is served here.","ok":false}`, swarm.ClassServer},
		{`{"ok":true}`, swarm.ClassBroken},
		{"OK", swarm.ClassBroken},
		{"", swarm.ClassBroken},
	} {
		for _, r := range []model.Request{ask(), askStream()} {
			_, err := client(t, says(200, tc.body), root).Attempt(t.Context(), r)
			if e := callError(t, err, swarm.ClassNotFound); !strings.Contains(e.Error(), "/v1") {
				t.Errorf("%q: error %q does not say how base URLs end", tc.body, e)
			}
			_, err = client(t, says(200, tc.body)).Attempt(t.Context(), r)
			callError(t, err, tc.class)

			body := okBody
			c := client(t, &server{answer: func(*http.Request, string) (*http.Response, error) { return response(200, body), nil }}, root)
			if _, err := c.Attempt(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			body = tc.body
			_, err = c.Attempt(t.Context(), r)
			callError(t, err, tc.class)
		}
	}
	_, err := client(t, says(200, `{"error":{"message":"The server had an error","type":"server_error"}}`), root).Attempt(t.Context(), ask())
	callError(t, err, swarm.ClassServer)
}

func TestReasonOfAnUpstreamIsTold(t *testing.T) {
	for _, body := range []string{
		`{"html-message":"<html><head><style>p {}</style></head><body><h1>502 Bad Gateway</h1></body></html>"}`,
		`{"error":{"message":"Provider returned error","metadata":{"raw":"{\"error\":{\"message\":\"502 Bad Gateway\"}}"}}}`,
		`{"error":{"message":"{\"error\":{\"message\":\"502 Bad Gateway\"}}","type":"upstream"}}`,
	} {
		_, err := client(t, says(500, body)).Attempt(t.Context(), ask())
		if e := callError(t, err, swarm.ClassServer); !strings.HasSuffix(e.Error(), ": 502 Bad Gateway") {
			t.Errorf("%s: %v", body, e)
		}
	}
}

func TestShouldRetryHeaderDecides(t *testing.T) {
	for _, tc := range []struct {
		status int
		retry  string
		class  swarm.Class
	}{
		{429, "false", swarm.ClassQuota},
		{500, "false", swarm.ClassInvalid},
		{503, "false", swarm.ClassInvalid},
		{400, "true", swarm.ClassServer},
		{429, "true", swarm.ClassRateLimited},
		{400, "maybe", swarm.ClassInvalid},
	} {
		_, err := client(t, says(tc.status, `{"error":{"message":"x"}}`, "X-Should-Retry: "+tc.retry)).Attempt(t.Context(), ask())
		callError(t, err, tc.class)
	}
}

func TestTransportErrorsAreClassified(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, tc := range []struct {
		name  string
		err   error
		class swarm.Class
		is    error
		words string
	}{
		{"refused", dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), swarm.ClassNetwork, syscall.ECONNREFUSED, "refused"},
		{"reset", &net.OpError{Op: "read", Err: syscall.ECONNRESET}, swarm.ClassNetwork, syscall.ECONNRESET, "reset"},
		{"no host", dial(&net.DNSError{Err: "no such host", Name: "model.test", IsNotFound: true}), swarm.ClassNetwork, nil, "no such host"},
		{"certificate", &tls.CertificateVerificationError{Err: errors.New("model.test")}, swarm.ClassNetwork, nil, "certificate"},
		{"EOF", io.EOF, swarm.ClassNetwork, io.EOF, "before a reply"},
		{"cut", io.ErrUnexpectedEOF, swarm.ClassNetwork, io.ErrUnexpectedEOF, "middle"},
		{"time", dial(os.ErrDeadlineExceeded), swarm.ClassTimeout, context.DeadlineExceeded, "in time"},
		{"other", errors.New("model.test said " + testKey), swarm.ClassNetwork, nil, "failed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := &server{answer: func(*http.Request, string) (*http.Response, error) { return nil, tc.err }}
			_, err := client(t, s).Attempt(t.Context(), ask())
			callError(t, err, tc.class)
			if tc.is != nil && !errors.Is(err, tc.is) || !strings.Contains(err.Error(), tc.words) {
				t.Errorf("error %v, want %v %q", err, tc.is, tc.words)
			}
			if _, ok := errors.AsType[*url.Error](err); ok {
				t.Error("the chain of the error holds a URL")
			}
		})
	}
}

func FuzzClassify(f *testing.F) {
	for _, s := range shapes {
		f.Add(s.status, s.body, "")
	}
	f.Add(200, okBody, "true")
	f.Add(200, sse(chunk("x"), stopChunk), "")
	f.Fuzz(func(t *testing.T, status int, body, retry string) {
		if status < 200 || status > 599 {
			return
		}
		for _, r := range []model.Request{ask(), askStream()} {
			c := client(t, says(status, body, "X-Should-Retry: "+retry))
			rep, err := c.Attempt(t.Context(), r)
			if err == nil {
				if status > 299 || strings.TrimSpace(rep.Text) == "" {
					t.Fatalf("status %d, text %q and no error", status, rep.Text)
				}
				continue
			}
			var e *swarm.CallError
			if !errors.As(err, &e) || e.Class == "" || e.Class == swarm.ClassCancelled || len(e.Code) > 64 || len([]rune(err.Error())) > 600 {
				t.Fatalf("error %v", err)
			}
			if strings.Contains(err.Error(), testKey) {
				t.Fatalf("the key is in %q", err.Error())
			}
		}
	})
}
