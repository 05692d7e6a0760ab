package planner

import (
	"encoding/json"
	"io"
	"math"
	"strings"
)

// Bounds of what is kept of a reply to a merge prompt.
const (
	preambleBytes = 512      // of plain text, to see whether JSON follows
	headBytes     = 64 << 10 // of JSON before the answer
	pendBytes     = 256      // after a quote that may be the closing one
)

// answer reads the reply to a merge prompt, which comes in pieces, and writes
// the answer to w as it comes: the string "answer" of a JSON object, which may
// stand in a code fence or after a few lines of prose, or else the whole text,
// without a fence around it if that says it is Markdown or plain text. Within
// the answer, raw control characters, escapes that JSON does not have, and
// quotes that cannot be the closing one are taken as they are written. White
// space before the answer is left out. What it writes does not depend on the
// pieces.
//
// An object with an answer may also follow a longer text, as where a model
// thinks aloud first. What was written of that is then taken back by void; nil
// leaves the text as it is.
type answer struct {
	w    io.Writer
	void func() io.Writer // takes back what was written; what follows goes to the writer
	out  []byte
	err  error

	mode  mode
	head  string // not decided yet, or plain text since the object that is being tried
	at    int    // in head: the object that is being tried; −1: none
	pos   int    // in head: the next byte to look at
	empty bool   // an object without an answer was read
	ours  bool   // the object has a name that only a reply of ours has

	m    machine
	name []byte
	rest []byte // the object, without the answer's text
	esc  byte   // in the answer: '\\' or 'u', the escape in hand
	hex  []byte
	high rune   // first half of a surrogate pair
	pend string // from a quote on that may be the closing one

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
		a.overhear(p)
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
	if rest := a.pend; rest != "" {
		a.close()
		a.object(rest[1:])
	}
	a.pair()
	return a.flush()
}

// search looks for an object with an answer in head, from pos on, and reads on
// from within the answer if there is one. Objects that begin after most bytes
// do not count.
func (a *answer) search(most int) (found bool) {
	for a.pos < len(a.head) {
		c := a.head[a.pos]
		if a.at < 0 {
			if c != '{' {
				a.pos++
				continue
			}
			if len(strings.TrimSpace(a.head[:a.pos])) > most {
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
			if a.mode == plain {
				a.w, a.out, a.tail, a.wrote = a.void(), a.out[:0], "", false
			}
			a.mode, a.head = inAnswer, ""
			a.object(rest)
			return true
		}
		if a.m.state == whole {
			a.empty = a.empty || a.ours || strings.Trim(a.head[:a.at], " \t\r\n`json\ufeff") == ""
			a.at = -1
		}
	}
	return false
}

// decide tells what the reply is once head shows it. Without an object with an
// answer it is a plain text, which head begins.
func (a *answer) decide(last bool) {
	if a.search(preambleBytes) {
		return
	}
	begun := strings.TrimLeft(a.head, " \t\r\n\ufeff")
	switch {
	case last && (a.empty || a.at >= 0 && a.ours):
		a.mode, a.head = past, ""
	case last || a.at < 0 && len(begun) > preambleBytes || len(begun) > headBytes:
		text := a.head
		a.mode, a.head, a.at, a.pos = plain, "", -1, 0
		if info, body, ok := strings.Cut(begun, "\n"); ok && strings.HasPrefix(info, "```") {
			switch strings.ToLower(strings.TrimSpace(info[3:])) {
			case "markdown", "md", "text", "txt", "plaintext":
				a.fenced, begun = true, body
			}
		}
		a.plain(begun)
		a.overhear(text)
	}
}

// overhear looks in plain text for an object with an answer.
func (a *answer) overhear(p string) {
	if a.void == nil {
		return
	}
	a.head += p
	if a.search(math.MaxInt) {
		return
	}
	switch {
	case a.at < 0:
		a.head, a.pos = "", 0
	case len(a.head)-a.at > headBytes:
		a.head, a.pos, a.at = "", 0, -1
	default:
		a.head, a.pos, a.at = a.head[a.at:], a.pos-a.at, 0
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

// missing returns what the answer lacks by what the object says beside it. What
// it does not say, or says in another type, counts as complete: the text stands
// by itself.
func (a *answer) missing() string {
	var fields struct {
		Complete json.RawMessage `json:"complete"`
		Missing  json.RawMessage `json:"missing"`
	}
	if json.Unmarshal(a.rest, &fields) != nil || string(fields.Complete) != "false" {
		return ""
	}
	var what string
	if json.Unmarshal(fields.Missing, &what); strings.TrimSpace(what) == "" {
		return "the model did not say what"
	}
	return what
}
