package swarm

import (
	"context"
	"encoding/json"
	"time"
)

// Tool is a function that a worker's model may call while it works on a step that
// names it in [Step.Tools]. What it returns is shown to the model as data, and
// findings may quote it: such a citation has the Source "tool:NAME", the Chunk
// "tool:NAME#3" if it was the third result in its subtask, and the arguments as
// its Path.
//
// workers.Tool makes one of a Go function. A [Swarm] needs Name and Description
// alone, for its planner; who calls it needs the rest.
type Tool struct {
	Name        string // 1 to 64 of A-Z a-z 0-9 _ -
	Description string // what it does and when to call it, for planner and workers
	// Schema is the JSON Schema of the arguments, an object.
	Schema json.RawMessage

	// Call carries out a call whose arguments are as Schema says. An error, also a
	// panic, is told to the model, which may go on without. ctx is that of the
	// subtask: model calls made with it count for it, and a function that waits for
	// a person or another machine gives the subtask's place away meanwhile by
	// [Park], which does nothing while others of the same turn run beside it. It must be
	// safe for concurrent use. A call that ignores the end of its ctx holds its subtask up.
	Call func(ctx context.Context, arguments json.RawMessage) (string, error)
	// Time is the longest that a call may take. 0: a minute.
	Time time.Duration
}
