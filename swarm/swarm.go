// Package swarm runs hard tasks on many small models under one large one.
//
// A [Planner] (the large model) writes a plan of a few steps; each [Step]
// fans out into many simple subtasks; a [Worker] (a bounded pool of small
// models, or any function) works on them at the same time; what they found
// goes back through the planner, which merges it into one [Answer] or asks for
// another round.
//
//	Task ─▶ Planner.Plan ──add(step)──▶ schedule ──▶ Worker.Work ──▶ results in plan order
//	  ▲                                                                     │
//	  └── another round ◀── Verdict ◀── Planner.Merge ◀── filter, reduce ◀──┘
//	                                         └─▶ Answer
//
// The package holds the vocabulary and the engine. Planners are in package
// planner, workers in package workers, sources are made by swarm/source, and
// listeners to a run's events are in swarm/observe.
package swarm

// Swarm is a planner, a worker, and the settings of a run. The zero value of
// each setting is right for most. A Swarm may run several tasks at once.
type Swarm struct {
	Planner Planner
	Worker  Worker

	// Reducer shortens results where they exceed what a merge reads
	// ([Planner] Window): each of its subtasks is Over [Reduce] and gets a group
	// of them. A workers.Pool can do it for little money. Nil: the planner merges
	// group by group, and then what came of that.
	Reducer Worker

	// Concurrency is the number of places: the most subtasks that are being
	// worked on at once. How many calls are in flight is the worker's affair
	// (a pool's slots). A nested run has places of its own, beside that of the
	// subtask which started it. 0: 32.
	Concurrency int
	// Rounds is the most rounds of plan, work and merge. 0: 2.
	Rounds int
	// Limits are the most that is accepted of a run's plans.
	Limits Limits
	// Budget holds hard limits on what the run may spend. Zero: unlimited.
	Budget Budget

	// Observe is told all that happens, in order, one event at a time, on a
	// goroutine of its own behind a bounded queue: while it is behind, the
	// run waits for it. Run returns after the last event was delivered. Once the
	// run is cancelled nothing waits for Observe but Run itself. It must not call
	// Emit, nor wait for what the run does.
	Observe func(Event)
}
