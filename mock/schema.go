package mock

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of strict schemas as the service's guide gives them.
const (
	maxSchemaDepth      = 10
	maxSchemaProperties = 5000
	maxSchemaText       = 120_000 // runes of names of properties and definitions, of enum and const values
	maxSchemaEnum       = 1000    // values of all enums together
	longEnum            = 250     // string enums with more values than this …
	maxLongEnumText     = 15_000  // … may hold this many runes
)

// schemaKeys are the keywords that strict mode takes; all others are refused.
var schemaKeys = map[string]bool{
	"$schema": true, "$defs": true, "definitions": true, "$ref": true, "title": true, "description": true,
	"type": true, "enum": true, "const": true, "anyOf": true,
	"properties": true, "required": true, "additionalProperties": true,
	"items": true, "minItems": true, "maxItems": true, "pattern": true, "format": true,
	"multipleOf": true, "minimum": true, "maximum": true, "exclusiveMinimum": true, "exclusiveMaximum": true,
}

var schemaTypes = []string{"object", "array", "string", "number", "integer", "boolean", "null"}

var schemaFormats = []string{"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}

// checkStrict says what strict mode finds wrong with a schema.
func checkStrict(root node) error {
	if !slices.Equal(typesOf(root), []string{"object"}) {
		return fmt.Errorf("schema must be a JSON Schema of 'type: \"object\"', got 'type: %q'", strings.Join(typesOf(root), ", "))
	}
	if _, ok := root.get("anyOf"); ok {
		return fmt.Errorf("schema must not have 'anyOf' at its root")
	}
	c := schemaCheck{root: root}
	if err := c.walk(nil, root, 1); err != nil {
		return err
	}
	switch {
	case c.properties > maxSchemaProperties:
		return fmt.Errorf("schema has %d properties, at most %d are permitted", c.properties, maxSchemaProperties)
	case c.text > maxSchemaText:
		return fmt.Errorf("names and values of the schema have %d characters, at most %d are permitted", c.text, maxSchemaText)
	case c.enums > maxSchemaEnum:
		return fmt.Errorf("schema has %d enum values, at most %d are permitted", c.enums, maxSchemaEnum)
	}
	return nil
}

// schemaFault is what is wrong with a schema, and where in it.
type schemaFault struct {
	at   []string
	what string
}

func (f *schemaFault) Error() string {
	return "In context=(" + strings.Join(f.at, ", ") + "), " + f.what
}

func faultAt(at []string) func(format string, args ...any) error {
	return func(format string, args ...any) error { return &schemaFault{at, fmt.Sprintf(format, args...)} }
}

type schemaCheck struct {
	root                    node
	properties, text, enums int
}

func (c *schemaCheck) walk(at []string, s node, depth int) error {
	where := faultAt(at)
	if s.kind != kindObject {
		return where("schema must be an object, got %s", s.kindName())
	}
	if depth > maxSchemaDepth {
		return where("the schema is nested deeper than %d levels", maxSchemaDepth)
	}
	for _, m := range s.members {
		if !schemaKeys[m.key] {
			return where("'%.64s' is not permitted", m.key)
		}
	}
	if ref, ok := s.get("$ref"); ok {
		for _, m := range s.members {
			if m.key != "$ref" {
				return where("$ref cannot have keywords {'%.64s'}", m.key)
			}
		}
		if _, err := resolve(c.root, ref); err != nil {
			return where("%v", err)
		}
		return nil
	}
	if err := c.keywords(s, where); err != nil {
		return err
	}
	return c.children(at, s, depth)
}

// keywords checks what stands in one schema without its children.
func (c *schemaCheck) keywords(s node, where func(string, ...any) error) error {
	_, hasAny := s.get("anyOf")
	enum, hasEnum := s.get("enum")
	value, hasConst := s.get("const")
	kind, hasType := s.get("type")
	if !hasAny && !hasEnum && !hasConst && !hasType {
		return where("schema must have a 'type' key")
	}
	if hasType && len(typesOf(s)) == 0 {
		return where("'type' must be a string or an array of strings, got %s", kind.kindName())
	}
	for _, t := range typesOf(s) {
		if !slices.Contains(schemaTypes, t) {
			return where("'%.64s' is not a valid type", t)
		}
	}
	if hasEnum {
		if enum.kind != kindArray || len(enum.items) == 0 {
			return where("'enum' must be an array with at least one value")
		}
		runes := 0
		for _, v := range enum.items {
			runes += utf8.RuneCountInString(v.text)
		}
		if len(enum.items) > longEnum && runes > maxLongEnumText {
			return where("enum has %d characters in more than %d values, at most %d are permitted", runes, longEnum, maxLongEnumText)
		}
		c.enums += len(enum.items)
		c.text += runes
	}
	if hasConst {
		c.text += utf8.RuneCountInString(value.text)
	}
	return constraints(s, where)
}

// constraints checks the types of the narrowing keywords.
func constraints(s node, where func(string, ...any) error) error {
	for _, key := range []string{"multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} {
		if v, ok := s.get(key); ok && v.kind != kindNumber {
			return where("'%s' must be a number, got %s", key, v.kindName())
		}
	}
	for _, key := range []string{"minItems", "maxItems"} {
		if v, ok := s.get(key); ok {
			if n, whole := v.whole(); !whole || n < 0 {
				return where("'%s' must be an integer of 0 or more", key)
			}
		}
	}
	if v, ok := s.get("pattern"); ok {
		if v.kind != kindString {
			return where("'pattern' must be a string, got %s", v.kindName())
		}
		if _, err := regexp.Compile(v.text); err != nil {
			return where("'pattern' is not a supported regular expression")
		}
	}
	if v, ok := s.get("format"); ok && !slices.Contains(schemaFormats, v.text) {
		return where("'%.64s' is not a valid format", v.text)
	}
	return nil
}

// children checks an object's properties, an array's items, the members of an
// anyOf, and definitions.
func (c *schemaCheck) children(at []string, s node, depth int) error {
	if slices.Contains(typesOf(s), "object") {
		if err := c.object(at, s, depth); err != nil {
			return err
		}
	}
	items, hasItems := s.get("items")
	if slices.Contains(typesOf(s), "array") && !hasItems {
		return faultAt(at)("array schema missing items")
	}
	if hasItems {
		if err := c.walk(below(at, "items"), items, depth+1); err != nil {
			return err
		}
	}
	if anyOf, ok := s.get("anyOf"); ok {
		if anyOf.kind != kindArray || len(anyOf.items) == 0 {
			return faultAt(at)("'anyOf' must be an array with at least one schema")
		}
		for i, one := range anyOf.items {
			if err := c.walk(below(at, "anyOf", fmt.Sprint(i)), one, depth); err != nil {
				return err
			}
		}
	}
	for _, key := range []string{"$defs", "definitions"} {
		defs, _ := s.get(key)
		for _, m := range defs.members {
			c.text += utf8.RuneCountInString(m.key)
			if err := c.walk(below(at, key, m.key), m.val, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *schemaCheck) object(at []string, s node, depth int) error {
	where := faultAt(at)
	if extra, ok := s.get("additionalProperties"); !ok || extra.kind != kindBool || extra.yes {
		return where("'additionalProperties' is required to be supplied and to be false")
	}
	props, _ := s.get("properties")
	required, _ := s.get("required")
	if props.kind != kindObject && !props.isNull() {
		return where("'properties' must be an object, got %s", props.kindName())
	}
	named := make(map[string]bool, len(required.items))
	for _, r := range required.items {
		named[r.text] = true
		if _, ok := props.get(r.text); !ok {
			return where("'required' is required to be supplied and to be an array including every key in properties. Extra required key '%.64s' supplied", r.text)
		}
	}
	for _, p := range props.members {
		if !named[p.key] {
			return where("'required' is required to be supplied and to be an array including every key in properties. Missing '%.64s'", p.key)
		}
		c.properties++
		c.text += utf8.RuneCountInString(p.key)
		if err := c.walk(below(at, "properties", p.key), p.val, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// below is at with quoted names after it, never sharing at's memory.
func below(at []string, names ...string) []string {
	at = slices.Clone(at)
	for _, n := range names {
		at = append(at, "'"+n+"'")
	}
	return at
}

// typesOf lists a schema's types, which may be one name or an array of them.
func typesOf(s node) []string {
	t, _ := s.get("type")
	switch t.kind {
	case kindString:
		return []string{t.text}
	case kindArray:
		var out []string
		for _, it := range t.items {
			out = append(out, it.text)
		}
		return out
	}
	return nil
}

// resolve follows a reference within the schema, "#" or "#/$defs/name", also
// over further references, but not in a circle of nothing else.
func resolve(root, ref node) (node, error) {
	for range 32 {
		if ref.text == "#" {
			return root, nil
		}
		place, name, ok := strings.Cut(strings.TrimPrefix(ref.text, "#/"), "/")
		if !ok || !strings.HasPrefix(ref.text, "#/") || place != "$defs" && place != "definitions" {
			return node{}, fmt.Errorf("reference '%.64s' must be '#' or of the form '#/$defs/name'", ref.text)
		}
		defs, _ := root.get(place)
		found, ok := defs.get(name)
		if !ok {
			return node{}, fmt.Errorf("reference '%.64s' can't be resolved", ref.text)
		}
		next, again := found.get("$ref")
		if !again {
			return found, nil
		}
		ref = next
	}
	return node{}, fmt.Errorf("reference '%.64s' leads in a circle", ref.text)
}
