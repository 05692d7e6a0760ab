package mock

import "context"

// SmallBrain stands in until the built-in small model is here.
func SmallBrain(_ context.Context, r Request) (Reply, error) { return Reply{Text: lastText(r)}, nil }

// LargeBrain stands in until the built-in large model is here.
func LargeBrain(_ context.Context, r Request) (Reply, error) { return Reply{Text: lastText(r)}, nil }

func lastText(r Request) string {
	if len(r.Messages) == 0 {
		return ""
	}
	return r.Messages[len(r.Messages)-1].Content
}
