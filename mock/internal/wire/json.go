package wire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"
)

// Node is one JSON value. Unlike what encoding/json makes of a map, it keeps
// the place of the value in the body.
type Node struct {
	Raw     []byte // as it stands there; nil: it does not
	End     int    // where it ends in the body
	Yes     bool
	Text    string
	Num     json.Number
	Items   []Node
	Members map[string]Node
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
	n := p.value(0)
	if p.err != nil {
		return Node{}, p.err
	}
	if _, err := p.Token(); err != io.EOF {
		return Node{}, errors.New("something follows the JSON value")
	}
	return n, nil
}

type parser struct {
	*json.Decoder
	body   []byte
	values int   // read so far
	err    error // the first one; what was read after it counts no more
}

func (p *parser) token() json.Token {
	t, err := p.Token()
	p.err = cmp.Or(p.err, err)
	return t
}

func (p *parser) value(depth int) (n Node) {
	if p.values++; depth > maxDepth || p.values > maxValues {
		p.err = cmp.Or(p.err, fmt.Errorf("the body is nested deeper than %d levels, or holds more than %d values", maxDepth, maxValues))
		return n
	}
	before := p.InputOffset()
	t := p.token()
	end := p.InputOffset()
	n.Raw, n.End = bytes.TrimLeft(p.body[before:end], " \t\r\n:,"), int(end)
	switch v := t.(type) {
	case bool:
		n.Yes = v
	case json.Number:
		n.Num = v
	case string:
		n.Text = v
	case json.Delim:
		if v == '{' {
			n.Members = map[string]Node{}
		}
		for p.err == nil && p.More() {
			if v == '[' {
				n.Items = append(n.Items, p.value(depth+1))
				continue
			}
			key, _ := p.token().(string)
			if n.Get(key).There() {
				p.err = cmp.Or(p.err, fmt.Errorf("key %q stands twice in an object", key))
			}
			n.Members[key] = p.value(depth + 1)
		}
		p.token() // the closing bracket
		n.End = int(p.InputOffset())
		n.Raw = p.body[end-1 : n.End]
	}
	return n
}

// Get finds a member of an object. A node that is not There is that of none.
func (n Node) Get(key string) Node { return n.Members[key] }

// keys are those of an object's members, in order.
func (n Node) keys() []string { return slices.Sorted(maps.Keys(n.Members)) }

// There says whether there is a value, null included.
func (n Node) There() bool { return n.Raw != nil }

// IsNull says whether it is null, or not there.
func (n Node) IsNull() bool { return n.Raw == nil || n.Raw[0] == 'n' }

// IsObject says whether it is an object.
func (n Node) IsObject() bool { return n.There() && n.Raw[0] == '{' }

// IsText says whether it is a string.
func (n Node) IsText() bool { return n.There() && n.Raw[0] == '"' }

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
	if n.Num == "" {
		return map[string]string{
			"": "nothing", "n": "null", "t": "a boolean", "f": "a boolean", `"`: "a string", "[": "an array", "{": "an object",
		}[string(n.Raw[:min(1, len(n.Raw))])]
	}
	if _, err := n.Num.Int64(); err != nil {
		return "a decimal number"
	}
	return "an integer"
}

// Value is the value as encoding/json makes it, with numbers as they are spelled.
func (n Node) Value() any {
	switch {
	case n.IsNull():
		return nil
	case n.IsText():
		return n.Text
	case n.Num != "":
		return n.Num
	case n.IsObject():
		all := make(map[string]any, len(n.Members))
		for key, m := range n.Members {
			all[key] = m.Value()
		}
		return all
	case n.Raw[0] == '[':
		all := make([]any, len(n.Items))
		for i, m := range n.Items {
			all[i] = m.Value()
		}
		return all
	}
	return n.Yes
}
