package mock

import "time"

// Codes with which OpenAI says that an account is exhausted.
func quota(id, code string) Fault {
	return Fault{
		ID: id, Group: "A", Name: "account exhausted: " + code, Says: "a 429 that no waiting mends; told from a rate limit by its code",
		Recovery: Elsewhere, Class: "quota",
		how: openAI(429, "insufficient_quota", code, "You exceeded your current quota, please check your plan and billing details."),
	}
}

var faultsOfWaiting = []Fault{
	quota("F01a", "insufficient_quota"),
	quota("F01b", "credit_balance_exhausted"),
	quota("F01c", "organization_spend_limit_exceeded"),
	quota("F01d", "project_spend_limit_exceeded"),
	quota("F01e", "organization_usage_limit_exceeded"),
	{
		ID: "F01f", Group: "A", Name: "Anthropic's spend limit", Says: "a 429 with an error code in its details and no Retry-After: stop", Recovery: Elsewhere, Class: "quota",
		how: jsonBody(429, `{"type":"error","error":{"type":"rate_limit_error","message":"You have reached your specified API usage limits.","details":{"error_code":"enforced_spend_limit_reached"}},"request_id":"req_011"}`),
	},
	{
		ID: "F01g", Group: "A", Name: "OpenRouter without credits", Says: "402 in OpenRouter's shape: stop", Recovery: Elsewhere, Class: "quota",
		how: jsonBody(402, `{"error":{"code":402,"message":"Insufficient credits. Add more to continue.","metadata":{}}}`),
	},
	{
		ID: "F01h", Group: "A", Name: "OpenRouter's budget in flight", Says: "402 that passes when calls in flight have ended", Recovery: Again, Class: "rate-limited",
		how: jsonBody(402, `{"error":{"code":402,"message":"Too many requests in flight for the credits that are left.","metadata":{"limit_source":"openrouter_in_flight_budget"}}}`),
	},
	{
		ID: "F01i", Group: "A", Name: "DeepSeek without balance", Says: "402, told in OpenAI's shape: stop", Recovery: Elsewhere, Class: "quota",
		how: jsonBody(402, `{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}`),
	},
	{
		ID: "F01j", Group: "A", Name: "Together's payment required", Says: "402: stop", Recovery: Elsewhere, Class: "quota",
		how: jsonBody(402, `{"id":"oc1","error":{"message":"You have reached your spending limit.","type":"credit_limit","param":null,"code":null}}`),
	},
	{
		ID: "F01k", Group: "A", Name: "quota told vaguely", Says: "Gemini calls a limit a minute a quota and tells the wait in the body: wait", Recovery: Again, Class: "rate-limited", MinGap: 3 * time.Second,
		how: jsonBody(429, `[{"error":{"code":429,"message":"You exceeded your current quota. Please retry in 3s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3s"}]}}]`),
	},
	{
		ID: "F03", Group: "A", Name: "the same wait told to all", Says: "waits told alike must not end alike: jitter after, not before", Recovery: Again, Class: "rate-limited", MinGap: time.Second,
		how: limited("Retry-After", "1"),
	},
	{
		ID: "F04", Group: "A", Name: "429 on the opening of a stream", Says: "the wait stands in headers that client libraries lose with a stream's error", Recovery: Again, Class: "rate-limited", MinGap: 2500 * time.Millisecond,
		how: limited("Retry-After-Ms", "2500", "X-Ratelimit-Remaining-Requests", "0", "X-Ratelimit-Reset-Requests", "2.5s"),
	},
	{
		ID: "F05", Group: "A", Name: "no tokens left this minute", Says: "tokens reserved before a call, not counted after", Recovery: Again, Class: "rate-limited", MinGap: 1574 * time.Millisecond,
		how: openAI(429, "tokens", "rate_limit_exceeded", "Rate limit reached for {model} on tokens per min (TPM): Limit 30000, Used 29000, Requested {tokens}. Please try again in 1.574s.",
			"Retry-After-Ms", "1574", "Retry-After", "2", "X-Ratelimit-Limit-Tokens", "30000", "X-Ratelimit-Remaining-Tokens", "1000", "X-Ratelimit-Reset-Tokens", "58s"),
	},
	{
		ID: "F06", Group: "A", Name: "limit of calls in flight held by each step alone", Says: "one limit for a run and all it starts", Recovery: Unharmed, Charged: true,
		Watch: "Server.InFlight and Bill.Peak", how: asEver,
	},
	{
		ID: "F07a", Group: "A", Name: "server busy", Says: "503 without a hint: fewer at once", Recovery: Again, Class: "overloaded",
		how: openAI(503, "service_unavailable_error", "", "server busy, please try again.  maximum pending requests exceeded"),
	},
	{
		ID: "F07b", Group: "A", Name: "silent queue", Says: "the call waits 5 s in the server's queue and is told nothing", Recovery: Unharmed, Charged: true,
		how: later(5 * time.Second),
	},
	{
		ID: "F08", Group: "A", Name: "all backends cool down", Says: "wait for the earliest and do not fail; a second 429 makes the wait longer", Recovery: Again, Class: "rate-limited", MinGap: 2 * time.Second,
		how: limited("Retry-After", "2"),
	},
}

// waitHint is a 429 with an odd word on when to come back.
func waitHint(id, name, says string, gap time.Duration, head ...string) Fault {
	return Fault{ID: id, Group: "A", Name: name, Says: says, Recovery: Again, Class: "rate-limited", MinGap: gap, how: limited(head...)}
}

const ownWait = "no use as a wait: the client's own backoff"

var faultsOfWaits = []Fault{
	waitHint("F02a", "Retry-After 0", "at once is allowed, a storm is not", 0, "Retry-After", "0"),
	waitHint("F02b", "Retry-After -1", ownWait, 0, "Retry-After", "-1"),
	waitHint("F02c", "Retry-After NaN", ownWait, 0, "Retry-After", "NaN"),
	waitHint("F02d", "Retry-After 90", "longer than most clients bear: obeyed, or another backend", 90*time.Second, "Retry-After", "90"),
	{
		ID: "F02e", Group: "A", Name: "Retry-After 86400", Says: "a day: another backend, or an error that names the wait; no sleep", Recovery: Elsewhere, Class: "rate-limited", MinGap: 24 * time.Hour,
		how: limited("Retry-After", "86400"),
	},
	waitHint("F02f", "Retry-After as a date", "HTTP's other form; a date has no parts of a second", 29*time.Second, "Retry-After", "{date+30s}"),
	waitHint("F02g", "Retry-After in the past", ownWait, 0, "Retry-After", "{date+-10m}"),
	waitHint("F02h", "Retry-After with a fraction", "Seconds with a point, as some send", 1500*time.Millisecond, "Retry-After", "1.5"),
	waitHint("F02i", "Retry-After in words", ownWait, 0, "Retry-After", "soon"),
	waitHint("F02j", "Retry-After empty", ownWait, 0, "Retry-After", ""),
	waitHint("F02k", "retry-after-ms", "milliseconds, as Azure and OpenAI send", 1500*time.Millisecond, "Retry-After-Ms", "1500"),
	waitHint("F02l", "retry-after-ms and Retry-After that differ", "the finer one counts", 250*time.Millisecond, "Retry-After-Ms", "250", "Retry-After", "1"),
	waitHint("F02m", "two Retry-After headers", "the first, or the longer, but one of them", time.Second, "Retry-After", "1", "Retry-After", "2"),
	waitHint("F02n", "Retry-After as RFC 3339", "a date that HTTP does not know: read or backed off, not taken as 0", 0, "Retry-After", "{rfc3339+10s}"),
	waitHint("F02o", "Retry-After with a unit", "not a number: the client's own backoff, or 2 s", 0, "Retry-After", "2s"),
	waitHint("F02q", "Retry-After Infinity", ownWait, 0, "Retry-After", "Infinity"),
	{
		ID: "F02r", Group: "A", Name: "the wait in the text alone", Says: "no header says it; who does not read it backs off", Recovery: Again, Class: "rate-limited",
		how: openAI(429, "tokens", "rate_limit_exceeded", "Rate limit reached for {model} on tokens per min (TPM): Limit 30000, Used 29000, Requested {tokens}. Please try again in 1.574s."),
	},
	waitHint("F02s", "x-ratelimit-reset alone", "OpenAI's headers, no Retry-After", 2*time.Second, "X-Ratelimit-Limit-Requests", "500", "X-Ratelimit-Remaining-Requests", "0", "X-Ratelimit-Reset-Requests", "2s"),
	waitHint("F02t", "Azure's reset in plain seconds", "Remaining 0 and limits of -1 mean unknown", 2*time.Second, "X-Ratelimit-Limit-Requests", "-1", "X-Ratelimit-Remaining-Requests", "0", "X-Ratelimit-Reset-Requests", "2", "Retry-After-Ms", "2000"),
	waitHint("F02u", "Anthropic's reset as a date", "RFC 3339 in headers of its own", 9*time.Second, "Anthropic-Ratelimit-Requests-Limit", "50", "Anthropic-Ratelimit-Requests-Remaining", "0", "Anthropic-Ratelimit-Requests-Reset", "{rfc3339+10s}", "Retry-After", "10"),
	{
		ID: "F02p", Group: "A", Name: "Retry-After beyond all numbers", Says: "no overflow into a short or negative wait", Recovery: Elsewhere, Class: "rate-limited", MinGap: 24 * time.Hour,
		how: limited("Retry-After", "99999999999999999999"),
	},
	{
		ID: "F02v", Group: "A", Name: "x-should-retry true on a 400", Says: "the server's word counts before the status", Recovery: Again, Class: "server",
		how: openAI(400, "", "", "The request could not be served this time.", "X-Should-Retry", "true"),
	},
	{
		ID: "F02w", Group: "A", Name: "x-should-retry false on a 500", Says: "the server's word counts before the status", Recovery: Never, Class: "invalid",
		how: openAI(500, "", "", "This request cannot be served.", "X-Should-Retry", "false"),
	},
	{
		ID: "F02x", Group: "A", Name: "x-should-retry false on a 429", Says: "a limit that waiting does not lift", Recovery: Elsewhere, Class: "quota",
		how: limited("X-Should-Retry", "false"),
	},
}

var faultsOfRetries = []Fault{
	{
		ID: "F09", Group: "B", Name: "retries of several layers multiply", Says: "calls by one task at most as many as its one limit says", Recovery: Again, Class: "server",
		Watch: "Entry.Attempt", how: openAI(500, "", "", "The server had an error while processing your request."),
	},
	{
		ID: "F10", Group: "B", Name: "always cut by length", Says: "the same call would be cut again: more room, less to say, or an error", Recovery: Changed, Class: "cut", Charged: true,
		how: say(func(_ *exchange, r *Reply) bool { r.Text, r.Finish = firstHalf(r.Text), "length"; return true }),
	},
	{ID: "F11", Group: "B", Name: "a model calls an open breaker again and again", Says: "an error with a time in it, not a text", Client: true},
	{
		ID: "F12", Group: "B", Name: "many bad requests", Says: "a healthy server is not shut out for a client's faults", Recovery: Never, Class: "invalid",
		how: openAI(400, "", "", "Invalid parameter: the request is not valid."),
	},
	{
		ID: "F13", Group: "B", Name: "429 that speaks of context", Says: "the class follows from status and code, not from words or the situation", Recovery: Again, Class: "rate-limited", MinGap: time.Second,
		how: openAI(429, "tokens", "rate_limit_exceeded", "Rate limit reached: too many tokens for the maximum context length of this minute. Please reduce the rate of messages.", "Retry-After", "1"),
	},
	{
		ID: "F14a", Group: "B", Name: "overloaded inside a 200 stream", Says: "no status, no hint: the backend rests for minutes, one call probes it", Recovery: Again, Class: "overloaded",
		how: eventsOr("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n", `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`),
	},
	{
		ID: "F14b", Group: "B", Name: "overloaded inside a 200", Says: "OpenRouter tells a 503 in the body of a 200", Recovery: Again, Class: "overloaded",
		how: jsonBody(200, `{"error":{"code":503,"message":"Provider returned error: overloaded","metadata":{"provider_name":"P"}}}`),
	},
}
