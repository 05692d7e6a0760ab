package mock

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
)

// conform says where a brain's text departs from what response_format asked
// for: nothing where it asked for text or gave a schema that is not strict.
func conform(r Request, text string) error {
	if !r.JSON {
		return nil
	}
	v, err := parse([]byte(text))
	if err != nil {
		return fmt.Errorf("the text is not JSON: %w", err)
	}
	if r.Schema == nil {
		if v.kind != kindObject {
			return fmt.Errorf("the text is %s, not an object", v.kindName())
		}
		return nil
	}
	if !r.Strict {
		return nil
	}
	schema, err := parse(r.Schema)
	if err != nil {
		return fmt.Errorf("the schema: %w", err)
	}
	m := &matcher{root: schema}
	return m.match("$", schema, v, 0)
}

// matcher checks values against a schema that checkStrict has passed.
type matcher struct {
	root  node
	steps int
}

// maxSteps bounds the work on one reply: an anyOf whose members refer to
// itself doubles it with each level.
const maxSteps = 4 * maxValues

var errEndless = errors.New("the schema refers to itself without end")

func (m *matcher) match(path string, s, v node, depth int) error {
	if m.steps++; depth > 2*maxDepth || m.steps > maxSteps {
		return errEndless
	}
	if ref, ok := s.get("$ref"); ok {
		target, err := resolve(m.root, ref)
		if err != nil {
			return err
		}
		return m.match(path, target, v, depth+1)
	}
	if types := typesOf(s); len(types) > 0 && !slices.ContainsFunc(types, v.is) {
		return fmt.Errorf("%s: is %s, the schema wants %v", path, v.kindName(), types)
	}
	if enum, ok := s.get("enum"); ok && !slices.ContainsFunc(enum.items, v.same) {
		return fmt.Errorf("%s: is none of the values of its enum", path)
	}
	if want, ok := s.get("const"); ok && !v.same(want) {
		return fmt.Errorf("%s: is not the schema's constant", path)
	}
	if anyOf, ok := s.get("anyOf"); ok {
		var err error
		for _, one := range anyOf.items {
			if err = m.match(path, one, v, depth+1); err == nil || errors.Is(err, errEndless) {
				break
			}
		}
		if err != nil {
			return fmt.Errorf("fits nothing of anyOf: %w", err) // the last
		}
	}
	switch v.kind {
	case kindObject:
		return m.object(path, s, v, depth)
	case kindArray:
		return m.array(path, s, v, depth)
	case kindString:
		return inPattern(path, s, v)
	case kindNumber:
		return inRange(path, s, v)
	}
	return nil
}

func (m *matcher) object(path string, s, v node, depth int) error {
	props, ok := s.get("properties")
	required, _ := s.get("required")
	for _, r := range required.items {
		if _, ok := v.get(r.text); !ok {
			return fmt.Errorf("%s: lacks %q", path, r.text)
		}
	}
	if !ok && !slices.Contains(typesOf(s), "object") {
		return nil // an anyOf beside it says what the object is
	}
	for _, f := range v.members {
		p, ok := props.get(f.key)
		if !ok {
			return fmt.Errorf("%s: has %q, which the schema does not name", path, f.key)
		}
		if err := m.match(path+"."+f.key, p, f.val, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (m *matcher) array(path string, s, v node, depth int) error {
	if lo, ok := s.get("minItems"); ok && len(v.items) < wholeOf(s, "minItems") {
		return fmt.Errorf("%s: has %d items, the schema wants at least %v", path, len(v.items), lo.num)
	}
	if hi, ok := s.get("maxItems"); ok && len(v.items) > wholeOf(s, "maxItems") {
		return fmt.Errorf("%s: has %d items, the schema wants at most %v", path, len(v.items), hi.num)
	}
	items, ok := s.get("items")
	if !ok {
		return nil
	}
	for i, it := range v.items {
		if err := m.match(fmt.Sprintf("%s[%d]", path, i), items, it, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func inPattern(path string, s, v node) error {
	p, ok := s.get("pattern")
	if !ok {
		return nil
	}
	re, err := regexp.Compile(p.text)
	if err != nil {
		return fmt.Errorf("%s: the schema's pattern: %w", path, err)
	}
	if !re.MatchString(v.text) {
		return fmt.Errorf("%s: does not match the schema's pattern", path)
	}
	return nil
}

func inRange(path string, s, v node) error {
	x, _ := v.float()
	for _, bound := range []struct {
		key  string
		fits func(bound float64) bool
	}{
		{"minimum", func(b float64) bool { return x >= b }},
		{"maximum", func(b float64) bool { return x <= b }},
		{"exclusiveMinimum", func(b float64) bool { return x > b }},
		{"exclusiveMaximum", func(b float64) bool { return x < b }},
		{"multipleOf", func(b float64) bool { return b == 0 || math.Abs(math.Remainder(x, b)) < 1e-9*math.Abs(b) }},
	} {
		if b, ok := s.get(bound.key); ok {
			if f, _ := b.float(); !bound.fits(f) {
				return fmt.Errorf("%s: %v is against the schema's %s %v", path, v.num, bound.key, b.num)
			}
		}
	}
	return nil
}

// is says whether a value is of a schema's type.
func (n node) is(name string) bool {
	switch name {
	case "null":
		return n.kind == kindNull
	case "boolean":
		return n.kind == kindBool
	case "number":
		return n.kind == kindNumber
	case "integer":
		x, ok := n.float()
		return ok && x == math.Trunc(x)
	case "string":
		return n.kind == kindString
	case "array":
		return n.kind == kindArray
	case "object":
		return n.kind == kindObject
	}
	return false
}

// same compares two values as JSON Schema does: numbers by value, objects
// without regard to order.
func (n node) same(o node) bool {
	if n.kind != o.kind {
		return false
	}
	switch n.kind {
	case kindBool:
		return n.yes == o.yes
	case kindNumber:
		a, _ := n.float()
		b, _ := o.float()
		return a == b
	case kindString:
		return n.text == o.text
	case kindArray:
		return slices.EqualFunc(n.items, o.items, node.same)
	case kindObject:
		if len(n.members) != len(o.members) {
			return false
		}
		for _, m := range n.members {
			if v, ok := o.get(m.key); !ok || !m.val.same(v) {
				return false
			}
		}
	}
	return true
}
