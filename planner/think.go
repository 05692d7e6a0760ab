package planner

import "strings"

// thought leaves out the thinking that some models write before their reply,
// between <think> and </think>, from text that comes in pieces. Only what the
// reply begins with is looked at.
type thought struct {
	held string
	mode byte // 0: not known yet; 't': within; 'r': past it
}

const (
	thinkBegin = "<think>"
	thinkEnd   = "</think>"
)

// next returns what of the reply a further piece of text brings.
func (t *thought) next(piece string) string {
	if t.mode == 'r' {
		return piece
	}
	t.held += piece
	if t.mode == 0 {
		t.held = strings.TrimLeft(t.held, " \t\r\n\ufeff")
		switch {
		case strings.HasPrefix(t.held, thinkBegin):
			t.mode = 't'
		case !strings.HasPrefix(thinkBegin, t.held):
			t.mode = 'r'
			return t.take(t.held)
		default:
			return ""
		}
	}
	if i := strings.Index(t.held, thinkEnd); i >= 0 {
		t.mode = 'r'
		return t.take(t.held[i+len(thinkEnd):])
	}
	t.held = t.held[max(0, len(t.held)-len(thinkEnd)):]
	return ""
}

// end returns what was held back, once no more comes.
func (t *thought) end() string {
	if t.mode == 0 {
		return t.take(t.held)
	}
	return ""
}

func (t *thought) take(s string) string {
	t.held = ""
	return s
}
