package planner

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

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
// What looks like JSON but is none is never mended here: it is noted with its
// place, the steps before it stand, and complete steps after it are read. A
// begun value that fails before its first step is complete counts as prose if
// a whole plan follows. What is handed over does not depend on the pieces. The
// decoder keeps at most most bytes; its time grows with the reply's length
// alone (a failed value is read again from its second byte, at most once for
// each of maxDepth levels).
type decoder struct {
	step func(raw []byte) // raw is valid until the next piece
	most int

	buf   []byte
	base  int // place of buf[0] in the reply
	pos   int // the next byte of buf to look at
	start int // of the value that is being read; −1: none
	m     machine
	open  []frame
	inner int // index in open of the step that is being read; −1: none
	name  []byte

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
	steps bool   // a list of steps
	named bool   // and it stands under the name "steps"
	key   string // of an object: the name last read
	at    int    // of a step: its start in buf
	step  bool   // has a name that a step has
	n     int    // of a list of steps: its elements so far
}

func newDecoder(most int, step func(raw []byte)) *decoder {
	return &decoder{step: step, most: most, start: -1, inner: -1}
}

// write takes a piece of the reply. Its only error is errTooLong.
func (d *decoder) write(p string) error {
	if d.base+len(d.buf)+len(p) > d.most {
		return fmt.Errorf("%w: more than %d bytes", errTooLong, d.most)
	}
	d.buf = append(d.buf, p...)
	d.read()
	keep := d.pos
	switch {
	case d.start >= 0 && !d.sure:
		keep = d.start
	case d.start >= 0 && d.inner >= 0:
		keep = d.open[d.inner].at
	}
	if keep > 0 {
		d.buf = d.buf[:copy(d.buf, d.buf[keep:])]
		d.base += keep
		d.pos -= keep
		if d.start >= 0 {
			d.start = max(0, d.start-keep)
		}
		for i := range d.open {
			d.open[i].at -= keep
		}
	}
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
			d.begin()
		}
		ev, err := d.m.next(c)
		if err != nil {
			d.fail(err)
			continue
		}
		if ev != evNone {
			d.event(ev)
		} else if d.m.isName && d.m.state >= inString && d.m.state <= inHex && len(d.name) < maxName {
			d.name = append(d.name, c)
		}
		d.pos++
		if d.m.state == whole {
			if d.plans > 0 && d.sure {
				d.doubtful = nil
			}
			d.start = -1
		}
	}
}

func (d *decoder) begin() {
	d.m.reset()
	d.start, d.inner = d.pos, -1
	d.open = d.open[:0]
	d.sure, d.planish, d.lists = false, false, 0
}

// fail gives up the value that is being read. Where it goes on is either the
// byte after the value's or the step's first, or the byte that was wrong.
func (d *decoder) fail(err error) {
	switch {
	case !d.sure:
		if d.planish && d.doubtful == nil {
			d.doubtful = d.placed(err)
		}
		d.pos = d.start + 1
	case d.inner >= 0:
		d.faults = append(d.faults, d.placed(err))
		d.pos = d.open[d.inner].at + 1
	default:
		d.faults = append(d.faults, d.placed(err))
	}
	d.start, d.inner = -1, -1
}

// placed says where in the reply err was met.
func (d *decoder) placed(err error) error {
	if d.steps > 0 {
		return fmt.Errorf("the plan is not JSON at byte %d, after %d steps: %w", d.base+d.pos, d.steps, err)
	}
	return fmt.Errorf("the plan is not JSON at byte %d: %w", d.base+d.pos, err)
}

// event follows the structure of the value that is being read.
func (d *decoder) event(ev event) {
	var top *frame
	if len(d.open) > 0 {
		top = &d.open[len(d.open)-1]
	}
	switch ev {
	case evKey:
		d.name = d.name[:0]
	case evKeyEnd:
		top.key = string(d.name)
		if top.key == "do" || top.key == "id" {
			top.step = true
			d.planish = true
		}
		d.planish = d.planish || top.key == "steps"
	case evObject:
		f := frame{at: d.pos}
		if top != nil && top.steps && d.inner < 0 {
			top.n++
			d.inner = len(d.open)
		}
		d.misplaced(top, "an object")
		d.open = append(d.open, f)
	case evArray:
		f := frame{steps: top == nil}
		if d.inner < 0 && top != nil && top.key == "steps" {
			f.steps, f.named = true, true
			d.lists++
		}
		d.open = append(d.open, f)
	case evString, evScalar:
		if top == nil {
			break
		}
		if top.named && d.inner < 0 {
			top.n++
			d.faults = append(d.faults, fmt.Errorf("the plan's steps[%d] is no object", top.n-1))
		}
		d.misplaced(top, "no list")
	case evObjectEnd:
		d.objectEnd()
	case evArrayEnd:
		f := d.pop()
		if f.named || f.steps && d.sure {
			d.sure = true
			d.plans++
		}
	}
}

// misplaced notes that "steps" holds something other than a list.
func (d *decoder) misplaced(top *frame, what string) {
	if top != nil && top.key == "steps" && d.inner < 0 && d.doubtful == nil {
		d.doubtful = fmt.Errorf(`the plan's "steps" is %s: want a list of objects`, what)
	}
}

// objectEnd hands over the object that has just been read, if it is a step.
func (d *decoder) objectEnd() {
	f := d.pop()
	start := f.at
	switch {
	case d.inner == len(d.open):
		d.inner = -1
		if top := d.open[len(d.open)-1]; !top.named && !f.step {
			return // a list of something else
		}
	case len(d.open) == 0 && f.step && d.lists == 0:
	default:
		return
	}
	d.sure = true
	d.steps++
	d.step(d.buf[start : d.pos+1])
}

func (d *decoder) pop() frame {
	f := d.open[len(d.open)-1]
	d.open = d.open[:len(d.open)-1]
	return f
}

// maxName is how much of a name is kept to be recognized.
const maxName = 16

var overs = map[string]swarm.Over{
	"once": swarm.Once, "chunks": swarm.Chunks, "items": swarm.Items, "list": swarm.List, "each": swarm.Each,
}

// readStep makes a step of its JSON. Unknown fields are passed over, fields
// that are null count as left out; the error is a *swarm.PlanError.
func readStep(raw []byte) (swarm.Step, error) {
	var s swarm.Step
	fields, twice, err := members(raw)
	if err != nil {
		return s, &swarm.PlanError{Mend: "is not JSON: " + err.Error()}
	}
	var first *swarm.PlanError
	take := func(name, want string, to any) {
		v, ok := fields[name]
		if !ok || first != nil {
			return
		}
		if err := json.Unmarshal(v, to); err != nil {
			first = &swarm.PlanError{Step: s.ID, Field: name, Value: findings.Line(string(v), 80), Mend: "is not " + want}
		}
	}
	var over, output string
	take("id", "a string", &s.ID)
	take("do", "a string", &s.Do)
	take("over", "a string", &over)
	take("select", "a list of strings", &s.Select)
	take("items", "a list of strings", &s.Items)
	take("of", "a string", &s.Of)
	take("needs", "a list of strings", &s.Needs)
	take("output", "a string", &output)
	for _, list := range []*[]string{&s.Select, &s.Items, &s.Needs} {
		if len(*list) == 0 {
			*list = nil // as if it were left out
		}
	}
	if first == nil && twice != "" {
		first = &swarm.PlanError{Step: s.ID, Field: findings.Line(twice, 40), Mend: "stands twice: write each field once"}
	}
	if first != nil {
		return s, first
	}
	var ok bool
	if s.Over, ok = overs[over]; !ok {
		return s, &swarm.PlanError{Step: s.ID, Field: "over", Value: findings.Line(over, 80), Mend: `must be one of "once", "chunks", "items", "list", "each"`}
	}
	switch output {
	case "", "finding":
	case swarm.SchemaList:
		s.Schema = swarm.SchemaList
	default:
		return s, &swarm.PlanError{Step: s.ID, Field: "output", Value: findings.Line(output, 80), Mend: `must be "finding" or "list"`}
	}
	return s, nil
}

// members reads an object; twice is a name that stands in it more than once,
// if one does.
func members(raw []byte) (fields map[string]json.RawMessage, twice string, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, "", cmp.Or(err, errors.New("no object"))
	}
	fields = map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, "", err
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, "", err
		}
		name, _ := t.(string) // the decoder lets nothing else stand here
		if _, ok := fields[name]; ok {
			twice = name
		}
		fields[name] = v
	}
	return fields, twice, nil
}
