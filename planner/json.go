package planner

import (
	"encoding/json"
	"fmt"
)

// maxDepth bounds how deep JSON may be nested; a plan needs five levels.
const maxDepth = 24

// maxNumber bounds the digits of a number.
const maxNumber = 64

// event is what one byte of JSON brought about.
type event uint8

const (
	evNone event = iota
	evObject
	evArray
	evObjectEnd
	evArrayEnd
	evKey // the opening quote of a name
	evKeyEnd
	evString // the opening quote of a value
	evStringEnd
	evScalar // the first byte of a number, true, false or null
)

type state uint8

const (
	wantValue state = iota
	wantFirstValue
	wantFirstKey
	wantKey
	wantColon
	wantNext
	inString
	inEscape
	inHex
	inScalar
	whole
)

// wants says what a state waits for, in errors.
var wants = [...]string{
	"a value", "a value or ']'", "a name in quotes or '}'", "a name in quotes", "':'", "',' or the end of the list or object",
	"the end of a string", "an escaped character", "a hexadecimal digit", "the end of a number or literal", "nothing more",
}

// machine reads one JSON value byte by byte, strictly as RFC 8259 has it: it
// needs to see no more than the byte it is given, and keeps no text but that
// of a number.
type machine struct {
	state  state
	isName bool   // the string is a name
	loose  bool   // control characters in strings are let through
	stack  []byte // '{' and '[' that are open
	scalar []byte
	hex    int
}

// notJSON says what stood where something else belongs.
type notJSON struct {
	got  byte
	want string
}

func (e *notJSON) Error() string { return fmt.Sprintf("got %q, want %s", e.got, e.want) }

func (m *machine) reset() {
	*m = machine{loose: m.loose, stack: m.stack[:0], scalar: m.scalar[:0]}
}

// next takes a byte. The machine is in state whole when the value is complete;
// a bare number never is, for more digits could follow.
func (m *machine) next(c byte) (event, error) {
	switch m.state {
	case inString, inEscape, inHex:
		return m.text(c)
	case inScalar:
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == 'E' || c == '.' || c == '+' || c == '-' {
			if m.scalar = append(m.scalar, c); len(m.scalar) > maxNumber {
				return m.bad(c)
			}
			return evNone, nil
		}
		if !json.Valid(m.scalar) {
			return evNone, &notJSON{got: m.scalar[0], want: "a value"}
		}
		m.after()
	}
	if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
		return evNone, nil
	}
	switch m.state {
	case wantColon:
		if c != ':' {
			return m.bad(c)
		}
		m.state = wantValue
		return evNone, nil
	case wantKey, wantFirstKey:
		switch {
		case c == '"':
			m.state, m.isName = inString, true
			return evKey, nil
		case c == '}' && m.state == wantFirstKey:
			return m.pop(), nil
		}
	case wantNext:
		top := m.stack[len(m.stack)-1]
		switch {
		case c == ',' && top == '{':
			m.state = wantKey
			return evNone, nil
		case c == ',':
			m.state = wantValue
			return evNone, nil
		case c == '}' && top == '{', c == ']' && top == '[':
			return m.pop(), nil
		}
	case wantValue, wantFirstValue:
		return m.value(c)
	}
	return m.bad(c)
}

func (m *machine) bad(c byte) (event, error) { return evNone, &notJSON{got: c, want: wants[m.state]} }

// text takes a byte of a string.
func (m *machine) text(c byte) (event, error) {
	switch m.state {
	case inEscape:
		switch c {
		case 'u':
			m.state, m.hex = inHex, 0
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			m.state = inString
		default:
			return m.bad(c)
		}
	case inHex:
		if _, ok := hexDigit(c); !ok {
			return m.bad(c)
		}
		if m.hex++; m.hex == 4 {
			m.state = inString
		}
	default:
		switch {
		case c == '"' && m.isName:
			m.state = wantColon
			return evKeyEnd, nil
		case c == '"':
			m.after()
			return evStringEnd, nil
		case c == '\\':
			m.state = inEscape
		case c < ' ' && !m.loose:
			return evNone, &notJSON{got: c, want: "a string without raw control characters"}
		}
	}
	return evNone, nil
}

// value takes the first byte of a value, or the end of an empty list.
func (m *machine) value(c byte) (event, error) {
	switch {
	case c == '{' || c == '[':
		if len(m.stack) == maxDepth {
			return evNone, &notJSON{got: c, want: fmt.Sprintf("no more than %d levels", maxDepth)}
		}
		m.stack = append(m.stack, c)
		if c == '{' {
			m.state = wantFirstKey
			return evObject, nil
		}
		m.state = wantFirstValue
		return evArray, nil
	case c == ']' && m.state == wantFirstValue:
		return m.pop(), nil
	case c == '"':
		m.state, m.isName = inString, false
		return evString, nil
	case c == '-' || c >= '0' && c <= '9' || c == 't' || c == 'f' || c == 'n':
		m.state, m.scalar = inScalar, append(m.scalar[:0], c)
		return evScalar, nil
	}
	return m.bad(c)
}

func (m *machine) pop() event {
	top := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	m.after()
	if top == '{' {
		return evObjectEnd
	}
	return evArrayEnd
}

// after moves on from a value that is complete.
func (m *machine) after() {
	m.state = wantNext
	if len(m.stack) == 0 {
		m.state = whole
	}
}

func hexDigit(c byte) (rune, bool) {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0'), true
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10, true
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10, true
	}
	return 0, false
}
