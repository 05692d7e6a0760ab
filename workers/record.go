package workers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/db31e724/go-swarm/internal/findings"
)

// checker checks records against the JSON Schemas of steps. The zero value is
// ready; it is safe for concurrent use.
type checker struct{ compiled sync.Map } // *jsonschema.Schema, or the error, by schema

// compile returns a schema made ready.
func (c *checker) compile(schema json.RawMessage) (*jsonschema.Schema, error) {
	made, ok := c.compiled.Load(string(schema))
	if !ok {
		made = compile(schema)
		c.compiled.Store(string(schema), made)
	}
	if err, failed := made.(error); failed {
		return nil, err
	}
	return made.(*jsonschema.Schema), nil
}

func compile(schema json.RawMessage) any {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return fmt.Errorf("the schema: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{}) // nothing is loaded from anywhere
	if err := c.AddResource("step.json", doc); err != nil {
		return fmt.Errorf("the schema: %w", err)
	}
	s, err := c.Compile("step.json")
	if err != nil {
		return fmt.Errorf("the schema: %s", findings.Line(err.Error(), lineRunes))
	}
	return s
}

// fault says what of a record its schema does not allow; "" if nothing.
func (c *checker) fault(schema, record json.RawMessage) string {
	s, err := c.compile(schema)
	if err != nil {
		return err.Error()
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(record))
	if err != nil {
		return err.Error()
	}
	invalid, _ := errors.AsType[*jsonschema.ValidationError](s.Validate(value))
	if invalid == nil {
		return ""
	}
	for len(invalid.Causes) > 0 { // the first that says what is meant
		invalid = invalid.Causes[0]
	}
	what := invalid.ErrorKind.LocalizedString(message.NewPrinter(language.English))
	if at := strings.Join(invalid.InstanceLocation, "/"); at != "" {
		what = `"` + at + `": ` + what
	}
	return findings.Line(what, lineRunes)
}

// inWords writes a record as text: name: value; name: value.
func inWords(record json.RawMessage) string {
	var parts []string
	d := json.NewDecoder(bytes.NewReader(record))
	d.Token() // {
	for d.More() {
		name, _ := d.Token()
		var v json.RawMessage
		if d.Decode(&v) != nil {
			break
		}
		text, ok := scalar(v)
		if !ok {
			text = string(v)
		}
		if text != "" {
			parts = append(parts, fmt.Sprint(name, ": ", text))
		}
	}
	return strings.Join(parts, "; ")
}

// fields describes the fields of a record's schema, a line each.
func fields(schema json.RawMessage) string {
	var s struct{ Properties json.RawMessage }
	json.Unmarshal(schema, &s) // a schema without properties has none to describe
	var b strings.Builder
	d := json.NewDecoder(bytes.NewReader(s.Properties))
	d.Token()
	for d.More() {
		name, _ := d.Token()
		var p struct {
			Type        any
			Description string
			Enum        []any
		}
		if d.Decode(&p) != nil {
			break
		}
		fmt.Fprintf(&b, "    %v", name)
		if p.Type != nil {
			fmt.Fprintf(&b, " (%v)", p.Type)
		}
		if p.Description != "" {
			b.WriteString(": " + findings.Line(p.Description, lineRunes))
		}
		if len(p.Enum) > 0 {
			fmt.Fprintf(&b, "; one of %v", p.Enum)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
