package mock

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/db31e724/go-swarm/mock/internal/brain"
	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// Brain writes the reply to a request. The server does all the rest: checks
// the request, counts tokens, waits as long as the model's latency says,
// streams. It must be safe for concurrent use and should obey ctx, which ends
// when the client leaves. An error that is a *Error is sent as the server's
// own error, any other, and a panic, as a 500 whose cause only the log tells.
type Brain func(ctx context.Context, r Request) (Reply, error)

// Request is what a brain, a script and the log see of a chat completion.
type Request struct {
	Model      string
	Messages   []Message
	Tools      []Tool          // of the type function
	Schema     json.RawMessage // of response_format json_schema; nil: none
	SchemaName string
	Strict     bool // the schema is to be followed to the letter
	JSON       bool // response_format json_object or json_schema
	MaxTokens  int  // 0: none given
	Stream     bool
	N          int      // replies asked for, at least 1; a brain is asked for each
	Stop       []string // the server cuts the text before the first of them
}

// Message is one message; content parts are joined into one text.
type Message struct {
	Role       string
	Content    string
	ToolCalls  []ToolCall // of an assistant
	ToolCallID string     // of the role tool: the call whose result Content is
}

// Tool is a function that a reply may call.
type Tool struct {
	Name        string
	Description string
	Schema      json.RawMessage // of its arguments; nil: none
}

// ToolCall is a call of a tool that a reply asks for.
type ToolCall struct {
	ID        string // of a reply, where it is empty: one is made up
	Name      string
	Arguments string // JSON, as the model wrote it
}

// requestOf takes out of a body what brains and the log are shown. It passes
// over what is ill-typed: that is refused elsewhere.
func requestOf(n wire.Node) Request {
	format := n.Get("response_format")
	schema := format.Get("json_schema")
	r := Request{
		Model: n.Get("model").Text, SchemaName: schema.Get("name").Text, Strict: schema.Get("strict").Yes,
		JSON:      slices.Contains([]string{"json_object", "json_schema"}, format.Get("type").Text),
		MaxTokens: max(n.Get("max_tokens").Int(), n.Get("max_completion_tokens").Int()),
		Stream:    n.Get("stream").Yes, N: max(1, n.Get("n").Int()),
	}
	if s := schema.Get("schema"); s.IsObject() {
		r.Schema = s.Raw
	}
	for _, m := range n.Get("messages").Items {
		said := Message{Role: m.Get("role").Text, Content: m.Get("content").Content(), ToolCallID: m.Get("tool_call_id").Text}
		for _, c := range m.Get("tool_calls").Items {
			f := c.Get("function")
			said.ToolCalls = append(said.ToolCalls, ToolCall{c.Get("id").Text, f.Get("name").Text, f.Get("arguments").Text})
		}
		r.Messages = append(r.Messages, said)
	}
	for _, t := range n.Get("tools").Items {
		if f := t.Get("function"); f.IsObject() {
			r.Tools = append(r.Tools, Tool{f.Get("name").Text, f.Get("description").Text, f.Get("parameters").Raw})
		}
	}
	stop := n.Get("stop")
	for _, s := range append(stop.Items, stop) { // one, or a list of them
		if s.Text != "" {
			r.Stop = append(r.Stop, s.Text)
		}
	}
	return r
}

// Reply is what a brain says.
type Reply struct {
	Text      string
	ToolCalls []ToolCall // sent beside the text, or alone
	Refusal   string     // sent in place of the text
	Finish    string     // empty: "stop", "tool_calls" where there are any, or "length" where MaxTokens cut it

	// Cached is how many of the prompt's tokens the usage says were read from
	// a prefix cache.
	Cached int
	// Unchecked lets a text through that is not what response_format asked
	// for, to see what a client makes of it. Otherwise that is a 500, for a brain
	// must not lean on a client's leniency. Clients may try that again for minutes:
	// Entry.Error says what is wrong.
	Unchecked bool
	// Raw, where set, is sent as it stands, in place of all of the above.
	Raw *Raw
}

// Script is a brain that gives the replies in order, one a call, and answers
// 500 when they are used up. Concurrent calls are served in order of arrival.
func Script(replies ...Reply) Brain {
	turns := make([]Turn, len(replies))
	for i, r := range replies {
		turns[i].Reply = r
	}
	return Matching(func(context.Context, Request) (Reply, error) {
		return Reply{}, &Error{Status: 500, Message: "the script of replies is used up", Type: "server_error"}
	}, Match{Turns: turns, Pass: true})
}

// Say is a brain that gives the same text to everybody.
func Say(text string) Brain {
	return func(context.Context, Request) (Reply, error) { return Reply{Text: text}, nil }
}

// LargeBrain is the built-in large model. It plans one step over the chunks
// where the schema asks for steps, merges numbered findings, those that hold
// most of the question first, and answers a question from texts that it is
// given whole. It fills any schema, and says the same to the same request.
func LargeBrain(ctx context.Context, r Request) (Reply, error) { return think(ctx, r, 3) }

// SmallBrain is the built-in small model. It reads a text and returns the
// sentence, table row or list item that answers the question in its prompt
// best, by BM25 and in any language, or abstains. It fills any schema, and
// says the same to the same request.
func SmallBrain(ctx context.Context, r Request) (Reply, error) { return think(ctx, r, 1) }

func think(ctx context.Context, r Request, most int) (Reply, error) {
	if err := ctx.Err(); err != nil {
		return Reply{}, err
	}
	p := brain.Prompt{Schema: r.Schema, JSON: r.JSON, MaxTokens: r.MaxTokens, Most: most}
	for _, m := range r.Messages {
		p.Messages = append(p.Messages, brain.Message{Role: m.Role, Content: m.Content})
	}
	return Reply{Text: brain.Answer(p)}, nil
}
