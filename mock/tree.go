package mock

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// kind is the type of a JSON value.
type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
)

// node is one JSON value. Unlike what encoding/json makes of a map, it keeps
// the order of members and the place of the value in the body.
type node struct {
	kind       kind
	yes        bool           // kindBool
	text       string         // kindString
	num        json.Number    // kindNumber
	items      []node         // kindArray
	members    []member       // kindObject
	index      map[string]int // of members, where they are many
	start, end int            // bytes of the body, for objects and arrays
}

type member struct {
	key string
	val node
}

// Limits on a body. The service's own are not published; requests with
// schemas of the permitted size stay well below these.
const (
	maxDepth  = 100
	maxValues = 1 << 18
)

var (
	errNotUTF8  = errors.New("the body is not valid UTF-8")
	errTooDeep  = fmt.Errorf("the body is nested deeper than %d levels", maxDepth)
	errTooMany  = fmt.Errorf("the body holds more than %d values", maxValues)
	errTrailing = errors.New("something follows the JSON value")
)

// parse reads one JSON value. A key that stands twice in an object is an
// error: the two halves of a wire often take different ones.
func parse(body []byte) (node, error) {
	if !utf8.Valid(body) {
		return node{}, errNotUTF8
	}
	p := parser{Decoder: json.NewDecoder(bytes.NewReader(body))}
	p.UseNumber()
	n, err := p.value(0)
	if err != nil {
		return node{}, err
	}
	if _, err := p.Token(); err != io.EOF {
		return node{}, errTrailing
	}
	return n, nil
}

type parser struct {
	*json.Decoder
	values int // read so far
}

func (p *parser) value(depth int) (node, error) {
	p.values++
	if depth > maxDepth {
		return node{}, errTooDeep
	}
	if p.values > maxValues {
		return node{}, errTooMany
	}
	t, err := p.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return node{}, err
	}
	switch v := t.(type) {
	case bool:
		return node{kind: kindBool, yes: v}, nil
	case json.Number:
		return node{kind: kindNumber, num: v}, nil
	case string:
		return node{kind: kindString, text: v}, nil
	case json.Delim:
		n := node{kind: kindArray, start: int(p.InputOffset()) - 1}
		if v == '{' {
			n.kind = kindObject
		}
		if err := p.inside(&n, depth); err != nil {
			return node{}, err
		}
		if _, err := p.Token(); err != nil { // the closing bracket
			return node{}, err
		}
		n.end = int(p.InputOffset())
		return n, nil
	}
	return node{}, nil // null
}

func (p *parser) inside(n *node, depth int) error {
	for p.More() {
		if n.kind == kindArray {
			v, err := p.value(depth + 1)
			if err != nil {
				return err
			}
			n.items = append(n.items, v)
			continue
		}
		t, err := p.Token()
		if err != nil {
			return err
		}
		key, _ := t.(string) // the decoder lets nothing else stand here
		if _, twice := n.get(key); twice {
			return fmt.Errorf("key %q stands twice in an object", key)
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		n.add(key, v)
	}
	return nil
}

// add appends a member; many of them get an index, so that a hostile object
// does not cost the square of its size.
func (n *node) add(key string, v node) {
	n.members = append(n.members, member{key, v})
	switch {
	case n.index != nil:
		n.index[key] = len(n.members) - 1
	case len(n.members) > 16:
		n.index = make(map[string]int, 2*len(n.members))
		for i, m := range n.members {
			n.index[m.key] = i
		}
	}
}

// get finds a member of an object.
func (n node) get(key string) (node, bool) {
	if n.index != nil {
		i, ok := n.index[key]
		if !ok {
			return node{}, false
		}
		return n.members[i].val, true
	}
	for i := range n.members {
		if n.members[i].key == key {
			return n.members[i].val, true
		}
	}
	return node{}, false
}

func (n node) isNull() bool { return n.kind == kindNull }

// whole is the value of a number without a fraction that fits 64 bits.
func (n node) whole() (int64, bool) {
	if n.kind != kindNumber {
		return 0, false
	}
	v, err := n.num.Int64()
	return v, err == nil
}

func (n node) float() (float64, bool) {
	if n.kind != kindNumber {
		return 0, false
	}
	v, err := n.num.Float64()
	return v, err == nil
}

// kindName names the type as the service does in its messages.
func (n node) kindName() string {
	switch n.kind {
	case kindNull:
		return "null"
	case kindBool:
		return "a boolean"
	case kindNumber:
		if _, ok := n.whole(); ok {
			return "an integer"
		}
		return "a decimal number"
	case kindString:
		return "a string"
	case kindArray:
		return "an array"
	}
	return "an object"
}
