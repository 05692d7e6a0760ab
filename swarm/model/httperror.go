package model

import (
	_ "embed"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/db31e724/go-swarm/swarm"
)

// HTTPError returns the error of an attempt that a server refused. It knows the
// statuses, codes and wordings of the common providers, and all forms of
// Retry-After. status and h are those of the reply; body is its body, or that of an
// error event in a stream (status is then 200). The error's text holds the
// provider's message, cut short, from which secrets (such as the key that was
// sent), anything that looks like a key, URLs and pieces of the prompt are removed.
func HTTPError(r Request, status int, h http.Header, body []byte, secrets ...string) *swarm.CallError {
	return ReadProblem(body).CallError(r, status, h, secrets...)
}

// CallError is [HTTPError] for a body that has already been parsed.
func (p *Problem) CallError(r Request, status int, h http.Header, secrets ...string) *swarm.CallError {
	s := newScrubber(secrets)
	e := &swarm.CallError{Status: status}
	e.RetryAfter, e.HasRetryAfter = waitAsked(h, p, time.Now())
	e.Class = classify(status, h, p, e.HasRetryAfter)
	word := func(w string) bool { return oneWord.MatchString(w) && s.clean(w) == w }
	codes := append(p.codes, p.kind)
	if i := slices.IndexFunc(codes, word); i >= 0 {
		e.Code = codes[i]
	}
	words := p.describe(status, e.Class)
	m := p.Message[:min(len(p.Message), maxSaid)]
	if said := s.clean(m); said != "" && !repeats(m, r.Messages) {
		words += ": " + said
	}
	if word(p.Param) && !strings.Contains(words, p.Param) {
		words += " (" + p.Param + ")"
	}
	e.Err = errors.New(words)
	p.leaveRoom(r, e)
	return e
}

// leaveRoom makes of e a refusal that a shorter reply mends, if it is one.
func (p *Problem) leaveRoom(r Request, e *swarm.CallError) {
	about := map[swarm.Class][]string{
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

// describe says in our words how the error came.
func (p *Problem) describe(status int, class swarm.Class) string {
	switch said := strings.ToLower(p.Message); {
	case status >= 300 && status < 400:
		return "the server redirects elsewhere, which is not followed: check the base URL"
	case p.Stream:
		return "the server streams a reply that was not asked to be streamed"
	case p.html && status == http.StatusNotFound:
		return "a web page says that there is no such path: a base URL mostly ends in /v1"
	case p.html:
		return "a web page instead of a reply"
	case (status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status < 300 && class == swarm.ClassNotFound && p.Bare()) &&
		!hasAny(said, "model", "deployment"):
		return "no such path at the server: a base URL mostly ends in /v1"
	case status < 300:
		return "an error inside a reply of success"
	}
	return "the server refused"
}

// oneWord is what a provider's code looks like.
var oneWord = regexp.MustCompile(`^[A-Za-z0-9_.:/-]{1,64}$`)

// classify says what kind of failure an error is. Code and type go before
// words, and the status before both where it is plain; words decide only
// where providers give nothing else. wait says that the server asked for one.
func classify(status int, h http.Header, p *Problem, wait bool) swarm.Class {
	class := kindOf(status, p)
	invalid := class == swarm.ClassAuth || class == swarm.ClassInvalid
	if wait && status == http.StatusForbidden && class == swarm.ClassAuth ||
		invalid && slices.ContainsFunc(append(p.codes, p.kind), rateCode.MatchString) {
		class, invalid = swarm.ClassRateLimited, false // some say it by 403
	}
	switch retry, err := strconv.ParseBool(strings.TrimSpace(h.Get("X-Should-Retry"))); {
	case err != nil:
	case retry && (invalid || class == swarm.ClassNotFound):
		return swarm.ClassServer
	case retry:
	case class == swarm.ClassRateLimited: // only the user can do something about it
		return swarm.ClassQuota
	case (&swarm.CallError{Class: class}).Retryable():
		return swarm.ClassInvalid
	}
	return class
}

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
	for _, r := range rules() {
		if (r.Status == nil || slices.Contains(r.Status, status)) && strings.Contains(said, r.And) &&
			(r.Codes == nil && r.Words == nil || p.Is(r.Codes...) || hasAny(said, r.Words...)) {
			return r.Class
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

// rule gives a class to what has one of the statuses and one of the codes or
// words; none stand for any, and status 0 for an error that tells none.
type rule struct {
	Class  swarm.Class
	Status []int
	And    string // is said as well
	Codes  []string
	Words  []string
}

//go:embed refusals.json
var refusals []byte

// rules are those of refusals.json. The first one that fits holds.
var rules = sync.OnceValue(func() []rule { return table[rule](refusals) })

// table reads one of the package's own tables.
func table[T any](raw []byte) (rows []T) {
	if err := json.Unmarshal(raw, &rows); err != nil {
		panic(err) // the tests read them all
	}
	return rows
}
