package swarm

// Task is what the user wants: a goal in words, and the sources to work on.
// A task may have no sources; its steps then carry their own items.
type Task struct {
	Goal    string
	Sources []Source
}

// Source is a named text that has been cut into chunks. Package
// [github.com/db31e724/go-swarm/swarm/source] makes sources from files and
// bytes; a program with its own records can fill one in by hand.
type Source struct {
	// Name tells the source from the others of its task and is what
	// citations say. It must be unique in a task.
	Name string

	// Outline is what the planner is shown of the source instead of its
	// text: headings, or opening words. It may be empty.
	Outline string

	// Chunks are in the order of the text. They may overlap.
	Chunks []Chunk
}

// Chunk is a piece of a source: the unit that a worker reads and a citation
// points at.
type Chunk struct {
	Source string // name of the source it was cut from
	ID     string // unique in the task
	Path   string // the headings it stands under, outermost first, joined by " › "; may be empty
	Text   string // valid UTF-8, equal to the source's bytes [Start, End)
	Start  int    // byte offset in the source
	End    int    // byte offset of the first byte after it
}
