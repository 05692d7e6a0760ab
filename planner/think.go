package planner

import (
	"regexp"
	"strings"

	"github.com/db31e724/go-swarm/internal/findings"
)

// thought leaves out the thinking that some models write before their reply, from
// text that comes in pieces: what follows the last mark that ends it counts (see
// findings.ThoughtEnd), but for marks within JSON. A reply that does not begin with
// an opening tag is passed on as it comes, and taken back at such a mark; with hold
// nothing is passed on of prose before the mark or the reply's end.
type thought struct {
	hold bool

	buf    []byte // all that came
	passed int    // how much of it was passed on, or left out
	flows  bool   // what comes is passed on
}

const thoughtEndBytes = 80 // more than findings.ThoughtEnd matches

// thoughtBegins matches what thinking begins with. Harmony's marks also stand at a
// reply's end.
var (
	thoughtBegins = regexp.MustCompile(`(?i)\A(?:<(?:think|thinking|thoughts?|reasoning|reflection|analysis|scratchpad)>|<\|)`)
	mayBegin      = regexp.MustCompile(`(?i)\A<[a-z]{0,10}\z`)
)

// next returns what of the reply a further piece of text brings. With anew it
// takes the place of all that was passed on.
func (t *thought) next(piece string) (said string, anew bool) {
	low := max(0, len(t.buf)-thoughtEndBytes)
	t.buf = append(t.buf, piece...)
	for _, m := range findings.ThoughtEnd.FindAllIndex(t.buf[low:], -1) {
		if end := low + m[1]; end > t.passed && end > len(t.buf)-len(piece) && !withinJSON(string(t.buf[:low+m[0]]), len(t.buf)) {
			anew = anew || t.passed > 0
			t.passed, t.flows = end, true
		}
	}
	begun := strings.TrimLeft(string(t.buf[:min(len(t.buf), 256)]), " \t\r\n\ufeff")
	switch {
	case strings.HasPrefix(begun, "<|"):
		return "", anew
	case t.flows:
	case begun == "" || mayBegin.MatchString(begun) || thoughtBegins.MatchString(begun), t.hold && !strings.ContainsAny(begun[:1], "{[`"):
		return "", false
	}
	t.flows = true
	said, t.passed = string(t.buf[t.passed:]), len(t.buf)
	return said, anew
}

// end returns what was held back, once no more comes.
func (t *thought) end() string {
	rest := string(t.buf[t.passed:])
	begun := strings.TrimLeft(string(t.buf), " \t\r\n\ufeff")
	switch {
	case strings.HasPrefix(begun, "<|"):
		rest, _, _ = strings.Cut(rest, "<|")
	case !t.flows && thoughtBegins.MatchString(begun):
		return ""
	}
	return rest
}

// withinJSON reports whether text ends within a JSON object that began in its first
// most bytes.
func withinJSON(text string, most int) bool {
	for range mostTries {
		at := strings.IndexByte(text[:min(len(text), max(most, 0))], '{')
		if at < 0 {
			return false
		}
		if beginsJSON(text[at:]) {
			return true
		}
		text, most = text[at+1:], most-at-1
	}
	return false
}
