package workers

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/internal/record"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// Tool makes a tool of a function. In is a struct, or a map by string: its fields'
// JSON names are the arguments, those without omitempty are required, and their
// tags `jsonschema:"…"` say what they mean. A result that is no string is shown as
// JSON. Tool panics where In is nothing that JSON Schema can describe as an object.
func Tool[In, Out any](name, description string, call func(context.Context, In) (Out, error)) swarm.Tool {
	schema, err := jsonschema.For[In](nil)
	if err == nil && schema.Type != "object" {
		err = fmt.Errorf("%T is no struct and no map", *new(In))
	}
	var text []byte
	if err == nil {
		text, err = json.Marshal(schema)
	}
	if err != nil {
		panic(fmt.Sprintf("workers: the arguments of tool %q: %v", name, err))
	}
	return swarm.Tool{Name: name, Description: description, Schema: text, Call: func(ctx context.Context, arguments json.RawMessage) (string, error) {
		var in In
		if err := json.Unmarshal(arguments, &in); err != nil {
			return "", err
		}
		out, err := call(ctx, in)
		if err != nil {
			return "", err
		}
		if s, ok := any(out).(string); ok {
			return s, nil
		}
		b, err := json.Marshal(out)
		return string(b), err
	}}
}

var toolName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// checkTools tells what of the tools cannot work.
func checkTools(tools []swarm.Tool) error {
	names := map[string]bool{}
	var schemas record.Checker
	for _, t := range tools {
		_, err := schemas.Compile(t.Schema)
		switch {
		case !toolName.MatchString(t.Name):
			return fmt.Errorf("workers: tool %q: a name is 1 to 64 of A-Z a-z 0-9 _ -", t.Name)
		case names[t.Name]:
			return fmt.Errorf("workers: tool %q stands twice in Tools", t.Name)
		case t.Call == nil:
			return fmt.Errorf("workers: tool %q has no Call", t.Name)
		case err != nil:
			return fmt.Errorf("workers: tool %q: %w", t.Name, err)
		case t.Time < 0:
			return fmt.Errorf("workers: tool %q: Time is %v: it must be positive, or 0 for a minute", t.Name, t.Time)
		}
		names[t.Name] = true
	}
	return nil
}

// toolsOf returns the tools that a step names.
func (p *Pool) toolsOf(step *swarm.Step) (tools []swarm.Tool, err error) {
	for _, name := range step.Tools {
		if slices.ContainsFunc(tools, func(t swarm.Tool) bool { return t.Name == name }) {
			continue
		}
		i := slices.IndexFunc(p.cfg.Tools, func(t swarm.Tool) bool { return t.Name == name })
		if i < 0 {
			return nil, &swarm.CallError{Class: swarm.ClassInvalid, Err: fmt.Errorf("step %s names the tool %.80q, which is not in the Tools of the worker", step.ID, name)}
		}
		tools = append(tools, p.cfg.Tools[i])
	}
	return tools, nil
}

// offered are tools as a server takes them.
func offered(tools []swarm.Tool) (all []model.Tool) {
	for _, t := range tools {
		all = append(all, model.Tool{Name: t.Name, Description: t.Description, Schema: t.Schema})
	}
	return all
}

// protocol tells a model about tools where its server does not.
func protocol(tools []swarm.Tool) string {
	var b strings.Builder
	b.WriteString(`
Tools. To call one, reply with this object alone in place of the one above: {"tool": "name", "arguments": {…}}. For several calls at once write several such objects. Their results come in the next message; then go on, or reply with the object above.
`)
	for _, t := range tools {
		fmt.Fprintf(&b, "- %s: %s\n  arguments, as JSON Schema: %s\n", t.Name, findings.Line(t.Description, wrongRunes), t.Schema)
	}
	return b.String()
}

// callsIn returns the calls of tools that a reply writes as text: by the protocol,
// or as models do that are not read rightly by their servers.
func callsIn(text string) (calls []model.ToolCall) {
	if ends := findings.ThoughtEnd.FindAllStringIndex(text, -1); ends != nil {
		text = text[ends[len(ends)-1][1]:]
	}
	for range maxTries {
		i := strings.IndexByte(text, '{')
		if i < 0 {
			break
		}
		text = text[i:]
		var raw json.RawMessage
		if json.NewDecoder(strings.NewReader(text)).Decode(&raw) != nil {
			text = text[1:]
			continue
		}
		var c struct {
			Tool, Name            string
			Arguments, Parameters json.RawMessage
		}
		fields, _ := findings.Members(raw)
		switch {
		case fields["findings"] != nil || fields["items"] != nil || fields["text"] != nil: // a reply
			text = text[len(raw):]
		case json.Unmarshal(raw, &c) == nil && (c.Tool != "" || c.Name != "" && (c.Arguments != nil || c.Parameters != nil)):
			calls = append(calls, model.ToolCall{Name: cmp.Or(c.Tool, c.Name), Arguments: cmp.Or(string(c.Arguments), string(c.Parameters))})
			text = text[len(raw):]
		default:
			text = text[1:] // it may stand inside
		}
	}
	return calls
}
