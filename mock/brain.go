package mock

import (
	"context"
	"encoding/json"
)

// Brain writes the reply to a request. The server does all the rest: checks
// the request, counts tokens, waits as long as the model's latency says,
// streams. It must be safe for concurrent use. An error that is a *Error is
// sent as the server's own error, any other as a 500.
type Brain func(ctx context.Context, r Request) (Reply, error)

// Request is what a brain, a script and the log see of a chat completion.
type Request struct {
	Model      string
	Messages   []Message
	Schema     json.RawMessage // of response_format json_schema; nil: none
	SchemaName string
	JSON       bool // response_format json_object or json_schema
	MaxTokens  int  // 0: none given
	Stream     bool
}

// Message is one message; content parts are joined into one text.
type Message struct {
	Role    string
	Content string
}

// Reply is what a brain says.
type Reply struct {
	Text    string
	Refusal string // sent in place of the text
	Finish  string // empty: "stop", or "length" where MaxTokens cut it
}
