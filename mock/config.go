package mock

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
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
	case !utf8.Valid(data):
		return Config{}, fmt.Errorf("mock: config: it is not valid UTF-8")
	}
	c := &configuring{configReader: newConfigReader(data)}
	if err := c.all(); err != nil {
		return Config{}, err
	}
	return c.Config, nil
}

// configuring is a configuration that is being read.
type configuring struct {
	*configReader
	Config
	matches []Match
	named   []namedModel
}

// namedModel is a model that something refers to, and where. Models may be
// listed after what refers to them.
type namedModel struct {
	id, path string
	offset   int64
}

func (c *configuring) all() error {
	maxBody := 0
	err := c.object("", map[string]configField{
		"key":      c.text(&c.Key),
		"seed":     c.seed,
		"keep":     c.whole(&c.Keep, -1, math.MaxInt32),
		"max_body": c.count(&maxBody),
		"models":   func(path string) error { return c.list(path, c.model) },
		"limits":   c.limits(&c.Limits),
		"faults":   func(path string) error { return c.list(path, c.rule) },
		"replies":  func(path string) error { return c.list(path, c.match) },
	})
	if err != nil {
		return err
	}
	if err := c.end(); err != nil {
		return err
	}
	c.MaxBody = int64(maxBody)
	if len(c.Models) == 0 {
		c.Models = []Model{Large(), Small()}
	}
	for _, n := range c.named {
		if !slices.ContainsFunc(c.Models, func(m Model) bool { return m.ID == n.id }) {
			var ids []string
			for _, m := range c.Models {
				ids = append(ids, m.ID)
			}
			return c.wrongAt(n.offset, n.path, "there is no model %.64q; those here are %.200s", n.id, strings.Join(ids, ", "))
		}
	}
	if len(c.matches) > 0 {
		c.answerByMatch()
	}
	return nil
}

// seed is a whole number up to 2^64-1.
func (c *configuring) seed(path string) error {
	n, err := c.number(path)
	if err != nil {
		return err
	}
	if c.Seed, err = strconv.ParseUint(n.String(), 10, 64); err != nil {
		return c.wrong(path, "%.40s is not a whole number of 0 and above", n)
	}
	return nil
}

// modelName reads the name of a model, which must be listed in the end.
func (c *configuring) modelName(dst *string) configField {
	return func(path string) error {
		if err := c.text(dst)(path); err != nil {
			return err
		}
		c.named = append(c.named, namedModel{*dst, path, c.dec.InputOffset()})
		return nil
	}
}

// model reads one model. Its brain is "small" where none is named; "replies"
// has nothing but the replies by match.
func (c *configuring) model(path string) error {
	m, brain, price := Model{}, "small", Price{}
	priced := func(path string) error {
		m.Price = &price
		const most = 1e6 // dollars for a million tokens
		return c.object(path, map[string]configField{
			"in": c.decimal(&price.In, most), "cached": c.decimal(&price.Cached, most), "out": c.decimal(&price.Out, most), "written": c.decimal(&price.Written, most),
		})
	}
	latency := func(path string) error {
		l := &m.Latency
		return c.object(path, map[string]configField{
			"first": c.span(&l.First), "per_token": c.span(&l.PerToken), "sigma": c.decimal(&l.Sigma, 10), "load": c.decimal(&l.Load, 1e6),
		})
	}
	prefix := func(path string) error {
		p := &m.Prefix
		return c.object(path, map[string]configField{
			"block": c.count(&p.Block), "min": c.count(&p.Min), "ttl": c.span(&p.TTL),
		})
	}
	if err := c.object(path, map[string]configField{
		"id":        c.text(&m.ID),
		"brain":     c.choice(&brain, "small", "large", "echo", "replies"),
		"price":     priced,
		"context":   c.count(&m.Context),
		"latency":   latency,
		"limits":    c.limits(&m.Limits),
		"prefix":    prefix,
		"reasoning": c.yes(&m.Reasoning),
		"no_schema": c.yes(&m.NoSchema),
		"estimate":  c.yes(&m.Estimate),
	}); err != nil {
		return err
	}
	switch {
	case m.ID == "":
		return c.wrong(path+".id", "it is missing")
	case slices.ContainsFunc(c.Models, func(o Model) bool { return o.ID == m.ID }):
		return c.wrong(path+".id", "another model is called %.64q", m.ID)
	}
	m.Brain = map[string]Brain{"small": SmallBrain, "large": LargeBrain, "echo": Echo, "replies": noReply}[brain]
	c.Models = append(c.Models, m)
	return nil
}

func (c *configuring) limits(l *Limits) configField {
	return func(path string) error {
		return c.object(path, map[string]configField{
			"rpm": c.count(&l.RPM), "tpm": c.count(&l.TPM), "window": c.span(&l.Window),
			"in_flight": c.count(&l.InFlight), "queue": c.count(&l.Queue), "busy": c.whole(&l.Busy, 400, 599),
		})
	}
}

// rule reads one rule of faults.
func (c *configuring) rule(path string) error {
	r := FaultRule{}
	ids := func(path string) error {
		return c.list(path, func(path string) error {
			var id string
			if err := c.text(&id)(path); err != nil {
				return err
			}
			if len(FaultIDs(id)) == 0 {
				return c.wrong(path, "%v", noFault(id))
			}
			r.IDs = append(r.IDs, id)
			return nil
		})
	}
	calls := func(path string) error {
		return c.list(path, func(path string) error {
			n := 0
			if err := c.whole(&n, 1, math.MaxInt32)(path); err != nil {
				return err
			}
			r.Calls = append(r.Calls, n)
			return nil
		})
	}
	rate := func(path string) error {
		err := c.decimal(&r.Rate, 1)(path)
		if err == nil && r.Rate == 0 {
			return c.wrong(path, "0 would mean that no call meets the rule; leave the field out for all calls, or leave out the rule")
		}
		return err
	}
	if err := c.object(path, map[string]configField{
		"ids": ids, "model": c.modelName(&r.Model), "rate": rate, "attempts": c.count(&r.Attempts), "calls": calls,
		"from": c.span(&r.From), "to": c.span(&r.To), "over": c.count(&r.Over), "max": c.count(&r.Max),
	}); err != nil {
		return err
	}
	switch {
	case len(r.IDs) == 0:
		return c.wrong(path+".ids", "name at least one fault")
	case r.To > 0 && r.To <= r.From:
		return c.wrong(path+".to", "%s is not after %s, where the rule begins", r.To, r.From)
	}
	c.Faults = append(c.Faults, r)
	return nil
}
