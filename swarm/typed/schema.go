package typed

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema returns the JSON Schema of T, for [swarm.Step].Schema and
// [swarm.Task].Schema, as strict mode takes it: every field is required, and none
// is allowed beside them. Field names are those of encoding/json. A pointer, and a
// field with omitempty or omitzero, may be null. Two tags say more of a field:
//
//	Topic string `json:"topic" enum:"billing,fault,other" jsonschema:"what it is about"`
//
// A T that is no struct stands in a field of its own, {"value": …}; [Decode] takes
// it out. An error names the field that no strict schema can tell: maps (of which a
// slice of structs says the same), interfaces, bytes, types that hold themselves,
// and types with an UnmarshalJSON of their own.
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
	t := reflect.TypeFor[T]()
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	special := map[reflect.Type]*jsonschema.Schema{}
	if err := look(t, t.String(), nil, special); err != nil {
		return nil, fmt.Errorf("typed: %w", err)
	}
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: special})
	if err != nil {
		return nil, fmt.Errorf("typed: %w", err)
	}
	fit(s, t)
	return json.Marshal(s)
}

// isObject says that T is written as a JSON object.
func isObject[T any]() bool {
	t := reflect.TypeFor[T]()
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && !isText(t)
}

func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// look tells what of a type no strict schema can say, and notes which types are
// written as text.
func look(t reflect.Type, at string, around []reflect.Type, special map[reflect.Type]*jsonschema.Schema) error {
	kind := t.Kind()
	switch {
	case isText(t):
		special[t] = &jsonschema.Schema{Type: "string"}
		return nil
	case slices.Contains(around, t):
		return fmt.Errorf("%s: %v holds itself, and its schema would have no end", at, t)
	case kind == reflect.Map:
		return fmt.Errorf("%s is a map, whose keys no strict schema can name: use a slice of structs with key and value", at)
	case kind == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return fmt.Errorf("%s is of bytes, which a model cannot write: use a string", at)
	case kind == reflect.Interface, reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()):
		return fmt.Errorf("%s is of type %v, whose JSON is not known: use a type that says it", at, t)
	}
	around = append(around[:len(around):len(around)], t)
	switch kind {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return look(t.Elem(), at, around, special)
	case reflect.Struct:
		for name, f := range fieldsOf(t) {
			if err := look(f.Type, at+"."+name, around, special); err != nil {
				return err
			}
		}
	}
	return nil
}

// fieldsOf returns the fields of a struct by their names in JSON.
func fieldsOf(t reflect.Type) map[string]reflect.StructField {
	all := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() || f.Anonymous && name == "" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if had, ok := all[name]; !ok || len(f.Index) < len(had.Index) {
			all[name] = f
		}
	}
	return all
}

// fit makes a schema one for strict mode, in the part that every server takes.
func fit(s *jsonschema.Schema, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if slices.Contains(s.Types, "array") {
		s.Type, s.Types = "array", nil
	}
	s.Minimum, s.Maximum = nil, nil // of integers without a sign
	if s.Items != nil {
		fit(s.Items, t.Elem())
	}
	if s.Properties == nil {
		return
	}
	fields := fieldsOf(t)
	for name, p := range s.Properties {
		f := fields[name]
		fit(p, f.Type)
		for _, v := range strings.Split(f.Tag.Get("enum"), ",") {
			if of := p; v != "" {
				if of.Items != nil {
					of = of.Items
				}
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
}
