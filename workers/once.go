package workers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/db31e724/go-swarm/swarm"
)

// once carries out the call of a tool that must not be carried out twice. It records
// that the call begins before it does, and what it came to afterwards. So a process
// that goes on with a run finds the result of an earlier one, and refuses the call
// where that one was cut off in the middle of it, or asked for something else.
func (c *conversation) once(ctx context.Context, tool *swarm.Tool, arguments json.RawMessage, alone bool) (string, error) {
	earlier := true
	if _, _, err := swarm.Branch(ctx, swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
		earlier = false
		return swarm.Output{}, nil
	}), swarm.Subtask{Item: "begin " + tool.Name}); err != nil {
		return "", err
	}
	var text string
	var failed error
	if !earlier {
		text, failed = c.run(ctx, tool, arguments, alone)
	}
	out, _, err := swarm.Branch(ctx, swarm.WorkerFunc(func(context.Context, swarm.Subtask) (swarm.Output, error) {
		if earlier {
			return swarm.Output{}, fmt.Errorf("an earlier process began a call of %s and was cut off: it may have been carried out, and is not made again", tool.Name)
		}
		out := swarm.Say(string(arguments), text)
		if failed != nil {
			out.Doubts = []string{failed.Error()}
		}
		return out, nil
	}), swarm.Subtask{Item: "end " + tool.Name})
	switch {
	case !earlier:
		return text, errors.Join(failed, err)
	case err != nil:
		return "", err
	}
	asked, text := out.Findings[0].Text, out.Findings[1].Text
	switch {
	case asked != string(arguments):
		return "", fmt.Errorf("an earlier process called %s with the arguments %s, which gave: %s. It is not called again", tool.Name, asked, text)
	case len(out.Doubts) > 0:
		return "", errors.New(out.Doubts[0])
	}
	return text, nil
}
