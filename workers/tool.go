package workers

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/internal/record"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
	"github.com/db31e724/go-swarm/swarm/typed"
)

// Tool makes a tool from a function. The tool's arguments are the fields of In (see
// [typed.Schema]), or one named "value" if In is not a struct. A result that is not
// a string is shown as JSON. Tool panics if typed.Schema does not support In.
func Tool[In, Out any](name, description string, call func(context.Context, In) (Out, error)) swarm.Tool {
	schema, err := typed.Schema[In]()
	if err != nil {
		panic(fmt.Sprintf("workers: the arguments of tool %q: %v", name, err))
	}
	return swarm.Tool{Name: name, Description: description, Schema: schema, Call: func(ctx context.Context, arguments json.RawMessage) (string, error) {
		in, err := typed.Decode[In](swarm.Finding{Data: arguments})
		if err != nil {
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
	var schemas record.Checker
	for i, t := range tools {
		_, err := schemas.Compile(t.Schema)
		switch {
		case !toolName.MatchString(t.Name):
			return fmt.Errorf("workers: tool %q: a name is 1 to 64 of A-Z a-z 0-9 _ -", t.Name)
		case slices.ContainsFunc(tools[:i], func(had swarm.Tool) bool { return had.Name == t.Name }):
			return fmt.Errorf("workers: tool %q stands twice in Tools", t.Name)
		case t.Call == nil:
			return fmt.Errorf("workers: tool %q has no Call", t.Name)
		case err != nil:
			return fmt.Errorf("workers: tool %q: %w", t.Name, err)
		}
	}
	return nil
}

// toolsOf returns the tools that a step names.
func (p *Pool) toolsOf(step *swarm.Step) (tools []swarm.Tool, err error) {
	for n, name := range step.Tools {
		if slices.Contains(step.Tools[:n], name) {
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
	eachValue(findings.Reply(text), func(raw json.RawMessage) bool {
		fields, _ := findings.Members(raw)
		reply := fields["findings"] != nil || fields["items"] != nil || fields["text"] != nil
		name, _ := scalar(fields["tool"])
		arguments := cmp.Or(string(fields["arguments"]), string(fields["parameters"]))
		if name == "" && arguments != "" {
			name, _ = scalar(fields["name"])
		}
		if name != "" && !reply {
			calls = append(calls, model.ToolCall{Name: name, Arguments: arguments})
		}
		return name != "" || reply
	})
	return calls
}
