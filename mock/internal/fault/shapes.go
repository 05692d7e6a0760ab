package fault

import "time"

// inPlace is a fault of group X that is one reply in place of an answer.
func inPlace(id, name, says string, r string, class string, h Do) Fault {
	return Fault{ID: id, Group: "X", Name: name, Says: says, Recovery: r, Class: class, Do: h}
}

func gap(d time.Duration, f Fault) Fault { f.MinGap = d; return f }

const (
	plain5xx = "a status alone: wait and try again"
	webPage  = "HTML in place of JSON: the status counts"
)

var faultsOfStatus = []Fault{
	inPlace("X01", "408", "the server gave up waiting for the request", Again, "timeout", openAI(408, "", "", "Request timeout.")),
	inPlace("X02", "529", "Anthropic is overloaded", Again, "overloaded", jsonBody(529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_011"}`)),
	inPlace("X03", "404 for the model", "not there: no attempt more on this backend", Elsewhere, "not-found", openAI(404, "", "model_not_found", "The model `{model}` does not exist or you do not have access to it.")),
	inPlace("X04", "500", plain5xx, Again, "server", openAI(500, "", "", "The server had an error while processing your request. Sorry about that!")),
	inPlace("X05", "502 as a page", webPage, Again, "server", page(502, "502 Bad Gateway")),
	gap(time.Second, inPlace("X06", "503 with Retry-After", "the wait holds for other statuses too", Again, "overloaded", openAI(503, "", "", "The engine is currently overloaded, please try again later.", "Retry-After", "1"))),
	inPlace("X07", "504 as a page", webPage, Again, "timeout", page(504, "504 Gateway Time-out")),
	inPlace("X08", "498", "Groq's flex tier is full", Again, "overloaded", jsonBody(498, `{"error":{"message":"Flex tier capacity exceeded. Please try again later.","type":"capacity_exceeded","code":"capacity_exceeded"}}`)),
	inPlace("X09", "499", "the server takes the client to have left, though it has not", Again, "server", jsonBody(499, `{"error":{"message":"client closed request","type":"api_error","param":null,"code":null}}`)),
	inPlace("X18", "401", "wrong key: no attempt more on this backend", Elsewhere, "auth", openAI(401, "", "invalid_api_key", "Incorrect API key provided.")),
	inPlace("X19", "403", "the key may not: no attempt more on this backend", Elsewhere, "auth", openAI(403, "", "", "You are not allowed to sample from this model.")),
	inPlace("X20", "413", "the body is too large for something on the road", Changed, "context-too-long", page(413, "413 Request Entity Too Large")),
	inPlace("X21", "bare 429", "no body, no hint: fewer at once", Again, "rate-limited", sends(429, "", "")),
	gap(time.Second, inPlace("X22", "503 as a page with a date", "Retry-After as a date, beside HTML", Again, "overloaded", page(503, "503 Service Temporarily Unavailable", "Retry-After", "{date+2s}"))),
	inPlace("X23", "520", "a proxy that its server answered with nothing known", Again, "server", page(520, "Web server is returning an unknown error")),
}

var faultsOfShapes = []Fault{
	inPlace("X30", "Azure's filter", "400, type null, the cause within: this prompt never", Never, "filtered", jsonBody(400, `{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"violence":{"filtered":true,"severity":"high"}}}}}`)),
	gap(time.Second, inPlace("X31", "Azure's 429", "code is the status as text, waits in ms and s", Again, "rate-limited", jsonBody(429, `{"error":{"code":"429","message":"Requests have exceeded call rate limit of your current pricing tier. Please retry after 1 second."}}`, "Retry-After-Ms", "1000", "Retry-After", "1"))),
	inPlace("X32", "Azure without the deployment", "404 in Azure's shape", Elsewhere, "not-found", jsonBody(404, `{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}`)),
	inPlace("X33", "Anthropic's 400", "type in place of code", Never, "invalid", jsonBody(400, `{"type":"error","error":{"type":"invalid_request_error","message":"messages: at least one message is required"},"request_id":"req_011"}`)),
	gap(time.Second, inPlace("X34", "Anthropic's 429", "rate headers of its own names", Again, "rate-limited", jsonBody(429, `{"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your organization's rate limit."},"request_id":"req_011"}`, "Retry-After", "1", "Anthropic-Ratelimit-Input-Tokens-Remaining", "0", "Anthropic-Ratelimit-Input-Tokens-Reset", "{rfc3339+2s}", "Request-Id", "req_011"))),
	inPlace("X36", "Anthropic's prompt too long", "told in words alone", Changed, "context-too-long", jsonBody(400, `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: {tokens} tokens > 200000 maximum"},"request_id":"req_011"}`)),
	inPlace("X37", "vLLM's prompt too long", "code is a number", Changed, "context-too-long", jsonBody(400, `{"error":{"message":"This model's maximum context length is 2048 tokens. However, you requested {tokens} tokens in the messages. Please reduce the length of the messages.","type":"BadRequestError","param":null,"code":400}}`)),
	inPlace("X38", "vLLM's old shape", "flat, without error", Changed, "context-too-long", jsonBody(400, `{"object":"error","message":"This model's maximum context length is 2048 tokens. However, you requested {tokens} tokens.","type":"BadRequestError","param":null,"code":400}`)),
	inPlace("X39", "llama.cpp's prompt too long", "a type of its own, with both sizes", Changed, "context-too-long", jsonBody(400, `{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error","n_prompt_tokens":{tokens},"n_ctx":2048}}`)),
	inPlace("X40", "Ollama's own error", "error is a text", Again, "server", jsonBody(500, `{"error":"llama runner process has terminated: signal: killed"}`)),
	inPlace("X41", "Ollama's queue full", "503 in OpenAI's shape", Again, "overloaded", jsonBody(503, `{"error":{"message":"server busy, please try again.  maximum pending requests exceeded","type":"api_error","param":null,"code":null}}`)),
	inPlace("X42", "OpenRouter's 429", "code a number, the cause in metadata", Again, "rate-limited", jsonBody(429, `{"error":{"code":429,"message":"Provider returned error","metadata":{"raw":"{model} is temporarily rate-limited upstream","provider_name":"P"}}}`)),
	inPlace("X43", "OpenRouter's moderation", "403 that is no matter of keys", Never, "filtered", jsonBody(403, `{"error":{"code":403,"message":"Input was flagged by moderation","metadata":{"reasons":["violence"],"flagged_input":"…","provider_name":"P"}}}`)),
	inPlace("X44", "OpenRouter's 502 in a 200", "the status stands in the body", Again, "server", jsonBody(200, `{"error":{"code":502,"message":"Upstream error","metadata":{"provider_name":"P"}}}`)),
	inPlace("X45", "Gemini's 400", "a list with one error in it", Never, "invalid", jsonBody(400, `[{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"seed\": Cannot find field.","status":"INVALID_ARGUMENT"}}]`)),
	inPlace("X46", "Gemini's 503", "the same shape", Again, "overloaded", jsonBody(503, `[{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}]`)),
	inPlace("X47", "Groq's request too large", "413 for tokens a minute: less", Changed, "context-too-long", jsonBody(413, `{"error":{"message":"Request too large for model {model} on tokens per minute (TPM): Limit 6000, Requested {tokens}, please reduce your message size and try again.","type":"tokens","code":"rate_limit_exceeded"}}`)),
	inPlace("X49", "DeepSeek's 422", "plain text", Never, "invalid", sends(422, "text/plain; charset=utf-8", "Failed to deserialize the JSON body into the target type: messages[0]: missing field `content` at line 1 column 70")),
	inPlace("X50", "DeepSeek's 503", "plain text", Again, "overloaded", sends(503, "text/plain; charset=utf-8", "Service is too busy. We advise users to temporarily switch to alternative LLM API service providers.")),
	inPlace("X51", "Mistral's 400", "flat", Never, "invalid", jsonBody(400, `{"object":"error","message":"Expected last role User or Tool for serving but got assistant","type":"invalid_request_message_order","param":null,"code":"3230"}`)),
	inPlace("X52", "Mistral's 422", "a list called detail", Never, "invalid", jsonBody(422, `{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs are not permitted","input":1}]}`)),
	inPlace("X53", "Together's prompt too long", "403: neither key nor right", Changed, "context-too-long", jsonBody(403, `{"id":"oc1","error":{"message":"Input validation error: \u0060inputs\u0060 tokens + \u0060max_new_tokens\u0060 must be <= 2049. Given: {tokens} \u0060inputs\u0060 tokens and 512 \u0060max_new_tokens\u0060","type":"invalid_request_error","param":null,"code":null}}`)),
	inPlace("X54", "Together's 503", "OpenAI's shape, other words", Again, "overloaded", jsonBody(503, `{"id":"oc1","error":{"message":"The server is overloaded","type":"service_unavailable","param":null,"code":null}}`)),
	inPlace("X55", "Mistral's 401", "a message alone", Elsewhere, "auth", jsonBody(401, `{"message":"Unauthorized","request_id":"0"}`)),
	inPlace("X56", "OpenAI's slow_down", "a limit on Do fast the load grows", Again, "rate-limited", openAI(429, "rate_limit_error", "slow_down", "You are ramping up too quickly. Please slow down.")),
	inPlace("X57", "OpenAI overloaded", "503 with a code", Again, "overloaded", openAI(503, "", "server_is_overloaded", "The server is currently overloaded.")),
	inPlace("X58", "schema not taken", "asked for again without response_format", Changed, "invalid", openAI(400, "", "", "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.")),
	inPlace("X59", "model is loading", "llama.cpp's server has just begun", Again, "overloaded", jsonBody(503, `{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}`)),
	row("X", "X35", "an error of other types", "message and code lists, type a number, param an object", Again, "server", 0, free, jsonBody(500, `{"error":{"message":["boom"],"type":7,"param":{"a":1},"code":[500]}}`)),
}
