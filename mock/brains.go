package mock

import (
	"context"

	"github.com/db31e724/go-swarm/mock/internal/brain"
)

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
		p.Messages = append(p.Messages, brain.Message(m))
	}
	return Reply{Text: brain.Answer(p)}, nil
}
