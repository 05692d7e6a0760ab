package typed

import (
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema returns the JSON Schema of T for strict mode, for [swarm.Step].Schema and
// [swarm.Task].Schema: every field is required, and no others are allowed. Field
// names are those of encoding/json. A pointer, and a field with omitempty or
// omitzero, may be null. Two tags describe a field further:
//
//	Topic string `json:"topic" enum:"billing,fault,other" jsonschema:"what it is about"`
//
// A T that is not a struct is wrapped in an object, {"value": …}; [Decode] unwraps
// it. The error names a field whose type strict mode cannot express: maps (use a
// slice of structs), interfaces, bytes, recursive types, and types with
// UnmarshalJSON or UnmarshalText that are not strings.
func Schema[T any]() (json.RawMessage, error) {
	inner, err := schemaOf[T]()
	if err != nil || isObject[T]() {
		return inner, err
	}
	return object("value", inner), nil
}

// object returns the schema of an object with these fields: name, schema, …
func object(fields ...any) json.RawMessage {
	var properties, names []string
	for i := 0; i < len(fields); i += 2 {
		names = append(names, fmt.Sprintf("%q", fields[i]))
		properties = append(properties, fmt.Sprintf("%q:%s", fields[i], fields[i+1]))
	}
	return fmt.Appendf(nil, `{"type":"object","properties":{%s},"required":[%s],"additionalProperties":false}`, strings.Join(properties, ","), strings.Join(names, ","))
}

// schemaOf returns the schema of T itself.
func schemaOf[T any]() (json.RawMessage, error) {
	t := bare(reflect.TypeFor[T]())
	s, err := jsonschema.ForType(t, nil)
	if err == nil {
		err = fit(s, t, t.String())
	}
	if err != nil {
		return nil, fmt.Errorf("typed: %w", err)
	}
	return json.Marshal(s)
}

// isObject says that T is written as a JSON object.
func isObject[T any]() bool {
	t := bare(reflect.TypeFor[T]())
	return t.Kind() == reflect.Struct && !writesItself(t)
}

func writesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// bare returns what a pointer points at.
func bare(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// fieldsOf returns the fields of a struct by their names in JSON.
func fieldsOf(t reflect.Type) map[string]reflect.StructField {
	all := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() || f.Anonymous && name == "" {
			continue
		}
		name = cmp.Or(name, f.Name)
		if had, ok := all[name]; !ok || len(f.Index) < len(had.Index) {
			all[name] = f
		}
	}
	return all
}

// fit makes the schema of a type one for strict mode, in the part that every server
// takes. The error says what of it cannot be said, and where it stands.
func fit(s *jsonschema.Schema, t reflect.Type, at string) error {
	t = bare(t)
	if slices.Contains(s.Types, "array") { // a nil slice is an empty one
		s.Type, s.Types = "array", nil
	}
	switch kind := t.Kind(); {
	case kind == reflect.Map:
		return fmt.Errorf("%s is a map, whose keys no strict schema can name: use a slice of structs with key and value", at)
	case s.Items != nil && t.Elem().Kind() == reflect.Uint8:
		return fmt.Errorf("%s is of bytes, which a model cannot write: use a string", at)
	case kind == reflect.Interface, s.Type != "string" && !slices.Contains(s.Types, "string") && writesItself(t):
		return fmt.Errorf("%s is of type %v, whose JSON is not known: use a type that says it", at, t)
	case s.Items != nil:
		return fit(s.Items, t.Elem(), at)
	}
	s.Minimum, s.Maximum = nil, nil // of integers without a sign
	if s.Properties == nil {
		return nil
	}
	fields := fieldsOf(t)
	for _, name := range s.PropertyOrder {
		p, f := s.Properties[name], fields[name]
		if err := fit(p, f.Type, at+"."+name); err != nil {
			return err
		}
		for v := range strings.SplitSeq(f.Tag.Get("enum"), ",") {
			if of := cmp.Or(p.Items, p); v != "" {
				of.Enum = append(of.Enum, strings.TrimSpace(v))
			}
		}
		if !slices.Contains(s.Required, name) && p.Type != "" {
			p.Type, p.Types = "", []string{p.Type, "null"}
		}
		if slices.Contains(p.Types, "null") && p.Enum != nil {
			p.Enum = append(p.Enum, nil)
		}
	}
	s.Required = s.PropertyOrder
	return nil
}
