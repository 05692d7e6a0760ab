package mock

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/db31e724/go-swarm/mock/internal/fault"
	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// maxConfig is how long a configuration may be.
const maxConfig = 16 << 20

//go:embed config.schema.json
var configSchema []byte

// ReadConfig reads a server's configuration as JSON, so that the mock can be
// used from any language; docs/mock.md lists the fields, config.schema.json
// says the same to editors. It is strict: an unknown field, a field that stands
// twice, a value out of range, a model or fault that does not exist are errors,
// which name the field and the line.
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
	wrong := func(at int, says string) (Config, error) {
		line := 1 + bytes.Count(data[:min(at, len(data))], []byte("\n"))
		return Config{}, fmt.Errorf("mock: config, line %d: %s", line, says)
	}
	n, err := wire.Parse(data)
	if err != nil {
		at := len(data)
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			at = int(syntax.Offset)
		}
		return wrong(at, fmt.Sprintf("this is not JSON: %v", err))
	}
	if d := wire.Check(configSchema, n); d != nil {
		e := d.Refusal()
		return wrong(d.At.End, e.Param+": "+e.Message)
	}
	c := configReader{}
	c.read(n)
	if c.wrong != "" {
		return wrong(c.at.End, c.wrong)
	}
	return c.Config, nil
}

// configReader makes a configuration of what was checked, and notes the first
// thing that is wrong with what goes together.
type configReader struct {
	Config
	wrong string
	at    wire.Node
}

func (c *configReader) refuse(at wire.Node, format string, args ...any) {
	if c.wrong == "" {
		c.wrong, c.at = fmt.Sprintf(format, args...), at
	}
}

func (c *configReader) read(n wire.Node) {
	seed, _ := n.Get("seed")
	_, _ = fmt.Sscan(seed.Num.String(), &c.Seed) // checked; 0 where it is left out
	c.Key, c.Keep, c.MaxBody, c.Limits = text(n, "key"), whole(n, "keep"), int64(whole(n, "max_body")), readLimits(n)
	for i, m := range items(n, "models") {
		if slices.ContainsFunc(c.Models, func(o Model) bool { return o.ID == text(m, "id") }) {
			c.refuse(m, "models[%d].id: another model is called %.64q", i, text(m, "id"))
		}
		c.Models = append(c.Models, readModel(m))
	}
	if len(c.Models) == 0 {
		c.Models = []Model{Large(), Small()}
	}
	for i, f := range items(n, "faults") {
		c.named("faults", i, f)
		c.Faults = append(c.Faults, c.rule(i, f))
	}
	var matches []Match
	for i, m := range items(n, "replies") {
		c.named("replies", i, m)
		matches = append(matches, c.match(i, m))
	}
	if len(matches) > 0 {
		c.answerByMatch(matches)
	}
}

// named sees to it that a model that something is for exists.
func (c *configReader) named(list string, i int, of wire.Node) {
	var ids []string
	for _, m := range c.Models {
		ids = append(ids, m.ID)
	}
	if at, _ := of.Get("model"); at.Text != "" && !slices.Contains(ids, at.Text) {
		c.refuse(at, "%s[%d].model: there is no model %.64q; those here are %.200s", list, i, at.Text, strings.Join(ids, ", "))
	}
}

func (c *configReader) rule(i int, n wire.Node) FaultRule {
	r := FaultRule{
		Model: text(n, "model"), Rate: decimal(n, "rate"), Attempts: whole(n, "attempts"),
		From: span(n, "from"), To: span(n, "to"), Over: whole(n, "over"), Max: whole(n, "max"),
	}
	for k, id := range items(n, "ids") {
		if len(FaultIDs(id.Text)) == 0 {
			c.refuse(id, "faults[%d].ids[%d]: %v", i, k, fault.Unknown(id.Text))
		}
		r.IDs = append(r.IDs, id.Text)
	}
	for _, call := range items(n, "calls") {
		k, _ := call.Float() // checked
		r.Calls = append(r.Calls, int(k))
	}
	if r.To > 0 && r.To <= r.From {
		c.refuse(n, "faults[%d].to: %s is not after %s, where the rule begins", i, r.To, r.From)
	}
	return r
}

func (c *configReader) match(i int, n wire.Node) Match {
	m := Match{Model: text(n, "model"), Contains: text(n, "contains"), Pass: text(n, "then") == "pass"}
	if p, ok := n.Get("pattern"); ok {
		var err error
		if m.Pattern, err = regexp.Compile(p.Text); err != nil {
			c.refuse(p, "replies[%d].pattern: %v", i, err)
		}
	}
	for k, say := range items(n, "say") {
		m.Turns = append(m.Turns, readTurn(say))
		kinds := 0
		for _, kind := range []string{"text", "json", "refusal", "error", "raw"} {
			if has(say, kind) {
				kinds++
			}
		}
		switch {
		case kinds != 1:
			c.refuse(say, "replies[%d].say[%d]: it must hold exactly one of text, json, refusal, error, raw; it holds %d", i, k, kinds)
		case (has(say, "error") || has(say, "raw")) && (has(say, "finish") || has(say, "cached") || has(say, "unchecked")):
			c.refuse(say, "replies[%d].say[%d]: finish, cached and unchecked go with text, json and refusal only", i, k)
		}
	}
	return m
}

func readTurn(n wire.Node) Turn {
	t := Turn{After: span(n, "delay"), Reply: Reply{
		Text: text(n, "text"), Refusal: text(n, "refusal"), Finish: text(n, "finish"),
		Cached: whole(n, "cached"), Unchecked: yes(n, "unchecked"),
	}}
	if v, ok := n.Get("json"); ok {
		var b bytes.Buffer
		_ = json.Compact(&b, v.Raw) // it was parsed: cannot fail
		t.Reply.Text = b.String()
	}
	if e, ok := n.Get("error"); ok {
		t.Error = &Error{
			Status: cmp.Or(whole(e, "status"), http.StatusInternalServerError), Message: text(e, "message"), Type: text(e, "type"),
			Code: text(e, "code"), Param: text(e, "param"), Header: headers(e),
		}
		t.Error.Message = cmp.Or(t.Error.Message, http.StatusText(t.Error.Status))
	}
	if r, ok := n.Get("raw"); ok {
		end := slices.Index([]string{"clean", "cut", "hold", "reset"}, text(r, "end"))
		t.Reply.Raw = &Raw{Status: whole(r, "status"), Header: headers(r), Out: whole(r, "out"), End: End(max(0, end))}
		for _, p := range items(r, "pieces") {
			t.Reply.Raw.Pieces = append(t.Reply.Raw.Pieces, Piece{After: span(p, "after"), Data: text(p, "data")})
		}
	}
	return t
}

func has(n wire.Node, key string) bool          { _, ok := n.Get(key); return ok }
func text(n wire.Node, key string) string       { v, _ := n.Get(key); return v.Text }
func yes(n wire.Node, key string) bool          { v, _ := n.Get(key); return v.Yes }
func items(n wire.Node, key string) []wire.Node { v, _ := n.Get(key); return v.Items }

func decimal(n wire.Node, key string) float64 {
	v, _ := n.Get(key)
	f, _ := v.Float() // checked; 0 where it is left out
	return f
}

func whole(n wire.Node, key string) int { return int(decimal(n, key)) }

func span(n wire.Node, key string) time.Duration {
	d, _ := time.ParseDuration(text(n, key)) // likewise
	return d
}

func readLimits(n wire.Node) Limits {
	l, _ := n.Get("limits")
	return Limits{
		RPM: whole(l, "rpm"), TPM: whole(l, "tpm"), Window: span(l, "window"),
		InFlight: whole(l, "in_flight"), Queue: whole(l, "queue"), Busy: whole(l, "busy"),
	}
}

var brains = map[string]Brain{"": SmallBrain, "small": SmallBrain, "large": LargeBrain, "echo": Echo, "replies": noReply}

func readModel(n wire.Node) Model {
	l, _ := n.Get("latency")
	p, _ := n.Get("prefix")
	m := Model{
		ID: text(n, "id"), Brain: brains[text(n, "brain")], Context: whole(n, "context"), Limits: readLimits(n),
		Latency:   Latency{First: span(l, "first"), PerToken: span(l, "per_token"), Sigma: decimal(l, "sigma")},
		Prefix:    Prefix{Block: whole(p, "block"), Min: whole(p, "min"), TTL: span(p, "ttl")},
		Reasoning: yes(n, "reasoning"), NoSchema: yes(n, "no_schema"),
	}
	if price, ok := n.Get("price"); ok {
		m.Price = &Price{In: decimal(price, "in"), Cached: decimal(price, "cached"), Out: decimal(price, "out"), Written: decimal(price, "written")}
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
func (c *configReader) answerByMatch(matches []Match) {
	own := make(map[string]Brain, len(c.Models))
	for _, m := range c.Models {
		own[m.ID] = m.Brain
	}
	brain := Matching(func(ctx context.Context, r Request) (Reply, error) { return own[r.Model](ctx, r) }, matches...)
	for i := range c.Models {
		c.Models[i].Brain = brain
	}
}
