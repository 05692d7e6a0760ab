package mock

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/db31e724/go-swarm/mock/internal/brain"
	"github.com/db31e724/go-swarm/mock/internal/wire"
)

// Brain writes the reply to a request. The server does the rest: it checks the
// request, counts tokens, waits for the model's latency and streams. A Brain must
// be safe for concurrent use and should obey ctx, which ends when the client
// disconnects. A *Error is sent to the client as it is. Any other error, and a
// panic, is sent as a 500; only the log tells its cause.
type Brain func(ctx context.Context, r Request) (Reply, error)

// Request is a decoded chat completion, as brains and the log get it.
type Request struct {
	Model      string
	Messages   []Message
	Tools      []Tool          // of the type function
	Schema     json.RawMessage // of response_format json_schema; nil: none
	SchemaName string
	Strict     bool // the schema must be followed exactly
	JSON       bool // response_format json_object or json_schema
	MaxTokens  int  // 0: none given
	Stream     bool
	N          int      // number of replies, at least 1; the brain is called for each
	Stop       []string // the server cuts the text before the first of them
}

// Message is one message. Its content parts are joined into one text.
type Message struct {
	Role       string
	Content    string
	ToolCalls  []ToolCall // of an assistant
	ToolCallID string     // role "tool": the call whose result Content is
}

// Tool is a function that a reply may call.
type Tool struct {
	Name        string
	Description string
	Schema      json.RawMessage // of its arguments; nil: none
}

// ToolCall is a request by the model to call a tool.
type ToolCall struct {
	ID        string // in a Reply, empty: the server makes one
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

// Reply is what a brain returns.
type Reply struct {
	Text      string
	ToolCalls []ToolCall // sent beside the text, or alone
	Refusal   string     // sent instead of the text
	Finish    string     // empty: "tool_calls" if there are any, "length" if MaxTokens cut the text, else "stop"

	// Cached is the number of prompt tokens that usage reports as read from a
	// prefix cache.
	Cached int
	// Unchecked sends a text even if it does not follow response_format, to test
	// how a client handles it. Otherwise such a text is answered with a 422, which
	// clients do not repeat; the error and Entry.Error say what is wrong.
	Unchecked bool
	// Raw, if set, is sent byte for byte instead of all of the above.
	Raw *Raw
}

// Script returns a brain that gives the replies in order, one for each call, and
// answers 422 when they are used up. Concurrent calls are served in order of
// arrival.
func Script(replies ...Reply) Brain {
	turns := make([]Turn, len(replies))
	for i, r := range replies {
		turns[i].Reply = r
	}
	return Matching(func(context.Context, Request) (Reply, error) {
		return Reply{}, &Error{Status: 422, Message: "the script of replies is used up"}
	}, Match{Turns: turns, Pass: true})
}

// Say returns a brain that always replies with the same text.
func Say(text string) Brain {
	return func(context.Context, Request) (Reply, error) { return Reply{Text: text}, nil }
}

// LargeBrain is the built-in large model. If the schema asks for steps it plans one
// step over the chunks; it merges numbered findings, those with most of the
// question's words first; and it answers a question from texts in the prompt. It
// fills any schema and is deterministic.
func LargeBrain(ctx context.Context, r Request) (Reply, error) { return think(ctx, r, 3) }

// SmallBrain is the built-in small model. It reads a text and returns the
// sentence, table row or list item that answers the question in its prompt
// best, by BM25 and in any language, or abstains. It fills any schema and is
// deterministic.
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
