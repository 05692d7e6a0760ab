package model

import (
	"errors"
	"net/http"
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
		if code = onlyCode(code); code != "" && s.clean(code) == code {
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
	if param := onlyCode(p.Param); param != "" && s.clean(param) == param && !strings.Contains(said, param) {
		words += " (" + param + ")"
	}
	e.Err = errors.New(words)
	return e
}

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
	case status == http.StatusNotFound && p.nojson:
		return "no such path at the server: a base URL mostly ends in /v1"
	case status < 300:
		return "an error inside a reply of success"
	}
	return "the server refused"
}

// onlyCode returns a provider's code if it is one word, else nothing.
func onlyCode(s string) string {
	if len(s) > 64 {
		return ""
	}
	for i := range len(s) {
		b := s[i]
		if !(b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("_-.:/", b) >= 0) {
			return ""
		}
	}
	return s
}

// classify says what kind of failure an error is. Code and type go before
// words, and the status before both where it is plain; words decide only
// where providers give nothing else.
func classify(status int, h http.Header, p *Problem) swarm.Class {
	class := kindOf(status, p)
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

func kindOf(status int, p *Problem) swarm.Class {
	inside := status >= 200 && status < 300
	if inside {
		status = p.status // 0 if not told either
	}
	said := strings.ToLower(p.Message)
	switch {
	case status >= 300 && status < 400:
		return swarm.ClassNotFound
	case p.Is(quotaCodes...) || status < 500 && status != 429 && hasAny(said, quotaWords...):
		return swarm.ClassQuota
	case status == 402:
		if p.Is("openrouter_in_flight_budget") {
			return swarm.ClassRateLimited
		}
		return swarm.ClassQuota
	case status == 429:
		if strings.Contains(said, "request too large") && strings.Contains(said, "must be reduced") {
			return swarm.ClassTooLong // larger than a minute's tokens: OpenAI says 429, Groq 413
		}
		return swarm.ClassRateLimited
	case p.Is("content_filter", "content_policy_violation", "responsibleaipolicyviolation", "moderation", "content_policy", "moderation_blocked") ||
		status == 400 && strings.Contains(said, "content exists risk"): // DeepSeek
		return swarm.ClassFiltered
	case status == 413 || p.Is(longCodes...):
		return swarm.ClassTooLong
	case (status == 0 || status == 400 || status == 403 || status == 422 || status == 500) &&
		(hasAny(said, longWords...) || strings.Contains(said, "must have less than") && strings.Contains(said, "tokens")):
		return swarm.ClassTooLong
	case p.Is(absentCodes...): // a key without the right to a model is told so by 403, too
		return swarm.ClassNotFound
	case status == 401 || status == 407 || p.Is(authCodes...) || status == 400 && strings.Contains(said, "api key not valid"):
		return swarm.ClassAuth
	case status == 403:
		if hasAny(said, "moderation", "flagged", "content policy") {
			return swarm.ClassFiltered
		}
		return swarm.ClassAuth
	case status == 404 || status == 405 || status == 410:
		return swarm.ClassNotFound
	case status == 400 && strings.Contains(said, "model") && hasAny(said, "does not exist", "model not exist", "not found", "no such model", "unknown model", "invalid model", "not a valid model"):
		return swarm.ClassNotFound
	case status == 503 || status == 529 || status == 498 || p.Is(busyCodes...):
		return swarm.ClassOverloaded
	case status == 408 || status == 504 || status == 522 || status == 524 || p.Is("timeout", "timeout_error", "deadline_exceeded"):
		return swarm.ClassTimeout
	case status == 409 || status == 424 || status == 425 || status == 499:
		return swarm.ClassServer
	case status == 400 && p.Is("json_validate_failed"): // Groq: the model's JSON is broken, not the request
		return swarm.ClassBroken
	case status == 500 && hasAny(said, "overloaded", "server busy", "at capacity"):
		return swarm.ClassOverloaded
	case status == 500 && hasAny(said, schemaWords...):
		return swarm.ClassInvalid // Ollama: a schema that it cannot use, for ever
	case status >= 500 && status != 501:
		return swarm.ClassServer
	case status >= 400:
		return swarm.ClassInvalid
	}
	// An error inside a success, without a status of its own.
	switch {
	case p.html || p.Stream:
		return swarm.ClassBroken
	case p.Is("rate_limit_error", "rate_limit_exceeded", "rate_limited", "slow_down", "resource_exhausted", "too_many_requests"):
		return swarm.ClassRateLimited
	case p.Is("invalid_request_error", "invalid_argument", "badrequesterror", "invalid_request", "validation_error"):
		return swarm.ClassInvalid
	case hasAny(said, "rate limit", "too many requests"):
		return swarm.ClassRateLimited
	case hasAny(said, "overloaded", "server busy", "at capacity"):
		return swarm.ClassOverloaded
	}
	return swarm.ClassServer
}

func hasAny(s string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

var (
	quotaCodes = []string{
		"insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
		"project_spend_limit_exceeded", "organization_usage_limit_exceeded", "enforced_spend_limit_reached",
		"billing_hard_limit_reached", "billing_not_active", "billing_error", "insufficient_balance",
	}
	quotaWords  = []string{"credit balance is too low", "insufficient balance", "specified api usage limits", "key limit exceeded"}
	absentCodes = []string{"model_not_found", "not_found_error", "model_not_supported", "model_not_available", "model_decommissioned", "deploymentnotfound", "operationnotsupported"}
	longCodes   = []string{"context_length_exceeded", "exceed_context_size_error", "context_window_exceeded", "request_too_large", "model_max_prompt_tokens_exceeded"}
	authCodes   = []string{"invalid_api_key", "authentication_error", "permission_error", "unauthenticated", "api_key_invalid", "permission_denied"}
	busyCodes   = []string{"overloaded_error", "server_is_overloaded", "overloaded", "unavailable", "engine_overloaded", "service_unavailable"}
	longWords   = []string{
		"maximum context length", "maximum model length", "max model len", "context length", "context window", "context size",
		"prompt is too long", "input is too long", "prompt too long", "maximum prompt length", "input token count", "longer than the maximum",
		"exceeds the maximum number of tokens", "reduce the length of the", "too many input tokens", "token limit exceeded",
		"context limit", "too many tokens", "max_new_tokens` must be", "too large to process",
	}
	schemaWords = []string{"json schema", "json_schema", "response_format", "grammar", "invalid schema"}
)
