package planner

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
	"github.com/db31e724/go-swarm/swarm"
)

// errTooLong ends the reading of a reply that exceeds its limit.
var errTooLong = errors.New("the reply is too long")

// errNoPlan is a reply in which no plan was found.
var errNoPlan = errors.New(`the reply holds no plan: want one JSON object {"steps": [ … ]}`)

// decoder finds the steps of a plan in a reply that comes in pieces, and hands
// over each one when its closing brace has come. It reads
//
//   - {"steps": [step, …]}, also below other names;
//   - a bare list of steps, a bare step, or several one after another;
//   - any of these with prose or a code fence around.
//
// It matches brackets and looks at names; a step must be JSON, what stands
// between steps need not be. A step that is no JSON is never mended here: it is
// noted with its place, and the steps around it are read. A begun value that
// fails before its first step is complete counts as prose if a whole plan
// follows. What is handed over does not depend on the pieces. The decoder takes
// at most most bytes, and reads a failed value again from its second byte, but no
// more than rereads × most bytes in all.
type decoder struct {
	step func(raw []byte)
	most int

	buf    []byte // the reply so far
	pos    int    // the next byte of buf to look at
	start  int    // of the value that is being read; −1: none
	open   []frame
	inner  int // index in open of the step that is being read; −1: none
	name   []byte
	fresh  bool // nothing but a bracket of the value was read
	quoted bool // within a string
	escape bool // behind a backslash in it
	reread int

	sure    bool // the value is a plan: a step of it, or its list, is complete
	planish bool // it has names that a plan has
	lists   int  // lists of steps in it

	steps    int // handed over
	plans    int // whole lists of steps that were read
	faults   []error
	doubtful error // a fault in what may have been prose
}

// frame is an object or a list that is open.
type frame struct {
	bracket byte
	steps   bool   // a list of steps
	named   bool   // and it stands under the name "steps"
	odd     bool   // something else stands in it
	key     string // of an object: the name last read
	at      int    // its start in buf
	step    bool   // an object with a name that a step has
}

const (
	maxDepth = 24 // how deep JSON may be nested; a plan needs five levels
	maxName  = 16 // how much of a name is kept to be recognized
	rereads  = 32 // times most: how much may be read again
)

func newDecoder(most int, step func(raw []byte)) *decoder {
	return &decoder{step: step, most: most, start: -1, inner: -1}
}

// write takes a piece of the reply. Its only error is errTooLong.
func (d *decoder) write(p string) error {
	if len(d.buf)+len(p) > d.most {
		return fmt.Errorf("%w: more than %d bytes", errTooLong, d.most)
	}
	d.buf = append(d.buf, p...)
	d.read()
	return nil
}

// close says that the reply has ended, and returns what was wrong with it.
func (d *decoder) close() []error {
	for d.start >= 0 {
		d.fail(errors.New("the reply ends here, within JSON"))
		d.read()
	}
	if d.doubtful != nil {
		d.faults = append(d.faults, d.doubtful)
	}
	if len(d.faults) == 0 && d.steps == 0 && d.plans == 0 {
		return []error{errNoPlan}
	}
	return d.faults
}

func (d *decoder) read() {
	for d.pos < len(d.buf) {
		c := d.buf[d.pos]
		if d.start < 0 {
			if c != '{' && c != '[' {
				d.pos++
				continue
			}
			d.start, d.inner, d.open = d.pos, -1, d.open[:0]
			d.quoted, d.escape = false, false
			d.sure, d.planish, d.lists = false, false, 0
		}
		if err := d.next(c); err != nil {
			d.fail(err)
			continue
		}
		d.pos++
		if len(d.open) == 0 {
			if d.plans > 0 && d.sure {
				d.doubtful = nil
			}
			d.start = -1
		}
	}
}

// fail gives up the value that is being read. Where it goes on is either the
// byte after the value's or the step's first, or the byte that was wrong.
func (d *decoder) fail(err error) {
	err = d.placed(err, d.pos)
	back := d.pos
	switch {
	case !d.sure:
		if d.planish && d.doubtful == nil {
			d.doubtful = err
		}
		back = d.start + 1
	case d.inner >= 0:
		d.faults = append(d.faults, err)
		back = d.open[d.inner].at + 1
	default:
		d.faults = append(d.faults, err)
	}
	if d.reread += d.pos - back; d.reread > rereads*d.most {
		back = len(d.buf)
	}
	d.pos, d.start, d.inner = back, -1, -1
}

// placed says where in the reply err was met.
func (d *decoder) placed(err error, at int) error {
	if d.steps > 0 {
		return fmt.Errorf("the plan is not JSON at byte %d, after %d steps: %w", at, d.steps, err)
	}
	return fmt.Errorf("the plan is not JSON at byte %d: %w", at, err)
}

// next takes a byte of the value that is being read. Its error says that the
// value cannot be JSON.
func (d *decoder) next(c byte) error {
	switch {
	case d.escape:
		d.escape = false
		return nil
	case d.quoted && c != '"':
		if d.escape = c == '\\'; len(d.name) < maxName {
			d.name = append(d.name, c)
		}
		return nil
	case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		return nil
	}
	if len(d.open) == 0 {
		d.fresh = true
		d.begin(c)
		return nil
	}
	top := &d.open[len(d.open)-1]
	if d.fresh { // prose has brackets too
		d.fresh = false
		if top.bracket == '{' && c != '"' && c != '}' || top.bracket == '[' && c != '{' && c != ']' {
			return fmt.Errorf("got %q after %q", c, top.bracket)
		}
	}
	if top.steps && d.inner < 0 && c != '{' && c != ']' && c != ',' {
		top.odd = true
	}
	switch c {
	case '"':
		if d.quoted = !d.quoted; d.quoted {
			d.name = d.name[:0]
		}
	case ':':
		top.key = string(d.name)
		top.step = top.step || top.key == "do" || top.key == "id"
		d.planish = d.planish || top.step || top.key == "steps"
	case '{', '[':
		if len(d.open) == maxDepth {
			return fmt.Errorf("more than %d levels", maxDepth)
		}
		d.begin(c)
	case '}', ']':
		if c != top.bracket+2 { // in ASCII, for both
			return fmt.Errorf("got %q, want %q", c, top.bracket+2)
		}
		d.ended()
	}
	return nil
}

func (d *decoder) begin(c byte) {
	f := frame{bracket: c, at: d.pos, steps: c == '[' && len(d.open) == 0}
	if n := len(d.open); n > 0 && d.inner < 0 {
		switch top := d.open[n-1]; {
		case c == '{' && top.steps:
			d.inner = n
		case c == '[' && top.key == "steps":
			f.steps, f.named = true, true
			d.lists++
		}
	}
	d.open = append(d.open, f)
}

// ended closes the innermost object or list, and hands it over if it is a step.
func (d *decoder) ended() {
	n := len(d.open) - 1
	f := d.open[n]
	d.open = d.open[:n]
	switch {
	case f.steps:
		if f.odd && f.named {
			err := errors.New(`the plan's "steps" holds something other than objects`)
			if !d.sure {
				d.doubtful = cmp.Or(d.doubtful, err)
				return
			}
			d.faults = append(d.faults, err)
		}
		if d.sure = d.sure || f.named; d.sure {
			d.plans++
		}
	case d.inner == n: // an object of a list of steps
		d.inner = -1
		if d.open[n-1].named || f.step {
			d.handOver(f.at)
		}
	case n == 0 && f.step && d.lists == 0:
		d.handOver(f.at)
	case d.inner < 0 && f.key == "steps" && d.lists == 0 && d.doubtful == nil:
		d.doubtful = errors.New(`the plan's "steps" is no list of objects`)
	}
}

// handOver hands over the step from at to pos if it is JSON.
func (d *decoder) handOver(at int) {
	d.sure = true
	raw := d.buf[at : d.pos+1]
	var value json.RawMessage
	err := json.Unmarshal(raw, &value)
	if bad, ok := errors.AsType[*json.SyntaxError](err); ok {
		d.faults = append(d.faults, d.placed(err, at+int(bad.Offset)-1))
		return
	}
	d.steps++
	d.step(raw)
}

var overs = func() map[string]swarm.Over {
	names := map[string]swarm.Over{}
	for o := swarm.Once; o < swarm.Reduce; o++ {
		names[o.String()] = o
	}
	return names
}()

// outputs are the forms by their names on the wire.
var outputs = map[string]swarm.Form{"": swarm.FormFindings, "findings": swarm.FormFindings, "finding": swarm.FormFindings, "list": swarm.FormList, "text": swarm.FormText}

// readStep makes a step of its JSON. Unknown fields are passed over, fields
// that are null count as left out; the error is a *swarm.PlanError.
func readStep(raw []byte) (swarm.Step, error) {
	fields, twice := findings.Members(raw)
	if fields == nil {
		return swarm.Step{}, &swarm.PlanError{Mend: "is not a JSON object"}
	}
	var w struct {
		ID, Do, Over, Of, Output, Goal, Calc, Note  string
		Select, Items, Needs, Where, Context, Tools []string
		Widen                                       bool
		Lookup                                      int
		Fields                                      []field
	}
	err := json.Unmarshal(raw, &w)
	s := swarm.Step{
		ID: w.ID, Do: w.Do, Of: w.Of, Select: w.Select, Items: w.Items, Needs: w.Needs, Where: w.Where, Widen: w.Widen,
		Context: w.Context, Tools: w.Tools, Lookup: w.Lookup, Goal: w.Goal, Calc: w.Calc, Note: w.Note,
	}
	for _, list := range []*[]string{&s.Select, &s.Items, &s.Needs, &s.Where, &s.Context, &s.Tools} {
		if len(*list) == 0 {
			*list = nil // as if it were left out
		}
	}
	refuse := func(field, value, mend string) (swarm.Step, error) {
		return s, &swarm.PlanError{Step: s.ID, Field: findings.Line(field, 40), Value: findings.Line(value, 80), Mend: mend}
	}
	if bad, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field, _, _ := strings.Cut(strings.ToLower(bad.Field), ".")
		want := map[string]string{texts: "is not a list of strings", "": "is not a string"}[types[field]]
		return refuse(field, string(fields[field]), cmp.Or(want, map[bool]string{true: "is not a list of fields", false: "must be as " + types[field] + " says"}[field == "fields"]))
	}
	if len(twice) > 0 {
		return refuse(twice[0], "", "stands twice: write each field once")
	}
	var ok bool
	if s.Over, ok = overs[w.Over]; !ok {
		return refuse("over", w.Over, `must be one of "chunks", "sections", "sources", "items", "list", "each", "once", "calc"`)
	}
	if s.Form, ok = outputs[w.Output]; !ok {
		return refuse("output", w.Output, `must be "findings", "list" or "text"`)
	}
	switch strings.ToLower(s.Goal) {
	case "shown":
		s.Goal = ""
	case "hidden":
		s.Goal = swarm.NoGoal
	}
	if len(w.Fields) > 0 {
		var wrong string
		if s.Schema, wrong = recordSchema(w.Fields); wrong != "" {
			return refuse("fields", string(fields["fields"]), wrong)
		}
	}
	return s, nil
}
