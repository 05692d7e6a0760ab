package mock

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"regexp"
)

// match reads replies and the condition under which they are given.
func (c *configuring) match(path string) error {
	m, after := Match{}, "repeat"
	pattern := func(path string) error {
		var s string
		if err := c.text(&s)(path); err != nil {
			return err
		}
		p, err := regexp.Compile(s)
		if err != nil {
			return c.wrong(path, "%v", err)
		}
		m.Pattern = p
		return nil
	}
	say := func(path string) error {
		return c.list(path, func(path string) error {
			t, err := c.turn(path)
			m.Turns = append(m.Turns, t)
			return err
		})
	}
	if err := c.object(path, map[string]configField{
		"model": c.modelName(&m.Model), "contains": c.text(&m.Contains), "pattern": pattern,
		"say": say, "then": c.choice(&after, "repeat", "pass"),
	}); err != nil {
		return err
	}
	if len(m.Turns) == 0 {
		return c.wrong(path+".say", "there is no reply in it")
	}
	m.Pass = after == "pass"
	c.matches = append(c.matches, m)
	return nil
}

// turn reads one reply.
func (c *configuring) turn(path string) (Turn, error) {
	t := Turn{}
	r := &t.Reply
	kinds := 0
	kind := func(read configField) configField {
		return func(path string) error {
			kinds++
			return read(path)
		}
	}
	value := func(path string) error {
		var v json.RawMessage
		if err := c.value(&v)(path); err != nil {
			return err
		}
		var b bytes.Buffer
		if err := json.Compact(&b, v); err != nil {
			return c.wrong(path, "this is not JSON: %v", err)
		}
		r.Text = b.String()
		return nil
	}
	if err := c.object(path, map[string]configField{
		"text":    kind(c.text(&r.Text)),
		"json":    kind(value),
		"refusal": kind(c.text(&r.Refusal)),
		"error":   kind(func(path string) (err error) { t.Error, err = c.failure(path); return err }),
		"raw":     kind(func(path string) (err error) { r.Raw, err = c.raw(path); return err }),

		"finish":    c.choice(&r.Finish, "stop", "length", "content_filter", "tool_calls", "function_call"),
		"cached":    c.count(&r.Cached),
		"unchecked": c.yes(&r.Unchecked),
		"delay":     c.span(&t.After),
	}); err != nil {
		return t, err
	}
	spoken := t.Error == nil && r.Raw == nil
	switch {
	case kinds != 1:
		return t, c.wrong(path, "it must hold exactly one of text, json, refusal, error, raw; it holds %d", kinds)
	case !spoken && (r.Finish != "" || r.Cached != 0 || r.Unchecked):
		return t, c.wrong(path, "finish, cached and unchecked go with text, json and refusal only")
	}
	return t, nil
}

// failure reads an error in the service's shape.
func (c *configuring) failure(path string) (*Error, error) {
	e := &Error{Status: http.StatusInternalServerError, Header: http.Header{}}
	err := c.object(path, map[string]configField{
		"status": c.whole(&e.Status, 400, 599), "message": c.text(&e.Message), "type": c.text(&e.Type),
		"code": c.text(&e.Code), "param": c.text(&e.Param), "headers": c.headers(e.Header),
	})
	if e.Message == "" {
		e.Message = http.StatusText(e.Status)
	}
	return e, err
}

func (c *configuring) headers(h http.Header) configField {
	return func(path string) error {
		var all map[string]json.RawMessage
		var raw json.RawMessage
		if err := c.value(&raw)(path); err != nil {
			return err
		}
		if err := json.Unmarshal(raw, &all); err != nil {
			return c.wrong(path, "expected an object of texts")
		}
		for key, v := range all {
			var s string
			if err := json.Unmarshal(v, &s); err != nil || !headerFits(key, s) {
				return c.wrong(join(path, key), "expected a header's name and its value as a text")
			}
			h.Set(key, s)
		}
		return nil
	}
}

// raw reads a reply byte for byte.
func (c *configuring) raw(path string) (*Raw, error) {
	r, end := &Raw{Header: http.Header{}}, "clean"
	piece := func(path string) error {
		p := Piece{}
		err := c.object(path, map[string]configField{"after": c.span(&p.After), "data": c.text(&p.Data)})
		r.Pieces = append(r.Pieces, p)
		return err
	}
	err := c.object(path, map[string]configField{
		"status": c.whole(&r.Status, 200, 599), "headers": c.headers(r.Header), "out": c.count(&r.Out),
		"pieces": func(path string) error { return c.list(path, piece) },
		"end":    c.choice(&end, "clean", "cut", "hold", "reset"),
	})
	r.End = map[string]End{"clean": EndClean, "cut": EndCut, "hold": EndHold, "reset": EndReset}[end]
	return r, err
}

// answerByMatch puts the replies by match before the brains of all models;
// a sequence is one for all of them.
func (c *configuring) answerByMatch() {
	brains := make(map[string]Brain, len(c.Models))
	for _, m := range c.Models {
		brains[m.ID] = m.Brain
	}
	brain := Matching(func(ctx context.Context, r Request) (Reply, error) { return brains[r.Model](ctx, r) }, c.matches...)
	for i := range c.Models {
		c.Models[i].Brain = brain
	}
}

// headerFits says whether a name and a value can be sent as a header.
func headerFits(name, value string) bool {
	if name == "" || len(name)+len(value) > 16<<10 {
		return false
	}
	for i := range len(name) {
		if b := name[i]; b <= ' ' || b >= 0x7f || bytes.IndexByte([]byte(`"(),/:;<=>?@[\]{}`), b) >= 0 {
			return false
		}
	}
	for i := range len(value) {
		if b := value[i]; b < ' ' && b != '\t' || b == 0x7f {
			return false
		}
	}
	return true
}
