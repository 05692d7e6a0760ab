package workers

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mark is where something ends that a reader does not see, and what is seen instead.
type mark struct {
	end int
	as  string
}

const maxOpen = 32 // how many marks of emphasis wait for their partner

var (
	emphasis = regexp.MustCompile("(?:\\\\?\\*)+|(?:\\\\?_)+|(?:\\\\?`)+|\\n[ \\t\\r]*\\n")
	link     = regexp.MustCompile(`!?\[([^\[\]]*)\](\((?:[^\s()]|\([^\s()]*\))*(?:[/#:]|\.[A-Za-z])(?:[^\s()]|\([^\s()]*\))*(?:\s+"[^"\n]*")?\))`)
	lineEnd  = regexp.MustCompile(`\n[ \t\r]*`)
	// What comments and mails begin each line with.
	prefix = regexp.MustCompile(`(?m)\A[ \t]*((?:/?\*+|/{2,}!?|#+|;+|--+|%+)(?:[ \t\r]|$)|(?:>[ \t]?)+)[ \t]*`)
	stamp  = regexp.MustCompile(`\A\[\d+:\d\d:\d\d\][ \t]`) // of a subtitle, see package container
	hyphen = regexp.MustCompile(`[-‐\x{ad}][ \t\r]*\n[ \t]*`)
)

// marks finds what a reader does not see of a text, by where it begins: see asSeen.
func marks(s string, quote *foldedText) map[int]mark {
	unseen := map[int]mark{}
	emphasized(s, unseen)
	if quote != nil {
		for _, m := range link.FindAllStringSubmatchIndex(s, -1) {
			if before, after := around(s, m[0], m[1]); !spaced(before) && !unicode.IsDigit(after) {
				unseen[m[0]], unseen[m[3]] = mark{end: m[2]}, mark{end: m[1]}
			}
		}
	}
	for _, m := range lineEnd.FindAllStringIndex(s, -1) {
		if i := m[0] + 1; quote != nil && stamp.MatchString(s[i:]) {
			unseen[i] = mark{end: i + len(stamp.FindString(s[i:]))}
		} else if n := repeated(s, i); n > 0 {
			unseen[i] = mark{end: i + n}
		}
	}
	for _, m := range hyphen.FindAllStringIndex(s, -1) {
		at, next := m[0], m[1]
		line := strings.LastIndexByte(s[:next], '\n') + 1
		next = max(next, line+repeated(s, line))
		if before, after := around(s, at, next); !wordy(before) || !wordy(after) {
			continue
		}
		left := asSeen(s[len(strings.TrimRightFunc(s[:at], isLetter)):at], nil).text
		right := asSeen(s[next:len(s)-len(strings.TrimLeftFunc(s[next:], isLetter))], nil).text
		switch {
		case quote.holds(left + "- " + right):
		case left == "" || right == "" || quote.holds(left+"-"+right): // a number, or two words
			unseen[at] = mark{end: next, as: "-"}
		default:
			unseen[at] = mark{end: next}
		}
	}
	return unseen
}

func isLetter(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) }

func wordy(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func (q *foldedText) holds(s string) bool { return q != nil && strings.Contains(q.text, s) }

// emphasized finds the marks around what Markdown emphasizes, in pairs. Those
// within a word or number, and those between spaces, are none.
func emphasized(s string, unseen map[int]mark) {
	type run struct {
		mark       string
		start, end int
	}
	var open []run
next:
	for _, m := range emphasis.FindAllStringIndex(s, -1) {
		r := run{strings.ReplaceAll(s[m[0]:m[1]], `\`, ""), m[0], m[1]}
		if r.mark[0] == '\n' {
			open = nil
			continue
		}
		before, after := around(s, m[0], m[1])
		if !unicode.IsSpace(before) && !spaced(after) {
			for i := len(open) - 1; i >= 0; i-- {
				if o := open[i]; o.mark == r.mark {
					unseen[o.start], unseen[r.start] = mark{end: o.end}, mark{end: r.end}
					open = open[:i]
					continue next
				}
			}
		}
		if !unicode.IsSpace(after) && !spaced(before) {
			open = append(open[max(0, len(open)-maxOpen):], r)
		}
	}
}

// around returns the runes before and after a range, without marks of emphasis; a
// space where there is none.
func around(s string, start, end int) (before, after rune) {
	const delimiters, most = "*_`\\", 16 // bytes of them
	before, size := utf8.DecodeLastRuneInString(strings.TrimRight(s[max(0, start-most):start], delimiters))
	if size == 0 {
		before = ' '
	}
	if after, size = utf8.DecodeRuneInString(strings.TrimLeft(s[end:min(len(s), end+most)], delimiters)); size == 0 {
		after = ' '
	}
	return before, after
}

// repeated returns how long the mark is that the line at byte i begins with, if
// the line before it begins with it too.
func repeated(s string, i int) int {
	if i == 0 {
		return 0
	}
	here := prefix.FindStringSubmatch(s[i:])
	above := prefix.FindStringSubmatch(s[strings.LastIndexByte(s[:i-1], '\n')+1:])
	if here == nil || above == nil || last(here[1]) != last(above[1]) {
		return 0
	}
	return len(strings.TrimRight(here[0], "\r\n"))
}

// last returns the last sign of a line's mark.
func last(mark string) byte {
	mark = strings.TrimSpace(mark)
	return mark[len(mark)-1]
}
