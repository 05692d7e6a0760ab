package findings

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of what the scanner holds back while it cannot tell yet what a
// bracket is.
const (
	groupBytes = 64  // of one "[…]"
	chainBytes = 256 // of "[…][…]…"
	tickBytes  = 64  // of a run of backticks; a longer one counts as several
	rangeMost  = 32  // numbers in "[3-9]"
)

// group is one bracket of numbers in a text, as written.
type group struct {
	nums []int
	raw  []byte
	span bool // written as a range
}

// marks finds references in a text that comes in pieces. A reference is a
// bracket of one or more numbers from 1 on, set apart by commas, semicolons,
// "and" or a dash: [7], [7, 9], [7 and 9], [7-9]. The bracket may also be one
// of those that models fall into, [^7], 【7】 or ［7］. These are no references,
// and pass unchanged:
//
//   - what stands in a code span or a fenced code block (a span ends with its
//     line);
//   - a bracket behind a backslash, \[7];
//   - one with a word in it, [Finding 7], or a round one, (7);
//   - an array type or the like: a bracket, or a chain of them, directly
//     before a letter, digit or underscore, "*" and a letter, or another
//     bracket that holds something else ([3]int, [2]*T, [2][n]int);
//   - an index: a bracket directly after a name of one ASCII letter or a name
//     with an underscore (a[1], my_list[2]). After other words and after CJK
//     text models often set references without a space.
//
// What is passed on does not depend on how the text was cut into pieces.
type marks struct {
	// ref returns what stands for a reference: the text, and false where the
	// reference is to vanish together with the space before it. glued says
	// that it follows an ASCII letter, digit or underscore directly.
	ref func(g group, glued bool) (text []byte, keep bool)

	buf   []byte // not decided yet
	begun bool   // the first line has something in it other than space
	word  int    // bytes of the ASCII identifier that ends what was passed on
	snake bool   // it holds an underscore
	alpha bool   // its last byte is a letter
	tail  bool   // it ends a longer word: after an apostrophe or a letter that is not ASCII
	ticks int    // backticks that opened the code we are in; 0: none
	block bool   // it is a fenced block
}

// next takes a piece of text and appends to dst what is decided. last says
// that no more will come.
func (m *marks) next(dst, piece []byte, last bool) []byte {
	m.buf = append(m.buf, piece...)
	b := m.buf
	i := 0
scan:
	for i < len(b) {
		c := b[i]
		switch {
		case c == '`':
			n := min(run(b[i:], '`'), tickBytes)
			if i+n == len(b) && n < tickBytes && !last {
				break scan
			}
			m.tick(n)
			dst = m.pass(dst, b[i:i+n])
			i += n
		case c == '\\' && m.ticks == 0:
			if i+1 == len(b) && !last {
				break scan
			}
			n := 1
			if o, short := opener(b[i+1:]); short && !last {
				break scan
			} else if o != nil {
				n += len(o.open)
			} else if i+1 < len(b) && b[i+1] == '\\' {
				n++
			}
			dst = m.pass(dst, b[i:i+n])
			i += n
		case c == ' ' && m.ticks == 0 && i+1 == len(b) && !last:
			break scan // it goes with a reference that vanishes
		case m.ticks == 0 && (c == ' ' || c == '[' || c == 0xe3 || c == 0xef):
			var n int
			if dst, n = m.take(dst, b[i:], last); n == 0 {
				break scan
			}
			i += n
		default:
			n := 1
			if c >= utf8.RuneSelf {
				if !last && !utf8.FullRune(b[i:]) {
					break scan
				}
				_, n = utf8.DecodeRune(b[i:])
			}
			dst = m.pass(dst, b[i:i+n])
			i += n
		}
	}
	m.buf = append(m.buf[:0], b[i:]...)
	return dst
}

// take looks at what stands at the start of b, a space or the first byte of a
// bracket, and returns how many bytes of b it is done with; 0: it cannot tell
// yet what they are.
func (m *marks) take(dst, b []byte, last bool) ([]byte, int) {
	space := 0
	if b[0] == ' ' {
		space = 1
	}
	o, short := opener(b[space:])
	if short && !last {
		return dst, 0
	}
	if o == nil {
		if !last && !utf8.FullRune(b) {
			return dst, 0
		}
		_, n := utf8.DecodeRune(b)
		return m.pass(dst, b[:n]), n
	}
	groups, n, verdict := chain(b[space:], last)
	if verdict == undecided {
		return dst, 0
	}
	n += space
	index := b[0] == '[' && (m.snake || m.word == 1 && m.alpha && !m.tail)
	if verdict == literal || index {
		n = max(n, space+len(o.open))
		return m.pass(dst, b[:n]), n
	}
	glued := space == 0 && m.word > 0
	before := b[:space] // goes with a reference that vanishes
	for k, g := range groups {
		text, keep := m.ref(g, glued && k == 0)
		if !keep {
			continue
		}
		dst = append(append(dst, before...), text...)
		before = nil
	}
	m.word, m.snake, m.tail, m.begun = 0, false, false, true
	return dst, n
}

// pass appends p to dst and notes what a bracket after it would follow.
func (m *marks) pass(dst, p []byte) []byte {
	for _, c := range p {
		if identifier(c) {
			m.word++
			m.snake = m.snake || c == '_'
			m.alpha = c > '9' && c != '_'
		} else {
			m.tail = c >= utf8.RuneSelf || c == '\'' && (m.word > 0 || m.tail)
			m.word, m.snake = 0, false
		}
		switch c {
		case '\n':
			m.begun = false
			if !m.block {
				m.ticks = 0
			}
		case ' ', '\t', '\r':
		default:
			m.begun = true
		}
	}
	return append(dst, p...)
}

// tick opens or closes code at a run of n backticks.
func (m *marks) tick(n int) {
	switch {
	case m.ticks == 0:
		m.ticks, m.block = n, n >= 3 && !m.begun
	case m.block && n >= m.ticks && !m.begun, !m.block && n == m.ticks:
		m.ticks, m.block = 0, false
	}
}

type verdict int

const (
	literal verdict = iota
	reference
	undecided
)

// pair is a kind of bracket.
type pair struct{ open, close string }

var pairs = [...]pair{{"[", "]"}, {"【", "】"}, {"［", "］"}}

// opener returns the kind of bracket that b begins with, nil if with none.
// short says that b is too short to tell.
func opener(b []byte) (p *pair, short bool) {
	for i := range pairs {
		open := pairs[i].open
		if n := min(len(b), len(open)); string(b[:n]) == open[:n] && n > 0 {
			if n == len(open) {
				return &pairs[i], false
			}
			short = true
		}
	}
	return nil, short
}

// chain reads the brackets at the start of b, which begins with one. n is how
// many bytes the verdict is about.
func chain(b []byte, last bool) (groups []group, n int, v verdict) {
	for code := b[0] == '['; ; { // what may be an array type
		g, v := bracket(b[n:], last)
		switch v {
		case undecided:
			return nil, 0, undecided
		case literal:
			return nil, n, literal // something else follows directly
		}
		groups = append(groups, g)
		n += len(g.raw)
		rest := b[n:]
		next, short := opener(rest)
		switch {
		case (len(rest) == 0 || short) && !last:
			return nil, 0, undecided
		case len(rest) == 0 || n > chainBytes:
			return groups, n, reference
		case next != nil:
			continue
		case !code:
			return groups, n, reference
		case rest[0] == '*' && len(rest) == 1 && !last:
			return nil, 0, undecided
		case identifier(rest[0]), rest[0] == '*' && len(rest) > 1 && identifier(rest[1]):
			return nil, n, literal
		default:
			return groups, n, reference
		}
	}
}

var separators = strings.NewReplacer(", and ", ",", " and ", ",", " & ", ",", "和", ",", ";", ",", "，", ",", "、", ",", "–", "-", " ", "")

// bracket reads one bracket of numbers at the start of b.
func bracket(b []byte, last bool) (group, verdict) {
	o, _ := opener(b)
	inner := b[len(o.open):]
	if o.open == "[" {
		inner = bytes.TrimPrefix(inner, []byte("^"))
	}
	begin := len(b) - len(inner)
	end := bytes.Index(b[:min(len(b), groupBytes)], []byte(o.close))
	if end < 0 {
		if last || len(b) >= groupBytes || !numeric(inner) {
			return group{}, literal
		}
		return group{}, undecided
	}
	if !numeric(b[begin:end]) {
		return group{}, literal
	}
	g := group{raw: b[:end+len(o.close)]}
	for part := range strings.SplitSeq(separators.Replace(string(b[begin:end])), ",") {
		from, to, isRange := strings.Cut(part, "-")
		lo, ok := number(from)
		hi, ok2 := lo, ok
		if isRange {
			hi, ok2 = number(to)
			g.span = true
		}
		if !ok || !ok2 || isRange && lo >= hi || hi-lo >= rangeMost {
			return group{}, literal
		}
		for n := lo; n <= hi; n++ {
			g.nums = append(g.nums, n)
		}
	}
	return g, reference
}

// numeric reports whether b is made of what may stand inside a bracket of
// numbers, a rune cut off at its end included.
func numeric(b []byte) bool {
	for _, c := range b {
		if c < utf8.RuneSelf && (c < '0' || c > '9') && strings.IndexByte(" ,;-&and", c) < 0 {
			return false
		}
	}
	for len(b) > 0 {
		if !utf8.FullRune(b) {
			return true
		}
		r, n := utf8.DecodeRune(b)
		if r >= utf8.RuneSelf && !strings.ContainsRune("，、–和", r) {
			return false
		}
		b = b[n:]
	}
	return true
}

// number reads a number from 1 to 999 999, without leading zeros.
func number(s string) (int, bool) {
	if s == "" || len(s) > 6 || s[0] == '0' {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n > 0
}

func identifier(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

func run(b []byte, c byte) int {
	n := 0
	for n < len(b) && b[n] == c {
		n++
	}
	return n
}
