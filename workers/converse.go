package workers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
	"github.com/db31e724/go-swarm/swarm/model"
)

const (
	defaultTurns      = 8
	defaultToolTokens = 16_000
	defaultToolTime   = time.Minute
	mostCalls         = 16 // of one turn
)

// conversation is a subtask's calls of models with the calls of tools between them.
type conversation struct {
	pool   *Pool
	st     *swarm.Subtask
	tools  []swarm.Tool
	prompt int // how many messages the prompt has

	turns   []turn
	read    []*swarm.Chunk // what tools returned
	before  int            // how many such texts the subtask was shown
	room    int            // tokens of results that are left
	running sync.WaitGroup // calls of tools, also those whose time is over
}

// turn is a reply that called tools, and what each call came to.
type turn struct {
	said    string
	calls   []model.ToolCall
	results []string
}

func (p *Pool) converse(st *swarm.Subtask, prompt int) (*conversation, error) {
	tools, err := p.toolsOf(st.Step)
	c := &conversation{pool: p, st: st, tools: tools, prompt: prompt, room: cmp.Or(p.cfg.ToolTokens, defaultToolTokens)}
	if p.cfg.ToolTokens == 0 && p.own != nil {
		c.room = min(c.room, p.own.Context()/4)
	}
	for _, f := range st.Found {
		if strings.HasPrefix(f.Source, "tool:") {
			c.before++
		}
	}
	return c, err
}

// do makes a call, carries out the calls of tools that the reply asks for, and
// calls again with their results, until a reply asks for none. A request that asks
// for a reply to be mended, and one past the bounds, offers no tools.
func (c *conversation) do(ctx context.Context, r model.Request) (model.Reply, error) {
	for {
		req, open := r, len(c.tools) > 0 && len(r.Messages) == c.prompt && len(c.turns) < cmp.Or(c.pool.cfg.ToolTurns, defaultTurns) && c.room > 0
		native := open && !c.pool.told.Load()
		req.Messages = c.messages(r.Messages, open, native)
		switch {
		case native:
			for _, t := range c.tools {
				req.Tools = append(req.Tools, model.Tool{Name: t.Name, Description: t.Description, Schema: t.Schema})
			}
		case open:
			req.Schema = nil // the reply may be a call
		}
		reply, err := c.pool.doer.Do(ctx, req)
		if no := refusal(err); native && no != nil {
			if !c.pool.told.Swap(true) {
				swarm.Emit(ctx, swarm.Event{Kind: swarm.Learned, Model: no.Model, Text: "tools are refused: the prompt describes them"})
			}
			continue
		}
		calls := reply.ToolCalls
		if len(calls) == 0 {
			calls = callsIn(reply.Text)
		}
		if err != nil || !open || len(calls) == 0 {
			return reply, err
		}
		c.carryOut(ctx, reply.Text, calls)
	}
}

var aboutTools = regexp.MustCompile(`(?i)\btools?\b|tool_|function.?call`)

// refusal returns err if it says that a server takes no tools, at least for this
// model.
func refusal(err error) *swarm.CallError {
	e, ok := errors.AsType[*swarm.CallError](err)
	if ok && (e.Class == swarm.ClassInvalid || e.Class == swarm.ClassNotFound) && aboutTools.MatchString(fmt.Sprint(e.Err)) {
		return e
	}
	return nil
}

// messages returns a request's messages with the turns after the prompt. Where the
// server does not take tools, or must not be offered any more, the turns are told as
// texts.
func (c *conversation) messages(base []model.Message, open, native bool) []model.Message {
	if len(c.tools) == 0 {
		return base
	}
	ms := slices.Clone(base[:c.prompt])
	if open && !native {
		if len(ms) == 0 || ms[0].Role != "system" {
			ms = slices.Insert(ms, 0, model.Message{Role: "system"})
		}
		ms[0].Content += protocol(c.tools)
	}
	for i, t := range c.turns {
		if native {
			ms = append(ms, model.Message{Role: "assistant", Content: t.said, ToolCalls: t.calls})
			for k, call := range t.calls {
				ms = append(ms, model.Message{Role: "tool", Content: t.results[k], ToolCallID: call.ID})
			}
			continue
		}
		said, results := "", "Results:\n"
		for k, call := range t.calls {
			name, _ := json.Marshal(call.Name) // a string always encodes
			said += fmt.Sprintf(`{"tool":%s,"arguments":%s}`+"\n", name, call.Arguments)
			results += t.results[k]
		}
		if !open && i == len(c.turns)-1 {
			results += "No tool can be called any more: reply now, with what there is, as asked above.\n"
		}
		ms = append(ms, model.Message{Role: "assistant", Content: said}, model.Message{Role: "user", Content: results})
	}
	return append(ms, base[c.prompt:]...)
}

// carryOut makes the calls of a reply at the same time, and keeps the turn.
func (c *conversation) carryOut(ctx context.Context, said string, calls []model.ToolCall) {
	t := turn{said: said, calls: slices.Clone(calls), results: make([]string, len(calls))}
	texts, errs := make([]string, len(calls)), make([]error, len(calls))
	var made sync.WaitGroup
	for i, call := range t.calls {
		t.calls[i].ID = fmt.Sprintf("call%02d%03d", len(c.turns)%100, i) // some servers give none, some insist on nine letters or digits
		if fields, _ := findings.Members([]byte(call.Arguments)); fields == nil {
			t.calls[i].Arguments = "{}" // servers take nothing else in a conversation
		}
		if errs[i] = fmt.Errorf("at most %d calls can be made at once", mostCalls); i < mostCalls {
			made.Go(func() { texts[i], errs[i] = c.call(ctx, call, len(calls) == 1) })
		}
	}
	made.Wait()
	for i, call := range t.calls {
		if errs[i] != nil {
			t.results[i] = "The call failed.\n" + findings.Fence(call.Name+": error", findings.Line(errs[i].Error(), wrongRunes))
		} else {
			t.results[i] = c.result(call, texts[i])
		}
	}
	c.turns = append(c.turns, t)
}

// result keeps what a tool returned as a text that can be quoted, cut where there is
// no room for it, and shows it.
func (c *conversation) result(call model.ToolCall, text string) string {
	text, note := strings.ToValidUTF8(text, "\uFFFD"), ""
	tokens := swarm.EstimateTokens(text)
	if tokens > c.room {
		text = strings.ToValidUTF8(text[:len(text)*c.room/tokens], "")
		note = " (cut: there is no room for more)"
	}
	c.room = max(c.room-tokens, 0)
	source := "tool:" + call.Name
	if strings.TrimSpace(text) == "" {
		return source + ": nothing" + note + "\n"
	}
	piece := &swarm.Chunk{Source: source, ID: fmt.Sprintf("%s#%d", source, c.before+len(c.read)+1), Path: findings.Line(call.Arguments, lineRunes), Text: text, End: len(text), Line: 1}
	c.read = append(c.read, piece)
	return piece.ID + note + "\n" + findings.Fence(piece.ID, text)
}

// call makes one call of a tool. What is wrong with it is for the model to read. A
// tool that does not return when its time is over is waited for by work. One of several
// at the same time is a branch of the subtask, for it may make calls of models.
func (c *conversation) call(ctx context.Context, call model.ToolCall, alone bool) (text string, err error) {
	i := slices.IndexFunc(c.tools, func(t swarm.Tool) bool { return t.Name == call.Name })
	if i < 0 {
		return "", fmt.Errorf("there is no such tool: there are %s", strings.Join(c.st.Step.Tools, ", "))
	}
	tool, began := &c.tools[i], time.Now()
	defer func() {
		swarm.Emit(ctx, swarm.Event{Kind: swarm.ToolCalled, Text: tool.Name, Wait: time.Since(began), Err: err})
	}()
	arguments := json.RawMessage(cmp.Or(call.Arguments, "{}"))
	if fault := c.pool.records.Fault(tool.Schema, arguments); fault != "" {
		return "", fmt.Errorf("the arguments are not as the schema of %s says: %s", tool.Name, fault)
	}
	if tool.Once {
		return c.once(ctx, tool, arguments, alone)
	}
	return c.run(ctx, tool, arguments, alone)
}

// run runs a tool's function within the time that it has.
func (c *conversation) run(ctx context.Context, tool *swarm.Tool, arguments json.RawMessage, alone bool) (string, error) {
	most := cmp.Or(tool.Time, defaultToolTime)
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	var text string
	err := errors.New("the tool ended its goroutine")
	done := make(chan struct{})
	c.running.Go(func() {
		defer close(done)
		defer func() {
			if v := recover(); v != nil {
				err = &swarm.PanicError{In: "the tool " + tool.Name, Value: v, Stack: debug.Stack()}
			}
		}()
		if alone {
			text, err = tool.Call(ctx, arguments)
			return
		}
		var out swarm.Output
		out, _, err = swarm.Branch(ctx, swarm.WorkerFunc(func(ctx context.Context, _ swarm.Subtask) (swarm.Output, error) {
			text, err := tool.Call(ctx, arguments)
			return swarm.Say(text), err
		}), swarm.Subtask{Item: tool.Name + " " + string(arguments)})
		text = out.Text()
	})
	select {
	case <-done:
		return text, err
	case <-ctx.Done():
		return "", fmt.Errorf("it took longer than %v: %w", most, ctx.Err())
	}
}
