package brain

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// schema is what of a JSON Schema decides how a value is filled.
type schema struct {
	Ref        string          `json:"$ref"`
	Const      json.RawMessage `json:"const"`
	Enum       []any           `json:"enum"`
	Type       any             `json:"type"`
	AnyOf      []*schema       `json:"anyOf"`
	Properties properties      `json:"properties"`
	Items      *schema         `json:"items"`
	MinItems   int             `json:"minItems"`
	MaxItems   *int            `json:"maxItems"`
	Minimum    *float64        `json:"minimum"`
	Maximum    *float64        `json:"maximum"`

	Defs        map[string]*schema `json:"$defs"`
	Definitions map[string]*schema `json:"definitions"`
}

// properties are an object's properties in their order.
type properties []property

type property struct {
	name   string
	schema *schema
}

// UnmarshalJSON implements json.Unmarshaler.
func (ps *properties) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		p := property{name: name.(string), schema: &schema{}}
		if err := d.Decode(p.schema); err != nil {
			return err
		}
		*ps = append(*ps, p)
	}
	return nil
}

func parseSchema(raw json.RawMessage) (*schema, bool) {
	s := &schema{}
	return s, len(raw) > 0 && json.Unmarshal(raw, s) == nil
}

// filler writes a value by a schema.
type filler struct {
	root  *schema
	plan  bool
	found found
	first bool // the answer of a merge is written
}

func (f *filler) write(s *schema) string {
	var out bytes.Buffer
	f.value(&out, "", s, 0)
	return out.String()
}

const deepest = 24

// solve follows references and chooses of several schemas: the one for a step
// over chunks, or the first that is not null.
func (f *filler) solve(s *schema) *schema {
	for range deepest {
		switch {
		case s == nil:
			return &schema{}
		case s.Ref == "#":
			s = f.root
		case s.Ref != "":
			name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
			if d := f.root.Defs[name]; d != nil {
				s = d
			} else {
				s = f.root.Definitions[name]
			}
		case len(s.AnyOf) > 0:
			s = f.choose(s.AnyOf)
		default:
			return s
		}
	}
	return &schema{}
}

func (f *filler) choose(from []*schema) *schema {
	for _, s := range from {
		for _, p := range f.solve(s).Properties {
			if f.plan && (string(p.schema.Const) == `"chunks"` || slices.Contains(p.schema.Enum, any("chunks"))) {
				return s
			}
		}
	}
	for _, s := range from {
		if null := f.solve(s).Type == any("null"); null == f.nothing() {
			return s
		}
	}
	return from[0]
}

func (f *filler) nothing() bool { return !f.plan && len(f.found.best) == 0 }

// plans says whether a schema asks for a list of steps with instructions.
func (f *filler) plans(s *schema) bool {
	for _, p := range f.solve(s).Properties {
		if list := f.solve(p.schema); list.Items != nil && f.wants(list.Items, "do", 0) {
			return true
		}
	}
	return false
}

// wants says whether a property of that name is somewhere in a schema.
func (f *filler) wants(s *schema, name string, depth int) bool {
	if s == nil || depth > 6 {
		return false
	}
	for _, one := range s.AnyOf {
		if f.wants(one, name, depth+1) {
			return true
		}
	}
	s = f.solve(s)
	for _, p := range s.Properties {
		if p.name == name || f.wants(p.schema, name, depth+1) {
			return true
		}
	}
	return f.wants(s.Items, name, depth+1)
}

func (f *filler) value(out *bytes.Buffer, name string, s *schema, depth int) {
	s = f.solve(s)
	kind, _ := s.Type.(string)
	if kinds, ok := s.Type.([]any); ok && len(kinds) > 0 {
		kind, _ = kinds[0].(string)
		if slices.Contains(kinds, any("null")) && (f.nothing() || kind == "null" && len(kinds) == 1) {
			kind = "null"
		} else if kind == "null" {
			kind, _ = kinds[1].(string)
		}
	}
	if kind == "" && len(s.Properties) > 0 {
		kind = "object"
	}
	switch {
	case s.Const != nil:
		out.Write(s.Const)
	case len(s.Enum) > 0:
		put(out, f.option(s.Enum))
	case kind == "object":
		f.object(out, s, depth)
	case kind == "array":
		f.array(out, name, s, depth)
	case kind == "boolean":
		put(out, f.yes(name))
	case kind == "number", kind == "integer":
		f.number(out, name, s, kind == "integer")
	case kind == "null":
		out.WriteString("null")
	default:
		put(out, f.text(name, depth))
	}
}

func put(out *bytes.Buffer, v any) {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // a string, a bool or a value that was decoded: cannot fail
	out.Truncate(out.Len() - 1)
}

func (f *filler) object(out *bytes.Buffer, s *schema, depth int) {
	out.WriteByte('{')
	for i, p := range s.Properties {
		if i > 0 {
			out.WriteByte(',')
		}
		put(out, p.name)
		out.WriteByte(':')
		f.value(out, p.name, p.schema, depth+1)
	}
	out.WriteByte('}')
}

// array has an element for each statement; a plan has one step, and no texts in lists.
func (f *filler) array(out *bytes.Buffer, name string, s *schema, depth int) {
	all, object := f.found.best, len(f.solve(s.Items).Properties) > 0
	n := len(all)
	switch {
	case f.plan && object && depth == 1:
		n = 1
	case f.plan, f.found.merged && f.first && depth == 1 && !object, depth > deepest:
		n = 0
	}
	n = max(n, s.MinItems)
	if s.MaxItems != nil {
		n = min(n, *s.MaxItems)
	}
	out.WriteByte('[')
	for i := range n {
		if i > 0 {
			out.WriteByte(',')
		}
		if i < len(all) {
			f.found.best = all[i : i+1]
		}
		f.value(out, name, s.Items, depth+1)
	}
	out.WriteByte(']')
	f.found.best = all
}

// option takes the first value; where nothing was found, one that says so.
func (f *filler) option(from []any) any {
	for _, v := range from {
		s, _ := v.(string)
		if f.plan && s == "chunks" {
			return v
		}
		for _, no := range []string{"no", "absent", "missing", "unknown", "low"} {
			if f.nothing() && strings.Contains(strings.ToLower(s), no) {
				return v
			}
		}
	}
	return from[0]
}

// yes is a statement's truth: that something was found, or by its name that
// nothing was. A merge has nothing more to ask for.
func (f *filler) yes(name string) bool {
	switch n := strings.ToLower(name); {
	case f.plan:
		return false
	case strings.Contains(n, "abstain"), strings.HasPrefix(n, "no"):
		return f.nothing()
	case n == "complete":
		return true
	}
	return !f.nothing()
}

var digits = regexp.MustCompile(`-?\d+(?:\.\d+)?`)

// number is a confidence, or the first number in the statement.
func (f *filler) number(out *bytes.Buffer, name string, s *schema, whole bool) {
	v := 0.0
	if !f.plan && len(f.found.best) > 0 {
		best := f.found.best[0]
		switch n := strings.ToLower(name); {
		case strings.Contains(n, "confidence"):
			v = math.Round(best.share*100) / 100
		default:
			v, _ = strconv.ParseFloat(digits.FindString(best.text), 64) // none: 0
		}
	}
	if whole {
		v = math.Trunc(v)
	}
	if s.Minimum != nil {
		v = max(v, *s.Minimum)
	}
	if s.Maximum != nil {
		v = min(v, *s.Maximum)
	}
	put(out, v)
}

// text is a string by its name.
func (f *filler) text(name string, depth int) string {
	name = strings.ToLower(name)
	if f.plan {
		switch name {
		case "id", "name":
			return "find"
		case "do", "instruction":
			return f.found.asked
		case "over", "kind":
			return "chunks"
		}
		return ""
	}
	switch {
	case len(f.found.best) == 0 && depth == 1 && !f.first && !f.wants(f.root, "abstain", 0):
		f.first = true
		return noAnswer
	case len(f.found.best) == 0:
		return ""
	case name == "quote" || name == "evidence" || name == "passage":
		return f.found.best[0].quote
	case f.found.merged && depth == 1 && f.first:
		return "" // beside the answer there is nothing to add
	case depth == 1:
		f.first = true
		return f.found.text()
	}
	return f.found.best[0].text
}
