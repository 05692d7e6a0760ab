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

	Defs map[string]*schema `json:"$defs"`
}

// jsonName is a string in a schema that may be a property's name.
var jsonName = regexp.MustCompile(`"(\w+)"\s*:`)

// properties are an object's properties in their order.
type properties []property

type property struct {
	name   string
	schema *schema
}

func (ps *properties) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return err
	}
	for d.More() {
		name, _ := d.Token() // the data is JSON: json.Unmarshal has looked
		p := property{name.(string), &schema{}}
		if err := d.Decode(p.schema); err != nil {
			return err
		}
		*ps = append(*ps, p)
	}
	return nil
}

// filler writes a value by a schema.
type filler struct {
	root  *schema
	names map[string]bool // of all properties, and keywords
	plan  bool            // the schema asks for steps
	found
	first bool // the answer is written
}

// solve follows references and chooses of several schemas: the one for a step
// over chunks, or where nothing was found the one for null.
func (f *filler) solve(s *schema) *schema {
	for range 16 { // or in a circle
		switch {
		case s == nil:
			return &schema{}
		case s.Ref == "#":
			s = f.root
		case s.Ref != "":
			s = f.root.Defs[s.Ref[strings.LastIndex(s.Ref, "/")+1:]]
		case len(s.AnyOf) > 0:
			s = f.choose(s.AnyOf)
		default:
			return s
		}
	}
	return &schema{}
}

func (f *filler) choose(from []*schema) *schema {
	at := slices.IndexFunc(from, func(s *schema) bool { return f.plan && s.overChunks() })
	if at < 0 {
		at = slices.IndexFunc(from, func(s *schema) bool { return (s.Type == any("null")) == f.nothing() })
	}
	return from[max(at, 0)]
}

func (s *schema) overChunks() bool {
	return slices.ContainsFunc(s.Properties, func(p property) bool {
		return string(p.schema.Const) == `"chunks"` || slices.Contains(p.schema.Enum, any("chunks"))
	})
}

func (f *filler) nothing() bool { return !f.plan && len(f.best) == 0 }

func (f *filler) value(out *bytes.Buffer, name string, s *schema, depth int) {
	s = f.solve(s)
	kind, _ := s.Type.(string)
	if kinds, ok := s.Type.([]any); ok && len(kinds) > 0 {
		for _, k := range slices.Backward(kinds) {
			if (k == any("null")) == f.nothing() || kind == "" {
				kind, _ = k.(string)
			}
		}
	}
	switch {
	case kind == "null", depth > 16 || out.Len() > 1<<20: // the schema has no end
		out.WriteString("null")
	case s.Const != nil:
		out.Write(s.Const)
	case len(s.Enum) > 0:
		put(out, f.option(s.Enum))
	case kind == "object" || len(s.Properties) > 0:
		for i, p := range s.Properties {
			out.WriteByte("{,"[min(i, 1)])
			put(out, p.name)
			out.WriteByte(':')
			f.value(out, p.name, p.schema, depth+1)
		}
		out.WriteString("{}"[min(len(s.Properties), 1):])
	case kind == "array":
		f.array(out, name, s, depth)
	case kind == "boolean":
		put(out, f.yes(strings.ToLower(name)))
	case kind == "number", kind == "integer":
		put(out, f.number(strings.ToLower(name), s, kind == "integer"))
	default:
		put(out, f.string(strings.ToLower(name), depth))
	}
}

func put(out *bytes.Buffer, v any) {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // a plain value: cannot fail
	out.Truncate(out.Len() - 1)
}

// array has an element for each statement; a plan has one step.
func (f *filler) array(out *bytes.Buffer, name string, s *schema, depth int) {
	all, object := f.best, len(f.solve(s.Items).Properties) > 0
	n := len(all)
	switch {
	case f.plan && object && depth == 1:
		n = 1
	case f.plan, f.merged && f.first && !object:
		n = 0
	}
	n = max(n, min(s.MinItems, 100))
	if s.MaxItems != nil {
		n = min(n, *s.MaxItems)
	}
	out.WriteByte('[')
	for i := range n {
		if i > 0 {
			out.WriteByte(',')
		}
		if i < len(all) {
			f.best = all[i : i+1]
		}
		f.value(out, name, s.Items, depth+1)
	}
	out.WriteByte(']')
	f.best = all
}

// option takes the first value; where nothing was found, one that says so.
func (f *filler) option(from []any) any {
	for _, v := range from {
		s, _ := v.(string)
		if f.plan && s == "chunks" || f.nothing() && (strings.Contains(s, "no") || s == "absent" || s == "low") {
			return v
		}
	}
	return from[0]
}

// yes says that something was found, or by its name that nothing was.
func (f *filler) yes(name string) bool {
	switch {
	case f.plan:
		return false
	case strings.Contains(name, "abstain"), strings.HasPrefix(name, "no"):
		return f.nothing()
	}
	return !f.nothing() || name == "complete"
}

var digits = regexp.MustCompile(`-?\d+(?:\.\d+)?`)

// number is a confidence, or the first number in the statement.
func (f *filler) number(name string, s *schema, whole bool) (v float64) {
	switch {
	case f.plan || len(f.best) == 0:
	case name == "evidence" && len(f.best[0].refs) > 0:
		v = float64(f.best[0].refs[0])
	case strings.Contains(name, "confidence"):
		v = math.Round(f.best[0].share*100) / 100
	default:
		v, _ = strconv.ParseFloat(digits.FindString(f.best[0].text), 64) // none: 0
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
	return v
}

// string is a text by its name. Beside the answer of a merge there is nothing
// to add.
func (f *filler) string(name string, depth int) string {
	if f.plan {
		return map[string]string{"id": "find", "name": "find", "do": f.asked, "instruction": f.asked, "over": "chunks", "kind": "chunks"}[name]
	}
	again := f.first || depth == 1 && name != "answer" && f.names["answer"]
	f.first = f.first || depth == 1 && !again
	switch {
	case f.nothing() && depth == 1 && !again && !f.names["abstain"]:
		return noAnswer
	case f.nothing(), f.merged && depth == 1 && again:
		return ""
	case name == "quote" || name == "evidence" || name == "passage":
		return f.best[0].quote
	case depth == 1:
		return f.text()
	}
	return f.best[0].text
}
