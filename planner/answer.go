package planner

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/db31e724/go-swarm/swarm"
)

// Bounds of what is kept of a reply to a merge prompt.
const (
	preambleBytes = 512      // of plain text, to see whether JSON follows
	headBytes     = 64 << 10 // of JSON before the answer
	pendBytes     = 256      // after a quote that may be the closing one
	restBytes     = 128 << 10
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

	mode   mode
	head   string // all that came before the answer
	seen   int    // how much of head was searched for an answer
	opened int    // how much of head was seen to be JSON that goes on: it is looked at again when twice as long
	pend   string // within the answer: an escape that goes on, or a quote that may be the closing one
	rest   string // the object, without the answer's text

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
	past
)

func newAnswer(w io.Writer) *answer { return &answer{w: w} }

// write takes a piece of the reply. Its error is w's, and stays.
func (a *answer) write(p string) error { return a.read(p, false) }

// end says that the reply has ended.
func (a *answer) end() error { return a.read("", true) }

func (a *answer) read(p string, last bool) error {
	switch a.mode {
	case undecided:
		a.head += p
		a.decide(last)
	case plain:
		a.plain(p)
		a.overhear(p)
	case inAnswer:
		a.text(p, last)
	case past:
		a.rest += p[:min(len(p), restBytes-min(len(a.rest), restBytes))]
	}
	for a.mode == past && a.another() {
		if last && a.mode == inAnswer {
			a.text("", true)
		}
	}
	if last {
		if strings.TrimSpace(a.tail) != "```" {
			a.put(a.tail)
		}
		a.tail = ""
	}
	if len(a.out) > 0 && a.err == nil {
		_, a.err = a.w.Write(a.out)
		a.out = a.out[:0]
	}
	return a.err
}

const (
	jsonString = `"(?:[^"\\]|\\.)*"`
	jsonValue  = `(?:` + jsonString + `|[\w.+-]+|\[(?:` + jsonString + `|[^"\[\]{}])*\]|\{(?:` + jsonString + `|[^"\[\]{}])*\})`
)

var (
	answerName = regexp.MustCompile(`"answer"\s*:\s*"`)
	// answerBegins is an object up to its answer's opening quote. What stands
	// before the answer is nested no deeper than a list of strings.
	answerBegins = regexp.MustCompile(`(?s)\{\s*(?:` + jsonString + `\s*:\s*` + jsonValue + `\s*,\s*)*"answer"\s*:\s*"$`)
	ourNames     = regexp.MustCompile(`\{\s*"(?:work|answer|status|complete|missing)"\s*:`)
)

// search looks for an object with an answer in head that begins before most,
// and reads on from within the answer if there is one.
func (a *answer) search(most int) bool {
	from := max(a.seen-32, 0)
	a.seen = len(a.head)
	for _, at := range answerName.FindAllStringIndex(a.head[from:], -1) {
		end := from + at[1]
		low := max(0, end-headBytes)
		begin := answerBegins.FindStringIndex(a.head[low:end])
		if begin == nil || low+begin[0] > most || withinJSON(a.head[low:low+begin[0]], headBytes) {
			continue // of an object within another, such as a finding
		}
		if a.mode != undecided {
			a.w, a.out, a.tail, a.wrote = a.void(), a.out[:0], "", false
		}
		text := a.head[end:]
		a.closed = false
		a.rest, a.head, a.mode = a.head[low+begin[0]:end], "", inAnswer
		a.text(text, false)
		return true
	}
	return false
}

// decide tells what the reply is once head shows it. Without an object with an
// answer it is a plain text, which head begins.
func (a *answer) decide(last bool) {
	begun := strings.TrimLeft(a.head, " \t\r\n\ufeff")
	if a.search(len(a.head) - len(begun) + preambleBytes) {
		return
	}
	open := len(begun) <= headBytes && (len(begun) < 2*a.opened || withinJSON(begun, preambleBytes))
	if open && len(begun) >= 2*a.opened {
		a.opened = len(begun)
	}
	var whole []byte
	if last {
		whole = []byte(strings.Trim(begun, " \t\r\n`json"))
	}
	switch {
	case last && (ourNames.MatchString(begun) || json.Valid(whole)):
		a.mode, a.head = past, ""
		var said struct{ Answer string } // behind what search does not look through
		if json.Unmarshal(whole, &said) == nil && said.Answer != "" {
			a.closed, a.rest = true, string(whole)
			a.put(said.Answer)
		}
	case last || len(begun) > preambleBytes && !open:
		a.mode = plain
		body := fenceBegins.ReplaceAllString(begun, "")
		a.fenced = body != begun
		a.plain(body)
		a.seen = 0
		a.overhear("")
	}
}

// beginsJSON reports whether text is the beginning of JSON that goes on.
func beginsJSON(text string) bool {
	var value json.RawMessage
	return errors.Is(json.NewDecoder(strings.NewReader(text)).Decode(&value), io.ErrUnexpectedEOF)
}

// overhear looks in plain text for an object with an answer.
func (a *answer) overhear(p string) {
	if a.void != nil {
		a.head += p
		a.search(len(a.head))
	}
}

// another looks behind the object for one more with an answer: the last counts.
func (a *answer) another() bool {
	if a.void == nil || len(a.rest) >= restBytes {
		return false
	}
	d := json.NewDecoder(strings.NewReader(a.rest))
	if d.Decode(&struct{}{}) != nil {
		return false
	}
	a.head, a.seen = a.rest[d.InputOffset():], 0
	return a.search(len(a.head))
}

var (
	fenceBegins = regexp.MustCompile("(?i)\\A```[^\\S\\n]*(?:markdown|md|text|txt|plaintext)[^\\S\\n]*\\n")
	fenceEnd    = regexp.MustCompile("[ \\t\\r\\n]*`{0,3}[ \\t\\r\\n]*$")
)

// plain passes on plain text.
func (a *answer) plain(p string) {
	if a.fenced {
		p = a.tail + p
		end := fenceEnd.FindStringIndex(p)[0]
		p, a.tail = p[:end], p[end:]
	}
	a.put(p)
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

var (
	// An escape; the halves of a surrogate pair are one.
	escape     = regexp.MustCompile(`(?s)^\\(?:u[dD][89abAB][[:xdigit:]]{2}\\u[dD][c-fC-F][[:xdigit:]]{2}|u[[:xdigit:]]{4}|[^u])`)
	halfEscape = regexp.MustCompile(`^\\(?:u[[:xdigit:]]{0,3}|u[dD][89abAB][[:xdigit:]]{2}(?:\\(?:u[[:xdigit:]]{0,3})?)?)?$`)

	// What follows a quote that closes the answer: the end of the object, or a
	// comma and another name. Models write quotes within the answer that are not
	// escaped, and those never stand so.
	closes   = regexp.MustCompile(`^\s*(?:\}|,\s*(?:\}|"?[\w-]{1,16}"?\s*:))`)
	mayClose = regexp.MustCompile(`^\s*(?:,\s*"?[\w-]{0,16}"?\s*)?$`)
)

// text reads on from within the answer.
func (a *answer) text(p string, last bool) {
	p, a.pend = a.pend+p, ""
	for p != "" {
		switch n := strings.IndexAny(p, `\"`); {
		case n != 0:
			if n < 0 {
				n = len(p)
			}
			a.put(p[:n])
			p = p[n:]
		case p[0] == '\\':
			if !last && halfEscape.MatchString(p) {
				a.pend = p
				return
			}
			written := cmp.Or(escape.FindString(p), `\`)
			char := written // as it is, where JSON has no such escape
			_ = json.Unmarshal([]byte(`"`+written+`"`), &char)
			a.put(strings.Trim(char, "\b\f"))
			p = p[len(written):]
		default:
			after := p[1:min(len(p), pendBytes)]
			open := mayClose.MatchString(after)
			if open && !last && len(after) < pendBytes-1 { // white space without end is what models write past an object
				a.pend = p
				return
			}
			if open || closes.MatchString(after) {
				a.closed, a.mode = true, past
				a.rest += p
				return
			}
			a.put(`"`)
			p = p[1:]
		}
	}
}

// verdict returns what the object says beside the answer. A reply that says
// nothing of it, or in other words, counts as answered: the text stands by itself.
func (a *answer) verdict() (status swarm.Status, missing string) {
	var fields map[string]any
	if json.NewDecoder(strings.NewReader(a.rest)).Decode(&fields) != nil {
		return swarm.Answered, ""
	}
	said, _ := fields["status"].(string)
	if said = strings.ToLower(strings.TrimSpace(said)); status.UnmarshalText([]byte(said)) != nil {
		status = swarm.Answered
	}
	if fields["complete"] == false { // of a prompt of the user's own
		status = swarm.ReadMore
	}
	if status != swarm.ReadMore {
		return status, ""
	}
	missing, _ = fields["missing"].(string)
	return status, cmp.Or(strings.TrimSpace(missing), "the model did not say what")
}
