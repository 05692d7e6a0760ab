package chat

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// got is what has come of a reply so far.
type got struct {
	text    strings.Builder
	thought strings.Builder
	model   string
	finish  string // finish_reason
	choices bool   // there was a choice
	refused bool
	tools   []model.ToolCall
	done    bool        // the server said that the reply is over
	usage   swarm.Usage // of no use before In is known
}

// said is a reply in one piece, or a chunk of a stream, as servers really write
// it: texts may come in parts, arguments as objects, numbers with a fraction.
// What is of another type altogether counts as not said.
type said struct {
	Model   string
	Choices []struct {
		Index          float64
		Message, Delta *message
		Finish         string `json:"finish_reason"`
	}
	Usage struct {
		In      float64 `json:"prompt_tokens"`
		Out     float64 `json:"completion_tokens"`
		Total   float64 `json:"total_tokens"`
		Hit     float64 `json:"prompt_cache_hit_tokens"` // DeepSeek's
		Details struct {
			Cached  float64 `json:"cached_tokens"`
			Written float64 `json:"cache_write_tokens"`
		} `json:"prompt_tokens_details"`
	}
}

type message struct {
	Content, Reasoning any
	ReasoningContent   any `json:"reasoning_content"`
	Refusal            string
	ToolCalls          []struct {
		Index    *int
		ID       string
		Function struct {
			Name      string
			Arguments json.RawMessage
		}
	} `json:"tool_calls"`
}

// take reads a reply in one piece, or one chunk of a stream. Usage may stand in
// any chunk, also in one without choices, and in each as a running total: the
// last one counts.
func (g *got) take(raw []byte, stream bool) error {
	var v said
	err := json.Unmarshal(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")), &v)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !ok {
		return errMalformed
	}
	g.model = cmp.Or(v.Model, g.model)
	g.count(&v)
	for _, c := range v.Choices {
		if c.Index != 0 && (stream || len(v.Choices) > 1) {
			continue
		}
		m := cmp.Or(c.Message, c.Delta, &message{})
		if stream { // in one piece where a stream was asked for, it has no delta
			m = cmp.Or(c.Delta, m)
		}
		g.choices = true
		if c.Finish != "" && c.Finish != "null" { // some write the word for none
			g.finish = c.Finish
		}
		g.add(m)
		break
	}
	return nil
}

// add takes a message, or a piece of one.
func (g *got) add(m *message) {
	g.text.WriteString(textOf(m.Content))
	g.thought.WriteString(cmp.Or(textOf(m.ReasoningContent), textOf(m.Reasoning)))
	g.refused = g.refused || m.Refusal != ""
	for i, t := range m.ToolCalls {
		if t.Index != nil {
			i = *t.Index
		}
		if i < 0 || i >= mostTools {
			continue
		}
		for len(g.tools) <= i {
			g.tools = append(g.tools, model.ToolCall{})
		}
		own := &g.tools[i] // t may be a piece of it
		own.ID, own.Name = cmp.Or(own.ID, t.ID), cmp.Or(own.Name, t.Function.Name)
		var args string
		if json.Unmarshal(t.Function.Arguments, &args) != nil { // an object
			args = string(t.Function.Arguments)
		}
		own.Arguments += args
	}
}

// mostTools bounds the calls of tools in one reply.
const mostTools = 128

// mostTokens is more than any prompt or reply has: a larger count is none.
const mostTokens = 1 << 30

// count takes the usage, if v tells any. Counts that contradict each other are
// none: a total below its parts, more of the prompt cached than there is. A total
// above them tells of tokens that were thought and not counted as said (as Gemini
// tells them), which are billed so.
func (g *got) count(v *said) {
	u := &v.Usage
	if max(u.In, u.Out, u.Total) > mostTokens {
		return
	}
	in, out, total := max(int(u.In), 0), max(int(u.Out), 0), int(u.Total)
	cached := max(0, cmp.Or(u.Details.Cached, u.Hit))
	if in > 0 && (cached > float64(in) || total > 0 && total < in+out) {
		return
	}
	if in > 0 {
		g.usage.In, out = in, max(out, total-in)
		g.usage.Cached = int(cached)
		g.usage.Written = int(min(max(u.Details.Written, 0), float64(in)-cached))
	}
	if in > 0 || out > 0 {
		g.usage.Out = out
	}
}

// textOf returns a text, or the texts of its parts.
func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var b strings.Builder
		for _, e := range v {
			if part, ok := e.(map[string]any); ok {
				e = part["text"]
			}
			b.WriteString(textOf(e))
		}
		return b.String()
	}
	return ""
}

// settle judges what came. What answers something else than a chat completion
// before there ever was one is another path of the server, where the base URL
// names no version.
func (c *Client) settle(ctx context.Context, x *exchange, g *got, err error) (model.Reply, error) {
	rep, failed := c.judge(ctx, x, g, err)
	if failed == nil {
		c.answered.Store(true)
		return rep, nil
	}
	if !c.versioned && !c.answered.Load() && !g.choices && x.status >= 200 && x.status <= 299 &&
		(failed.Class == swarm.ClassBroken || failed.Class == swarm.ClassServer && x.problem.Bare()) {
		failed.Class, failed.Err = swarm.ClassNotFound, fmt.Errorf("no chat completion comes from this path: a base URL mostly ends in /v1: %w", failed.Err)
	}
	return rep, failed
}

// judge says whether the reply is whole, or why it is not.
func (c *Client) judge(ctx context.Context, x *exchange, g *got, err error) (model.Reply, *swarm.CallError) {
	over := g.done || g.finish != ""
	if finish := strings.ToLower(g.finish); over && !strings.Contains(finish, "length") && finish != "max_tokens" && x.r.Schema != nil && len(x.r.Tools) == 0 {
		g.elsewhere()
	}
	rep := model.Reply{Text: g.text.String(), ToolCalls: g.tools, Model: g.model, Unsent: x.status == 0 && model.Unreached(err), Header: x.header}
	if g.usage.In > 0 {
		rep.Usage = g.usage
		rep.Usage.AtLeast = !over // a running total, and the server may have written on
	}
	if errors.Is(err, errTooLarge) { // it is billed by its limit at the most
		rep.Usage = swarm.Usage{Out: x.r.MaxOut, AtLeast: true}
	}
	if x.problem != nil {
		return rep, c.refusal(x)
	}
	if err == nil && !over && ctx.Err() != nil {
		err = ctx.Err() // some bodies end plainly when their context ends
	}
	if err != nil && (!over || errors.Is(err, errMalformed) || errors.Is(err, errTooLarge)) {
		return rep, c.broke(ctx, x.status, err)
	}
	class, what := g.verdict(over, len(x.r.Tools) > 0)
	switch {
	case class != "":
		if len(g.tools) > 0 && class == swarm.ClassBroken { // the same would come again
			return rep, c.failure(class, x.status, fmt.Errorf("%s: %w", what, model.ErrEmpty))
		}
		return rep, c.failure(class, x.status, errors.New(what))
	case strings.TrimSpace(rep.Text) == "" && len(rep.ToolCalls) == 0:
		return rep, c.failure(swarm.ClassBroken, x.status, model.ErrEmpty)
	}
	return rep, nil
}

// verdict names what is wrong with a reply that came without an error; an
// empty class means nothing. tools says that there are any to be called.
func (g *got) verdict(over, tools bool) (swarm.Class, string) {
	called := len(g.tools) > 0
	switch {
	case !g.choices && over:
		return swarm.ClassBroken, "the reply has no choices"
	case !g.choices:
		return swarm.ClassBroken, "the reply ended before it began"
	}
	switch strings.ToLower(g.finish) {
	case "length", "max_tokens", "model_length":
		return swarm.ClassCut, "the reply met its token limit"
	case "content_filter", "safety", "recitation", "prohibited_content", "blocklist":
		return swarm.ClassFiltered, "the provider's filter stopped the reply"
	case "refusal":
		return swarm.ClassRefused, "the model declined"
	case "tool_calls", "function_call", "tool_use":
		tools = tools && called
		called = true
	case "stop", "eos", "eos_token", "end_turn", "stop_sequence", "":
	default:
		return swarm.ClassBroken, "the reply ended for an unknown reason"
	}
	switch {
	case g.refused:
		return swarm.ClassRefused, "the model declined"
	case !over:
		return swarm.ClassBroken, "the reply ended without finish_reason or [DONE]"
	case called && !tools:
		return swarm.ClassBroken, "the model called a tool that it was not given"
	}
	return "", ""
}
