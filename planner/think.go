package planner

import "strings"

// thought leaves out the thinking that some models write before their reply,
// between <think> and </think>, from text that comes in pieces. Only what the
// reply begins with is looked at.
type thought struct {
	held string
	over bool
}

const (
	thinkBegin = "<think>"
	thinkEnd   = "</think>"
)

// next returns what of the reply a further piece of text brings.
func (t *thought) next(piece string) string {
	if t.over {
		return piece
	}
	t.held = strings.TrimLeft(t.held+piece, " \t\r\n\ufeff")
	if strings.HasPrefix(thinkBegin, t.held) {
		return ""
	}
	said := t.held
	if strings.HasPrefix(said, thinkBegin) {
		_, after, ended := strings.Cut(said, thinkEnd)
		if !ended {
			t.held = thinkBegin + said[max(len(thinkBegin), len(said)-len(thinkEnd)):]
			return ""
		}
		said = after
	}
	t.held, t.over = "", true
	return said
}

// end returns what was held back, once no more comes.
func (t *thought) end() string {
	if strings.HasPrefix(t.held, thinkBegin) {
		return ""
	}
	return t.held
}
