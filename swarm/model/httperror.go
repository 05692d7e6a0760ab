package model

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// HTTPError makes the error of an attempt that a server refused: it knows the
// statuses, codes and words of the common providers, and every spelling of
// Retry-After. status and h are those of the reply, body what stands in it, or
// in an event of a stream that tells an error (status is 200 then). The text
// holds the provider's message, cut short, without secrets (a key that was
// sent, say), what looks like a key, URLs, and pieces of the prompt.
func HTTPError(r Request, status int, h http.Header, body []byte, secrets ...string) *swarm.CallError {
	return ReadProblem(body).CallError(r, status, h, secrets...)
}

// CallError is [HTTPError] for a body that has been read.
func (p *Problem) CallError(r Request, status int, h http.Header, secrets ...string) *swarm.CallError {
	s := newScrubber(secrets)
	e := &swarm.CallError{Class: classify(status, h, p), Status: status}
	for _, code := range append(p.codes, p.kind) {
		if oneWord.MatchString(code) && s.clean(code) == code {
			e.Code = code
			break
		}
	}
	e.RetryAfter, e.HasRetryAfter = waitAsked(h, p, time.Now())
	said := ""
	if m := p.Message[:min(len(p.Message), maxSaid)]; !p.html && !repeats(m, r.Messages) {
		said = s.clean(m)
	}
	words := p.describe(status)
	if said != "" {
		words += ": " + said
	}
	if oneWord.MatchString(p.Param) && s.clean(p.Param) == p.Param && !strings.Contains(said, p.Param) {
		words += " (" + p.Param + ")"
	}
	e.Err = errors.New(words)
	p.leaveRoom(r, e)
	return e
}

// leaveRoom makes of e a refusal that a shorter reply mends, if it is one.
func (p *Problem) leaveRoom(r Request, e *swarm.CallError) {
	about := map[swarm.Class]words{
		swarm.ClassTooLong:     {""},
		swarm.ClassRateLimited: {"token"}, // one call may be more than a minute's
		swarm.ClassInvalid:     {"context", "prompt", "input", "total"},
	}
	if !hasAny(strings.ToLower(p.Message), about[e.Class]...) {
		return
	}
	if limit, prompt, ok := p.room(r, e.Class); ok {
		e.Class, e.Err = swarm.ClassTooLong, &NoRoom{Limit: limit, Prompt: prompt, Err: e.Err}
	}
}

const noSuchPath = "no such path at the server: a base URL mostly ends in /v1"

// describe says in our words how the error came.
func (p *Problem) describe(status int) string {
	switch {
	case status >= 300 && status < 400:
		return "the server redirects elsewhere, which is not followed: check the base URL"
	case p.Stream:
		return "the server streams a reply that was not asked to be streamed"
	case p.html && status == http.StatusNotFound:
		return "a web page says that there is no such path: a base URL mostly ends in /v1"
	case p.html:
		return "a web page instead of a reply"
	case (status == http.StatusNotFound || status == http.StatusMethodNotAllowed) && !hasAny(strings.ToLower(p.Message), "model", "deployment"):
		return noSuchPath
	case status < 300 && hasAny(strings.ToLower(p.Message), noPath...):
		return noSuchPath
	case status < 300:
		return "an error inside a reply of success"
	}
	return "the server refused"
}

// oneWord is what a provider's code looks like.
var oneWord = regexp.MustCompile(`^[A-Za-z0-9_.:/-]{1,64}$`)

// classify says what kind of failure an error is. Code and type go before
// words, and the status before both where it is plain; words decide only
// where providers give nothing else.
func classify(status int, h http.Header, p *Problem) swarm.Class {
	class := kindOf(status, p)
	if _, wait := waitAsked(h, p, time.Now()); status == http.StatusForbidden && class == swarm.ClassAuth && (wait || hasAny(strings.ToLower(p.Message), "rate limit", "too many requests")) ||
		(class == swarm.ClassAuth || class == swarm.ClassInvalid) && slices.ContainsFunc(append(p.codes, p.kind), rateCode.MatchString) {
		class = swarm.ClassRateLimited // some say it by 403
	}
	switch retry, err := strconv.ParseBool(strings.TrimSpace(h.Get("X-Should-Retry"))); {
	case err != nil:
	case retry:
		switch class {
		case swarm.ClassInvalid, swarm.ClassNotFound, swarm.ClassAuth:
			return swarm.ClassServer
		}
	case class == swarm.ClassRateLimited: // only the user can do something about it
		return swarm.ClassQuota
	case (&swarm.CallError{Class: class}).Retryable():
		return swarm.ClassInvalid
	}
	return class
}

// noPath is what servers say of a path that they do not serve, also by 200.
var noPath = words{"unexpected endpoint", "unknown endpoint", "no such endpoint", "no route", "route not found", "path not found", "cannot post"}

// rateCode is a code that means too many calls, or too fast.
var rateCode = regexp.MustCompile(`(?i)rate.?limit|throttl|too.?many.?requests`)

func kindOf(status int, p *Problem) swarm.Class {
	if status >= 300 && status < 400 {
		return swarm.ClassNotFound
	}
	if status < 300 {
		status = p.status // 0 if not told either
	}
	if status == 0 && (p.html || p.Stream) {
		return swarm.ClassBroken
	}
	said := strings.ToLower(p.Message)
	for _, r := range rules {
		if (r.status == nil || slices.Contains(r.status, status)) && strings.Contains(said, r.and) &&
			(r.codes == nil && r.words == nil || p.Is(r.codes...) || hasAny(said, r.words...)) {
			return r.class
		}
	}
	if status >= 400 && status < 500 || status == 501 {
		return swarm.ClassInvalid
	}
	return swarm.ClassServer
}

func hasAny(s string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
}

type (
	statuses = []int
	words    = []string
)

// rules give a class to what has one of the statuses and one of the codes or
// words; nil stands for any, and status 0 for none. The first one holds.
var rules = []struct {
	class  swarm.Class
	status statuses
	and    string // is said as well
	codes  words
	words  words
}{
	{swarm.ClassQuota, nil, "", words{
		"insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded", "insufficient_balance",
		"project_spend_limit_exceeded", "organization_usage_limit_exceeded", "enforced_spend_limit_reached",
		"billing_hard_limit_reached", "billing_not_active", "billing_error",
	}, nil},
	{swarm.ClassQuota, statuses{0, 400, 401, 402, 403, 404, 422}, "", nil, words{"credit balance is too low", "insufficient balance", "specified api usage limits", "key limit exceeded"}},
	{swarm.ClassRateLimited, statuses{402}, "", words{"openrouter_in_flight_budget"}, nil},
	{swarm.ClassQuota, statuses{402}, "", nil, nil},
	{swarm.ClassTooLong, statuses{429}, "request too large", nil, nil}, // larger than a minute's tokens: OpenAI says 429, Groq 413
	{swarm.ClassRateLimited, statuses{429}, "", nil, nil},
	{swarm.ClassFiltered, nil, "", words{"content_filter", "content_policy_violation", "responsibleaipolicyviolation", "moderation", "content_policy", "moderation_blocked"}, nil},
	{swarm.ClassFiltered, statuses{400}, "content exists risk", nil, nil}, // DeepSeek
	{swarm.ClassTooLong, statuses{413}, "", nil, nil},
	{swarm.ClassTooLong, nil, "", words{"context_length_exceeded", "exceed_context_size_error", "context_window_exceeded", "request_too_large", "model_max_prompt_tokens_exceeded"}, nil},
	{swarm.ClassTooLong, statuses{0, 400, 403, 422, 500}, "", nil, words{
		"maximum context length", "maximum model length", "max model len", "context length", "context window", "context size",
		"prompt is too long", "input is too long", "prompt too long", "maximum prompt length", "input token count", "longer than the maximum",
		"exceeds the maximum number of tokens", "reduce the length of the", "too many input tokens", "token limit exceeded",
		"context limit", "too many tokens", "max_new_tokens` must be", "too large to process",
	}},
	{swarm.ClassTooLong, statuses{0, 400, 403, 422, 500}, "must have less than", nil, words{"tokens"}},
	// A key without the right to a model is told so by 403, too.
	{swarm.ClassNotFound, nil, "", words{"model_not_found", "not_found_error", "model_not_supported", "model_not_available", "model_decommissioned", "deploymentnotfound", "operationnotsupported"}, nil},
	{swarm.ClassAuth, statuses{401, 407}, "", nil, nil},
	{swarm.ClassAuth, nil, "", words{"invalid_api_key", "authentication_error", "permission_error", "unauthenticated", "api_key_invalid", "permission_denied"}, nil},
	{swarm.ClassAuth, statuses{400}, "api key not valid", nil, nil},
	{swarm.ClassFiltered, statuses{403}, "", nil, words{"moderation", "flagged", "content policy"}},
	{swarm.ClassAuth, statuses{403}, "", nil, nil},
	{swarm.ClassNotFound, statuses{404, 405, 410}, "", nil, nil},
	{swarm.ClassNotFound, statuses{0}, "", nil, noPath},
	{swarm.ClassNotFound, statuses{400}, "model", nil, words{"does not exist", "model not exist", "not found", "no such model", "unknown model", "invalid model", "not a valid model"}},
	{swarm.ClassOverloaded, statuses{498, 503, 529}, "", nil, nil},
	{swarm.ClassOverloaded, nil, "", words{"overloaded_error", "server_is_overloaded", "overloaded", "unavailable", "engine_overloaded", "service_unavailable"}, nil},
	{swarm.ClassTimeout, statuses{408, 504, 522, 524}, "", nil, nil},
	{swarm.ClassTimeout, nil, "", words{"timeout", "timeout_error", "deadline_exceeded"}, nil},
	{swarm.ClassServer, statuses{409, 424, 425, 499}, "", nil, nil},
	{swarm.ClassBroken, statuses{400}, "", words{"json_validate_failed", "tool_use_failed"}, nil}, // Groq: the model's JSON is broken, not the request
	{swarm.ClassRateLimited, statuses{0}, "", words{"rate_limit_error", "rate_limit_exceeded", "rate_limited", "slow_down", "resource_exhausted", "too_many_requests"}, nil},
	{swarm.ClassInvalid, statuses{0}, "", words{"invalid_request_error", "invalid_argument", "badrequesterror", "invalid_request", "validation_error"}, nil},
	{swarm.ClassRateLimited, statuses{0}, "", nil, words{"rate limit", "too many requests"}},
	{swarm.ClassOverloaded, statuses{0, 500}, "", nil, words{"overloaded", "server busy", "at capacity"}},
	{swarm.ClassInvalid, statuses{500}, "", nil, words{"json schema", "json_schema", "response_format", "grammar", "invalid schema", "tools param", "param: tools"}}, // Ollama and llama.cpp, for ever
}
