package arch

import (
	"slices"
	"strings"
	"testing"
)

// direct are the rules on what a package itself imports of this module. Tests
// are free: they may join any packages to see them work together.
var direct = []struct {
	of  string   // the packages that the rule is about
	may []string // all that they may import of this module
	why string
}{
	{
		"./swarm",
		[]string{"./swarm/internal/..."},
		"everything else is written in the vocabulary's terms; an arrow back would tie a user's own planner and worker to ours",
	},
	{
		"./swarm/internal/...",
		[]string{"./swarm/internal/...", "./internal/words"},
		"the scheduler is a pure machine over integers: it is tested without the engine",
	},
	{
		"./swarm/internal/calc",
		nil,
		"a calculation knows records and numbers of their evidence: the engine keeps what they stand for",
	},
	{
		"./swarm/internal/index",
		[]string{"./internal/words"},
		"an index knows texts and numbers: the engine keeps the chunks that they stand for",
	},
	{
		"./swarm/source",
		[]string{"./swarm", "./swarm/source/internal/..."},
		"sources are made before a run and know nothing of models",
	},
	{
		"./swarm/source/internal/...",
		[]string{"./swarm/source/internal/..."},
		"what makes text of bytes knows nothing of chunks",
	},
	{
		"./swarm/observe",
		[]string{"./swarm"},
		"all that a listener knows is in the events",
	},
	{
		"./swarm/journal",
		[]string{"./swarm"},
		"a journal keeps places and bytes: what they say is the engine's",
	},
	{
		"./swarm/queue",
		[]string{"./swarm"},
		"a queue carries subtasks and results: who works on them is the caller's",
	},
	{
		"./swarm/typed",
		[]string{"./swarm"},
		"types are the caller's, and the worker is any",
	},
	{
		"./swarm/swarmtest",
		[]string{"./swarm"},
		"a stranger's planner or worker is tested by the contract alone, not against ours",
	},
	{
		"./swarm/model",
		[]string{"./swarm"},
		"the public client of models is types and two interfaces: whoever writes an API or a Doer compiles no client of ours",
	},
	{
		"./internal/chat",
		[]string{"./swarm", "./swarm/model"},
		"one attempt knows nothing of retries, slots and prices",
	},
	{
		"./internal/findings",
		[]string{"./swarm"},
		"how results are shown to a model does not depend on how it is reached",
	},
	{
		"./internal/words",
		nil,
		"what a word is depends on nothing",
	},
	{
		"./internal/record",
		[]string{"./internal/findings"},
		"data and its schema are the same to a worker and to a planner",
	},
	{
		"./internal/pool",
		[]string{"./swarm", "./swarm/model", "./internal/chat"},
		"the retry loop stands on the layer of single attempts, and both faces of it stand on the loop",
	},
	{
		"./planner/...",
		[]string{"./swarm/...", "./internal/..."},
		"planners and workers do not import each other: either can be replaced alone",
	},
	{
		"./workers/...",
		[]string{"./swarm/...", "./internal/..."},
		"planners and workers do not import each other: either can be replaced alone",
	},
	{
		"./mock",
		[]string{"./mock/internal/..."},
		"the mock judges the client by the wire; a shared type or counter would hide a shared mistake",
	},
	{
		"./mock/internal/wire",
		nil,
		"the wire is what all rooms of the mock stand on",
	},
	{
		"./mock/internal/fault",
		[]string{"./mock/internal/wire"},
		"faults act on a call's bytes, not on the server",
	},
	{
		"./mock/internal/tape",
		[]string{"./mock/internal/wire"},
		"a recorder needs no models",
	},
	{
		"./mock/internal/limit",
		nil,
		"a gate counts; it knows no requests",
	},
	{
		"./mock/internal/token",
		nil,
		"tokens are of texts",
	},
	{
		"./mock/internal/brain",
		nil,
		"a brain knows a prompt and a schema, and nothing of how they came",
	},
}

func TestPackagesImportOnlyWhatTheirRuleAllows(t *testing.T) {
	for _, r := range direct {
		for _, p := range ours(t, r.of) {
			for _, imp := range p.Imports {
				if matches("./...", imp) && imp != p.ImportPath && !matchesAny(r.may, imp) {
					t.Errorf("%s imports %s, but it may import of this module only %s: %s",
						short(p.ImportPath), short(imp), strings.Join(r.may, ", "), r.why)
				}
			}
		}
	}
}

// mockUsers are the packages that may import the mock outside their tests.
var mockUsers = []string{"./mock/...", "./examples/...", "./cmd/..."}

func TestOnlyExamplesTestsAndCommandsImportTheMock(t *testing.T) {
	for _, p := range ours(t, "./...") {
		for _, imp := range p.Imports {
			if matches("./mock/...", imp) && !matchesAny(mockUsers, p.ImportPath) {
				t.Errorf("%s imports %s: a library that carries its own test server makes every user compile it",
					short(p.ImportPath), short(imp))
			}
		}
	}
}

// compiled are the rules on all that a program compiles when it imports a
// package, through however many others.
var compiled = []struct {
	of    string
	never []string
	why   string
}{
	{
		"./swarm",
		[]string{
			"net/http", "net/http/...", "golang.org/x/net/...", "golang.org/x/text/...", "go.uber.org/...",
			"github.com/sashabaranov/...", "github.com/tiktoken-go/...", "github.com/santhosh-tekuri/...", "github.com/google/...",
			"github.com/clipperhouse/...", "github.com/emersion/...", "github.com/gogs/...", "modernc.org/...", "database/sql",
			"./mock/...", "./planner/...", "./workers/...", "./internal/chat", "./internal/findings", "./internal/pool", "./internal/record",
		},
		"a program with its own planner and workers pays for the engine alone",
	},
	{
		"./swarm/internal/calc",
		[]string{"net", "net/...", "os/exec", "golang.org/x/..."},
		"what runs a plan's program brings no I/O along",
	},
	{
		"./swarm/source",
		[]string{"net/http", "github.com/sashabaranov/...", "./internal/chat", "./internal/findings", "./internal/pool", "./internal/record"},
		"reading files needs no model client",
	},
	{
		"./swarm/typed",
		[]string{"net/http", "golang.org/x/net/...", "github.com/sashabaranov/...", "github.com/santhosh-tekuri/...", "./internal/chat", "./internal/findings", "./internal/pool", "./internal/record", "./planner/...", "./workers/..."},
		"types over a worker of one's own need no model client",
	},
	{
		"./swarm/observe",
		[]string{"github.com/sashabaranov/...", "golang.org/x/net/..."},
		"watching a run needs no model client",
	},
	{
		"./planner/...",
		[]string{"testing", "golang.org/x/net/html", "github.com/tiktoken-go/...", "github.com/emersion/...", "github.com/gogs/..."},
		"flags of package testing, an HTML parser or a vocabulary of tokens have no use in a client",
	},
	{
		"./workers/...",
		[]string{"testing", "golang.org/x/net/html", "github.com/tiktoken-go/...", "github.com/emersion/...", "github.com/gogs/..."},
		"flags of package testing, an HTML parser or a vocabulary of tokens have no use in a client",
	},
	{
		"./mock",
		[]string{"testing", "github.com/sashabaranov/..."},
		"a server whose types are the client's would agree with the client's mistakes",
	},
}

func TestOnlyCalculationsImportAnExpressionLanguage(t *testing.T) {
	for _, p := range ours(t, "./...") {
		for _, imp := range p.Imports {
			if matches("github.com/expr-lang/expr/...", imp) && !matches("./swarm/internal/calc", p.ImportPath) {
				t.Errorf("%s imports %s: programs are bounded in one place alone", short(p.ImportPath), imp)
			}
		}
	}
}

// Tests too: what the tests of a package import stands in the go.sum of who imports it.
func TestOnlyExamplesAndCommandsImportTheJournalAndTheQueue(t *testing.T) {
	for _, p := range ours(t, "./...") {
		for _, imp := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			switch {
			case matches("modernc.org/...", imp) && !matches("./swarm/journal", p.ImportPath):
				t.Errorf("%s imports %s: what SQLite is to us stands in one place", short(p.ImportPath), imp)
			case matches("github.com/nats-io/...", imp) && !matchesAny([]string{"./examples/...", "./cmd/...", "./swarm/queue"}, p.ImportPath):
				t.Errorf("%s imports %s: what NATS is to us stands in one place, and connections are made by programs", short(p.ImportPath), imp)
			case matches("./swarm/queue", imp) && !matchesAny([]string{"./examples/...", "./cmd/...", "./swarm/queue"}, p.ImportPath):
				t.Errorf("%s imports %s: a server in the go.sum and the binary is for those alone whose workers are elsewhere", short(p.ImportPath), short(imp))
			case matches("./swarm/journal", imp) && !matchesAny([]string{"./examples/...", "./cmd/...", "./swarm/journal"}, p.ImportPath):
				t.Errorf("%s imports %s: a database in the go.sum and the binary is for those alone who keep runs in one", short(p.ImportPath), short(imp))
			}
		}
	}
}

func TestSchemaLibrariesAreImportedInFewPlaces(t *testing.T) {
	for _, p := range ours(t, "./...") {
		for _, imp := range p.Imports {
			if matches("github.com/santhosh-tekuri/jsonschema/...", trimMajor(imp)) && !matches("./mock/...", p.ImportPath) && !matches("./internal/record", p.ImportPath) {
				t.Errorf("%s imports %s: requests are checked in the mock, records and answers in internal/record, and schemas nowhere else", short(p.ImportPath), imp)
			}
			if matches("github.com/google/jsonschema-go/...", imp) && !matches("./swarm/typed", p.ImportPath) {
				t.Errorf("%s imports %s: schemas are made of Go types in swarm/typed alone", short(p.ImportPath), imp)
			}
		}
	}
}

// trimMajor takes the major version out of a path.
func trimMajor(path string) string { return strings.Replace(path, "/v6", "", 1) }

func TestImportingAPackageCompilesNothingThatItHasNoUseFor(t *testing.T) {
	for _, r := range compiled {
		for _, p := range ours(t, r.of) {
			for _, dep := range p.Deps {
				if dep != p.ImportPath && matchesAny(r.never, dep) {
					t.Errorf("importing %s compiles %s: %s", short(p.ImportPath), short(dep), r.why)
				}
			}
		}
	}
}

// short writes a path of this module as a rule does.
func short(path string) string {
	if rest, ok := strings.CutPrefix(path, module); ok {
		return "." + rest
	}
	return path
}
