package planner

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
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
//   - a bare step, or several one after another, also in a bare list, unless a
//     whole {"steps": […]} stands before them;
//   - any of these with prose or a code fence around.
//
// encoding/json reads each step; what stands between steps need not be JSON. A step
// that is no JSON is never mended here: it is noted with its place, and the steps
// behind it are read. What fails before its first step is complete counts as prose
// if a whole plan follows. What is handed over does not depend on the pieces. The
// decoder takes at most most bytes.
type decoder struct {
	step func(raw []byte)
	most int

	buf   []byte // the reply so far
	pos   int    // what is read next
	tried int    // how much was there behind pos when more had to come

	inList bool // pos is in a list of steps
	whole  bool // the last list was read whole

	steps    int // handed over
	faults   []error
	doubtful error // a fault in what may have been prose
}

// largeStep is from how many bytes on a step is only read again once it has become
// twice as long, so that reading takes time in proportion to the reply.
const largeStep = 64 << 10

func newDecoder(most int, step func(raw []byte)) *decoder {
	return &decoder{step: step, most: most}
}

// write takes a piece of the reply. Its only error is errTooLong.
func (d *decoder) write(p string) error {
	if len(d.buf)+len(p) > d.most {
		return fmt.Errorf("%w: more than %d bytes", errTooLong, d.most)
	}
	d.buf = append(d.buf, p...)
	if open := len(d.buf) - d.pos; strings.Contains(p, "}") && (open < largeStep || open >= 2*d.tried) {
		d.read(false)
		d.tried = len(d.buf) - d.pos
	}
	return nil
}

var errEnds = errors.New("the reply ends here, within JSON")

// close says that the reply has ended, and returns what was wrong with it.
func (d *decoder) close() []error {
	d.read(true)
	if d.inList {
		d.faults = append(d.faults, d.placed(errEnds, len(d.buf)))
	}
	if d.doubtful != nil {
		d.faults = append(d.faults, d.doubtful)
	}
	if len(d.faults) == 0 && d.steps == 0 && !d.whole {
		return []error{errNoPlan}
	}
	return d.faults
}

var (
	listBegins = regexp.MustCompile(`"steps"\s*:\s*\[`)
	planNames  = regexp.MustCompile(`"(?:id|do|steps)"\s*:`)
)

// read reads on as far as it can; last: no more comes.
func (d *decoder) read(last bool) {
	for more := true; more && d.pos < len(d.buf); {
		switch {
		case d.inList:
			more = d.within(last)
		case d.whole: // what follows a whole plan is prose, or another one
			at := listBegins.FindIndex(d.buf[d.pos:])
			if more = at != nil; more {
				d.pos, d.inList = d.pos+at[1], true
			}
		default:
			if i := bytes.IndexByte(d.buf[d.pos:], '{'); i < 0 {
				d.pos = len(d.buf)
			} else {
				d.pos += i
				more = d.object(last)
			}
		}
	}
}

// within reads on in a list of steps.
func (d *decoder) within(last bool) bool {
	rest := bytes.TrimLeft(d.buf[d.pos:], ", \t\r\n")
	d.pos = len(d.buf) - len(rest)
	switch {
	case len(rest) == 0:
		return false
	case rest[0] == '{':
		return d.object(last)
	case rest[0] == ']':
		d.pos++
		d.whole, d.doubtful = true, nil
	default:
		d.doubtful = cmp.Or(d.doubtful, errors.New(`the plan's "steps" holds something other than objects`))
		d.whole = false
	}
	d.inList = false
	return true
}

// object reads the object at pos, which may be a step, or hold the list of them.
func (d *decoder) object(last bool) bool {
	rest := d.buf[d.pos:]
	var raw json.RawMessage
	err := json.NewDecoder(bytes.NewReader(rest)).Decode(&raw)
	end := len(raw)
	bad, broken := errors.AsType[*json.SyntaxError](err)
	switch {
	case broken:
		end = int(bad.Offset) - 1
	case err != nil:
		end, err = len(rest), errEnds
	}
	if at := listBegins.FindIndex(rest[:end]); at != nil && !d.inList {
		d.pos, d.inList = d.pos+at[1], true
		return true
	}
	if err == errEnds && !last {
		return false
	}
	d.pos += end
	fields, _ := findings.Members(raw)
	switch {
	case err == nil && (d.inList || fields["id"] != nil || fields["do"] != nil):
		d.steps++
		d.step(raw)
	case err == nil && fields["steps"] != nil:
		d.doubtful = cmp.Or(d.doubtful, errors.New(`the plan's "steps" is no list of objects`))
	case err == nil:
	case d.inList, d.steps > 0 && planNames.Match(rest[:end]):
		d.faults = append(d.faults, d.placed(err, d.pos))
		d.inList, d.whole = false, false
	case planNames.Match(rest[:end]):
		d.doubtful = cmp.Or(d.doubtful, d.placed(err, d.pos))
	}
	return true
}

// placed says where in the reply err was met.
func (d *decoder) placed(err error, at int) error {
	if d.steps > 0 {
		return fmt.Errorf("the plan is not JSON at byte %d, after %d steps: %w", at, d.steps, err)
	}
	return fmt.Errorf("the plan is not JSON at byte %d: %w", at, err)
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
		Lookup, Level                               int
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
		want := map[string]string{texts: "is not a list of strings", "": "is not a string", types["fields"]: "is not a list of fields"}[types[field]]
		return refuse(field, string(fields[field]), cmp.Or(want, "must be as "+types[field]+" says"))
	}
	if len(twice) > 0 {
		return refuse(twice[0], "", "stands twice: write each field once")
	}
	var ok bool
	if s.Over, ok = overs[w.Over]; !ok {
		return refuse("over", w.Over, `must be one of "chunks", "sections", "sources", "items", "list", "each", "once", "calc"`)
	}
	if s.Over == swarm.Sections {
		s.Level = w.Level
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
