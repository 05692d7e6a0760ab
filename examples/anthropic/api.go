package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

// anthropic is Anthropic's native Messages API, as a model.API: it sends one
// request, reads the stream, and says how it ended. Retries, limits, hedges and
// money are the pool's.
type anthropic struct{ url, key, model string }

type object = map[string]any

func (a *anthropic) Attempt(ctx context.Context, r model.Request) (model.Reply, error) {
	body, unfit := json.Marshal(a.body(r))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+"/v1/messages", bytes.NewReader(body))
	if unfit != nil || err != nil {
		return model.Reply{Unsent: true}, &swarm.CallError{Class: swarm.ClassInvalid, Err: errors.New("the URL or the arguments of a tool cannot be written")}
	}
	req.Header = http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {a.key}, "Anthropic-Version": {"2023-06-01"}}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return model.Reply{Unsent: model.Unreached(err)}, model.NetworkError(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		return model.Reply{Header: resp.Header}, model.HTTPError(r, resp.StatusCode, resp.Header, said, a.key)
	}
	return a.read(ctx, r, resp)
}

// body is the request. What calls share is marked for the cache. A schema goes
// out as a tool that the model has to call: its arguments are the reply.
func (a *anthropic) body(r model.Request) object {
	var system, messages, tools []object
	for _, m := range r.Messages {
		content := []object{{"type": "text", "text": m.Content}}
		if m.Role == "tool" {
			content = []object{{"type": "tool_result", "tool_use_id": m.ToolCallID, "content": m.Content}}
		}
		for _, t := range m.ToolCalls {
			content = append(content, object{"type": "tool_use", "id": t.ID, "name": t.Name, "input": json.RawMessage(t.Arguments)})
		}
		content = slices.DeleteFunc(content, func(o object) bool { return o["text"] == "" })
		if m.Role == "system" {
			system = append(system, content...)
		} else {
			messages = append(messages, object{"role": strings.Replace(m.Role, "tool", "user", 1), "content": content})
		}
	}
	body := object{"model": a.model, "max_tokens": cmp.Or(r.MaxOut, 4096), "messages": messages, "stream": true}
	if system != nil {
		system[len(system)-1]["cache_control"] = object{"type": "ephemeral"}
		body["system"] = system
	}
	if r.Temperature != nil {
		body["temperature"] = min(*r.Temperature, 1)
	}
	for _, t := range r.Tools {
		tools = append(tools, object{"name": t.Name, "description": t.Description, "input_schema": t.Schema})
	}
	if r.Schema != nil {
		tools = append(tools, object{"name": r.Schema.Name, "input_schema": r.Schema.JSON})
		body["tool_choice"] = object{"type": "tool", "name": r.Schema.Name}
		if len(r.Tools) > 0 {
			body["tool_choice"] = object{"type": "any"}
		}
	}
	if tools != nil {
		body["tools"] = tools
	}
	return body
}

// event is what we read of any event of the stream.
type event struct {
	Type    string
	Message struct {
		Model string
		Usage tokens
	}
	Usage tokens
	Block struct{ Type, ID, Name string } `json:"content_block"`
	Delta struct {
		Text   string
		JSON   string `json:"partial_json"`
		Reason string `json:"stop_reason"`
	}
}

type tokens struct {
	In      int `json:"input_tokens"`
	Written int `json:"cache_creation_input_tokens"`
	Cached  int `json:"cache_read_input_tokens"`
	Out     int `json:"output_tokens"`
}

// failures are the reasons to stop that are none to be content with.
var failures = map[string]swarm.Class{"max_tokens": swarm.ClassCut, "refusal": swarm.ClassRefused}

func (a *anthropic) read(ctx context.Context, r model.Request, resp *http.Response) (reply model.Reply, err error) {
	reply.Header = resp.Header
	reason, inTool := "", false // inTool: of the caller's, not the schema's
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if r.OnBytes != nil {
			r.OnBytes()
		}
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		var e event
		if !ok || json.Unmarshal(data, &e) != nil {
			continue
		}
		switch {
		case e.Type == "message_start":
			u := e.Message.Usage // here the prompt's tokens exclude the cache's
			reply.Model = e.Message.Model
			reply.Usage = swarm.Usage{In: u.In + u.Cached + u.Written, Cached: u.Cached, Written: u.Written, Out: u.Out, AtLeast: true}
		case e.Type == "content_block_start":
			if inTool = e.Block.Type == "tool_use" && (r.Schema == nil || e.Block.Name != r.Schema.Name); inTool {
				reply.ToolCalls = append(reply.ToolCalls, model.ToolCall{ID: e.Block.ID, Name: e.Block.Name})
			}
		case inTool && e.Delta.JSON != "":
			reply.ToolCalls[len(reply.ToolCalls)-1].Arguments += e.Delta.JSON
		case e.Delta.Text+e.Delta.JSON != "":
			if reply.Text += e.Delta.Text + e.Delta.JSON; r.OnText != nil {
				r.OnText(e.Delta.Text + e.Delta.JSON)
			}
		case e.Type == "message_delta":
			reason, reply.Usage.Out = e.Delta.Reason, e.Usage.Out
		case e.Type == "message_stop":
			reply.Usage.AtLeast = false
			if class, ok := failures[reason]; ok {
				return reply, &swarm.CallError{Class: class, Err: errors.New("the reply ended by " + reason)}
			} else if reply.Text == "" && reply.ToolCalls == nil {
				return reply, &swarm.CallError{Class: swarm.ClassBroken, Err: model.ErrEmpty}
			}
			return reply, nil
		case e.Type == "error":
			return reply, model.HTTPError(r, resp.StatusCode, resp.Header, data, a.key)
		}
		if r.OnData != nil && e.Type != "ping" {
			r.OnData()
		}
	}
	return reply, model.NetworkError(ctx, cmp.Or(lines.Err(), io.ErrUnexpectedEOF))
}
