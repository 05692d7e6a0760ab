package findings

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of what the scanner holds back while it cannot tell yet what a
// bracket is.
const (
	groupBytes = 96  // of one "[…]"
	chainBytes = 256 // of "[…][…]…"
	tickBytes  = 64  // of a run of backticks; a longer one counts as several
	nameBytes  = 64  // of what stands before a bracket
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
// of those that models fall into, [^7], 【7】 or ［7］, and a dagger with the name
// of a source may follow the number, 【7†notes.txt】. These are no references,
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
	said  []byte // the last that was passed on or referred to
	begun bool   // the first line has something in it other than space
	ticks int    // backticks that opened the code we are in; 0: none
	block bool   // it is a fenced block
}

// next takes a piece of text and appends to dst what is decided. last says
// that no more will come.
func (m *marks) next(dst, piece []byte, last bool) []byte {
	m.buf = append(m.buf, piece...)
	b := m.buf
	if !last {
		b = b[:wholeRunes(b)]
	}
	i := 0
scan:
	for i < len(b) {
		at := b[i:]
		_, n := utf8.DecodeRune(at)
		open := at // where a bracket may stand
		if at[0] == ' ' {
			open = at[1:]
		}
		switch {
		case at[0] == '`':
			n = min(len(at)-len(bytes.TrimLeft(at, "`")), tickBytes)
			if n == len(at) && n < tickBytes && !last {
				break scan
			}
			m.tick(n)
		case m.ticks > 0:
		case at[0] == '\\':
			if len(at) == 1 && !last {
				break scan
			}
			if escaped, size := utf8.DecodeRune(at[1:]); strings.ContainsRune(`\`+openers, escaped) && size > 0 {
				n += size
			}
		case len(open) == 0 && !last:
			break scan // the space goes with a reference that vanishes
		case opens(open):
			groups, length, decided := chain(open, last)
			if !decided {
				break scan
			}
			space := len(at) - len(open)
			n = space + length
			if index := at[0] == '[' && name.Match(m.said); groups != nil && !index {
				dst = m.refer(dst, groups, at[:space])
				i += n
				continue
			}
		}
		dst = m.pass(dst, at[:n])
		i += n
	}
	m.buf = append(m.buf[:0], m.buf[i:]...)
	return dst
}

// wholeRunes is how much of b is not the beginning of a rune that goes on.
func wholeRunes(b []byte) int {
	for n := max(0, len(b)-utf8.UTFMax+1); n < len(b); n++ {
		if utf8.RuneStart(b[n]) && !utf8.FullRune(b[n:]) {
			return n
		}
	}
	return len(b)
}

// refer writes what stands for references, of which the first has a space
// before it or not.
func (m *marks) refer(dst []byte, groups []group, space []byte) []byte {
	glued := len(space) == 0 && word.Match(m.said)
	for k, g := range groups {
		if text, keep := m.ref(g, glued && k == 0); keep {
			dst = append(append(dst, space...), text...)
			space = nil // it goes with a reference that vanishes
			m.said = append(m.said, text...)
		}
	}
	m.begun = true
	return dst
}

// pass appends p to dst and notes what a bracket after it would follow.
func (m *marks) pass(dst, p []byte) []byte {
	line := p[bytes.LastIndexByte(p, '\n')+1:]
	if len(line) < len(p) {
		m.begun = false
		if !m.block {
			m.ticks = 0
		}
	}
	m.begun = m.begun || len(bytes.TrimLeft(line, " \t\r")) > 0
	m.said = append(m.said, p...)
	m.said = m.said[max(0, len(m.said)-nameBytes):]
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

// fence returns what ends a block of code that is open.
func (m *marks) fence() string {
	if !m.block {
		return ""
	}
	return "\n" + strings.Repeat("`", m.ticks)
}

const (
	openers = "[【［"
	numeric = `(?:[\d ,;&and，、–和-]|†[^][【】［］,;\n]*)*`
)

var (
	bracket   = regexp.MustCompile(`^(?:\[\^?(` + numeric + `)\]|【(` + numeric + `)】|［(` + numeric + `)］)`)
	unclosed  = regexp.MustCompile(`^(?:\[\^?|【|［)` + numeric + `$`)
	dagger    = regexp.MustCompile(`†[^,;]*`)
	arrayType = regexp.MustCompile(`^\*?\w`)
	word      = regexp.MustCompile(`\w$`)
	name      = regexp.MustCompile(`(?:^|[^\w'\x{80}-\x{10ffff}]|(?:^|[^\w'\x{80}-\x{10ffff}])')[A-Za-z]$|_\w*$`)
)

func opens(b []byte) bool {
	r, _ := utf8.DecodeRune(b)
	return strings.ContainsRune(openers, r) && len(b) > 0
}

// chain reads the brackets of numbers at the start of b. n is how many bytes
// of b are decided: of references, or where groups is nil of a text.
func chain(b []byte, last bool) (groups []group, n int, decided bool) {
	for n <= chainBytes {
		rest := b[n:]
		if !opens(rest) {
			switch {
			case len(rest) == 0 && !last, b[0] == '[' && string(rest) == "*" && !last:
				return nil, 0, false
			case b[0] == '[' && arrayType.Match(rest):
				return nil, n, true
			}
			return groups, n, true
		}
		g, ok := read(bracket.FindSubmatch(rest[:min(len(rest), groupBytes)]))
		if !ok {
			if !last && len(rest) < groupBytes && unclosed.Match(rest) {
				return nil, 0, false
			}
			_, size := utf8.DecodeRune(b)
			return nil, max(n, size), true // something else follows directly
		}
		groups = append(groups, g)
		n += len(g.raw)
	}
	return groups, n, true
}

var separators = strings.NewReplacer(", and ", ",", " and ", ",", " & ", ",", "和", ",", ";", ",", "，", ",", "、", ",", "–", "-", " ", "")

// read reads the numbers of a bracket, which may be none.
func read(found [][]byte) (g group, ok bool) {
	if found == nil {
		return g, false
	}
	g.raw = found[0]
	for part := range strings.SplitSeq(separators.Replace(dagger.ReplaceAllString(string(bytes.Join(found[1:], nil)), "")), ",") {
		from, to, isRange := strings.Cut(part, "-")
		lo, ok := number(from)
		hi, ok2 := lo, ok
		if isRange {
			hi, ok2 = number(to)
			g.span = true
		}
		if !ok || !ok2 || isRange && lo >= hi || hi-lo >= rangeMost {
			return g, false
		}
		for n := lo; n <= hi; n++ {
			g.nums = append(g.nums, n)
		}
	}
	return g, true
}

// number reads a number from 1 to 999 999, without leading zeros.
func number(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n > 0 && n < 1e6 && s[0] != '0'
}
