// Package record checks data that a model wrote against its JSON Schema, tells
// in words what is wrong with it, and puts such schemas into those of replies.
package record

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

// lineRunes is the most that an error or a description takes of a prompt.
const lineRunes = 400

// Checker checks data against JSON Schemas. The zero value is ready; it is safe
// for concurrent use.
type Checker struct {
	mu       sync.Mutex
	compiled map[string]any // *jsonschema.Schema, or the error, by schema
}

// mostKept is how many schemas a Checker keeps ready: a pool may outlive many tasks.
const mostKept = 256

// Compile returns a schema made ready. The error says what is wrong with it.
func (c *Checker) Compile(schema json.RawMessage) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	made, ok := c.compiled[string(schema)]
	if !ok {
		if made = compile(schema); c.compiled == nil || len(c.compiled) == mostKept {
			c.compiled = map[string]any{}
		}
		c.compiled[string(schema)] = made
	}
	if err, failed := made.(error); failed {
		return nil, err
	}
	return made.(*jsonschema.Schema), nil
}

func compile(schema json.RawMessage) any {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{}) // nothing is loaded from anywhere
	if err == nil {
		err = c.AddResource("schema.json", doc)
	}
	if err != nil {
		return fmt.Errorf("the schema: %w", err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		return fmt.Errorf("the schema: %s", findings.Line(err.Error(), lineRunes))
	}
	return s
}

// Fault says what of the data its schema does not allow; "" if nothing.
func (c *Checker) Fault(schema, data json.RawMessage) string {
	s, err := c.Compile(schema)
	if err != nil {
		return err.Error()
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
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

// InWords writes a record as text: name: value; name: value. What is null or
// empty is left out.
func InWords(record json.RawMessage) string {
	var parts []string
	for name, v := range findings.Each(record) {
		var text string
		if json.Unmarshal(v, &text) != nil { // neither a text nor null
			text = string(v)
		}
		if text != "" {
			parts = append(parts, name+": "+text)
		}
	}
	return strings.Join(parts, "; ")
}

// Fields describes the fields of a record to a model, a line each; where one has
// fields of its own, the schema says it better.
func Fields(schema json.RawMessage) string {
	var s struct{ Properties json.RawMessage }
	json.Unmarshal(schema, &s) // a schema without properties has none to describe
	var b strings.Builder
	for name, v := range findings.Each(s.Properties) {
		var p struct {
			Type        any
			Description string
			Enum        []any
			Items       json.RawMessage
			Properties  json.RawMessage
			AnyOf       json.RawMessage
			Ref         string `json:"$ref"`
		}
		if json.Unmarshal(v, &p) != nil {
			break
		}
		if p.Items != nil || p.Properties != nil || p.AnyOf != nil || p.Ref != "" {
			return "    JSON Schema: " + string(schema) + "\n"
		}
		fmt.Fprintf(&b, "    %v", name)
		if p.Type != nil {
			fmt.Fprintf(&b, " (%v)", p.Type)
		}
		if p.Description != "" {
			b.WriteString(": " + findings.Line(p.Description, lineRunes))
		}
		if len(p.Enum) > 0 {
			values, _ := json.Marshal(p.Enum) // they have been read from JSON
			fmt.Fprintf(&b, "; one of %s", values)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
