package chat

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	openai "github.com/sashabaranov/go-openai"

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

// plain takes a reply in one piece, as go-openai decoded it.
func (g *got) plain(resp *openai.ChatCompletionResponse, raw []byte) {
	g.model = resp.Model
	g.count(&resp.Usage, raw)
	for i, c := range resp.Choices {
		if c.Index == 0 || i == 0 && len(resp.Choices) == 1 {
			for _, part := range c.Message.MultiContent {
				c.Message.Content += part.Text
			}
			g.think(c.Message.ReasoningContent, raw)
			g.choice(c.Message.Content, c.Message.Refusal, c.FinishReason, c.Message.ToolCalls)
			return
		}
	}
}

// chunk takes one chunk of a stream. Usage may stand in any chunk, also in
// one without choices, and in each as a running total: the last one counts.
func (g *got) chunk(ch *openai.ChatCompletionStreamResponse, raw []byte) {
	g.model = cmp.Or(ch.Model, g.model)
	if ch.Usage != nil {
		g.count(ch.Usage, raw)
	}
	for _, c := range ch.Choices {
		if c.Index == 0 {
			g.think(c.Delta.ReasoningContent, raw)
			g.choice(c.Delta.Content, c.Delta.Refusal, c.FinishReason, c.Delta.ToolCalls)
		}
	}
}

func (g *got) choice(text, refusal string, finish openai.FinishReason, calls []openai.ToolCall) {
	g.choices = true
	g.text.WriteString(text)
	g.refused = g.refused || refusal != ""
	if finish != "" && finish != openai.FinishReasonNull { // some write the word null for none
		g.finish = string(finish)
	}
	for i, t := range calls {
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
		own.Arguments += t.Function.Arguments
	}
}

// mostTools bounds the calls of tools in one reply.
const mostTools = 128

// mostTokens is more than any prompt or reply has: a larger count is none.
const mostTokens = 1 << 30

// count takes a usage. DeepSeek's count of cached tokens, and OpenAI's of
// those that were written into the cache, stand where go-openai does not look.
// Counts that contradict each other are none: a total below its parts, more of
// the prompt cached than there is. A total above them tells of tokens that were
// thought and not counted as said (as Gemini tells them), which are billed so.
func (g *got) count(u *openai.Usage, raw []byte) {
	in, out, total, cached, written := max(u.PromptTokens, 0), max(u.CompletionTokens, 0), u.TotalTokens, 0, 0
	if d := u.PromptTokensDetails; d != nil {
		cached = d.CachedTokens
	}
	if bytes.Contains(raw, []byte(`"prompt_cache_hit_tokens"`)) || bytes.Contains(raw, []byte(`"cache_write_tokens"`)) {
		var v struct {
			Usage struct {
				Hit     int `json:"prompt_cache_hit_tokens"`
				Details struct {
					Written int `json:"cache_write_tokens"`
				} `json:"prompt_tokens_details"`
			} `json:"usage"`
		}
		json.Unmarshal(raw, &v) // go-openai has read it
		cached, written = cmp.Or(cached, v.Usage.Hit), v.Usage.Details.Written
	}
	if max(in, out, total) > mostTokens || in > 0 && cached > in || in > 0 && total > 0 && total < in+out {
		return
	}
	if in > 0 {
		g.usage.In, out = in, max(out, total-in)
		g.usage.Cached = min(max(cached, 0), in)
		g.usage.Written = min(max(written, 0), in-g.usage.Cached)
	}
	if in > 0 || out > 0 {
		g.usage.Out = out
	}
}

// decode reads a reply or a chunk, and returns it also as go-openai would read it.
func decode[T any](raw []byte) (v T, same []byte, err error) {
	if json.Unmarshal(raw, &v) == nil {
		return v, raw, nil
	}
	var loose T
	raw, ok := lenient(raw)
	if !ok || json.Unmarshal(raw, &loose) != nil {
		return loose, nil, errMalformed
	}
	return loose, raw, nil
}

// lenient writes a reply or a chunk whose types go-openai does not accept
// (content in parts, numbers with a fraction, arguments as objects) as one that
// it does, and says whether it could.
func lenient(raw []byte) ([]byte, bool) {
	var in map[string]any
	if json.Unmarshal(bytes.TrimPrefix(bytes.TrimSpace(raw), []byte("\xef\xbb\xbf")), &in) != nil || in["choices"] == nil && in["usage"] == nil {
		return nil, false
	}
	raw, err := json.Marshal(typed("", in))
	return raw, err == nil
}

// typed returns v, the value of key ("": the whole), in go-openai's type, and
// null for what nobody reads. Deltas are messages, and the other way round.
func typed(key string, v any) any {
	switch key {
	case "model", "content", "refusal", "reasoning_content", "reasoning", "finish_reason", "id", "name":
		return textOf(v)
	case "arguments":
		if _, ok := v.(string); ok || v == nil {
			return v
		}
		b, _ := json.Marshal(v) // it came out of JSON
		return string(b)
	case "choices", "tool_calls":
		list, _ := v.([]any)
		for i := range list {
			list[i] = typed("", list[i])
			if c, ok := list[i].(map[string]any); ok && key == "choices" {
				said := cmp.Or(c["message"], c["delta"])
				c["message"], c["delta"] = said, said
			}
		}
		return list
	case "", "message", "delta", "function", "usage", "prompt_tokens_details", "completion_tokens_details":
		fields, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		for k := range fields {
			fields[k] = typed(k, fields[k])
		}
		return fields
	}
	if v != nil && (key == "index" || strings.HasSuffix(key, "_tokens")) {
		return whole(v)
	}
	return nil
}

func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var b strings.Builder
		for _, e := range v {
			if part, ok := e.(map[string]any); ok {
				b.WriteString(textOf(part["text"]))
			} else if s, ok := e.(string); ok {
				b.WriteString(s)
			}
		}
		return b.String()
	}
	return ""
}

func whole(v any) int {
	f, ok := v.(float64)
	if !ok || math.IsNaN(f) || f < 0 || f > 1e12 {
		return 0
	}
	return int(f)
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
