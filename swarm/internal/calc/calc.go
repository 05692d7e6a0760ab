// Package calc runs the program of a calc step over the records of earlier
// steps. Programs are in the expression language of expr-lang/expr, which has
// no loops, no functions of a program's own and no I/O.
//
// A program's way: braces.go mends what is usually written wrong, and Run parses
// it; guard.go puts a count of steps and memory (meter.go) around its nodes;
// functions.go, patterns.go and figures.go have the functions that expr lacks, or
// does not bound; value.go makes records of findings, and results of what comes
// out.
package calc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/utils"
	"github.com/expr-lang/expr/vm"
)

// Step is an earlier step with its findings.
type Step struct {
	ID       string
	Findings []Finding
}

// Finding is one finding of a step. Ref is the caller's number for its evidence,
// another one for each finding.
type Finding struct {
	Text string
	Data json.RawMessage // an object, or empty
	Ref  int
}

// Result is one result of a program: a record, or a text.
type Result struct {
	Text string
	Data json.RawMessage // an object, or empty
	// Refs are the Ref of each record that the result is made of, in order:
	// those of the records in it, else of all records of which the program
	// read a field. Of a step that it used without reading any, as in
	// len(step), they are those of all records.
	Refs []int
}

// Guide tells a model how programs are written.
const Guide = `A calculation is one expression over the records of earlier steps, after any number of "let name = ...;".
A step's records are a list under its ID: invoices, or steps["t-1"] where the ID is no plain word. A record has the fields of its data, and text.
Inside a predicate .field is a field of the current record, # the record itself: filter(invoices, .year == 2024 and .text contains "late").
Lists: filter map count sum any all none find sortBy(list, .field, "desc") groupBy reduce(list, #acc + #, 0) len first last take uniq concat flatten sort reverse min max mean median join in, list[0], list[1:3], 1..5.
groupBy gives a map: let g = groupBy(invoices, .vendor); map(keys(g), {"vendor": #, "total": sum(g[#], num(.amount)), "from": g[#]}).
Maps: map[key], keys, get(map, key, default). Texts: + contains startsWith endsWith matches lower upper trim split replace string(x). Choice: a ? b : c, x ?? default, nil.
Inside the predicate of another list name the outer record: filter(invoices, let i = #; any(contracts, .vendor == i.vendor)).
num(text) reads a figure such as "1,234.5" or "12 %" (12), num(text, 0) takes 0 where there is none; round(x, 2); format(x, 2) writes 1,234.50; date(text) gives YYYY-MM-DD, which compares as text; days(a, b) counts days from a to b.
The value is the result; of a list, each entry. "from" in a result names the records it is made of.`

// Bounds of one program, which keep it below a second and 64 MB. A step is a
// call, a comparison, a round of a predicate or a value that is walked through:
// about 100 ns. A join of 10 000 records with 100 others takes three million.
// Memory is what all values made take together, those that are garbage by then
// too.
const (
	maxProgram = 16 << 10
	maxSteps   = 5_000_000
	maxMemory  = 24 << 20
	maxValue   = 4 << 20 // of one value with all that is in it
)

// Check says what is wrong with a program before it runs: its form, and the
// names it uses. Of the steps that it may see only the IDs matter.
func Check(program string, steps []Step) error {
	_, _, err := prepare(context.Background(), program, steps)
	return err
}

// Run runs a program. The same program over the same steps gives the same
// results. An error says, for whoever wrote the program, where and what is
// wrong; if ctx ends, it is its cause.
func Run(ctx context.Context, program string, steps []Step) (results []Result, err error) {
	r, compiled, err := prepare(ctx, program, steps)
	if err != nil {
		return nil, err
	}
	machine := vm.VM{MemoryBudget: maxMemory / entryBytes}
	value, err := machine.Run(compiled, r.env)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, explain(err)
	}
	defer recovered(&err)
	return r.results(value), nil
}

// recovered makes an error of a panic.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the calculation ends: %v", p)
	}
}

// run is one run of a program.
type run struct {
	ctx           context.Context
	steps, memory int // used so far
	env           map[string]any
	all           map[string]*stepRecords
	any           int   // how often the program may name any of them
	fault         error // what guard found wrong with the program
	patterns      map[string]pattern
}

// prepare makes a run of a program over steps.
func prepare(ctx context.Context, program string, steps []Step) (*run, *vm.Program, error) {
	r, err := newRun(ctx, steps)
	if err != nil {
		return nil, nil, err
	}
	compiled, err := r.compile(program)
	return r, compiled, err
}

func (r *run) compile(program string) (_ *vm.Program, err error) {
	if len(program) > maxProgram {
		return nil, fmt.Errorf("the program has %d bytes, more than %d", len(program), maxProgram)
	}
	defer recovered(&err) // of the parser
	options := append(r.functions(), expr.Env(r.env), expr.Patch(r), expr.Optimize(false), expr.DisableAllBuiltins())
	for _, name := range slices.Concat(predicates, plain) {
		options = append(options, expr.EnableBuiltin(name))
	}
	compiled, err := expr.Compile(mendBraces(program), options...)
	if err == nil || r.fault != nil {
		return compiled, r.fault
	}
	if e, ok := errors.AsType[*file.Error](err); ok && strings.HasPrefix(e.Message, "unknown name") {
		names := slices.Sorted(slices.Values(slices.Concat(predicates, plain, ours)))
		return nil, fmt.Errorf("%w\nthere are the steps %s and the functions %s", explain(err), r.ids(), strings.Join(names, ", "))
	}
	return nil, explain(err)
}

// explain puts an error of expr into a line with its place, and the line of
// the program under it.
func explain(err error) error {
	e, ok := errors.AsType[*file.Error](err)
	if !ok {
		return err
	}
	hint := ""
	switch {
	case strings.HasPrefix(e.Message, "invalid operation"):
		hint = ": num(x) reads the figure in a text, string(x) makes a text"
		if strings.Contains(e.Message, "<nil>") {
			hint = ": a record lacks the field, or find found none: x ?? 0 takes another value"
		}
	case strings.HasSuffix(e.Message, "on map Value"):
		hint = ": what goes through a list does not go through a map m: map(keys(m), m[#])"
	}
	return fmt.Errorf("line %d: %s%s%s", max(e.Line, 1), clip(e.Message), hint, clip(e.Snippet))
}

// clip cuts what is told of a program.
func clip(s string) string {
	if len(s) > 400 {
		s = strings.ToValidUTF8(s[:400], "") + "…"
	}
	return s
}

func (r *run) ids() string { return strings.Join(slices.Sorted(maps.Keys(r.all)), ", ") }

// plainName tells whether a step's ID can stand in a program as it is.
func plainName(id string) bool {
	return utils.IsValidIdentifier(id) && !strings.HasPrefix(id, "$") && id != "steps" &&
		!slices.Contains(slices.Concat(predicates, plain, ours), id)
}
