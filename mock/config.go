package mock

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/fault"
	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// maxConfig is how long a configuration may be.
const maxConfig = 16 << 20

// ReadConfig reads a server's configuration as JSON, so that the mock can be
// used from any language; docs/mock.md lists the fields. It is strict: an
// unknown field, a field that stands twice, a value out of range, a model or
// fault that does not exist are errors, which name the field and the line.
//
// Where it names no models, those are Large and Small.
func ReadConfig(from io.Reader) (Config, error) {
	data, err := io.ReadAll(io.LimitReader(from, maxConfig+1))
	switch {
	case err != nil:
		return Config{}, fmt.Errorf("mock: config: %w", err)
	case len(data) > maxConfig:
		return Config{}, fmt.Errorf("mock: config: longer than %d bytes", maxConfig)
	}
	wrong := func(at int, format string, args ...any) error {
		line := 1 + bytes.Count(data[:min(at, len(data))], []byte("\n"))
		return fmt.Errorf("mock: config, line %d: %s", line, fmt.Sprintf(format, args...))
	}
	n, err := wire.Parse(data)
	if err != nil {
		at := len(data)
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			at = int(syntax.Offset)
		}
		return Config{}, wrong(at, "this is not JSON: %v", err)
	}
	if err := configFields.Check("", n); err != nil {
		return Config{}, wrong(err.At, "%s: %s", err.Param, err.Message)
	}
	c, at, err := readConfig(n)
	if err != nil {
		return Config{}, wrong(at.End, "%v", err)
	}
	return c, nil
}

// The fields of a configuration, and what is checked of each alone.
var (
	count  = wire.Whole(0, math.MaxInt32)
	amount = wire.Decimal(0, 1e6)

	limitFields = wire.Fields{
		"rpm": {Check: count}, "tpm": {Check: count}, "window": {Check: isSpan},
		"in_flight": {Check: count}, "queue": {Check: count}, "busy": {Check: wire.Whole(400, 599)},
	}
	modelFields = wire.Fields{
		"id": {Check: wire.IsString}, "brain": {Check: wire.OneOf("small", "large", "echo", "replies")}, "context": {Check: count},
		"price":   {Check: wire.Fields{"in": {Check: amount}, "cached": {Check: amount}, "out": {Check: amount}, "written": {Check: amount}}.Check},
		"latency": {Check: wire.Fields{"first": {Check: isSpan}, "per_token": {Check: isSpan}, "sigma": {Check: wire.Decimal(0, 10)}, "load": {Check: amount}}.Check},
		"prefix":  {Check: wire.Fields{"block": {Check: count}, "min": {Check: count}, "ttl": {Check: isSpan}}.Check},
		"limits":  {Check: limitFields.Check}, "reasoning": {Check: wire.IsBool}, "no_schema": {Check: wire.IsBool}, "estimate": {Check: wire.IsBool},
	}
	ruleFields = wire.Fields{
		"ids": {Check: wire.ListOf(1, 0, isFault)}, "model": {Check: wire.IsString}, "rate": {Check: isRate},
		"attempts": {Check: count}, "calls": {Check: wire.ListOf(0, 0, wire.Whole(1, math.MaxInt32))},
		"from": {Check: isSpan}, "to": {Check: isSpan}, "over": {Check: count}, "max": {Check: count},
	}
	rawFields = wire.Fields{
		"status": {Check: wire.Whole(200, 599)}, "headers": {Check: areHeaders}, "out": {Check: count}, "end": {Check: wire.OneOf(ends...)},
		"pieces": {Check: wire.ListOf(0, 0, wire.Fields{"after": {Check: isSpan}, "data": {Check: wire.IsString}}.Check)},
	}
	errorFields = wire.Fields{
		"status": {Check: wire.Whole(400, 599)}, "message": {Check: wire.IsString}, "type": {Check: wire.IsString},
		"code": {Check: wire.IsString}, "param": {Check: wire.IsString}, "headers": {Check: areHeaders},
	}
	turnFields = wire.Fields{
		"text": {Check: wire.IsString}, "json": {Check: anything}, "refusal": {Check: wire.IsString}, "error": {Check: errorFields.Check}, "raw": {Check: rawFields.Check},
		"finish": {Check: wire.OneOf("stop", "length", "content_filter", "tool_calls", "function_call")},
		"cached": {Check: count}, "unchecked": {Check: wire.IsBool}, "delay": {Check: isSpan},
	}
	matchFields = wire.Fields{
		"model": {Check: wire.IsString}, "contains": {Check: wire.IsString}, "pattern": {Check: isPattern},
		"say": {Check: wire.ListOf(1, 0, isTurn)}, "then": {Check: wire.OneOf("repeat", "pass")},
	}
	configFields = wire.Fields{
		"key": {Check: wire.IsString}, "seed": {Check: isSeed}, "keep": {Check: wire.Whole(-1, math.MaxInt32)}, "max_body": {Check: count},
		"models": {Check: wire.ListOf(0, 0, modelFields.With("id"))}, "limits": {Check: limitFields.Check},
		"faults": {Check: wire.ListOf(0, 0, ruleFields.With("ids"))}, "replies": {Check: wire.ListOf(0, 0, matchFields.With("say"))},
	}

	ends   = []string{"clean", "cut", "hold", "reset"}
	brains = map[string]Brain{"": SmallBrain, "small": SmallBrain, "large": LargeBrain, "echo": Echo, "replies": noReply}
)

func anything(string, wire.Node) *wire.Error { return nil }

// valid makes a rule for texts.
func valid(what string, ok func(text string) bool) wire.Rule {
	return func(path string, v wire.Node) *wire.Error {
		if err := wire.IsString(path, v); err != nil {
			return err
		}
		if !ok(v.Text) {
			return wire.Bad(path, "", "%.40q is not %s", v.Text, what)
		}
		return nil
	}
}

var (
	isSpan = valid(`a time span of 0 and above, such as "1.5s" or "250ms"`, func(s string) bool {
		d, err := time.ParseDuration(s)
		return err == nil && d >= 0
	})
	isPattern = valid("a regular expression (RE2)", func(s string) bool {
		_, err := regexp.Compile(s)
		return err == nil
	})
)

func isFault(path string, v wire.Node) *wire.Error {
	if err := wire.IsString(path, v); err != nil {
		return err
	}
	if len(FaultIDs(v.Text)) == 0 {
		return wire.Bad(path, "", "%v", fault.Unknown(v.Text))
	}
	return nil
}

func isRate(path string, v wire.Node) *wire.Error {
	if f, ok := v.Float(); ok && f == 0 {
		return wire.Bad(path, "", "0 would mean that no call meets the rule; leave the field out for all calls, or leave out the rule")
	}
	return wire.Decimal(0, 1)(path, v)
}

func isSeed(path string, v wire.Node) *wire.Error {
	if _, err := strconv.ParseUint(v.Num.String(), 10, 64); err != nil {
		return wire.Bad(path, "", "it is not a whole number of 0 and above")
	}
	return nil
}

func areHeaders(path string, v wire.Node) *wire.Error {
	if err := wire.IsObject(path, v); err != nil {
		return err
	}
	for _, m := range v.Members {
		if err := wire.IsString(path+"."+m.Key, m.Val); err != nil {
			return err
		}
		if !wire.HeaderFits(m.Key, m.Val.Text) {
			return wire.Bad(path+"."+m.Key, "", "expected a header's name and its value as a text")
		}
	}
	return nil
}

// isTurn checks that a reply is of one kind.
func isTurn(path string, v wire.Node) *wire.Error {
	if err := turnFields.Check(path, v); err != nil {
		return err
	}
	kinds := 0
	for _, kind := range []string{"text", "json", "refusal", "error", "raw"} {
		if has(v, kind) {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return wire.Bad(path, "", "it must hold exactly one of text, json, refusal, error, raw; it holds %d", kinds)
	case (has(v, "error") || has(v, "raw")) && (has(v, "finish") || has(v, "cached") || has(v, "unchecked")):
		return wire.Bad(path, "", "finish, cached and unchecked go with text, json and refusal only")
	}
	return nil
}

func has(n wire.Node, key string) bool { _, ok := n.Get(key); return ok }

func text(n wire.Node, key string) string { v, _ := n.Get(key); return v.Text }

func whole(n wire.Node, key string) int {
	v, _ := n.Get(key)
	i, _ := v.Whole() // checked; 0 where it is left out
	return int(i)
}

func decimal(n wire.Node, key string) float64 {
	v, _ := n.Get(key)
	f, _ := v.Float() // likewise
	return f
}

func yes(n wire.Node, key string) bool { v, _ := n.Get(key); return v.Yes }

func span(n wire.Node, key string) time.Duration {
	d, _ := time.ParseDuration(text(n, key)) // likewise
	return d
}

func items(n wire.Node, key string) []wire.Node { v, _ := n.Get(key); return v.Items }

// readConfig makes a configuration of what was checked, and checks what goes
// together; an error is about a place.
func readConfig(n wire.Node) (c Config, at wire.Node, err error) {
	c = Config{Key: text(n, "key"), Keep: whole(n, "keep"), MaxBody: int64(whole(n, "max_body")), Limits: readLimits(n)}
	if seed, ok := n.Get("seed"); ok {
		c.Seed, _ = strconv.ParseUint(seed.Num.String(), 10, 64) // checked
	}
	for i, m := range items(n, "models") {
		id := text(m, "id")
		switch {
		case id == "":
			return Config{}, m, fmt.Errorf("models[%d].id: it is empty", i)
		case slices.ContainsFunc(c.Models, func(o Model) bool { return o.ID == id }):
			return Config{}, m, fmt.Errorf("models[%d].id: another model is called %.64q", i, id)
		}
		c.Models = append(c.Models, readModel(m))
	}
	if len(c.Models) == 0 {
		c.Models = []Model{Large(), Small()}
	}
	missing := func(list string, i int, of wire.Node) error {
		var ids []string
		for _, m := range c.Models {
			ids = append(ids, m.ID)
		}
		if at, _ = of.Get("model"); at.Text == "" || slices.Contains(ids, at.Text) {
			return nil
		}
		return fmt.Errorf("%s[%d].model: there is no model %.64q; those here are %.200s", list, i, at.Text, strings.Join(ids, ", "))
	}
	for i, f := range items(n, "faults") {
		r := FaultRule{
			Model: text(f, "model"), Rate: decimal(f, "rate"), Attempts: whole(f, "attempts"),
			From: span(f, "from"), To: span(f, "to"), Over: whole(f, "over"), Max: whole(f, "max"),
		}
		for _, id := range items(f, "ids") {
			r.IDs = append(r.IDs, id.Text)
		}
		for _, call := range items(f, "calls") {
			k, _ := call.Whole() // checked
			r.Calls = append(r.Calls, int(k))
		}
		if r.To > 0 && r.To <= r.From {
			return Config{}, f, fmt.Errorf("faults[%d].to: %s is not after %s, where the rule begins", i, r.To, r.From)
		}
		if err := missing("faults", i, f); err != nil {
			return Config{}, at, err
		}
		c.Faults = append(c.Faults, r)
	}
	var matches []Match
	for i, m := range items(n, "replies") {
		if err := missing("replies", i, m); err != nil {
			return Config{}, at, err
		}
		matches = append(matches, readMatch(m))
	}
	if len(matches) > 0 {
		c.answerByMatch(matches)
	}
	return c, at, nil
}

func readLimits(n wire.Node) Limits {
	l, _ := n.Get("limits")
	return Limits{
		RPM: whole(l, "rpm"), TPM: whole(l, "tpm"), Window: span(l, "window"),
		InFlight: whole(l, "in_flight"), Queue: whole(l, "queue"), Busy: whole(l, "busy"),
	}
}

func readModel(n wire.Node) Model {
	l, _ := n.Get("latency")
	p, _ := n.Get("prefix")
	m := Model{
		ID: text(n, "id"), Brain: brains[text(n, "brain")], Context: whole(n, "context"), Limits: readLimits(n),
		Latency:   Latency{First: span(l, "first"), PerToken: span(l, "per_token"), Sigma: decimal(l, "sigma"), Load: decimal(l, "load")},
		Prefix:    Prefix{Block: whole(p, "block"), Min: whole(p, "min"), TTL: span(p, "ttl")},
		Reasoning: yes(n, "reasoning"), NoSchema: yes(n, "no_schema"), Estimate: yes(n, "estimate"),
	}
	if price, ok := n.Get("price"); ok {
		m.Price = &Price{In: decimal(price, "in"), Cached: decimal(price, "cached"), Out: decimal(price, "out"), Written: decimal(price, "written")}
	}
	return m
}

func readMatch(n wire.Node) Match {
	m := Match{Model: text(n, "model"), Contains: text(n, "contains"), Pass: text(n, "then") == "pass"}
	if p, ok := n.Get("pattern"); ok {
		m.Pattern = regexp.MustCompile(p.Text) // checked
	}
	for _, say := range items(n, "say") {
		t := Turn{After: span(say, "delay"), Reply: Reply{
			Text: text(say, "text"), Refusal: text(say, "refusal"), Finish: text(say, "finish"),
			Cached: whole(say, "cached"), Unchecked: yes(say, "unchecked"),
		}}
		if v, ok := say.Get("json"); ok {
			t.Reply.Text = v.Compact()
		}
		if e, ok := say.Get("error"); ok {
			t.Error = &Error{
				Status: whole(e, "status"), Message: text(e, "message"), Type: text(e, "type"),
				Code: text(e, "code"), Param: text(e, "param"), Header: headers(e),
			}
			if t.Error.Status == 0 {
				t.Error.Status = http.StatusInternalServerError
			}
			if t.Error.Message == "" {
				t.Error.Message = http.StatusText(t.Error.Status)
			}
		}
		if r, ok := say.Get("raw"); ok {
			t.Reply.Raw = &Raw{Status: whole(r, "status"), Header: headers(r), Out: whole(r, "out"), End: End(max(0, slices.Index(ends, text(r, "end"))))}
			for _, p := range items(r, "pieces") {
				t.Reply.Raw.Pieces = append(t.Reply.Raw.Pieces, Piece{After: span(p, "after"), Data: text(p, "data")})
			}
		}
		m.Turns = append(m.Turns, t)
	}
	return m
}

func headers(n wire.Node) http.Header {
	h := http.Header{}
	all, _ := n.Get("headers")
	for _, m := range all.Members {
		h.Set(m.Key, m.Val.Text)
	}
	return h
}

// answerByMatch puts the replies by match before the brains of all models;
// a sequence is one for all of them.
func (c *Config) answerByMatch(matches []Match) {
	own := make(map[string]Brain, len(c.Models))
	for _, m := range c.Models {
		own[m.ID] = m.Brain
	}
	brain := Matching(func(ctx context.Context, r Request) (Reply, error) { return own[r.Model](ctx, r) }, matches...)
	for i := range c.Models {
		c.Models[i].Brain = brain
	}
}
