package planner

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// object reads on from within the answer, or after it.
func (a *answer) object(p string) {
	p, a.pend = a.pend+p, ""
	for i := 0; i < len(p); i++ {
		c := p[i]
		switch {
		case a.mode == past:
			return
		case a.mode == inObject:
			if _, err := a.m.next(c); err != nil || len(a.rest) > headBytes {
				a.mode = past
				return
			}
			if a.rest = append(a.rest, c); a.m.state == whole {
				a.mode = past
			}
		case a.esc == 'u':
			a.unicode(c)
			if a.esc == 0 && a.mode == inAnswer && len(a.hex) < 4 {
				i-- // c is no hexadecimal digit, and stands for itself
			}
		case a.esc == '\\':
			a.escape(c)
		case c == '\\':
			a.esc = '\\'
		case c == '"':
			switch closes, sure := closing(p[i+1:]); {
			case !sure:
				a.pend = p[i:]
				return
			case closes:
				a.close()
			default:
				a.pair()
				a.put(`"`)
			}
		default:
			n := strings.IndexAny(p[i:], `\"`)
			if n < 0 {
				n = len(p) - i
			}
			a.pair()
			a.put(p[i : i+n])
			i += n - 1
		}
	}
}

// close ends the answer at its closing quote.
func (a *answer) close() {
	a.pair()
	a.pend, a.closed, a.mode = "", true, inObject
	a.rest = append(a.rest, '"')
	a.m.after()
}

// closing tells by what follows a quote whether it closes the answer: the end
// of the object does, or a comma and another name. Models write quotes within
// the answer that are not escaped, and those never stand so. White space
// without end is what models write past an object.
func closing(after string) (closes, sure bool) {
	if len(after) >= pendBytes {
		closes, sure = closing(after[:pendBytes-1])
		return closes || !sure, true
	}
	const space = " \t\r\n"
	s := strings.TrimLeft(after, space)
	if s == "" || s[0] != ',' {
		return s != "" && s[0] == '}', s != ""
	}
	if s = strings.TrimLeft(s[1:], space); s == "" || s[0] == '}' {
		return s != "", s != ""
	}
	name, quoted := strings.CutPrefix(s, `"`)
	s = strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
	switch n := len(name) - len(s); {
	case n > maxName:
		return false, true
	case s == "":
		return false, false
	case n == 0:
		return false, true
	}
	if quoted {
		if s[0] != '"' {
			return false, true
		}
		s = s[1:]
	}
	if s = strings.TrimLeft(s, space); s == "" {
		return false, false
	}
	return s[0] == ':', true
}

// escape reads what follows a backslash.
func (a *answer) escape(c byte) {
	a.esc = 0
	if c == 'u' {
		a.esc, a.hex = 'u', a.hex[:0]
		return
	}
	a.pair()
	switch c {
	case '"', '\\', '/':
		a.put(string(c))
	case 'b', 'f':
	case 'n':
		a.put("\n")
	case 'r':
		a.put("\r")
	case 't':
		a.put("\t")
	default:
		a.put(`\` + string([]byte{c}))
	}
}

// unicode reads a digit of \uXXXX.
func (a *answer) unicode(c byte) {
	if _, ok := hexDigit(c); !ok {
		a.esc = 0
		a.pair()
		a.put(`\u` + string(a.hex))
		return
	}
	if a.hex = append(a.hex, c); len(a.hex) < 4 {
		return
	}
	var r rune
	for _, h := range a.hex {
		d, _ := hexDigit(h)
		r = r<<4 | d
	}
	a.esc = 0
	switch {
	case a.high != 0 && utf16.DecodeRune(a.high, r) != utf8.RuneError:
		r, a.high = utf16.DecodeRune(a.high, r), 0
		a.put(string(r))
	case r >= 0xD800 && r < 0xDC00:
		a.pair()
		a.high = r
	default:
		a.pair()
		a.put(string(r)) // a lone second half becomes U+FFFD
	}
}

// pair gives up the first half of a surrogate pair whose second did not come.
func (a *answer) pair() {
	if a.high != 0 {
		a.high = 0
		a.put(string(utf8.RuneError))
	}
}
