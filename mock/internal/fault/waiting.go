package fault

import "time"

// Codes with which OpenAI says that an account is exhausted.
func quota(id, code string) Fault {
	return Fault{
		ID: id, Group: "A", Name: "account exhausted: " + code, Says: "a 429 that no waiting mends; told from a rate limit by its code",
		Recovery: Elsewhere, Class: "quota",
		Do: openAI(429, "insufficient_quota", code, "You exceeded your current quota, please check your plan and billing details."),
	}
}

var faultsOfWaiting = []Fault{
	quota("F01a", "insufficient_quota"),
	quota("F01b", "credit_balance_exhausted"),
	quota("F01c", "organization_spend_limit_exceeded"),
	quota("F01d", "project_spend_limit_exceeded"),
	quota("F01e", "organization_usage_limit_exceeded"),
	row("A", "F01f", "Anthropic's spend limit", "a 429 with an error code in its details and no Retry-After: stop", Elsewhere, "quota", 0, free, jsonBody(429, `{"type":"error","error":{"type":"rate_limit_error","message":"You have reached your specified API usage limits.","details":{"error_code":"enforced_spend_limit_reached"}},"request_id":"req_011"}`)),
	row("A", "F01g", "OpenRouter without credits", "402 in OpenRouter's shape: stop", Elsewhere, "quota", 0, free, jsonBody(402, `{"error":{"code":402,"message":"Insufficient credits. Add more to continue.","metadata":{}}}`)),
	row("A", "F01h", "OpenRouter's budget in flight", "402 that passes when calls in flight have ended", Again, "rate-limited", 0, free, jsonBody(402, `{"error":{"code":402,"message":"Too many requests in flight for the credits that are left.","metadata":{"limit_source":"openrouter_in_flight_budget"}}}`)),
	row("A", "F01i", "DeepSeek without balance", "402, told in OpenAI's shape: stop", Elsewhere, "quota", 0, free, jsonBody(402, `{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}`)),
	row("A", "F01j", "Together's payment required", "402: stop", Elsewhere, "quota", 0, free, jsonBody(402, `{"id":"oc1","error":{"message":"You have reached your spending limit.","type":"credit_limit","param":null,"code":null}}`)),
	row("A", "F01k", "quota told vaguely", "Gemini calls a limit a minute a quota and tells the wait in the body: wait", Again, "rate-limited", 3*time.Second, free, jsonBody(429, `[{"error":{"code":429,"message":"You exceeded your current quota. Please retry in 3s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3s"}]}}]`)),
	row("A", "F03", "the same wait told to all", "waits told alike must not end alike: jitter after, not before", Again, "rate-limited", time.Second, free, limited("Retry-After", "1")),
	row("A", "F04", "429 on the opening of a stream", "the wait stands in headers that client libraries lose with a stream's error", Again, "rate-limited", 2500*time.Millisecond, free, limited("Retry-After-Ms", "2500", "X-Ratelimit-Remaining-Requests", "0", "X-Ratelimit-Reset-Requests", "2.5s")),
	row("A", "F05", "no tokens left this minute", "tokens reserved before a call, not counted after", Again, "rate-limited", 1574*time.Millisecond, free, openAI(429, "tokens", "rate_limit_exceeded", "Rate limit reached for {model} on tokens per min (TPM): Limit 30000, Used 29000, Requested {tokens}. Please try again in 1.574s.",
		"Retry-After-Ms", "1574", "Retry-After", "2", "X-Ratelimit-Limit-Tokens", "30000", "X-Ratelimit-Remaining-Tokens", "1000", "X-Ratelimit-Reset-Tokens", "58s")),
	row("A", "F06", "limit of calls in flight held by each step alone", "one limit for a run and all it starts", Unharmed, "", 0, paid, asEver).watch("Server.InFlight and Bill.Peak"),
	row("A", "F07a", "server busy", "503 without a hint: fewer at once", Again, "overloaded", 0, free, openAI(503, "service_unavailable_error", "", "server busy, please try again.  maximum pending requests exceeded")),
	row("A", "F07b", "silent queue", "the call waits 5 s in the server's queue and is told nothing", Unharmed, "", 0, paid, later(5*time.Second)),
	row("A", "F08", "all backends cool down", "wait for the earliest and do not fail; a second 429 makes the wait longer", Again, "rate-limited", 2*time.Second, free, limited("Retry-After", "2")),
}

// waitHint is a 429 with an odd word on when to come back.
func waitHint(id, name, says string, gap time.Duration, head ...string) Fault {
	return Fault{ID: id, Group: "A", Name: name, Says: says, Recovery: Again, Class: "rate-limited", MinGap: gap, Do: limited(head...)}
}

const ownWait = "no use as a wait: the client's own backoff"

var faultsOfWaits = []Fault{
	waitHint("F02a", "Retry-After 0", "at once is allowed, a storm is not", 0, "Retry-After", "0"),
	waitHint("F02b", "Retry-After -1", ownWait, 0, "Retry-After", "-1"),
	waitHint("F02c", "Retry-After NaN", ownWait, 0, "Retry-After", "NaN"),
	waitHint("F02d", "Retry-After 90", "longer than most clients bear: obeyed, or another backend", 90*time.Second, "Retry-After", "90"),
	row("A", "F02e", "Retry-After 86400", "a day: another backend, or an error that names the wait; no sleep", Elsewhere, "rate-limited", 24*time.Hour, free, limited("Retry-After", "86400")),
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
	row("A", "F02r", "the wait in the text alone", "no header says it; who does not read it backs off", Again, "rate-limited", 0, free, openAI(429, "tokens", "rate_limit_exceeded", "Rate limit reached for {model} on tokens per min (TPM): Limit 30000, Used 29000, Requested {tokens}. Please try again in 1.574s.")),
	waitHint("F02s", "x-ratelimit-reset alone", "OpenAI's headers, no Retry-After", 2*time.Second, "X-Ratelimit-Limit-Requests", "500", "X-Ratelimit-Remaining-Requests", "0", "X-Ratelimit-Reset-Requests", "2s"),
	waitHint("F02t", "Azure's reset in plain seconds", "Remaining 0 and limits of -1 mean unknown", 2*time.Second, "X-Ratelimit-Limit-Requests", "-1", "X-Ratelimit-Remaining-Requests", "0", "X-Ratelimit-Reset-Requests", "2", "Retry-After-Ms", "2000"),
	waitHint("F02u", "Anthropic's reset as a date", "RFC 3339 in headers of its own", 9*time.Second, "Anthropic-Ratelimit-Requests-Limit", "50", "Anthropic-Ratelimit-Requests-Remaining", "0", "Anthropic-Ratelimit-Requests-Reset", "{rfc3339+10s}", "Retry-After", "10"),
	row("A", "F02p", "Retry-After beyond all numbers", "no overflow into a short or negative wait", Elsewhere, "rate-limited", 24*time.Hour, free, limited("Retry-After", "99999999999999999999")),
	row("A", "F02v", "x-should-retry true on a 400", "the server's word counts before the status", Again, "server", 0, free, openAI(400, "", "", "The request could not be served this time.", "X-Should-Retry", "true")),
	row("A", "F02w", "x-should-retry false on a 500", "the server's word counts before the status", Never, "invalid", 0, free, openAI(500, "", "", "This request cannot be served.", "X-Should-Retry", "false")),
	row("A", "F02x", "x-should-retry false on a 429", "a limit that waiting does not lift", Elsewhere, "quota", 0, free, limited("X-Should-Retry", "false")),
}

var faultsOfRetries = []Fault{
	row("B", "F09", "retries of several layers multiply", "calls by one task at most as many as its one limit says", Again, "server", 0, free, openAI(500, "", "", "The server had an error while processing your request.")).watch("Entry.Attempt"),
	row("B", "F10", "always cut by length", "the same call would be cut again: more room, less to say, or an error", Changed, "cut", 0, paid, say(func(_ *Call, r *Said) bool { r.Text, r.Finish = firstHalf(r.Text), "length"; return true })),
	row("B", "F11", "a model calls an open breaker again and again", "an error with a time in it, not a text", "", "", 0, free, nil).client(),
	row("B", "F12", "many bad requests", "a healthy server is not shut out for a client's faults", Never, "invalid", 0, free, openAI(400, "", "", "Invalid parameter: the request is not valid.")),
	row("B", "F13", "429 that speaks of context", "the class follows from status and code, not from words or the situation", Again, "rate-limited", time.Second, free, openAI(429, "tokens", "rate_limit_exceeded", "Rate limit reached: too many tokens for the maximum context length of this minute. Please reduce the rate of messages.", "Retry-After", "1")),
	row("B", "F14a", "overloaded inside a 200 stream", "no status, no hint: the backend rests for minutes, one call probes it", Again, "overloaded", 0, free, eventsOr("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n", `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`)),
	row("B", "F14b", "overloaded inside a 200", "OpenRouter tells a 503 in the body of a 200", Again, "overloaded", 0, free, jsonBody(200, `{"error":{"code":503,"message":"Provider returned error: overloaded","metadata":{"provider_name":"P"}}}`)),
}
