package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// valueKind is the type of a JSON value.
type valueKind uint8

const (
	kindNone valueKind = iota // not there
	kindNull
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
)

// Node is one JSON value. Unlike what encoding/json makes of a map, it keeps
// the order of members and the place of the value in the body.
type Node struct {
	Kind    valueKind
	Yes     bool           // kindBool
	Text    string         // kindString
	Num     json.Number    // kindNumber
	Items   []Node         // kindArray
	Members []member       // kindObject
	index   map[string]int // of members, where they are many
	Raw     []byte         // of objects and arrays
	End     int            // where it ends in the body
}

type member struct {
	Key string
	Val Node
}

// Limits on a body; the service's own are not published.
const (
	maxDepth  = 100
	maxValues = 1 << 20
)

// Parse reads one JSON value. A key that stands twice in an object is an
// error: the two halves of a wire often take different ones.
func Parse(body []byte) (Node, error) {
	if !utf8.Valid(body) {
		return Node{}, errors.New("the body is not valid UTF-8")
	}
	p := parser{Decoder: json.NewDecoder(bytes.NewReader(body)), body: body}
	p.UseNumber()
	n, err := p.value(0)
	if err != nil {
		return Node{}, err
	}
	if _, err := p.Token(); err != io.EOF {
		return Node{}, errors.New("something follows the JSON value")
	}
	return n, nil
}

type parser struct {
	*json.Decoder
	body   []byte
	values int // read so far
}

func (p *parser) value(depth int) (Node, error) {
	p.values++
	if depth > maxDepth {
		return Node{}, fmt.Errorf("the body is nested deeper than %d levels", maxDepth)
	}
	if p.values > maxValues {
		return Node{}, fmt.Errorf("the body holds more than %d values", maxValues)
	}
	before := int(p.InputOffset())
	t, err := p.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return Node{}, err
	}
	end := int(p.InputOffset())
	raw := bytes.TrimLeft(p.body[before:end], " \t\r\n:,")
	n := Node{Kind: kindNull, Raw: raw, End: end}
	switch v := t.(type) {
	case bool:
		n.Kind, n.Yes = kindBool, v
	case json.Number:
		n.Kind, n.Num = kindNumber, v
	case string:
		n.Kind, n.Text = kindString, v
	case json.Delim:
		if n.Kind = kindArray; v == '{' {
			n.Kind = kindObject
		}
		if err := p.inside(&n, depth); err != nil {
			return Node{}, err
		}
		if _, err := p.Token(); err != nil { // the closing bracket
			return Node{}, err
		}
		n.End = int(p.InputOffset())
		n.Raw = p.body[end-1 : n.End]
	}
	return n, nil
}

func (p *parser) inside(n *Node, depth int) error {
	for p.More() {
		if n.Kind == kindArray {
			v, err := p.value(depth + 1)
			if err != nil {
				return err
			}
			n.Items = append(n.Items, v)
			continue
		}
		t, err := p.Token()
		if err != nil {
			return err
		}
		key, _ := t.(string) // the decoder lets nothing else stand here
		if n.Get(key).There() {
			return fmt.Errorf("key %q stands twice in an object", key)
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		if n.index == nil {
			n.index = map[string]int{}
		}
		n.index[key] = len(n.Members)
		n.Members = append(n.Members, member{key, v})
	}
	return nil
}

// Get finds a member of an object. A node that is not There is that of none.
func (n Node) Get(key string) Node {
	if i, ok := n.index[key]; ok {
		return n.Members[i].Val
	}
	return Node{}
}

// There says whether there is a value, null included.
func (n Node) There() bool { return n.Kind != kindNone }

// IsNull says whether it is null, or not there.
func (n Node) IsNull() bool { return n.Kind <= kindNull }

// IsObject says whether it is an object.
func (n Node) IsObject() bool { return n.Kind == kindObject }

// Float is the value of a number; 0 of anything else.
func (n Node) Float() float64 {
	f, _ := n.Num.Float64()
	return f
}

// Int is the value of a whole number, up to what a float holds exactly.
func (n Node) Int() int { return int(max(-1<<53, min(n.Float(), 1<<53))) }

// Content is a text, or the parts of one joined.
func (n Node) Content() string {
	text := n.Text
	for _, part := range n.Items {
		text += part.Get("text").Text
	}
	return text
}

// kindName names the type as the service does in its messages.
func (n Node) kindName() string {
	if _, err := n.Num.Int64(); n.Kind == kindNumber && err != nil {
		return "a decimal number"
	}
	return [...]string{"nothing", "null", "a boolean", "an integer", "a string", "an array", "an object"}[n.Kind]
}

// Value is the value as encoding/json makes it.
func (n Node) Value() any {
	switch n.Kind {
	case kindBool:
		return n.Yes
	case kindNumber:
		return n.Num
	case kindString:
		return n.Text
	case kindArray:
		out := make([]any, len(n.Items))
		for i, it := range n.Items {
			out[i] = it.Value()
		}
		return out
	case kindObject:
		out := make(map[string]any, len(n.Members))
		for _, m := range n.Members {
			out[m.Key] = m.Val.Value()
		}
		return out
	}
	return nil
}

// at is the value at a place inside.
func (n Node) at(place []string) Node {
	for _, p := range place {
		if i, err := strconv.Atoi(p); err == nil && i < len(n.Items) {
			n = n.Items[i]
		} else {
			n = n.Get(p)
		}
	}
	return n
}
