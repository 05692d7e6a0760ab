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

// ReadConfig reads a server's configuration as JSON, so that the mock can be used
// from any language. docs/mock.md lists the fields; config.schema.json is their
// JSON Schema. Unknown or repeated fields, values out of range, and models or
// faults that do not exist are errors that name the field and the line.
//
// If it names no models, the server has Large and Small.
func ReadConfig(from io.Reader) (Config, error) {
	data, err := io.ReadAll(io.LimitReader(from, maxConfig+1))
	switch {
	case err != nil:
		return Config{}, fmt.Errorf("mock: config: %w", err)
	case len(data) > maxConfig:
		return Config{}, fmt.Errorf("mock: config: longer than %d bytes", maxConfig)
	}
	c := configReader{data: data}
	if n, err := wire.Parse(data); err != nil {
		at := len(data)
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			at = min(at, int(syntax.Offset))
		}
		c.refuse(wire.Node{End: at}, "this is not JSON: %v", err)
	} else if d := wire.Check(configSchema, n); d != nil {
		e := d.Refusal()
		c.refuse(d.At, "%s: %s", e.Param, e.Message)
	} else {
		c.read(n)
	}
	if c.wrong != nil {
		return Config{}, c.wrong
	}
	return c.Config, nil
}

// configReader makes a configuration of what was checked, and notes the first
// thing that is wrong.
type configReader struct {
	Config
	data  []byte
	wrong error
}

func (c *configReader) refuse(at wire.Node, format string, args ...any) {
	if c.wrong == nil {
		line := 1 + bytes.Count(c.data[:at.End], []byte("\n"))
		c.wrong = fmt.Errorf("mock: config, line %d: %s", line, fmt.Sprintf(format, args...))
	}
}

func (c *configReader) read(n wire.Node) {
	_, _ = fmt.Sscan(n.Get("seed").Num.String(), &c.Seed) // checked; 0 where it is left out
	c.Key, c.Keep, c.MaxBody, c.Limits = n.Get("key").Text, n.Get("keep").Int(), int64(n.Get("max_body").Int()), readLimits(n)
	for i, m := range n.Get("models").Items {
		if slices.Contains(c.ids(), m.Get("id").Text) {
			c.refuse(m, "models[%d].id: another model is called %.64q", i, m.Get("id").Text)
		}
		c.Models = append(c.Models, readModel(m))
	}
	if len(c.Models) == 0 {
		c.Models = []Model{Large(), Small()}
	}
	for i, f := range n.Get("faults").Items {
		c.named("faults", i, f)
		c.Faults = append(c.Faults, c.rule(i, f))
	}
	var matches []Match
	for i, m := range n.Get("replies").Items {
		c.named("replies", i, m)
		matches = append(matches, c.match(i, m))
	}
	if len(matches) > 0 {
		c.answerByMatch(matches)
	}
}

func (c *configReader) ids() (all []string) {
	for _, m := range c.Models {
		all = append(all, m.ID)
	}
	return all
}

// named sees to it that a model that something is for exists.
func (c *configReader) named(list string, i int, of wire.Node) {
	if at := of.Get("model"); at.Text != "" && !slices.Contains(c.ids(), at.Text) {
		c.refuse(at, "%s[%d].model: there is no model %.64q; those here are %.200s", list, i, at.Text, strings.Join(c.ids(), ", "))
	}
}

func (c *configReader) rule(i int, n wire.Node) FaultRule {
	r := FaultRule{
		Model: n.Get("model").Text, Rate: n.Get("rate").Float(), Attempts: n.Get("attempts").Int(),
		From: span(n, "from"), To: span(n, "to"), Over: n.Get("over").Int(), Max: n.Get("max").Int(),
	}
	for k, id := range n.Get("ids").Items {
		if len(FaultIDs(id.Text)) == 0 {
			c.refuse(id, "faults[%d].ids[%d]: %v", i, k, fault.Unknown(id.Text))
		}
		r.IDs = append(r.IDs, id.Text)
	}
	for _, call := range n.Get("calls").Items {
		r.Calls = append(r.Calls, call.Int())
	}
	if r.To > 0 && r.To <= r.From {
		c.refuse(n, "faults[%d].to: %s is not after %s, where the rule begins", i, r.To, r.From)
	}
	return r
}

func (c *configReader) match(i int, n wire.Node) Match {
	m := Match{Model: n.Get("model").Text, Contains: n.Get("contains").Text, Pass: n.Get("then").Text == "pass"}
	if p := n.Get("pattern"); p.There() {
		var err error
		if m.Pattern, err = regexp.Compile(p.Text); err != nil {
			c.refuse(p, "replies[%d].pattern: %v", i, err)
		}
	}
	for k, say := range n.Get("say").Items {
		m.Turns = append(m.Turns, readTurn(say))
		count := func(keys ...string) (n int) {
			for _, key := range keys {
				if say.Get(key).There() {
					n++
				}
			}
			return n
		}
		if kinds := count("text", "json", "refusal", "error", "raw"); kinds != 1 {
			c.refuse(say, "replies[%d].say[%d]: it must hold exactly one of text, json, refusal, error, raw; it holds %d", i, k, kinds)
		}
		if count("error", "raw") > 0 && count("finish", "cached", "unchecked") > 0 {
			c.refuse(say, "replies[%d].say[%d]: finish, cached and unchecked go with text, json and refusal only", i, k)
		}
	}
	return m
}

func readTurn(n wire.Node) Turn {
	t := Turn{After: span(n, "delay"), Reply: Reply{
		Text: n.Get("text").Text, Refusal: n.Get("refusal").Text, Finish: n.Get("finish").Text,
		Cached: n.Get("cached").Int(), Unchecked: n.Get("unchecked").Yes,
	}}
	if v := n.Get("json"); v.There() {
		var b bytes.Buffer
		_ = json.Compact(&b, v.Raw) // it was parsed: cannot fail
		t.Reply.Text = b.String()
	}
	if e := n.Get("error"); e.There() {
		status := cmp.Or(e.Get("status").Int(), http.StatusInternalServerError)
		t.Error = &Error{
			Status: status, Message: cmp.Or(e.Get("message").Text, http.StatusText(status)), Type: e.Get("type").Text,
			Code: e.Get("code").Text, Param: e.Get("param").Text, Header: headers(e),
		}
	}
	if r := n.Get("raw"); r.There() {
		end := slices.Index([]string{"clean", "cut", "hold", "reset"}, r.Get("end").Text)
		t.Reply.Raw = &Raw{Status: r.Get("status").Int(), Header: headers(r), Out: r.Get("out").Int(), End: End(max(0, end))}
		for _, p := range r.Get("pieces").Items {
			t.Reply.Raw.Pieces = append(t.Reply.Raw.Pieces, Piece{After: span(p, "after"), Data: p.Get("data").Text})
		}
	}
	return t
}

func span(n wire.Node, key string) time.Duration {
	d, _ := time.ParseDuration(n.Get(key).Text) // checked; 0 where it is left out
	return d
}

func readLimits(n wire.Node) Limits {
	l := n.Get("limits")
	return Limits{
		RPM: l.Get("rpm").Int(), TPM: l.Get("tpm").Int(), Window: span(l, "window"),
		InFlight: l.Get("in_flight").Int(), Queue: l.Get("queue").Int(), Busy: l.Get("busy").Int(),
	}
}

var brains = map[string]Brain{"": SmallBrain, "small": SmallBrain, "large": LargeBrain, "echo": Echo, "replies": noReply}

func readModel(n wire.Node) Model {
	l, p := n.Get("latency"), n.Get("prefix")
	m := Model{
		ID: n.Get("id").Text, Brain: brains[n.Get("brain").Text], Context: n.Get("context").Int(), Limits: readLimits(n),
		Latency:   Latency{First: span(l, "first"), PerToken: span(l, "per_token"), Sigma: l.Get("sigma").Float()},
		Prefix:    Prefix{Block: p.Get("block").Int(), Min: p.Get("min").Int(), TTL: span(p, "ttl")},
		Reasoning: n.Get("reasoning").Yes, NoSchema: n.Get("no_schema").Yes, NoTools: n.Get("no_tools").Yes,
	}
	if price := n.Get("price"); price.There() {
		m.Price = &Price{}
		_ = json.Unmarshal(price.Raw, m.Price) // checked
	}
	return m
}

func headers(n wire.Node) http.Header {
	h := http.Header{}
	for name, v := range n.Get("headers").Members {
		h.Set(name, v.Text)
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
