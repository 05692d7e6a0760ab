package chat

import (
	"cmp"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	openai "github.com/sashabaranov/go-openai"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

type schemaWay uint8

const (
	schemaStrict schemaWay = iota // response_format json_schema
	schemaObject                  // response_format json_object, the schema told in the prompt
	schemaTold                    // told in the prompt alone
)

type limitWay uint8

const (
	limitOld  limitWay = iota // max_tokens
	limitNew                  // max_completion_tokens
	limitNone                 // the server takes neither
)

// way is how a server is spoken to: what it is known to refuse is done
// differently. A way is never changed, only replaced by one that asks less.
type way struct {
	schema        schemaWay
	limit         limitWay
	maxOut        int // most completion tokens that it takes; 0: not known
	noTemperature bool
	noStreamUsage bool // stream_options
	noSystem      bool // the system role
	noStream      bool
	onlyStream    bool
	toolsToo      bool // response_format beside tools: at others it keeps tools from being called, or is refused
}

// schemaOf says how the schema of a request is sent.
func (w *way) schemaOf(r *model.Request) schemaWay {
	if len(r.Tools) > 0 && !w.toolsToo {
		return schemaTold
	}
	return w.schema
}

// streams says whether a request is sent as a stream.
func (w *way) streams(asked bool) bool { return w.onlyStream || asked && !w.noStream }

// out returns the most completion tokens that are asked for; 0: no limit is named.
func (w *way) out(r *model.Request) int { return min(r.MaxOut, cmp.Or(w.maxOut, r.MaxOut)) }

// firstWay is what is assumed of a server before its first reply. OpenAI's own
// takes max_completion_tokens for every model, and max_tokens only for old
// ones; many others ignore max_completion_tokens and would write without end.
// What go-openai refuses to send for a model of this name is not tried.
func firstWay(base, name string) *way {
	w := &way{}
	if u, err := url.Parse(base); err == nil && u.Hostname() == "api.openai.com" {
		w.limit, w.toolsToo = limitNew, true
	}
	v := openai.NewReasoningValidator()
	//lint:ignore SA1019 it is what is asked about
	if v.Validate(openai.ChatCompletionRequest{Model: name, MaxTokens: 1}) != nil {
		w.limit = limitNew
	}
	w.noTemperature = v.Validate(openai.ChatCompletionRequest{Model: name, Temperature: .5}) != nil
	return w
}

// learn draws a lesson from a refusal, if there is one to be drawn: the same
// request is sent in another way then, but never as it was. what is empty where another call has
// learned it while this one was under way. A client learns fewer than a dozen
// things in all.
func (c *Client) learn(x *exchange, class swarm.Class) (what string, ok bool) {
	change, what := lessonOf(x)
	if what == "" || class != swarm.ClassInvalid && class != swarm.ClassNotFound && class != swarm.ClassBroken {
		return "", false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := *c.way.Load()
	next := now
	change(&next)
	asked := x.r.OnText != nil
	switch {
	case next.streams(asked) == x.stream && reflect.DeepEqual(compose(&next, c.model, &x.r), compose(x.way, c.model, &x.r)):
		return "", false // the same would be sent again
	case next == now:
		return "", true // learned meanwhile by another call
	}
	c.way.Store(&next)
	return what, true
}

// lessonOf reads from a refusal which part of the request was to blame, and
// returns how to say it differently. Blame falls only on what was sent.
func lessonOf(x *exchange) (change func(*way), what string) {
	p, sent := x.problem, *x.way
	said, param := strings.ToLower(p.Message), strings.ToLower(p.Param)
	blames := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool {
			return param == n || strings.HasPrefix(param, n+".") || strings.Contains(said, n)
		})
	}
	unsupported := p.Is("unsupported_parameter", "unknown_parameter", "unsupported_value") || hasAny(said, unsupportedWords...)
	limit := sent.out(&x.r)
	switch {
	case p.Stream && !x.stream:
		return onlyStream, "it streams even unasked: every call is streamed"
	case x.stream && !sent.noStreamUsage && blames("stream_options", "include_usage"):
		return func(w *way) { w.noStreamUsage = true }, "stream_options is refused: usage of streams is estimated"
	case x.r.MaxOut > 0 && sent.limit == limitOld && blames("max_tokens") && (unsupported || strings.Contains(said, "max_completion_tokens")):
		return func(w *way) { w.limit = max(w.limit, limitNew) }, "max_tokens is refused: max_completion_tokens is sent"
	case x.r.MaxOut > 0 && sent.limit == limitNew && blames("max_completion_tokens") && unsupported:
		return func(w *way) { w.limit = max(w.limit, limitNone) }, "max_completion_tokens is refused: replies have no token limit"
	case limit > 0 && blames("max_tokens", "max_completion_tokens", "completion tokens", "output tokens"):
		if n := largestBelow(said, limit); n > 0 {
			return func(w *way) { w.maxOut = min(cmp.Or(w.maxOut, n), n) }, "replies are limited to " + strconv.Itoa(n) + " tokens"
		}
	case x.r.Temperature != nil && !sent.noTemperature && blames("temperature"):
		return func(w *way) { w.noTemperature = true }, "a temperature is refused: none is sent"
	case !x.stream && hasAny(said, "only support stream", "only supports stream", "stream mode", "stream=true", "streaming is required", "must be streamed"):
		return onlyStream, "it answers in streams only: every call is streamed"
	case x.stream && (param == "stream" || streaming.MatchString(said)) && (unsupported || strings.Contains(said, "verified")):
		return func(w *way) { w.noStream = !w.onlyStream }, "streams are refused: calls are made without"
	case x.r.Schema != nil && sent.schemaOf(&x.r) < schemaTold && blames(formatWords...):
		change = func(w *way) { w.schema = max(w.schema, sent.schema+1) }
		if sent.schema == schemaStrict {
			return change, "strict schemas are refused: JSON mode is used, and the schema told in the prompt"
		}
		return change, "JSON mode is refused: the schema is told in the prompt"
	case !sent.noSystem && hasSystem(x) && refusesSystem(said, unsupported):
		return func(w *way) { w.noSystem = true }, "the system role is refused: its text is put before the user's"
	}
	return nil, ""
}

// onlyStream is learnt unless streams are refused: a server that takes neither
// is not helped by going to and fro.
func onlyStream(w *way) { w.onlyStream = !w.noStream }

func hasSystem(x *exchange) bool {
	return x.r.Schema != nil && x.way.schemaOf(&x.r) != schemaStrict || slices.ContainsFunc(x.r.Messages, func(m model.Message) bool { return m.Role == "system" })
}

func refusesSystem(said string, unsupported bool) bool {
	return hasAny(said, "roles must alternate", "developer instruction is not enabled") ||
		strings.Contains(said, "system") && hasAny(said, "role", "message", "instruction", "prompt") &&
			(unsupported || hasAny(said, "must be", "should be", "one of"))
}

var (
	figure    = regexp.MustCompile(`\d{2,9}`)
	streaming = regexp.MustCompile(`\bstream(s|ed|ing)?\b`) // not an upstream
)

// largestBelow returns the largest number in said that is below limit, which
// is how providers name the limit that was passed.
func largestBelow(said string, limit int) (best int) {
	for _, s := range figure.FindAllString(said, 20) {
		if n, _ := strconv.Atoi(s); n < limit {
			best = max(best, n)
		}
	}
	return best
}

var (
	unsupportedWords = []string{
		"not support", "unsupported", "unrecognized", "unknown", "unexpected", "not permitted", "not allowed", "does not accept",
		"doesn't support", "cannot be used", "not available", "extra inputs", "extra fields", "no such field", "cannot find field",
	}
	formatWords = []string{"response_format", "grammar", "json_object", "json mode", "json object", "structured output", "guided", "schema", "requested parameters"}
)

func hasAny(s string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
}
