package planner

import (
	"encoding/json"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds of what is kept of a reply to a merge prompt.
const (
	preambleBytes = 512      // of plain text, to see whether JSON follows
	headBytes     = 64 << 10 // of JSON before the answer
)

// answer reads the reply to a merge prompt, which comes in pieces, and writes
// the answer to w as it comes: the string "answer" of a JSON object, which may
// stand in a code fence or after a few lines of prose, or else the whole text,
// without a fence around it if that says it is Markdown or plain text. Within
// the answer, raw control characters and escapes that JSON does not have are
// taken as they are written. White space before the answer is left out. What
// it writes does not depend on the pieces.
type answer struct {
	w   io.Writer
	out []byte
	err error

	mode  mode
	head  string // not decided yet
	at    int    // in head: the object that is being tried; −1: none
	pos   int    // in head: the next byte to look at
	empty bool   // an object without an answer was read
	ours  bool   // the object has a name that only a reply of ours has

	m    machine
	name []byte
	rest []byte // the object, without the answer's text
	esc  byte   // in the answer: '\\' or 'u', the escape in hand
	hex  []byte
	high rune // first half of a surrogate pair

	fenced bool   // plain text in a fence that is left out
	tail   string // plain text that may be the end of the fence

	closed bool // the answer's closing quote has come
	wrote  bool
}

type mode byte

const (
	undecided mode = iota
	plain
	inAnswer // the answer's string
	inObject // what stands after it
	past
)

func newAnswer(w io.Writer) *answer { return &answer{w: w, at: -1, m: machine{loose: true}} }

// write takes a piece of the reply. Its error is w's, and stays.
func (a *answer) write(p string) error {
	switch a.mode {
	case undecided:
		a.head += p
		a.decide(false)
	case plain:
		a.plain(p)
	default:
		a.object(p)
	}
	return a.flush()
}

// end says that the reply has ended.
func (a *answer) end() error {
	if a.mode == undecided {
		a.decide(true)
	}
	if strings.TrimSpace(a.tail) != "```" {
		a.put(a.tail)
	}
	a.tail = ""
	a.pair()
	return a.flush()
}

// decide looks for an object with an answer in head. Without one, head is the
// beginning of a plain text.
func (a *answer) decide(last bool) {
	for a.pos < len(a.head) {
		c := a.head[a.pos]
		if a.at < 0 {
			if c != '{' {
				a.pos++
				continue
			}
			if len(strings.TrimSpace(a.head[:a.pos])) > preambleBytes {
				a.pos = len(a.head)
				break
			}
			a.at, a.ours = a.pos, false
			a.m.reset()
		}
		ev, err := a.m.next(c)
		if err != nil {
			a.pos, a.at = a.at+1, -1
			continue
		}
		a.pos++
		if a.names(ev, c) == "answer" && ev == evString {
			rest := a.head[a.pos:]
			a.rest = append(a.rest, a.head[a.at:a.pos]...)
			a.mode, a.head = inAnswer, ""
			a.object(rest)
			return
		}
		if a.m.state == whole {
			a.empty = a.empty || a.ours || strings.Trim(a.head[:a.at], " \t\r\n`json\ufeff") == ""
			a.at = -1
		}
	}
	begun := strings.TrimLeft(a.head, " \t\r\n\ufeff")
	switch {
	case last && (a.empty || a.at >= 0 && a.ours):
		a.mode, a.head = past, ""
	case last || a.at < 0 && len(begun) > preambleBytes || len(begun) > headBytes:
		a.mode, a.head = plain, ""
		if info, body, ok := strings.Cut(begun, "\n"); ok && strings.HasPrefix(info, "```") {
			switch strings.ToLower(strings.TrimSpace(info[3:])) {
			case "markdown", "md", "text", "txt", "plaintext":
				a.fenced, begun = true, body
			}
		}
		a.plain(begun)
	}
}

// names follows the names of the object and returns the one that a value just
// begun stands under.
func (a *answer) names(ev event, c byte) string {
	switch {
	case len(a.m.stack) != 1:
	case ev == evKey:
		a.name = a.name[:0]
	case ev == evKeyEnd:
		switch string(a.name) {
		case "answer", "complete", "missing":
			a.ours = true
		}
	case ev == evString:
		return string(a.name)
	case ev == evNone && a.m.isName && a.m.state >= inString && a.m.state <= inHex && len(a.name) < maxName:
		a.name = append(a.name, c)
	}
	return ""
}

// plain passes on plain text.
func (a *answer) plain(p string) {
	if !a.fenced {
		a.put(p)
		return
	}
	p = a.tail + p
	i := len(strings.TrimRight(p, " \t\r\n"))
	for n := 0; n < 3 && i > 0 && p[i-1] == '`'; n++ {
		i--
	}
	i = len(strings.TrimRight(p[:i], " \t\r\n"))
	a.put(p[:i])
	a.tail = p[i:]
}

// object reads on from within the answer, or after it.
func (a *answer) object(p string) {
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
			a.pair()
			a.closed, a.mode = true, inObject
			a.rest = append(a.rest, '"')
			a.m.after()
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

func (a *answer) put(s string) {
	if !a.wrote {
		if s = strings.TrimLeft(s, " \t\r\n"); s == "" {
			return
		}
		a.wrote = true
	}
	a.out = append(a.out, s...)
}

func (a *answer) flush() error {
	if len(a.out) > 0 && a.err == nil {
		_, a.err = a.w.Write(a.out)
		a.out = a.out[:0]
	}
	return a.err
}

// verdict returns what the object says beside the answer. What it does not
// say, or says in another type, counts as complete: the text stands by itself.
func (a *answer) verdict() (complete bool, missing string) {
	var fields map[string]json.RawMessage
	complete = true
	if json.Unmarshal(a.rest, &fields) != nil {
		return complete, ""
	}
	var said bool
	if json.Unmarshal(fields["complete"], &said) == nil && string(fields["complete"]) != "null" {
		complete = said
	}
	if !complete {
		_ = json.Unmarshal(fields["missing"], &missing)
	}
	return complete, missing
}
