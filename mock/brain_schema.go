package mock

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// said is what a brain has to say, before it is put into a schema's words.
type said struct {
	answer     string
	quote      string
	source     string
	reason     string
	missing    string
	confidence float64 // 0 to 1
	abstain    bool
	complete   bool
	list       []string
	each       []said // the same for several passages, where a schema has room
	plan       []step // of a plan
	planned    bool   // it is a plan, be it without a step
}

// replyIn writes what is said as the request wants it: in its schema, in a
// schema or example of JSON that its prompt shows, or as plain text.
func replyIn(r Request, p prompt, s said) string {
	if schema, ok := schemaOf(r, p); ok {
		f := filler{root: schema}
		f.value(schema, "", s, 0)
		return f.b.String()
	}
	switch {
	case s.abstain:
		return silence(p)
	case len(s.list) > 0 && s.answer == "":
		return "- " + strings.Join(s.list, "\n- ")
	}
	return s.answer
}

// schemaOf finds the schema of the reply.
func schemaOf(r Request, p prompt) (node, bool) {
	if len(r.Schema) > 0 {
		if n, err := parse(r.Schema); err == nil {
			return n, n.kind == kindObject
		}
	}
	for _, m := range r.Messages {
		if n, ok := shownSchema(m.Content, r.JSON); ok {
			return n, true
		}
	}
	if r.JSON {
		n, err := parse([]byte(`{"type":"object","properties":{"answer":{"type":"string"},"quote":{"type":"string"},"confidence":{"type":"number"},"abstain":{"type":"boolean"}}}`))
		return n, err == nil
	}
	return node{}, false
}

// shownSchema looks for a JSON Schema in a prompt, or for an example object
// where one is asked for, whose members then tell the shape.
func shownSchema(s string, example bool) (node, bool) {
	if !example && !strings.Contains(s, "JSON") && !strings.Contains(s, "json") {
		return node{}, false
	}
	for i, tries := 0, 0; tries < 16; tries++ {
		k := strings.IndexByte(s[i:], '{')
		if k < 0 {
			break
		}
		i += k
		end := closing(s[i:])
		if end <= 0 || end > 1<<16 {
			i++
			continue
		}
		n, err := parse([]byte(andSoOn.Replace(s[i : i+end])))
		if err != nil || n.kind != kindObject || len(n.members) == 0 {
			i++
			continue
		}
		if props, ok := n.get("properties"); ok && props.kind == kindObject {
			return n, true
		}
		if inner, ok := n.get("schema"); ok && inner.kind == kindObject {
			return inner, true
		}
		if meaningful(n) {
			return schemaFrom(n, 0), true
		}
		i += end
	}
	return node{}, false
}

// andSoOn takes out of an example what says that it goes on.
var andSoOn = strings.NewReplacer(", …", "", ",…", "", ", ...", "", ",...", "", "[…]", "[]", "[...]", "[]")

func meaningful(n node) bool {
	for _, m := range n.members {
		if meaningOf(m.key) == meansAnswer || meaningOf(m.key) == meansQuote || strings.EqualFold(m.key, "steps") || strings.EqualFold(m.key, "plan") {
			return true
		}
	}
	return false
}

// closing returns where the object at the start of s ends, 0 if it does not.
func closing(s string) int {
	depth, quoted := 0, false
	for i := 0; i < len(s) && i < 1<<16; i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// schemaFrom makes a schema of an example.
func schemaFrom(n node, depth int) node {
	named := func(t string) node {
		s := node{kind: kindObject}
		s.add("type", node{kind: kindString, text: t})
		return s
	}
	if depth > 8 {
		return named("string")
	}
	switch n.kind {
	case kindBool:
		return named("boolean")
	case kindNumber:
		return named("number")
	case kindArray:
		s := named("array")
		if len(n.items) > 0 {
			s.add("items", schemaFrom(n.items[0], depth+1))
		} else {
			s.add("items", named("string"))
		}
		return s
	case kindObject:
		s := named("object")
		props := node{kind: kindObject}
		for _, m := range n.members {
			if _, twice := props.get(m.key); !twice {
				props.add(m.key, schemaFrom(m.val, depth+1))
			}
		}
		s.add("properties", props)
		return s
	}
	return named("string")
}

// filler writes a value of a schema.
type filler struct {
	root node
	b    strings.Builder
}

const fillDepth = 24

// value writes a value of schema s, which stands under the given name.
func (f *filler) value(s node, name string, x said, depth int) {
	if depth > fillDepth {
		f.b.WriteString("null")
		return
	}
	if ref, ok := s.get("$ref"); ok {
		if target, err := resolve(f.root, ref); err == nil {
			f.value(target, name, x, depth+1)
			return
		}
	}
	if c, ok := s.get("const"); ok {
		f.raw(c)
		return
	}
	if e, ok := s.get("enum"); ok && len(e.items) > 0 {
		f.raw(bestOf(e.items, name, x))
		return
	}
	for _, key := range []string{"anyOf", "oneOf", "allOf"} {
		if any, ok := s.get(key); ok && len(any.items) > 0 {
			f.value(f.branch(any.items, name, x), name, x, depth+1)
			return
		}
	}
	types := typesOf(s)
	typ := ""
	nullable := false
	for _, t := range types {
		if t == "null" {
			nullable = true
		} else if typ == "" {
			typ = t
		}
	}
	if nullable && (typ == "" || nothing(name, x)) {
		f.b.WriteString("null")
		return
	}
	props, has := s.get("properties")
	switch {
	case typ == "object" || typ == "" && has:
		f.object(props, x, depth)
	case typ == "array":
		f.array(s, name, x, depth)
	case typ == "boolean":
		f.b.WriteString(strconv.FormatBool(boolFor(name, x)))
	case typ == "integer" || typ == "number":
		f.b.WriteString(numberFor(s, name, x, typ == "integer"))
	default:
		f.text(s, stringFor(name, x))
	}
}

// branch prefers what is no null, unless there is nothing to say.
func (f *filler) branch(items []node, name string, x said) node {
	best := items[0]
	for _, n := range items {
		isNull := len(typesOf(n)) == 1 && typesOf(n)[0] == "null"
		if isNull && nothing(name, x) {
			return n
		}
		if !isNull && len(typesOf(best)) == 1 && typesOf(best)[0] == "null" {
			best = n
		}
	}
	return best
}

// nothing tells whether there is nothing to put under a name.
func nothing(name string, x said) bool {
	switch meaningOf(name) {
	case meansAnswer, meansQuote, meansSource:
		return x.abstain
	case meansMissing:
		return x.missing == ""
	case meansConfidence, meansAbstain, meansFound, meansComplete, meansList:
		return false
	case meansReason:
		return x.reason == ""
	}
	return stringFor(name, x) == ""
}

func (f *filler) object(props node, x said, depth int) {
	f.b.WriteByte('{')
	for i, m := range props.members {
		if i > 0 {
			f.b.WriteByte(',')
		}
		f.quoted(m.key)
		f.b.WriteByte(':')
		f.value(m.val, m.key, x, depth+1)
	}
	f.b.WriteByte('}')
}

// array writes a list: of strings, or an object for each passage.
func (f *filler) array(s node, name string, x said, depth int) {
	least, most := 0, math.MaxInt32
	if n, ok := s.get("minItems"); ok {
		v, _ := n.whole()
		least = int(min(v, 1000))
	}
	if n, ok := s.get("maxItems"); ok {
		v, _ := n.whole()
		most = int(v)
	}
	items, ok := s.get("items")
	if !ok {
		items = node{kind: kindObject}
	}
	var each []said
	if (len(x.plan) > 0 || x.planned) && isStep(f.root, items) {
		f.steps(items, x.plan)
		return
	}
	if target, err := resolveIn(f.root, items); err == nil && takesObject(target) {
		each = x.each
		if len(each) == 0 && !x.abstain {
			each = []said{x}
		}
	} else {
		for _, v := range listFor(name, x) {
			one := x
			one.answer, one.quote, one.list = v, v, nil
			each = append(each, one)
		}
	}
	for len(each) < least {
		each = append(each, said{abstain: x.abstain})
	}
	each = each[:min(len(each), most)]
	f.b.WriteByte('[')
	for i, one := range each {
		if i > 0 {
			f.b.WriteByte(',')
		}
		f.value(items, singular(name), one, depth+1)
	}
	f.b.WriteByte(']')
}

func resolveIn(root, s node) (node, error) {
	if ref, ok := s.get("$ref"); ok {
		return resolve(root, ref)
	}
	return s, nil
}

func takesObject(s node) bool {
	_, has := s.get("properties")
	return has
}

func (f *filler) text(s node, v string) {
	if n, ok := s.get("maxLength"); ok {
		if most, ok := n.whole(); ok {
			v = cutRunes(v, int(most))
		}
	}
	f.quoted(v)
}

func (f *filler) quoted(v string) {
	b, err := json.Marshal(v)
	if err != nil {
		b = []byte(`""`)
	}
	f.b.Write(b)
}

// raw writes a value as it stands in a schema.
func (f *filler) raw(n node) {
	switch n.kind {
	case kindString:
		f.quoted(n.text)
	case kindBool:
		f.b.WriteString(strconv.FormatBool(n.yes))
	case kindNumber:
		f.b.WriteString(n.num.String())
	default:
		f.b.WriteString("null")
	}
}

func cutRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
