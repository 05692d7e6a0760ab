package model

import (
	"net/http"
	"testing"

	"github.com/db31e724/go-swarm/swarm"
)

// The errors that each provider documents for the causes that a caller acts
// on: a bad key, a rate limit, an exhausted account (where the provider has
// such a thing), a prompt too long, a bad request, overload, no such model.
var providers = map[string][]struct {
	class  swarm.Class
	status int
	body   string
}{
	"OpenAI": {
		{swarm.ClassAuth, 401, `{"error":{"message":"Incorrect API key provided: sk-12**34.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`},
		{swarm.ClassAuth, 401, `{"error":{"message":"You didn't provide an API key.","type":"invalid_request_error","param":null,"code":null}}`},
		{swarm.ClassAuth, 403, `{"error":{"message":"Country, region, or territory not supported","type":"request_forbidden","param":null,"code":"unsupported_country_region_territory"}}`},
		{swarm.ClassRateLimited, 429, `{"error":{"message":"Rate limit reached for m in organization o on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.","type":"requests","param":null,"code":"rate_limit_exceeded"}}`},
		{swarm.ClassQuota, 429, `{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`},
		{swarm.ClassQuota, 429, `{"error":{"message":"Billing hard limit has been reached","type":"invalid_request_error","param":null,"code":"billing_hard_limit_reached"}}`},
		{swarm.ClassQuota, 429, `{"error":{"message":"Your account is not active, please check your billing details on our website.","type":"billing_not_active","param":null,"code":"billing_not_active"}}`},
		{swarm.ClassTooLong, 400, `{"error":{"message":"Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`},
		{swarm.ClassTooLong, 400, `{"error":{"message":"max_tokens is too large: 9000. This model supports a maximum context length of 8192 tokens.","type":"invalid_request_error","param":"max_tokens","code":null}}`},
		{swarm.ClassInvalid, 400, `{"error":{"message":"Unknown parameter: 'frob'.","type":"invalid_request_error","param":"frob","code":"unknown_parameter"}}`},
		{swarm.ClassInvalid, 400, `{"error":{"message":"Invalid 'messages[0].content': string too long. Expected a string with maximum length 10485760, but got a string with length 20000000 instead.","type":"invalid_request_error","param":"messages[0].content","code":"string_above_max_length"}}`},
		{swarm.ClassOverloaded, 503, `{"error":{"message":"The engine is currently overloaded, please try again later","type":"server_error","param":null,"code":null}}`},
		{swarm.ClassServer, 500, `{"error":{"message":"The server had an error while processing your request.","type":"server_error","param":null,"code":null}}`},
		{swarm.ClassNotFound, 404, `{"error":{"message":"The model 'x' does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}`},
		{swarm.ClassNotFound, 403, `{"error":{"message":"Project 'p' does not have access to model 'x'","type":"invalid_request_error","param":null,"code":"model_not_found"}}`},
	},
	"Azure": {
		{swarm.ClassAuth, 401, `{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}`},
		{swarm.ClassAuth, 403, `{"error":{"code":"403","message":"Access denied due to Virtual Network/Firewall rules."}}`},
		{swarm.ClassRateLimited, 429, `{"error":{"code":"429","message":"Requests to the ChatCompletions_Create Operation have exceeded token rate limit of your current pricing tier. Please retry after 6 seconds."}}`},
		{swarm.ClassQuota, 429, `{"error":{"code":"insufficient_quota","message":"You exceeded your current quota."}}`},
		{swarm.ClassTooLong, 400, `{"error":{"message":"This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`},
		{swarm.ClassInvalid, 400, `{"error":{"code":"BadRequest","message":"Model {modelName} is enabled only for api versions 2024-12-01-preview and later"}}`},
		{swarm.ClassFiltered, 400, `{"error":{"message":"The response was filtered","type":null,"param":"prompt","code":"content_filter","status":400}}`},
		{swarm.ClassOverloaded, 503, `{"error":{"code":"ServiceUnavailable","message":"The service is temporarily unable to process your request. Please try again later."}}`},
		{swarm.ClassTimeout, 408, `{"error":{"code":"Timeout","message":"The operation was timeout."}}`},
		{swarm.ClassServer, 500, `{"error":{"code":"InternalServerError","message":"Internal server error"}}`},
		{swarm.ClassServer, 424, `{"error":{"code":"424","message":"Failed dependency"}}`},
		{swarm.ClassNotFound, 404, `{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}`},
		{swarm.ClassNotFound, 404, `{"error":{"code":"404","message":"Resource not found"}}`},
		{swarm.ClassNotFound, 400, `{"error":{"code":"OperationNotSupported","message":"The chatCompletion operation does not work with the specified model, x. Please choose different model and try again."}}`},
	},
	"Anthropic": {
		{swarm.ClassAuth, 401, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"},"request_id":"req_1"}`},
		{swarm.ClassAuth, 403, `{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission to use the specified resource."}}`},
		{swarm.ClassRateLimited, 429, `{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed the rate limit for your organization of 40,000 input tokens per minute."}}`},
		{swarm.ClassQuota, 400, `{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."}}`},
		{swarm.ClassQuota, 402, `{"type":"error","error":{"type":"billing_error","message":"There's an issue with your billing or payment information."}}`},
		{swarm.ClassQuota, 400, `{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."}}`},
		{swarm.ClassTooLong, 400, `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}`},
		{swarm.ClassTooLong, 413, `{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}`},
		{swarm.ClassInvalid, 400, `{"type":"error","error":{"type":"invalid_request_error","message":"messages: at least one message is required"}}`},
		{swarm.ClassOverloaded, 529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`},
		{swarm.ClassServer, 500, `{"type":"error","error":{"type":"api_error","message":"Internal server error"}}`},
		{swarm.ClassTimeout, 504, `{"type":"error","error":{"type":"timeout_error","message":"Request timed out"}}`},
		{swarm.ClassNotFound, 404, `{"type":"error","error":{"type":"not_found_error","message":"model: x"}}`},
	},
	"vLLM": {
		{swarm.ClassAuth, 401, `{"error":"Unauthorized"}`},
		{swarm.ClassTooLong, 400, `{"error":{"message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4500 in the messages, 500 in the completion). Please reduce the length of the messages or completion.","type":"BadRequestError","param":null,"code":400}}`},
		{swarm.ClassTooLong, 400, `{"object":"error","message":"The decoder prompt (length 5000) is longer than the maximum model length of 4096. Make sure that max_model_len is no smaller than the number of text tokens.","type":"BadRequestError","param":null,"code":400}`},
		{swarm.ClassTooLong, 400, `{"error":{"message":"'max_tokens' or 'max_completion_tokens' is too large: 4000. This model's maximum context length is 4096 tokens and your request has 500 input tokens (4000 > 4096 - 500).","type":"BadRequestError","param":null,"code":400}}`},
		{swarm.ClassInvalid, 400, `{"error":{"message":"[{'type': 'missing', 'loc': ('body', 'messages'), 'msg': 'Field required'}]","type":"Bad Request","param":null,"code":400}}`},
		{swarm.ClassOverloaded, 503, `{"error":{"message":"The server is overloaded, please retry later","type":"ServiceUnavailableError","param":null,"code":503}}`},
		{swarm.ClassServer, 500, `{"error":{"message":"EngineCore encountered an issue. See stack trace (above) for the root cause.","type":"InternalServerError","param":null,"code":500}}`},
		{swarm.ClassServer, 500, `Internal Server Error`},
		{swarm.ClassNotFound, 404, `{"error":{"message":"The model x does not exist.","type":"NotFoundError","param":null,"code":404}}`},
		{swarm.ClassNotFound, 404, `{"detail":"Not Found"}`},
	},
	"llama.cpp": {
		{swarm.ClassAuth, 401, `{"error":{"message":"Invalid API Key","type":"authentication_error","code":401}}`},
		{swarm.ClassTooLong, 400, `{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error","n_prompt_tokens":5000,"n_ctx":4096}}`},
		{swarm.ClassTooLong, 500, `{"error":{"code":500,"message":"input is too large to process. increase the physical batch size","type":"server_error"}}`},
		{swarm.ClassInvalid, 400, `{"error":{"code":400,"message":"Failed to parse messages: 'messages' must be an array","type":"invalid_request_error"}}`},
		{swarm.ClassOverloaded, 503, `{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}`},
		{swarm.ClassServer, 500, `{"error":{"code":500,"message":"context shift failed","type":"server_error"}}`},
		{swarm.ClassNotFound, 404, `{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}`},
	},
	"Ollama": {
		{swarm.ClassAuth, 401, `{"error":{"message":"unauthorized","type":"api_error","param":null,"code":null}}`},
		{swarm.ClassRateLimited, 429, `{"error":{"message":"too many concurrent requests","type":"api_error","param":null,"code":null}}`},
		{swarm.ClassInvalid, 400, `{"error":{"message":"registry.ollama.ai/library/x does not support tools","type":"api_error","param":null,"code":null}}`},
		{swarm.ClassInvalid, 400, `{"error":{"message":"json: cannot unmarshal string into Go struct field ChatCompletionRequest.temperature of type float64","type":"invalid_request_error","param":null,"code":null}}`},
		{swarm.ClassInvalid, 500, `{"error":{"message":"invalid JSON schema in format","type":"api_error","param":null,"code":null}}`},
		{swarm.ClassOverloaded, 503, `{"error":{"message":"server busy, please try again.  maximum pending requests exceeded","type":"api_error","param":null,"code":null}}`},
		{swarm.ClassServer, 500, `{"error":{"message":"llama runner process has terminated: exit status 2","type":"api_error","param":null,"code":null}}`},
		{swarm.ClassNotFound, 404, `{"error":{"message":"model 'no-such-model' not found","type":"api_error","param":null,"code":null}}`},
		{swarm.ClassNotFound, 404, `{"error":"model \"x\" not found, try pulling it first"}`},
	},
	"OpenRouter": {
		{swarm.ClassAuth, 401, `{"error":{"code":401,"message":"No auth credentials found"}}`},
		{swarm.ClassAuth, 401, `{"error":{"code":401,"message":"User not found."}}`},
		{swarm.ClassRateLimited, 429, `{"error":{"code":429,"message":"Rate limit exceeded: free-models-per-min.","metadata":{"headers":{"X-RateLimit-Limit":"20","X-RateLimit-Remaining":"0"}}}}`},
		{swarm.ClassQuota, 402, `{"error":{"code":402,"message":"This request requires more credits, or fewer max_tokens."}}`},
		{swarm.ClassQuota, 403, `{"error":{"code":403,"message":"Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys"}}`},
		{swarm.ClassTooLong, 400, `{"error":{"code":400,"message":"This endpoint's maximum context length is 131072 tokens. However, you requested about 200000 tokens. Please reduce the length of either one, or use the \"middle-out\" transform."}}`},
		{swarm.ClassInvalid, 400, `{"error":{"code":400,"message":"Provider returned error","metadata":{"raw":"{\"detail\":\"Bad Request\"}","provider_name":"P"}}}`},
		{swarm.ClassFiltered, 403, `{"error":{"code":403,"message":"Input was flagged","metadata":{"reasons":["violence"],"flagged_input":"…"}}}`},
		{swarm.ClassOverloaded, 503, `{"error":{"code":503,"message":"No instances available"}}`},
		{swarm.ClassServer, 502, `{"error":{"code":502,"message":"Provider returned error"}}`},
		{swarm.ClassTimeout, 408, `{"error":{"code":408,"message":"Request timed out"}}`},
		{swarm.ClassNotFound, 404, `{"error":{"code":404,"message":"No endpoints found for x."}}`},
		{swarm.ClassNotFound, 400, `{"error":{"code":400,"message":"x is not a valid model ID"}}`},
	},
	"Gemini": {
		{swarm.ClassAuth, 400, `[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}]`},
		{swarm.ClassAuth, 400, `[{"error":{"code":400,"message":"API key expired. Please renew the API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}]`},
		{swarm.ClassAuth, 403, `[{"error":{"code":403,"message":"The caller does not have permission","status":"PERMISSION_DENIED"}}]`},
		{swarm.ClassRateLimited, 429, `[{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"30s"}]}}]`},
		{swarm.ClassTooLong, 400, `[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}]`},
		{swarm.ClassInvalid, 400, `[{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"seed\": Cannot find field.","status":"INVALID_ARGUMENT"}}]`},
		{swarm.ClassOverloaded, 503, `[{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}]`},
		{swarm.ClassTimeout, 504, `[{"error":{"code":504,"message":"The request timed out. Please try again.","status":"DEADLINE_EXCEEDED"}}]`},
		{swarm.ClassServer, 500, `[{"error":{"code":500,"message":"An internal error has occurred.","status":"INTERNAL"}}]`},
		{swarm.ClassNotFound, 404, `[{"error":{"code":404,"message":"models/x is not found for API version v1main, or is not supported for generateContent.","status":"NOT_FOUND"}}]`},
	},
	"Groq": {
		{swarm.ClassAuth, 401, `{"error":{"message":"Invalid API Key","type":"invalid_request_error","code":"invalid_api_key"}}`},
		{swarm.ClassRateLimited, 429, `{"error":{"message":"Rate limit reached for model x in organization o service tier on_demand on tokens per minute (TPM): Limit 6000, Used 5500, Requested 1000. Please try again in 5s.","type":"tokens","code":"rate_limit_exceeded"}}`},
		{swarm.ClassTooLong, 413, `{"error":{"message":"Request too large for model x on tokens per minute (TPM): Limit 6000, Requested 9000, please reduce your message size and try again.","type":"tokens","code":"rate_limit_exceeded"}}`},
		{swarm.ClassTooLong, 400, `{"error":{"message":"Please reduce the length of the messages or completion.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`},
		{swarm.ClassInvalid, 400, `{"error":{"message":"'messages.0' : property 'frob' is unsupported","type":"invalid_request_error"}}`},
		{swarm.ClassBroken, 400, `{"error":{"message":"Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.","type":"invalid_request_error","code":"json_validate_failed","failed_generation":"{"}}`},
		{swarm.ClassBroken, 400, `{"error":{"message":"Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"{"}}`},
		{swarm.ClassOverloaded, 498, `{"error":{"message":"Flex tier capacity exceeded.","type":"capacity_exceeded","code":"capacity_exceeded"}}`},
		{swarm.ClassOverloaded, 503, `{"error":{"message":"Service Unavailable","type":"internal_server_error"}}`},
		{swarm.ClassNotFound, 404, `{"error":{"message":"The model x does not exist or you do not have access to it.","type":"invalid_request_error","code":"model_not_found"}}`},
		{swarm.ClassNotFound, 400, `{"error":{"message":"The model x has been decommissioned and is no longer supported.","type":"invalid_request_error","code":"model_decommissioned"}}`},
	},
	"DeepSeek": {
		{swarm.ClassAuth, 401, `{"error":{"message":"Authentication Fails (no such user)","type":"authentication_error","param":null,"code":"invalid_request_error"}}`},
		{swarm.ClassRateLimited, 429, `{"error":{"message":"Rate limit reached","type":"rate_limit_error","param":null,"code":"rate_limit_error"}}`},
		{swarm.ClassQuota, 402, `{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}`},
		{swarm.ClassTooLong, 400, `{"error":{"message":"This model's maximum context length is 131072 tokens. However, you requested 200000 tokens (199000 in the messages, 1000 in the completion). Please reduce the length of the messages or completion.","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`},
		{swarm.ClassInvalid, 422, "Failed to deserialize the JSON body into the target type: messages[0]: missing field `content` at line 1 column 70"},
		{swarm.ClassFiltered, 400, `{"error":{"message":"Content Exists Risk","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`},
		{swarm.ClassOverloaded, 503, "Service is too busy. We advise users to temporarily switch to alternative LLM API service providers."},
		{swarm.ClassServer, 500, `{"error":{"message":"Internal Server Error","type":"internal_error","param":null,"code":null}}`},
		{swarm.ClassNotFound, 400, `{"error":{"message":"Model Not Exist","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`},
	},
	"Mistral": {
		{swarm.ClassAuth, 401, `{"detail":"Unauthorized"}`},
		{swarm.ClassAuth, 401, `{"message":"Unauthorized","request_id":"0"}`},
		{swarm.ClassRateLimited, 429, `{"object":"error","message":"Requests rate limit exceeded","type":"rate_limited","param":null,"code":"1300"}`},
		{swarm.ClassRateLimited, 429, `{"object":"error","message":"Service tier capacity exceeded for this model.","type":"service_tier_capacity_exceeded","param":null,"code":"3505"}`},
		{swarm.ClassTooLong, 400, `{"object":"error","message":"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length","type":"invalid_request_prompt","param":null,"code":"3051"}`},
		{swarm.ClassInvalid, 422, `{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","foo"],"msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error","code":null}`},
		{swarm.ClassInvalid, 400, `{"object":"error","message":"Expected last role User or Tool for serving but got assistant","type":"invalid_request_message_order","param":null,"code":"3230"}`},
		{swarm.ClassOverloaded, 503, `{"object":"error","message":"Service unavailable.","type":"unreachable_backend","param":null,"code":"1100"}`},
		{swarm.ClassServer, 500, `{"object":"error","message":"Internal server error","type":"internal_server_error","param":null,"code":"1000"}`},
		{swarm.ClassNotFound, 400, `{"object":"error","message":"Invalid model: x","type":"invalid_model","param":null,"code":"1500"}`},
	},
	"Together": {
		{swarm.ClassAuth, 401, `{"id":"oc1","error":{"message":"Invalid API key provided.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`},
		{swarm.ClassRateLimited, 429, `{"id":"oc1","error":{"message":"You have reached the rate limit specific to this model x.","type":"model_rate_limit","param":null,"code":null}}`},
		{swarm.ClassQuota, 402, `{"id":"oc1","error":{"message":"Credit limit exceeded, please navigate to the billing page.","type":"credit_limit","param":null,"code":null}}`},
		{swarm.ClassTooLong, 403, "{\"error\":{\"message\":\"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 5000 `inputs` tokens and 512 `max_new_tokens`\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":null}}"},
		{swarm.ClassTooLong, 422, "{\"error\":{\"message\":\"Input validation error: `inputs` must have less than 4096 tokens. Given: 5000\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":null}}"},
		{swarm.ClassInvalid, 400, `{"id":"oc1","error":{"message":"Invalid request: temperature must be a number","type":"invalid_request_error","param":"temperature","code":null}}`},
		{swarm.ClassOverloaded, 503, `{"id":"oc1","error":{"message":"The server is overloaded or not ready yet.","type":"service_unavailable","param":null,"code":null}}`},
		{swarm.ClassServer, 500, `{"id":"oc1","error":{"message":"Internal server error","type":"server_error","param":null,"code":null}}`},
		{swarm.ClassNotFound, 404, `{"id":"oc1","error":{"message":"Unable to access model x. Please visit the model page to see the list of supported models.","type":"invalid_request_error","param":"model","code":"model_not_available"}}`},
	},
}

func TestEachProvidersDocumentedErrorsHaveTheirClass(t *testing.T) {
	for name, told := range providers {
		t.Run(name, func(t *testing.T) {
			for _, tc := range told {
				if e := HTTPError(Request{}, tc.status, http.Header{}, []byte(tc.body)); e.Class != tc.class || e.Status != tc.status {
					t.Errorf("got %v, want %s of\n%d %s", e, tc.class, tc.status, tc.body)
				}
			}
		})
	}
}
