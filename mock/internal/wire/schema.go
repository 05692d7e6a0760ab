package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// schemaKeys are the keywords that strict mode takes; all others are refused.
var schemaKeys = strings.Fields(`$schema $defs definitions $ref title description type enum const anyOf properties required additionalProperties
	items minItems maxItems pattern format multipleOf minimum maximum exclusiveMinimum exclusiveMaximum`)

var schemaFormats = strings.Fields("date-time time date duration email hostname ipv4 ipv6 uuid")

// checkStrict says what strict mode finds wrong with a schema: what it asks
// for beyond JSON Schema, then what JSON Schema itself does.
func checkStrict(root Node) error {
	if !slices.Equal(typesOf(root), []string{"object"}) {
		return fmt.Errorf("schema must be a JSON Schema of 'type: \"object\"', got 'type: %q'", strings.Join(typesOf(root), ", "))
	}
	if root.Get("anyOf").There() {
		return errors.New("schema must not have 'anyOf' at its root")
	}
	if err := strictAt(nil, root, 1); err != nil {
		return err
	}
	_, err := compile(root.Raw)
	return err
}

// strictAt checks the schema that stands at a place.
func strictAt(at []string, s Node, depth int) error {
	wrong := func(format string, args ...any) error {
		return errors.New("In context=(" + strings.Join(at, ", ") + "), " + fmt.Sprintf(format, args...))
	}
	has := func(key string) bool { return s.Get(key).There() }
	switch {
	case !s.IsObject():
		return wrong("schema must be an object, got %s", s.kindName())
	case depth > 10:
		return wrong("the schema is nested deeper than 10 levels")
	}
	for _, key := range s.keys() {
		switch v := s.Get(key); {
		case !slices.Contains(schemaKeys, key):
			return wrong("'%.64s' is not permitted", key)
		case has("$ref") && key != "$ref":
			return wrong("$ref cannot have keywords {'%.64s'}", key)
		case key == "$ref" && v.Text != "#" && !strings.HasPrefix(v.Text, "#/$defs/") && !strings.HasPrefix(v.Text, "#/definitions/"):
			return wrong("reference '%.64s' must be '#' or of the form '#/$defs/name'", v.Text)
		case key == "format" && !slices.Contains(schemaFormats, v.Text):
			return wrong("'%.64s' is not a valid format", v.Text)
		case key == "enum" && len(v.Items) == 0:
			return wrong("'enum' must be an array with at least one value")
		}
	}
	if !slices.ContainsFunc([]string{"$ref", "type", "enum", "const", "anyOf"}, has) {
		return wrong("schema must have a 'type' key")
	}
	props := s.Get("properties")
	if slices.Contains(typesOf(s), "array") && !has("items") {
		return wrong("array schema missing items")
	}
	if slices.Contains(typesOf(s), "object") { // closed, and all of its properties required
		if string(s.Get("additionalProperties").Raw) != "false" {
			return wrong("'additionalProperties' is required to be supplied and to be false")
		}
		const all = "'required' is required to be supplied and to be an array including every key in properties. "
		named := map[string]bool{}
		for _, r := range s.Get("required").Items {
			if named[r.Text] = true; !props.Get(r.Text).There() {
				return wrong(all+"Extra required key '%.64s' supplied", r.Text)
			}
		}
		for _, key := range props.keys() {
			if !named[key] {
				return wrong(all+"Missing '%.64s'", key)
			}
		}
	}
	if has("items") {
		if err := strictAt(append(slices.Clone(at), "'items'"), s.Get("items"), depth+1); err != nil {
			return err
		}
	}
	for i, one := range s.Get("anyOf").Items {
		if err := strictAt(append(slices.Clone(at), "'anyOf'", fmt.Sprintf("'%d'", i)), one, depth); err != nil {
			return err
		}
	}
	for _, within := range []string{"properties", "$defs", "definitions"} {
		deeper := depth
		if within == "properties" {
			deeper++
		}
		for _, key := range s.Get(within).keys() {
			if err := strictAt(append(slices.Clone(at), "'"+within+"'", "'"+key+"'"), s.Get(within).Get(key), deeper); err != nil {
				return err
			}
		}
	}
	return nil
}

// typesOf lists a schema's types, which may be one name or an array of them.
func typesOf(s Node) (out []string) {
	t := s.Get("type")
	if t.IsText() {
		return []string{t.Text}
	}
	for _, it := range t.Items {
		out = append(out, it.Text)
	}
	return out
}

// compiled keeps schemas: the same few come again and again.
var compiled struct {
	sync.Mutex
	by map[string]*jsonschema.Schema
}

func compile(raw []byte) (*jsonschema.Schema, error) {
	compiled.Lock()
	defer compiled.Unlock()
	if compiled.by == nil || len(compiled.by) > 256 {
		compiled.by = map[string]*jsonschema.Schema{}
	}
	if s := compiled.by[string(raw)]; s != nil {
		return s, nil
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{}) // nothing is loaded from anywhere
	const here = "request:///schema"
	if err := c.AddResource(here, doc); err != nil {
		return nil, plain(err)
	}
	s, err := c.Compile(here)
	if err != nil {
		return nil, plain(err)
	}
	compiled.by[string(raw)] = s
	return s, nil
}

// Conform says where a text departs from JSON by a schema that is strict: nil
// asks for an object, or for any JSON where there is a schema of another kind.
func Conform(text string, schema json.RawMessage, strict bool) error {
	v, err := Parse([]byte(text))
	switch {
	case err != nil:
		return fmt.Errorf("the text is not JSON: %w", err)
	case schema == nil && !v.IsObject():
		return fmt.Errorf("the text is %s, not an object", v.kindName())
	case schema == nil || !strict:
		return nil
	}
	s, err := compile(schema)
	if err != nil {
		return fmt.Errorf("the schema: %w", err)
	}
	return plain(s.Validate(v.Value()))
}

var english = message.NewPrinter(language.English)

// plain says in one line what the library found wrong, where it is deepest.
func plain(err error) error {
	if s, ok := errors.AsType[*jsonschema.SchemaValidationError](err); ok {
		err = s.Err
	}
	v, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return err
	}
	all := departures(nil, v)
	d := all[len(all)-1]
	return fmt.Errorf("at '/%s': %s", strings.Join(d.Place, "/"), d.Kind.LocalizedString(english))
}
